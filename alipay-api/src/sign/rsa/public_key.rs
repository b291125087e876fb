use std::sync::Arc;

use rsa::{
    pkcs1::RsaPublicKeyRef,
    pkcs8::{EncodePublicKey as _, der::Decode as _},
};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::{backend::Backend, limits};
use crate::sign::{KeyErrorKind, Scheme, SignType, Verifier};

/// A public key of RSA, of 1024 to 8192 bits.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sign) struct RsaPublicKey {
    key: Arc<rsa::PublicKey>,
    bits: usize,
}

impl RsaPublicKey {
    pub(super) fn new(key: rsa::PublicKey, bits: usize) -> Self {
        Self {
            key: Arc::new(key),
            bits,
        }
    }

    /// Reads PKCS#1.
    pub(in crate::sign) fn read(pkcs1: &[u8]) -> Result<Self, KeyErrorKind> {
        let numbers = RsaPublicKeyRef::from_der(pkcs1).map_err(|_| KeyErrorKind::Unrecognised)?;
        let bits = limits::check(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        // What is left to refuse is an even modulus.
        let key = rsa::PublicKey::try_from(numbers).map_err(|_| KeyErrorKind::Inconsistent)?;
        Ok(Self::new(key, bits))
    }

    pub(in crate::sign) fn verifier(&self, sign_type: SignType) -> Result<Arc<dyn Verifier>, KeyErrorKind> {
        self.verifier_by(Backend::choose(sign_type, self.bits), sign_type)
    }

    pub(in crate::sign) fn verifier_by(
        &self,
        backend: Backend,
        sign_type: SignType,
    ) -> Result<Arc<dyn Verifier>, KeyErrorKind> {
        backend.verifier(&self.key, sign_type)
    }

    pub(in crate::sign) fn bits(&self) -> usize {
        self.bits
    }

    /// A `SubjectPublicKeyInfo`.
    pub(in crate::sign) fn to_spki(&self) -> Result<Vec<u8>, KeyErrorKind> {
        let der = self.key.to_public_key_der();
        Ok(der.map_err(|_| KeyErrorKind::Inconsistent)?.into_vec())
    }

    /// Whether the signature is this key's over the message.
    pub(in crate::sign) fn has_signed(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let verified = match scheme {
            Scheme::RsaSha1 => self.key.pkcs1v15_verify::<Sha1>(message, signature),
            Scheme::RsaSha256 => self.key.pkcs1v15_verify::<Sha256>(message, signature),
            Scheme::RsaSha384 => self.key.pkcs1v15_verify::<Sha384>(message, signature),
            Scheme::RsaSha512 => self.key.pkcs1v15_verify::<Sha512>(message, signature),
            #[cfg(feature = "sm2")]
            Scheme::Sm2Sm3 => return false,
        };
        verified.is_ok()
    }
}
