//! Every sign type and size by the `rsa` crate, in Rust alone.

use std::{fmt, sync::Arc};

use sha1::Sha1;
use sha2::Sha256;

use super::hash::Hash;
use crate::sign::{BadSignature, SignError, SignType, Verifier, local::SignNow};

pub(super) struct RustCryptoSigner {
    key: Arc<rsa::PrivateKey>,
    hash: Hash,
}

impl RustCryptoSigner {
    pub(super) fn new(key: Arc<rsa::PrivateKey>, hash: Hash) -> Self {
        Self { key, hash }
    }
}

impl SignNow for RustCryptoSigner {
    fn sign_type(&self) -> SignType {
        self.hash.sign_type()
    }

    fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // Both are blinded with the system's randomness, and check their result before they give it out: a wrong one
        // would give the key away.
        match self.hash {
            Hash::Sha256 => self.key.pkcs1v15_sign::<Sha256>(message),
            Hash::Sha1 => self.key.pkcs1v15_sign::<Sha1>(message),
        }
        .map_err(SignError::new)
    }
}

impl fmt::Debug for RustCryptoSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RustCryptoSigner({})", self.hash.sign_type())
    }
}

pub(super) struct RustCryptoVerifier {
    key: Arc<rsa::PublicKey>,
    hash: Hash,
}

impl RustCryptoVerifier {
    pub(super) fn new(key: Arc<rsa::PublicKey>, hash: Hash) -> Self {
        Self { key, hash }
    }
}

impl Verifier for RustCryptoVerifier {
    fn sign_type(&self) -> SignType {
        self.hash.sign_type()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match self.hash {
            Hash::Sha256 => self.key.pkcs1v15_verify::<Sha256>(message, signature),
            Hash::Sha1 => self.key.pkcs1v15_verify::<Sha1>(message, signature),
        }
        .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for RustCryptoVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RustCryptoVerifier({})", self.hash.sign_type())
    }
}
