//! Which of the two libraries computes.

use std::sync::Arc;

#[cfg(feature = "aws-lc")]
use super::aws_lc;
use super::{hash::Hash, rust_crypto};
use crate::sign::{
    KeyErrorKind, SignType, Signer, Verifier,
    local::{LocalSigner, Pace},
};

/// Which library serves a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sign) enum Backend {
    /// Six to eight times as fast, but only for RSA2 with keys of 2048 bits and more.
    #[cfg(feature = "aws-lc")]
    AwsLc,
    /// Everything, in Rust alone.
    RustCrypto,
}

impl Backend {
    /// The fastest that can serve a key of this size.
    pub(in crate::sign) fn choose(sign_type: SignType, bits: usize) -> Self {
        #[cfg(feature = "aws-lc")]
        if aws_lc::serves(sign_type, bits) {
            return Self::AwsLc;
        }
        // Without that feature, there is no choice.
        let _ = (sign_type, bits);
        Self::RustCrypto
    }

    pub(super) fn signer(
        self,
        key: &Arc<rsa::PrivateKey>,
        sign_type: SignType,
    ) -> Result<Arc<dyn Signer>, KeyErrorKind> {
        Ok(match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc => {
                let key = aws_lc::AwsLcSigner::new(key)?;
                let pace = key.pace();
                Arc::new(LocalSigner::new(key, pace))
            }
            Self::RustCrypto => {
                let key = rust_crypto::RustCryptoSigner::new(Arc::clone(key), Hash::of(sign_type)?);
                Arc::new(LocalSigner::new(key, Pace::Slow))
            }
        })
    }

    pub(super) fn verifier(
        self,
        key: &Arc<rsa::PublicKey>,
        sign_type: SignType,
    ) -> Result<Arc<dyn Verifier>, KeyErrorKind> {
        Ok(match self {
            #[cfg(feature = "aws-lc")]
            Self::AwsLc => Arc::new(aws_lc::AwsLcVerifier::new(key)?),
            Self::RustCrypto => Arc::new(rust_crypto::RustCryptoVerifier::new(
                Arc::clone(key),
                Hash::of(sign_type)?,
            )),
        })
    }
}
