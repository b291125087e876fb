use std::fmt;

use super::key::StoreKey;
use crate::isv::store::{StoreError, StoreErrorKind};

/// The keys of a store in a database: the first seals, all of them open.
///
/// A single [`StoreKey`] is a ring, too: `SqliteStore::open(path, &key)`.
///
/// # To change the key
/// Each step is for all processes that share the store, and the next one begins when the last of them has taken it:
///
/// 1. Open the store with the old key first and the new one second. From now on every process can open what the new one has sealed.
/// 2. Open it with the new key first and the old one second. Whatever is written from now on is sealed with the new one.
/// 3. Call `reseal` of the store once, in one process. What nobody has written meanwhile is sealed with the new one, too.
/// 4. Open it with the new key alone. Before the third step that is refused with
///    [`WrongKey`](StoreErrorKind::WrongKey), and nothing is changed; after it, so is the old key alone.
///
/// If the old key has become known, the tokens have, too: have Alipay give out others (each refresh does).
#[derive(Clone)]
pub struct StoreKeyRing {
    first: StoreKey,
    others: Vec<StoreKey>,
}

impl StoreKeyRing {
    /// The ring of this key alone.
    pub fn new(first: StoreKey) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// The same ring with one more key, which opens and does not seal.
    #[must_use]
    pub fn with(mut self, key: StoreKey) -> Self {
        self.others.push(key);
        self
    }

    /// Reads keys as [`StoreKey::from_base64`] does, one or more, with blanks, line ends or commas between them: so that a change of
    /// the key is a change of one setting.
    ///
    /// # Errors
    /// As for [`StoreKey::from_base64`], for each of them.
    pub fn from_base64(text: &str) -> Result<Self, StoreError> {
        let parts = text.split(|character: char| character.is_whitespace() || character == ',');
        let mut keys = parts.filter(|part| !part.is_empty()).map(StoreKey::from_base64);
        let first = keys.next().unwrap_or_else(|| {
            let what = "the store's keys: there is no text; `openssl rand -base64 32` makes a key";
            Err(StoreError::new(StoreErrorKind::Configuration, what))
        })?;
        Ok(Self {
            first,
            others: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The key that seals.
    pub(super) fn first(&self) -> &StoreKey {
        &self.first
    }

    /// Those that only open.
    pub(super) fn others(&self) -> &[StoreKey] {
        &self.others
    }
}

impl From<StoreKey> for StoreKeyRing {
    fn from(key: StoreKey) -> Self {
        Self::new(key)
    }
}

impl From<&StoreKey> for StoreKeyRing {
    fn from(key: &StoreKey) -> Self {
        Self::new(key.clone())
    }
}

impl From<&StoreKeyRing> for StoreKeyRing {
    fn from(ring: &StoreKeyRing) -> Self {
        ring.clone()
    }
}

impl fmt::Debug for StoreKeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreKeyRing(.. {} keys)", 1 + self.others.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_read_from_one_setting() {
        let keys = [1, 2, 3].map(|byte| StoreKey::new([byte; StoreKey::LENGTH]));
        let texts = keys.each_ref().map(|key| key.to_base64().expose().to_owned());
        for between in [" ", ",", ", ", "\r\n"] {
            let ring = StoreKeyRing::from_base64(&format!("{between}{}{between}", texts.join(between))).unwrap();
            let read = [ring.first()].into_iter().chain(ring.others());
            assert!(read.map(StoreKey::bytes).eq(keys.iter().map(StoreKey::bytes)));
            assert_eq!(format!("{ring:?}"), "StoreKeyRing(.. 3 keys)");
        }
        for (text, what) in [
            ("", "there is no text"),
            ("c2hvcnQ=", "has 5 bytes"),
            (" , ", "there is no text"),
        ] {
            let error = StoreKeyRing::from_base64(text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Configuration);
            assert!(error.to_string().contains(what), "{error}");
        }
        let error = StoreKeyRing::from_base64(&format!("{} {}!", texts[0], texts[1])).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&texts[1][..8]), "{error}");
    }
}
