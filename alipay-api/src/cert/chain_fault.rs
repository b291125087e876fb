use std::fmt;

use crate::{error::Sanitized, types::DateTime};

/// Why a certificate is not vouched for by the one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainFault {
    /// The issuer is no root, and there is no certificate of it that leads further.
    IssuerUnknown {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer is known, but its key did not sign this certificate: it is damaged, or a forgery.
    BadSignature {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer signed it, but its own certificate does not let it issue one here.
    NotAnAuthority {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer's certificate is not valid now.
    IssuerNotValid {
        /// The issuer's name.
        issuer: String,
        /// The first second that it is valid in.
        not_before: DateTime,
        /// The last second that it is valid in.
        not_after: DateTime,
    },
    /// The issuer's key is no RSA key of 2048 bits or more.
    IssuerKey {
        /// The issuer's name.
        issuer: String,
    },
    /// Its key is no RSA key of 2048 bits or more.
    ShortKey,
    /// It is signed with something else than RSASSA-PKCS1-v1_5 with SHA-256, SHA-384 or SHA-512.
    Algorithm {
        /// The algorithm's OID.
        oid: String,
    },
    /// Its extensions can't be read, or hold a critical one that is not understood.
    Extensions,
    /// Its key is not for signing.
    KeyUsage,
    /// There are too many certificates between it and a root, or too many that claim to be.
    TooLong,
}

impl fmt::Display for ChainFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerUnknown { issuer } => write!(
                out,
                "its issuer `{}` is no root, and nothing else in the file leads further",
                Sanitized(issuer)
            ),
            Self::BadSignature { issuer } => write!(
                out,
                "it is not signed by the issuer that it names, `{}`: it is damaged or forged",
                Sanitized(issuer)
            ),
            Self::NotAnAuthority { issuer } => {
                write!(out, "its issuer `{}` has no right to issue it", Sanitized(issuer))
            }
            Self::IssuerNotValid {
                issuer,
                not_before,
                not_after,
            } => write!(
                out,
                "its issuer `{}` is valid only from {not_before} to {not_after} (Beijing time)",
                Sanitized(issuer)
            ),
            Self::IssuerKey { issuer } => write!(
                out,
                "the key of its issuer `{}` is not an RSA key of 2048 bits or more",
                Sanitized(issuer)
            ),
            Self::ShortKey => out.write_str("its key is not an RSA key of 2048 bits or more"),
            Self::Algorithm { oid } => write!(
                out,
                "it is signed with an algorithm (OID {}) that is not trusted",
                Sanitized(oid)
            ),
            Self::Extensions => out.write_str("its extensions are damaged, or demand what is not understood"),
            Self::KeyUsage => out.write_str("its key is not for signing"),
            Self::TooLong => out.write_str("too many certificates stand between it and a root"),
        }
    }
}
