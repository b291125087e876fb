//! RSA2 by AWS-LC.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, PublicKeyComponents},
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use rsa::{pkcs1::EncodeRsaPrivateKey as _, traits::PublicKeyParts as _};

use crate::sign::{
    BadSignature, KeyErrorKind, SignError, SignType, Verifier,
    local::{Pace, SignNow},
};

/// Whether AWS-LC has this algorithm for keys of this size. It signs neither with SHA-1 nor with fewer bits.
pub(super) fn serves(sign_type: SignType, bits: usize) -> bool {
    sign_type == SignType::Rsa2 && (2048..=8192).contains(&bits)
}

pub(super) struct AwsLcSigner(KeyPair);

impl AwsLcSigner {
    pub(super) fn new(key: &rsa::PrivateKey) -> Result<Self, KeyErrorKind> {
        // The document wipes itself.
        let der = key.to_pkcs1_der().map_err(|_| KeyErrorKind::Inconsistent)?;
        KeyPair::from_der(der.as_bytes())
            .map(Self)
            .map_err(|_| KeyErrorKind::Inconsistent)
    }

    /// A quarter of a millisecond with 2048 bits, but eight times that with 4096.
    pub(super) fn pace(&self) -> Pace {
        if self.0.public_modulus_len() > 256 {
            Pace::Slow
        } else {
            Pace::Fast
        }
    }
}

impl SignNow for AwsLcSigner {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // The source of randomness is there for ring's sake: AWS-LC has its own, for blinding.
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignError::new("AWS-LC failed"))?;
        Ok(signature)
    }
}

impl fmt::Debug for AwsLcSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AwsLcSigner(RSA2)")
    }
}

pub(super) struct AwsLcVerifier(ParsedPublicKey);

impl AwsLcVerifier {
    pub(super) fn new(key: &rsa::PublicKey) -> Result<Self, KeyErrorKind> {
        PublicKeyComponents {
            n: key.n_bytes(),
            e: key.e_bytes(),
        }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map(Self)
        .map_err(|_| KeyErrorKind::Inconsistent)
    }
}

impl Verifier for AwsLcVerifier {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.0.verify_sig(message, signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for AwsLcVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AwsLcVerifier(RSA2)")
    }
}
