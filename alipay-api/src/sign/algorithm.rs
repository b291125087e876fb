use std::fmt;

use super::SignType;

/// The algorithm of a key. A key has one, and each [`SignType`] needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    Rsa,
    #[cfg(feature = "sm2")]
    Sm2,
}

impl KeyAlgorithm {
    /// What a client signs with by such a key, unless it is told otherwise.
    pub(crate) const fn default_sign_type(self) -> SignType {
        match self {
            Self::Rsa => SignType::Rsa2,
            #[cfg(feature = "sm2")]
            Self::Sm2 => SignType::Sm2,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rsa => "RSA",
            #[cfg(feature = "sm2")]
            Self::Sm2 => "SM2",
        })
    }
}

/// How a certificate is signed. No [`SignType`] has most of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RSASSA-PKCS1-v1_5, as the other three of RSA.
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    #[cfg(feature = "sm2")]
    Sm2Sm3,
}

impl Scheme {
    /// The algorithm of the keys that sign so.
    pub(crate) const fn key_algorithm(self) -> KeyAlgorithm {
        match self {
            Self::RsaSha1 | Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 => KeyAlgorithm::Rsa,
            #[cfg(feature = "sm2")]
            Self::Sm2Sm3 => KeyAlgorithm::Sm2,
        }
    }
}
