//! What came over the wire and what went back, for tests and pages that want to see it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Response, header};
use jiff::Timestamp;

use crate::diagnosis::Diagnosis;

/// Older requests are forgotten, so that a load test may run for ever.
const KEPT: usize = 1000;
/// The same where they are large: what all of them may hold, in bytes. The latest is kept whatever its size.
const BYTES: usize = 32 << 20;
/// So much is kept of an answer, in bytes.
const ANSWER: usize = 64 << 10;

/// Files are large: only those of the latest requests are kept.
const FILES_KEPT: usize = 4;

/// A request's parameters, decoded; the body's and the query's.
///
/// Of a V3 request: its headers and the items of its `Authorization`, each by its name; `http_method`, `path` (with the query, as sent) and `body` (what is
/// signed of it); and by the names of V2 `method`, `app_auth_token`, `alipay_root_cert_sn`, `notify_url`, and all fields, wherever they came, as `biz_content`.
pub type Received = BTreeMap<String, String>;

/// A file of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// A request, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Counts up from 1.
    pub(crate) number: u64,
    /// When it came, by the gateway's clock.
    pub(crate) at: Timestamp,
    pub(crate) parameters: Received,
    /// The text that its signature has to be over.
    pub(crate) signed: Option<String>,
    /// `None` while it is at work.
    pub(crate) verdict: Option<Verdict>,
    /// What went back; `None` until it does.
    pub(crate) sent: Option<Sent>,
}

/// What the gateway made of a request.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It was answered with this `code`, if the method's answers have one.
    Accepted(Option<String>),
    /// A browser was sent to a page.
    Page,
    /// It was refused.
    Refused {
        code: String,
        sub_code: String,
        sub_msg: String,
        /// Where the signature does not hold: why.
        diagnosis: Option<Box<Diagnosis>>,
    },
}

/// What went back.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Its beginning.
    pub(crate) body: Vec<u8>,
    /// Of the whole body, in bytes.
    pub(crate) length: usize,
    /// The fault that was ordered for it.
    pub(crate) fault: Option<&'static str>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let parameters = self.parameters.iter().map(|(name, value)| name.len() + value.len());
        let signed = self.signed.as_ref().map_or(0, String::len);
        parameters.sum::<usize>() + signed + self.sent.as_ref().map_or(0, |sent| sent.body.len())
    }
}

/// The requests of a gateway.
#[derive(Default)]
pub(crate) struct Journal {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    count: u64,
    methods: BTreeMap<String, u64>,
    refusals: BTreeMap<String, u64>,
    not_played: BTreeMap<String, u64>,
    /// The latest, oldest first.
    last: VecDeque<Entry>,
    /// What they hold.
    bytes: usize,
    files: VecDeque<(String, ReceivedFiles)>,
}

/// The files of a request, by field.
type ReceivedFiles = Vec<(String, ReceivedFile)>;

