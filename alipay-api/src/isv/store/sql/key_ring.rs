use std::fmt;

use super::key::StoreKey;
use crate::isv::store::{StoreError, StoreErrorKind};

/// The keys of a store in a database: the first encrypts, and all of them decrypt.
///
/// A single [`StoreKey`] is a ring, too: `SqliteStore::open(path, &key)`.
///
/// # Replace the key
/// Take each step in all processes that share the store, and begin the next one when all of them have taken it:
///
/// 1. Open the store with the old key first and the new key second. Now every process can decrypt with both.
/// 2. Open the store with the new key first and the old key second. Everything that is written from now on is encrypted with the new key.
/// 3. Call `reseal` of the store once, in one process. It encrypts the rest with the new key.
/// 4. Open the store with the new key alone. Before the third step this is refused with
///    [`WrongKey`](StoreErrorKind::WrongKey), and nothing is changed; after the third step the old key alone is refused.
///
/// If the old key has leaked, so may have the tokens: replace them, too. Each refresh does.
#[derive(Clone)]
pub struct StoreKeyRing {
    first: StoreKey,
    others: Vec<StoreKey>,
}

impl StoreKeyRing {
    /// A ring of one key.
    pub fn new(first: StoreKey) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    /// Adds a key that decrypts and does not encrypt.
    #[must_use]
    pub fn with(mut self, key: StoreKey) -> Self {
        self.others.push(key);
        self
    }

    /// Reads one or more keys in base64, separated by blanks, line ends or commas, so that a single setting holds all keys.
    ///
    /// # Errors
    /// Those of [`StoreKey::from_base64`], for each key.
    pub fn from_base64(text: &str) -> Result<Self, StoreError> {
        let parts = text.split(|character: char| character.is_whitespace() || character == ',');
        let mut keys = parts.filter(|part| !part.is_empty()).map(StoreKey::from_base64);
        let first = keys.next().unwrap_or_else(|| {
            let what = "the text of the store's keys is empty: `openssl rand -base64 32` makes a key";
            Err(StoreError::new(StoreErrorKind::Configuration, what))
        })?;
        Ok(Self {
            first,
            others: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The key that encrypts.
    pub(super) fn first(&self) -> &StoreKey {
        &self.first
    }

    /// The keys that only decrypt.
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
        for (text, what) in [("", "is empty"), ("c2hvcnQ=", "has 5 bytes"), (" , ", "is empty")] {
            let error = StoreKeyRing::from_base64(text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Configuration);
            assert!(error.to_string().contains(what), "{error}");
        }
        let error = StoreKeyRing::from_base64(&format!("{} {}!", texts[0], texts[1])).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&texts[1][..8]), "{error}");
    }
}
