use std::{fmt, hint::black_box, sync::Arc};

use getrandom::SysRng;
use rsa::pkcs8::der::{
    Decode as _, Tag, TagNumber,
    asn1::{AnyRef, ObjectIdentifier},
};
use sm2::{
    Scalar, SecretKey,
    dsa::{Signature, SigningKey, signature::RandomizedSigner as _},
};

use super::{BITS, IDENTIFIER, Sm2PublicKey, signature};
use crate::sign::{
    KeyErrorKind, SignError, SignType, Signer,
    der::{self, SM2},
    local::{LocalSigner, Pace, SignNow},
};

/// A private key of SM2.
#[derive(Clone)]
pub(in crate::sign) struct Sm2PrivateKey(Arc<Secret>);

/// It is wiped when it is dropped, which the crate doesn't do.
struct Secret(SigningKey);

impl Sm2PrivateKey {
    /// Reads an `ECPrivateKey` (SEC 1, RFC 5915). Its curve is checked if it has one, and its public key if it has that.
    pub(in crate::sign) fn read(sec1: &[u8]) -> Result<Self, KeyErrorKind> {
        let fields = der::fields(der::sequence(sec1)?)?;
        let [version, secret, optional @ ..] = fields.as_slice() else {
            return Err(KeyErrorKind::Unrecognised);
        };
        if (der::tag(version), version.value(), der::tag(secret)) != (Tag::Integer, &[1], Tag::OctetString) {
            return Err(KeyErrorKind::Unrecognised);
        }
        let secret = SecretKey::from_slice(secret.value()).map_err(|_| KeyErrorKind::Inconsistent)?;
        // The order of the curve less 1 can't sign: 1 more has no inverse.
        if (*secret.to_nonzero_scalar() + Scalar::ONE).is_zero().into() {
            return Err(KeyErrorKind::Inconsistent);
        }
        let key = SigningKey::new(IDENTIFIER, &secret).map_err(|_| KeyErrorKind::Inconsistent)?;
        let key = Self(Arc::new(Secret(key)));
        for field in optional {
            if !key.is_consistent_with(field)? {
                return Err(KeyErrorKind::Inconsistent);
            }
        }
        Ok(key)
    }

    pub(in crate::sign) fn signer(&self, sign_type: SignType) -> Result<Arc<dyn Signer>, KeyErrorKind> {
        match sign_type {
            SignType::Sm2 => Ok(Arc::new(LocalSigner::new(Sm2Signer(self.clone()), Pace::Fast))),
            _ => Err(KeyErrorKind::SignType { sign_type }),
        }
    }

    pub(in crate::sign) fn public_key(&self) -> Sm2PublicKey {
        Sm2PublicKey::new(self.0.0.verifying_key().clone())
    }

    #[expect(clippy::unused_self, reason = "all keys of SM2 have one size")]
    pub(in crate::sign) fn bits(&self) -> usize {
        BITS
    }

    /// Whether the optional field says what is so: the curve in `[0]`, the public key in `[1]`.
    fn is_consistent_with(&self, field: &AnyRef<'_>) -> Result<bool, KeyErrorKind> {
        const CURVE: TagNumber = TagNumber(0);
        const PUBLIC_KEY: TagNumber = TagNumber(1);

        match der::tag(field) {
            Tag::ContextSpecific { number: CURVE, .. } => {
                let curve = ObjectIdentifier::from_der(field.value()).map_err(der::unrecognised)?;
                Ok(curve == SM2)
            }
            Tag::ContextSpecific { number: PUBLIC_KEY, .. } => {
                let bits = AnyRef::from_der(field.value()).map_err(der::unrecognised)?;
                match (der::tag(&bits), bits.value()) {
                    // The first octet is the number of unused bits.
                    (Tag::BitString, [0, point @ ..]) => Ok(Sm2PublicKey::read(point)? == self.public_key()),
                    _ => Err(KeyErrorKind::Unrecognised),
                }
            }
            _ => Err(KeyErrorKind::Unrecognised),
        }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // Another key takes its place in memory.
        if let Ok(other) = SigningKey::from_slice(IDENTIFIER, &[1; 32]) {
            self.0 = other;
            // So that the compiler doesn't leave that out.
            black_box(&self.0);
        }
    }
}

struct Sm2Signer(Sm2PrivateKey);

impl SignNow for Sm2Signer {
    fn sign_type(&self) -> SignType {
        SignType::Sm2
    }

    fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // The nonce comes from the key and the message (RFC 6979) and from the system's randomness: bad randomness alone gives no key away.
        let Sm2PrivateKey(secret) = &self.0;
        let signature: Signature = secret
            .0
            .try_sign_with_rng(&mut SysRng, message)
            .map_err(SignError::new)?;
        Ok(signature::encode(&signature))
    }
}

impl fmt::Debug for Sm2Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sm2Signer(SM2)")
    }
}