impl State {
    /// The request of this number, if it was not forgotten.
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let first = self.last.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.last.get_mut(index)
    }

    fn forget_oldest(&mut self) {
        while self.last.len() > 1 && (self.last.len() > KEPT || self.bytes > BYTES) {
            let oldest = self.last.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.bytes());
        }
    }
}

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request: gives its number. `known` is its method's name, if the gateway knows that; `signed` the text that its signature has to be over.
    pub(crate) fn add(&self, at: Timestamp, parameters: Received, known: Option<&str>, signed: Option<String>) -> u64 {
        let mut state = self.state();
        state.count += 1;
        if let Some(method) = known {
            *state.methods.entry(method.to_owned()).or_default() += 1;
        }
        let entry = Entry {
            number: state.count,
            at,
            parameters,
            signed,
            verdict: None,
            sent: None,
        };
        state.bytes += entry.bytes();
        state.last.push_back(entry);
        state.forget_oldest();
        state.count
    }

    /// Keeps the files of a request of this method.
    pub(crate) fn add_files(&self, method: &str, files: &[(String, ReceivedFile)]) {
        let mut state = self.state();
        if state.files.len() == FILES_KEPT {
            state.files.pop_front();
        }
        state.files.push_back((method.to_owned(), files.to_vec()));
    }

    /// Notes what the gateway made of a request.
    pub(crate) fn judge(&self, number: u64, verdict: Verdict) {
        let mut state = self.state();
        if let Verdict::Refused { sub_code, .. } = &verdict {
            *state.refusals.entry(sub_code.clone()).or_default() += 1;
        }
        if let Some(entry) = state.entry(number) {
            entry.verdict = Some(verdict);
        }
    }

    /// Notes what goes back, and the fault that it has.
    pub(crate) fn answer(&self, number: u64, response: &Response<Bytes>, fault: Option<&'static str>) {
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        let body = response.body();
        let sent = Sent {
            status: response.status().as_u16(),
            headers: headers
                .filter(|(name, _)| *name == header::CONTENT_TYPE.as_str() || name.starts_with("alipay-"))
                .collect(),
            body: body[..body.len().min(ANSWER)].to_vec(),
            length: body.len(),
            fault,
        };
        let mut state = self.state();
        let length = sent.body.len();
        if let Some(entry) = state.entry(number) {
            entry.sent = Some(sent);
            state.bytes += length;
            state.forget_oldest();
        }
    }

    /// Reads the latest requests, oldest first.
    pub(crate) fn read<T>(&self, action: impl FnOnce(&VecDeque<Entry>) -> T) -> T {
        action(&self.state().last)
    }

    /// The request of this number, if it was not forgotten.
    pub(crate) fn get(&self, number: u64) -> Option<Entry> {
        self.state().entry(number).map(|entry| entry.clone())
    }

    /// The files of the latest request of this method that had some.
    pub(crate) fn last_files(&self, method: &str) -> Option<ReceivedFiles> {
        let state = self.state();
        let mut latest_first = state.files.iter().rev();
        let (_, files) = latest_first.find(|(name, _)| name == method)?;
        Some(files.clone())
    }

    /// Notes that a request was answered by its method's spec alone, because the method is not played.
    pub(crate) fn not_played(&self, method: &str) {
        *self.state().not_played.entry(method.to_owned()).or_default() += 1;
    }

    /// How many requests of methods that are not played were answered, by method.
    pub(crate) fn by_method_not_played(&self) -> BTreeMap<String, u64> {
        self.state().not_played.clone()
    }

    /// How many requests were refused, by `sub_code`.
    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        self.state().refusals.clone()
    }

    pub(crate) fn count(&self) -> u64 {
        self.state().count
    }

    pub(crate) fn by_method(&self) -> BTreeMap<String, u64> {
        self.state().methods.clone()
    }

    pub(crate) fn last(&self, method: &str) -> Option<Received> {
        let state = self.state();
        let mut latest_first = state.last.iter().rev().map(|entry| &entry.parameters);
        latest_first
            .find(|parameters| parameters.get("method").is_some_and(|name| name == method))
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(journal: &Journal, size: usize) -> u64 {
        let parameters = Received::from([("a".to_owned(), "x".repeat(size))]);
        journal.add(Timestamp::UNIX_EPOCH, parameters, None, None)
    }

    #[test]
    fn only_so_many_requests_are_kept() {
        let journal = Journal::default();
        for number in 1..=KEPT as u64 + 5 {
            assert_eq!(add(&journal, 1), number);
        }
        assert_eq!(journal.read(VecDeque::len), KEPT);
        assert!(journal.get(5).is_none() && journal.get(6).is_some() && journal.get(KEPT as u64 + 6).is_none());
        // What comes too late for one that was forgotten does no harm.
        journal.judge(5, Verdict::Page);
        journal.answer(0, &Response::new(Bytes::from_static(b"x")), None);
        assert_eq!(journal.count(), KEPT as u64 + 5);
    }

    #[test]
    fn only_so_much_is_kept() {
        let journal = Journal::default();
        for _ in 0..5 {
            add(&journal, 10 << 20);
        }
        assert_eq!(
            journal.read(|all| all.iter().map(|entry| entry.number).collect::<Vec<_>>()),
            [3, 4, 5]
        );
        let large = add(&journal, BYTES + 1);
        assert_eq!(journal.read(VecDeque::len), 1);
        let answer = Response::new(Bytes::from(vec![b'x'; ANSWER + 1]));
        journal.answer(large, &answer, Some("slow"));
        let sent = journal.get(large).unwrap().sent.unwrap();
        assert_eq!(
            (sent.body.len(), sent.length, sent.fault),
            (ANSWER, ANSWER + 1, Some("slow"))
        );
        add(&journal, 1);
        assert_eq!(journal.read(VecDeque::len), 1);
        assert_eq!(journal.state().bytes, 2);
    }
}
