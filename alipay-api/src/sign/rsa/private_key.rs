use std::sync::Arc;

use rsa::{
    pkcs1::{EncodeRsaPrivateKey as _, RsaPrivateKeyRef},
    pkcs8::der::Decode as _,
};

use super::{RsaPublicKey, backend::Backend, limits};
use crate::sign::{KeyErrorKind, SignType, Signer};

/// A private key of RSA, of 1024 to 8192 bits.
#[derive(Clone)]
pub(in crate::sign) struct RsaPrivateKey {
    key: Arc<rsa::PrivateKey>,
    bits: usize,
}

impl RsaPrivateKey {
    /// Reads PKCS#1.
    pub(in crate::sign) fn read(pkcs1: &[u8]) -> Result<Self, KeyErrorKind> {
        let numbers = RsaPrivateKeyRef::from_der(pkcs1).map_err(|_| KeyErrorKind::Unrecognised)?;
        if numbers.other_prime_infos.is_some() {
            return Err(KeyErrorKind::MultiPrime);
        }
        let bits = limits::check(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        let key = rsa::PrivateKey::try_from(numbers).map_err(|_| KeyErrorKind::Inconsistent)?;
        // The conversion checks n, e, d, p and q, and computes the rest: so the rest was right if the same comes out.
        let computed = key.to_pkcs1_der().map_err(|_| KeyErrorKind::Inconsistent)?;
        if computed.as_bytes() != pkcs1 {
            return Err(KeyErrorKind::Inconsistent);
        }
        Ok(Self {
            key: Arc::new(key),
            bits,
        })
    }

    pub(in crate::sign) fn signer(&self, sign_type: SignType) -> Result<Arc<dyn Signer>, KeyErrorKind> {
        self.signer_by(Backend::choose(sign_type, self.bits), sign_type)
    }

    pub(in crate::sign) fn signer_by(
        &self,
        backend: Backend,
        sign_type: SignType,
    ) -> Result<Arc<dyn Signer>, KeyErrorKind> {
        backend.signer(&self.key, sign_type)
    }

    pub(in crate::sign) fn public_key(&self) -> RsaPublicKey {
        RsaPublicKey::new(self.key.to_public_key(), self.bits)
    }

    pub(in crate::sign) fn bits(&self) -> usize {
        self.bits
    }
}
