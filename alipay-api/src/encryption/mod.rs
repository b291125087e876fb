//! Content encryption (接口内容加密): the AES key of an app, and what is encrypted with it.
//!
//! The content of calls and answers is encrypted beneath TLS. Alipay signs ciphertexts, and the library verifies before it decrypts, so what it
//! has decrypted is genuine. AES by itself proves nothing: its CBC mode shows neither who has written a ciphertext nor whether it was changed.
//!
//! Give a client the key of its app by [`ClientBuilder::encryption_key`](crate::ClientBuilder::encryption_key). With it:
//! * [`Call::encrypted`](crate::Call::encrypted) and [`RawCall::encrypted`](crate::RawCall::encrypted) encrypt one call, and
//!   [`ClientBuilder::encrypt_calls`](crate::ClientBuilder::encrypt_calls) all of them. The answer comes encrypted, too, and is read like any
//!   other. Pages and order strings always go out plain.
//! * [Notifications](crate::notify) whose `biz_content` is encrypted are read like plain ones.
//! * [`Client::decrypt_payload`](crate::Client::decrypt_payload) opens what a mini program gets, such as the user's phone number.
//!
//! Needs the feature `encryption`.

#[cfg(not(feature = "encryption"))]
mod absent;
#[cfg(feature = "encryption")]
mod cipher;
mod decryption_error;
mod encrypt_type;
#[cfg(feature = "encryption")]
mod key;
#[cfg(feature = "encryption")]
mod key_error;

use std::{fmt, ops::Deref};

use zeroize::Zeroizing;

#[cfg(not(feature = "encryption"))]
pub(crate) use self::absent::EncryptionKey;
pub use self::{decryption_error::DecryptionError, encrypt_type::EncryptType};
#[cfg(feature = "encryption")]
pub use self::{
    key::EncryptionKey,
    key_error::{EncryptionKeyError, EncryptionKeyErrorKind},
};

/// How a client gets a key, to follow "has no AES key: ".
pub(crate) const GIVE_KEY: &str = if cfg!(feature = "encryption") {
    "give it by ClientBuilder::encryption_key"
} else {
    "turn on the feature `encryption` of alipay-api, and give the key by ClientBuilder::encryption_key"
};

/// Encrypted content, in base64.
#[derive(Clone)]
pub(crate) struct Ciphertext {
    pub(crate) text: String,
    pub(crate) encrypt_type: EncryptType,
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ciphertext")
            .field("encrypt_type", &self.encrypt_type)
            .finish_non_exhaustive()
    }
}

/// What was encrypted: bytes in the charset of whoever encrypted them. They are wiped when they are dropped.
pub(crate) struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The text, where it is UTF-8. What is not was not decrypted with the key that it was encrypted with.
    pub(crate) fn text(&self) -> Result<&str, DecryptionError> {
        std::str::from_utf8(&self.0).map_err(|_| DecryptionError)
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
