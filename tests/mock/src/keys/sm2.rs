//! Keys of SM2.

use rsa::pkcs8::der::Document;
use sm2::dsa::signature::{RandomizedSigner as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use sm2::{PublicKey, SecretKey};

use super::{KeyError, SystemRandom};

/// Whoever has no identifier of its own has this one.
const IDENTIFIER: &str = "1234567812345678";

/// A private key.
pub(super) type Private = SecretKey;
/// A public key.
pub(super) type Public = PublicKey;

/// A new key.
pub(super) fn generate() -> Result<Private, KeyError> {
    loop {
        let mut digits = [0; 32];
        aws_lc_rs::rand::fill(&mut digits).map_err(|_| KeyError::Operation)?;
        // One in four milliards is larger than the order of the curve.
        if let Ok(key) = SecretKey::from_slice(&digits) {
            return Ok(key);
        }
    }
}

/// Reads PKCS#8 or SEC 1.
pub(super) fn private(der: &[u8]) -> Option<Private> {
    SecretKey::from_pkcs8_der(der)
        .ok()
        .or_else(|| SecretKey::from_sec1_der(der).ok())
}

/// Reads SPKI.
pub(super) fn public(der: &[u8]) -> Option<Public> {
    PublicKey::from_public_key_der(der).ok()
}

/// SM2 with SM3.
pub(super) fn sign(key: &Private, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = SigningKey::new(IDENTIFIER, key).map_err(|_| KeyError::Operation)?;
    let signature: Result<Signature, _> = key.try_sign_with_rng(&mut SystemRandom, message);
    Ok(signature.map_err(|_| KeyError::Operation)?.to_der().as_bytes().to_vec())
}

/// Whether the signature is this key's over the message.
pub(super) fn verify(key: Public, message: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::new(IDENTIFIER, key)
        .and_then(|key| key.verify(message, &Signature::from_der(signature)?))
        .is_ok()
}

/// PKCS#8.
pub(super) fn to_pkcs8(key: &Private) -> Result<Vec<u8>, KeyError> {
    let der = key.to_pkcs8_der().map_err(|_| KeyError::Operation)?;
    Ok(der.as_bytes().to_vec())
}

/// SPKI.
pub(super) fn to_spki(key: &Public) -> Result<Vec<u8>, KeyError> {
    key.to_public_key_der()
        .map(Document::into_vec)
        .map_err(|_| KeyError::Operation)
}

/// The point alone, with both coordinates.
pub(super) fn to_point(key: &Public) -> Vec<u8> {
    key.to_sec1_bytes().into_vec()
}
