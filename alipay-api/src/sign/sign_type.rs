use std::{error::Error, fmt, str::FromStr};

use super::KeyAlgorithm;

/// The signature algorithm that an app is set up with: `sign_type` in a request.
///
/// Alipay answers, and notifies, with the type that the app uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignType {
    /// `RSA2`: RSASSA-PKCS1-v1_5 with SHA-256. What every new app has.
    #[default]
    Rsa2,
    /// `RSA`: RSASSA-PKCS1-v1_5 with SHA-1, for apps that never moved on. SHA-1 is broken: use it only if you have to.
    Rsa,
    /// `SM2`: the SM2 signature with SM3, of GM/T 0003 and GB/T 32918, for apps that are set up with SM2 keys (国密). The distinguishing identifier
    /// is `1234567812345678`, and a signature is the DER of its two numbers.
    ///
    /// It is computed by the crates `sm2` and `sm3` of `RustCrypto`, of which nobody has made an independent audit so far.
    #[cfg(feature = "sm2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sm2")))]
    Sm2,
}

const ALL: &[SignType] = &[
    SignType::Rsa2,
    SignType::Rsa,
    #[cfg(feature = "sm2")]
    SignType::Sm2,
];

/// Text that names no [`SignType`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSignTypeError(());

impl fmt::Display for ParseSignTypeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if cfg!(feature = "sm2") {
            "not a sign type: write RSA2, RSA or SM2"
        } else {
            "not a sign type: write RSA2 or RSA"
        })
    }
}

impl Error for ParseSignTypeError {}

impl SignType {
    /// The name on the wire: `RSA2`, `RSA` or, with the feature `sm2`, `SM2`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
            #[cfg(feature = "sm2")]
            Self::Sm2 => "SM2",
        }
    }

    /// The algorithm in full, for messages.
    pub(crate) const fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSASSA-PKCS1-v1_5 with SHA-256",
            Self::Rsa => "RSASSA-PKCS1-v1_5 with SHA-1",
            #[cfg(feature = "sm2")]
            Self::Sm2 => "SM2 with SM3, the identifier 1234567812345678 and a signature in DER",
        }
    }

    /// The algorithm of the keys that sign so.
    pub(crate) const fn key_algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Rsa2 | Self::Rsa => KeyAlgorithm::Rsa,
            #[cfg(feature = "sm2")]
            Self::Sm2 => KeyAlgorithm::Sm2,
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for SignType {
    type Err = ParseSignTypeError;

    /// Reads the name on the wire, exactly as it is written there.
    fn from_str(name: &str) -> Result<Self, ParseSignTypeError> {
        ALL.iter()
            .copied()
            .find(|sign_type| sign_type.as_str() == name)
            .ok_or(ParseSignTypeError(()))
    }
}
