use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    isv::store::{StoreError, StoreErrorKind},
    types::Secret,
};

/// The key with which a store in a database encrypts tokens: 32 random bytes.
///
/// Without the key the tokens are lost. Keep it apart from the database's backups: in a secret manager, or in the environment. All processes
/// that share a store need the same key; [`StoreKeyRing`] explains how to replace it. `Debug` does not show the key, and its memory is
/// wiped when it is dropped.
///
/// # What the key protects
/// The tokens of a merchant are encrypted and authenticated together with the rest of the merchant's row. If somebody without the key changes
/// anything in the row, loading it fails with [`Damaged`](StoreErrorKind::Damaged), and
/// [`ending_before`](crate::isv::store::TokenStore::ending_before) lists it. Not detected are a row that was deleted, a row that was
/// emptied like that of a removed merchant, and a row that was replaced as a whole by an earlier one. Leases are not protected: who can
/// write to the database can delay refreshes, or let two processes refresh at the same time.
///
/// [`StoreKeyRing`]: super::super::StoreKeyRing
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; StoreKey::LENGTH]>);

impl StoreKey {
    /// How many bytes a key has.
    pub const LENGTH: usize = 32;

    /// A key of these bytes. They must be random: not a password.
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key that [`to_base64`](Self::to_base64) or `openssl rand -base64 32` has written.
    ///
    /// # Errors
    /// [`Configuration`](StoreErrorKind::Configuration): the text is not base64, or not of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, StoreError> {
        let wrong = |what: String| StoreError::new(StoreErrorKind::Configuration, what);
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| {
            wrong(
                "the store's key is not base64 (standard alphabet, with padding): `openssl rand -base64 32` makes one"
                    .into(),
            )
        })?;
        match <[u8; Self::LENGTH]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Self::new(bytes)),
            Err(_) => Err(wrong(format!(
                "the store's key has {} bytes instead of {}: `openssl rand -base64 32` makes one",
                bytes.len(),
                Self::LENGTH
            ))),
        }
    }

    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable): the operating system has none.
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self::new(random()?))
    }

    /// The key in base64, for storing it.
    pub fn to_base64(&self) -> Secret {
        Secret::new(STANDARD.encode(self.bytes()))
    }

    /// Identifies the key in the text that is encrypted with it, without revealing it.
    pub(super) fn id(&self) -> KeyId {
        let digest = Sha256::new()
            .chain_update("alipay-api token store key")
            .chain_update(self.bytes())
            .finalize();
        let mut id = KeyId::default();
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        id
    }

    pub(super) fn bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// The first bytes of a hash of a key.
pub(super) type KeyId = [u8; 8];

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreKey(..)")
    }
}

/// Random bytes of the operating system, never of a client's source: a nonce that comes again would give the tokens away.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            let message = "the operating system has no random numbers: try again";
            Err(StoreError::new(StoreErrorKind::Unavailable, message).with_source(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_base64() {
        let key = StoreKey::generate().unwrap();
        let text = key.to_base64();
        let read = StoreKey::from_base64(&format!(" {}\r\n", text.expose())).unwrap();
        assert_eq!(read.bytes(), key.bytes());
        assert_ne!(StoreKey::generate().unwrap().bytes(), key.bytes());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for (text, what) in [
            ("c2hvcnQ=", "has 5 bytes instead of 32"),
            ("", "has 0 bytes"),
            ("not base64!", "is not base64"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "has 33 bytes"),
        ] {
            let error = StoreKey::from_base64(text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(what), "{shown}");
            assert!(text.is_empty() || !shown.contains(text), "{shown}");
        }
        assert_eq!(format!("{:?}", StoreKey::new([7; 32])), "StoreKey(..)");
    }
}
