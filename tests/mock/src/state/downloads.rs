//! Files that are there to be downloaded, for a short time.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::numbers;

/// How long an address holds: what Alipay documents of a bill's.
const HOLDS: SignedDuration = SignedDuration::from_secs(30);
/// So many files are kept; the oldest give way.
const FILES: usize = 64;

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    /// What it is saved as.
    pub(crate) name: String,
    pub(crate) content: Bytes,
    until: Timestamp,
}

/// All files.
#[derive(Debug, Default)]
pub(crate) struct Downloads(VecDeque<(String, Download)>);

impl Downloads {
    /// Puts a file out: gives a token that nobody can guess.
    pub(crate) fn add(&mut self, name: String, content: Bytes, now: Timestamp) -> String {
        self.0.retain(|(_, download)| now < download.until);
        if self.0.len() == FILES {
            self.0.pop_front();
        }
        let token = numbers::random(16);
        let until = now.saturating_add(HOLDS).unwrap_or(now);
        self.0.push_back((token.clone(), Download { name, content, until }));
        token
    }

    /// The file of this token, if its time is not over.
    pub(crate) fn get(&self, token: &str, now: Timestamp) -> Option<&Download> {
        let (_, download) = self.0.iter().find(|(own, _)| own == token)?;
        (now < download.until).then_some(download)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_for_thirty_seconds() {
        let (mut downloads, now) = (Downloads::default(), Timestamp::UNIX_EPOCH);
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        let token = downloads.add("a.zip".to_owned(), Bytes::from_static(b"a"), now);
        assert_eq!(
            downloads.get(&token, after(29)).map(|file| &file.content[..]),
            Some(&b"a"[..])
        );
        assert!(downloads.get(&token, after(30)).is_none() && downloads.get("", now).is_none());
        let tokens: Vec<_> = (0..FILES)
            .map(|_| downloads.add("b.zip".to_owned(), Bytes::new(), now))
            .collect();
        assert!(downloads.get(&token, now).is_none() && downloads.0.len() == FILES);
        assert!(tokens.iter().all(|token| downloads.get(token, now).is_some()));
        downloads.add("c.zip".to_owned(), Bytes::new(), after(30));
        assert_eq!(downloads.0.len(), 1);
    }
}
