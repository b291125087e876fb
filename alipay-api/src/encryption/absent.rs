//! No key, for the build without encryption: nothing else has to ask whether that is in the build.

use std::io;

use super::{Ciphertext, DecryptionError, EncryptType, Plaintext};
use crate::random::RandomSource;

/// There is none.
#[derive(Clone, Debug)]
pub(crate) enum EncryptionKey {}

impl EncryptionKey {
    pub(crate) fn encrypt_type(&self) -> EncryptType {
        match *self {}
    }

    pub(crate) fn encrypt(&self, _: &str, _: &dyn RandomSource) -> io::Result<Ciphertext> {
        match *self {}
    }

    pub(crate) fn decrypt(&self, _: &str, _: EncryptType) -> Result<Plaintext, DecryptionError> {
        match *self {}
    }
}
