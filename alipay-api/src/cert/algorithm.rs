//! The signature algorithms of certificates.

use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::oid;
use crate::sign::PublicKey;

/// 1.2.840.113549.1.1: the OIDs of all RSA signatures begin with it, including PSS.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];

/// Whether the algorithm with this OID, given as its contents, is an RSA signature.
pub(super) fn is_rsa(oid: &[u8]) -> bool {
    oid.starts_with(RSA)
}

/// The algorithm of a signature, by its OID.
#[derive(Clone, Debug)]
pub(super) struct Algorithm {
    oid: String,
    hash: Option<Hash>,
}

/// A hash with which a certificate's signature can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    /// Not trusted: it has collisions, and an authority can be made to sign one.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// The algorithm with this OID, given as its contents.
    pub(super) fn new(contents: &[u8]) -> Self {
        Self {
            oid: oid::dotted(contents).unwrap_or_default(),
            hash: match contents.strip_prefix(RSA) {
                Some([5]) => Some(Hash::Sha1),
                Some([11]) => Some(Hash::Sha256),
                Some([12]) => Some(Hash::Sha384),
                Some([13]) => Some(Hash::Sha512),
                _ => None,
            },
        }
    }

    pub(super) fn oid(&self) -> &str {
        &self.oid
    }

    /// Whether its signatures are trusted.
    pub(super) fn is_trusted(&self) -> bool {
        self.hash.is_some_and(|hash| hash != Hash::Sha1)
    }

    /// Whether its signatures can be checked.
    pub(super) fn is_checkable(&self) -> bool {
        self.hash.is_some()
    }

    /// Whether the key made this signature of the message, and the algorithm is trusted.
    pub(super) fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.is_trusted() && self.has_made(key, message, signature)
    }

    /// Whether the key made this signature of the message.
    pub(super) fn has_made(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        match self.hash {
            Some(Hash::Sha1) => key.has_signed::<Sha1>(message, signature),
            Some(Hash::Sha256) => key.has_signed::<Sha256>(message, signature),
            Some(Hash::Sha384) => key.has_signed::<Sha384>(message, signature),
            Some(Hash::Sha512) => key.has_signed::<Sha512>(message, signature),
            None => false,
        }
    }
}
