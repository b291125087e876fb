//! The signature algorithms of certificates.

use super::oid;
use crate::sign::{KeyAlgorithm, PublicKey, Scheme};

/// 1.2.840.113549.1.1: the OIDs of all RSA signatures begin with it, including PSS.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];
/// 1.2.156.10197.1.501: SM2 with SM3.
#[cfg(feature = "sm2")]
const SM2_WITH_SM3: &[u8] = &[0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x83, 0x75];

/// The keys that sign with the algorithm with this OID, given as its contents; `None` if no sign type has such keys.
pub(super) fn key_algorithm(oid: &[u8]) -> Option<KeyAlgorithm> {
    match oid {
        _ if oid.starts_with(RSA) => Some(KeyAlgorithm::Rsa),
        #[cfg(feature = "sm2")]
        SM2_WITH_SM3 => Some(KeyAlgorithm::Sm2),
        _ => None,
    }
}

/// The algorithm of a signature, by its OID.
#[derive(Clone, Debug)]
pub(super) struct Algorithm {
    oid: String,
    /// How its signatures can be checked.
    scheme: Option<Scheme>,
}

impl Algorithm {
    /// The algorithm with this OID, given as its contents.
    pub(super) fn new(contents: &[u8]) -> Self {
        Self {
            oid: oid::dotted(contents).unwrap_or_default(),
            scheme: match contents.strip_prefix(RSA) {
                Some([5]) => Some(Scheme::RsaSha1),
                Some([11]) => Some(Scheme::RsaSha256),
                Some([12]) => Some(Scheme::RsaSha384),
                Some([13]) => Some(Scheme::RsaSha512),
                #[cfg(feature = "sm2")]
                None if contents == SM2_WITH_SM3 => Some(Scheme::Sm2Sm3),
                _ => None,
            },
        }
    }

    pub(super) fn oid(&self) -> &str {
        &self.oid
    }

    /// Whether its signatures are trusted in a chain of keys of this algorithm. SHA-1 is not: it has collisions, and an authority can be made to
    /// sign one.
    pub(super) fn is_trusted(&self, keys: KeyAlgorithm) -> bool {
        self.scheme
            .is_some_and(|scheme| scheme.key_algorithm() == keys && scheme != Scheme::RsaSha1)
    }

    /// Whether its signatures can be checked.
    pub(super) fn is_checkable(&self) -> bool {
        self.scheme.is_some()
    }

    /// Whether the key made this signature of the message, and the algorithm is trusted.
    pub(super) fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.is_trusted(key.algorithm()) && self.has_made(key, message, signature)
    }

    /// Whether the key made this signature of the message.
    pub(super) fn has_made(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.scheme
            .is_some_and(|scheme| key.has_signed(scheme, message, signature))
    }
}
