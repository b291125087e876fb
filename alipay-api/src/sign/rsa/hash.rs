use crate::sign::{KeyErrorKind, SignType};

/// The hash of a sign type of RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha1,
}

impl Hash {
    /// # Errors
    /// The sign type is not one of RSA.
    #[cfg_attr(
        not(feature = "sm2"),
        expect(clippy::unnecessary_wraps, reason = "all sign types are of RSA")
    )]
    pub(super) fn of(sign_type: SignType) -> Result<Self, KeyErrorKind> {
        match sign_type {
            SignType::Rsa2 => Ok(Self::Sha256),
            SignType::Rsa => Ok(Self::Sha1),
            #[cfg(feature = "sm2")]
            SignType::Sm2 => Err(KeyErrorKind::SignType { sign_type }),
        }
    }

    pub(super) fn sign_type(self) -> SignType {
        match self {
            Self::Sha256 => SignType::Rsa2,
            Self::Sha1 => SignType::Rsa,
        }
    }
}
