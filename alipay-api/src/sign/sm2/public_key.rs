use std::{fmt, sync::Arc};

use sm2::{
    dsa::{VerifyingKey, signature::Verifier as _},
    elliptic_curve::sec1::ToSec1Point as _,
};

use super::{BITS, IDENTIFIER, signature};
use crate::sign::{BadSignature, KeyErrorKind, Scheme, SignType, Verifier};

/// A `SubjectPublicKeyInfo` up to the point: the algorithm (an elliptic curve, and that of SM2), and the header of a BIT STRING of 65 octets.
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF,
    0x55, 0x01, 0x82, 0x2D, 0x03, 0x42, 0x00,
];

/// A public key of SM2.
#[derive(Clone)]
pub(in crate::sign) struct Sm2PublicKey(Arc<VerifyingKey>);

impl Sm2PublicKey {
    pub(super) fn new(key: VerifyingKey) -> Self {
        Self(Arc::new(key))
    }

    /// Reads a point by SEC 1, with both coordinates or compressed.
    pub(in crate::sign) fn read(point: &[u8]) -> Result<Self, KeyErrorKind> {
        if !matches!(point, [2..=4, ..]) {
            return Err(KeyErrorKind::Unrecognised);
        }
        // The point at infinity has another first octet; what is not on the curve is refused.
        VerifyingKey::from_sec1_bytes(IDENTIFIER, point)
            .map(Self::new)
            .map_err(|_| KeyErrorKind::Inconsistent)
    }

    pub(in crate::sign) fn verifier(&self, sign_type: SignType) -> Result<Arc<dyn Verifier>, KeyErrorKind> {
        match sign_type {
            SignType::Sm2 => Ok(Arc::new(Sm2Verifier(self.clone()))),
            _ => Err(KeyErrorKind::SignType { sign_type }),
        }
    }

    #[expect(clippy::unused_self, reason = "all keys of SM2 have one size")]
    pub(in crate::sign) fn bits(&self) -> usize {
        BITS
    }

    /// A `SubjectPublicKeyInfo`.
    pub(in crate::sign) fn to_spki(&self) -> Vec<u8> {
        let point = self.0.to_sec1_point(false);
        [&SPKI, point.as_bytes()].concat()
    }

    /// Whether the signature is this key's over the message.
    pub(in crate::sign) fn has_signed(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        scheme == Scheme::Sm2Sm3 && self.has_made(message, signature)
    }

    fn has_made(&self, message: &[u8], signature: &[u8]) -> bool {
        signature::decode(signature).is_some_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

impl PartialEq for Sm2PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_affine() == other.0.as_affine()
    }
}

impl Eq for Sm2PublicKey {}

struct Sm2Verifier(Sm2PublicKey);

impl Verifier for Sm2Verifier {
    fn sign_type(&self) -> SignType {
        SignType::Sm2
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.0.has_made(message, signature).then_some(()).ok_or(BadSignature)
    }
}

impl fmt::Debug for Sm2Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sm2Verifier(SM2)")
    }
}
