use std::fmt;

use crate::{error::Sanitized, types::DateTime};

/// Why a certificate can't be trusted on account of its issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainFault {
    /// The issuer is neither a root nor another certificate in the file.
    IssuerUnknown {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer is known, but its key did not sign this certificate: the certificate is damaged or forged.
    BadSignature {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer signed the certificate, but may not issue it: its own certificate says so.
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
    /// The issuer's key is not an RSA key of 2048 bits or more; or, where the sign type is SM2, not an SM2 key.
    IssuerKey {
        /// The issuer's name.
        issuer: String,
    },
    /// The certificate's key is not an RSA key of 2048 bits or more; or, where the sign type is SM2, not an SM2 key.
    ShortKey,
    /// The certificate is not signed with RSASSA-PKCS1-v1_5 and SHA-256, SHA-384 or SHA-512; or, where the sign type is SM2, not with SM2 and
    /// SM3.
    Algorithm {
        /// The algorithm's OID.
        oid: String,
    },
    /// The certificate's extensions can't be read, or one of them is critical and unknown.
    Extensions,
    /// The certificate's key is not for signing.
    KeyUsage,
    /// There are too many certificates, or candidates for them, between this one and a root.
    TooLong,
}

const WANTED_KEY: &str = if cfg!(feature = "sm2") {
    "an RSA key of 2048 bits or more, or, where the sign type is SM2, not an SM2 key"
} else {
    "an RSA key of 2048 bits or more"
};

impl fmt::Display for ChainFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerUnknown { issuer } => write!(
                out,
                "the certificate's issuer `{}` is neither a root nor another certificate in the file",
                Sanitized(issuer)
            ),
            Self::BadSignature { issuer } => write!(
                out,
                "the certificate is not signed by its issuer `{}`: it is damaged or forged",
                Sanitized(issuer)
            ),
            Self::NotAnAuthority { issuer } => {
                write!(
                    out,
                    "the certificate's issuer `{}` may not issue certificates here",
                    Sanitized(issuer)
                )
            }
            Self::IssuerNotValid {
                issuer,
                not_before,
                not_after,
            } => write!(
                out,
                "the certificate's issuer `{}` is valid only from {not_before} to {not_after} (Beijing time)",
                Sanitized(issuer)
            ),
            Self::IssuerKey { issuer } => write!(
                out,
                "the key of the certificate's issuer `{}` is not {WANTED_KEY}",
                Sanitized(issuer)
            ),
            Self::ShortKey => write!(out, "the certificate's key is not {WANTED_KEY}"),
            Self::Algorithm { oid } => write!(
                out,
                "the certificate is signed with an algorithm (OID {}) that is not trusted",
                Sanitized(oid)
            ),
            Self::Extensions => {
                out.write_str("the certificate's extensions are damaged, or one of them is critical and unknown")
            }
            Self::KeyUsage => out.write_str("the certificate's key is not for signing"),
            Self::TooLong => out.write_str("too many certificates are between the certificate and a root"),
        }
    }
}
