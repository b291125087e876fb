//! RSA keys: the gateway's own, and the app's.
//!
//! The `rsa` crate signs and verifies, also with 1024-bit keys and SHA-1; `aws-lc-rs` generates keys, twenty times as fast.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng};

/// A signature algorithm, by the names that `sign_type` has for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignType {
    /// SHA-256 with RSA.
    #[default]
    Rsa2,
    /// SHA-1 with RSA.
    Rsa,
}

impl SignType {
    /// The algorithm that `sign_type` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RSA2" => Some(Self::Rsa2),
            "RSA" => Some(Self::Rsa),
            _ => None,
        }
    }

    /// `RSA2` or `RSA`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
        }
    }
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is neither PEM nor base64.
    #[error("the key is neither PEM nor one line of base64")]
    Encoding,
    /// The encoding holds, but the key is not of the right kind.
    #[error("the key is not an {expected}")]
    Kind {
        /// What was expected.
        expected: &'static str,
    },
    /// No key could be made, or it could not be used.
    #[error("the RSA operation failed")]
    Operation,
}

/// A key of RSA, or a function that takes the place of both halves of one.
#[derive(Clone)]
enum Key<R> {
    Rsa(Arc<R>),
    Function(Function),
}

/// Makes the signature of a message. Verifying is making it again.
type Function = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl<R: PartialEq> PartialEq for Key<R> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rsa(one), Self::Rsa(other)) => one == other,
            (Self::Function(one), Self::Function(other)) => Arc::ptr_eq(one, other),
            (Self::Rsa(_) | Self::Function(_), _) => false,
        }
    }
}

/// A private key and its public key.
#[derive(Clone)]
pub struct KeyPair(Key<rsa::PrivateKey>);

/// Shows nothing of the key.
impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyPair")
    }
}

impl KeyPair {
    /// A new key of 2048 bits.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate() -> Result<Self, KeyError> {
        let pair =
            aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).map_err(|_| KeyError::Operation)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Operation)?;
        Self::from_der(der.as_ref())
    }

    /// A new key of any size from 1024 bits, for what older merchants still use. Slower than [`KeyPair::generate`].
    ///
    /// # Errors
    /// If the size is too small, or the system has no randomness to give.
    pub fn generate_bits(bits: usize) -> Result<Self, KeyError> {
        let key = rsa::PrivateKey::new(&mut SystemRandom, bits).map_err(|_| KeyError::Operation)?;
        Ok(Self(Key::Rsa(Arc::new(key))))
    }

    /// Signs with a function in place of RSA, whatever the algorithm's name: for simulations that make millions of signatures. Both sides have to
    /// have the same function, and whoever has it can sign. Such a key can't be written down.
    #[doc(hidden)]
    pub fn of_function(sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Key::Function(Arc::new(sign)))
    }

    /// Two pairs made once per process: the app's and Alipay's. Making keys is what would take the most time in a test.
    pub(crate) fn shared() -> Result<(Self, Self), KeyError> {
        static PAIRS: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
        if let Some(pairs) = PAIRS.get() {
            return Ok(pairs.clone());
        }
        let made = (Self::generate()?, Self::generate()?);
        Ok(PAIRS.get_or_init(|| made).clone())
    }

    /// Reads a private key: PKCS#8 or PKCS#1, as PEM or as base64 with or without line breaks.
    ///
    /// # Errors
    /// If the text holds no such key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::from_der(&decode(text)?)
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        rsa::PrivateKey::from_pkcs8_der(der)
            .ok()
            .or_else(|| rsa::PrivateKey::from_pkcs1_der(der).ok())
            .map(|key| Self(Key::Rsa(Arc::new(key))))
            .ok_or(KeyError::Kind {
                expected: "RSA private key",
            })
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Key::Rsa(key) => Key::Rsa(Arc::new(key.to_public_key())),
            Key::Function(sign) => Key::Function(Arc::clone(sign)),
        })
    }

    /// The signature of `message`, in base64.
    ///
    /// # Errors
    /// If the system has no randomness to blind the operation with.
    pub fn sign(&self, sign_type: SignType, message: &[u8]) -> Result<String, KeyError> {
        self.sign_bytes(sign_type, message)
            .map(|signature| STANDARD.encode(signature))
    }

    /// The same as bytes.
    pub(crate) fn sign_bytes(&self, sign_type: SignType, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = match (&self.0, sign_type) {
            (Key::Rsa(key), SignType::Rsa2) => key.pkcs1v15_sign::<sha2::Sha256>(message),
            (Key::Rsa(key), SignType::Rsa) => key.pkcs1v15_sign::<sha1::Sha1>(message),
            (Key::Function(sign), _) => Ok(sign(message)),
        };
        signature.map_err(|_| KeyError::Operation)
    }

    /// PKCS#8 in one line of base64.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_base64(&self) -> Result<String, KeyError> {
        let Key::Rsa(key) = &self.0 else {
            return Err(KeyError::Operation);
        };
        let der = key.to_pkcs8_der().map_err(|_| KeyError::Operation)?;
        Ok(STANDARD.encode(der.as_bytes()))
    }

    /// PKCS#8 as PEM.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem("PRIVATE KEY", &self.to_base64()?))
    }
}

/// A public key.
#[derive(Clone, PartialEq)]
pub struct PublicKey(Key<rsa::PublicKey>);

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::Rsa(key) => formatter.debug_tuple("PublicKey").field(key).finish(),
            Key::Function(_) => formatter.write_str("PublicKey"),
        }
    }
}

impl PublicKey {
    /// Reads a public key: SPKI or PKCS#1, as PEM or as base64 with or without line breaks.
    ///
    /// # Errors
    /// If the text holds no such key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let der = decode(text)?;
        rsa::PublicKey::from_public_key_der(&der)
            .ok()
            .or_else(|| rsa::PublicKey::from_pkcs1_der(&der).ok())
            .map(|key| Self(Key::Rsa(Arc::new(key))))
            .ok_or(KeyError::Kind {
                expected: "RSA public key",
            })
    }

    /// Whether `signature` (base64) is this key's over `message`.
    pub fn verify(&self, sign_type: SignType, message: &[u8], signature: &str) -> bool {
        STANDARD
            .decode(signature)
            .is_ok_and(|signature| self.verify_bytes(sign_type, message, &signature))
    }

    /// The same of bytes.
    pub(crate) fn verify_bytes(&self, sign_type: SignType, message: &[u8], signature: &[u8]) -> bool {
        match (&self.0, sign_type) {
            (Key::Rsa(key), SignType::Rsa2) => key.pkcs1v15_verify::<sha2::Sha256>(message, signature).is_ok(),
            (Key::Rsa(key), SignType::Rsa) => key.pkcs1v15_verify::<sha1::Sha1>(message, signature).is_ok(),
            (Key::Function(sign), _) => sign(message) == signature,
        }
    }

    /// From the SPKI of a certificate.
    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        rsa::PublicKey::from_public_key_der(der)
            .ok()
            .map(|key| Self(Key::Rsa(Arc::new(key))))
    }

    /// PKCS#1 as DER.
    pub(crate) fn to_pkcs1_der(&self) -> Result<Vec<u8>, KeyError> {
        let der = self.rsa()?.to_pkcs1_der().map_err(|_| KeyError::Operation)?;
        Ok(der.as_bytes().to_vec())
    }

    fn rsa(&self) -> Result<&rsa::PublicKey, KeyError> {
        match &self.0 {
            Key::Rsa(key) => Ok(key),
            Key::Function(_) => Err(KeyError::Operation),
        }
    }

    /// SPKI in one line of base64.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_base64(&self) -> Result<String, KeyError> {
        let der = self.rsa()?.to_public_key_der().map_err(|_| KeyError::Operation)?;
        Ok(STANDARD.encode(der.as_bytes()))
    }

    /// SPKI as PEM.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem("PUBLIC KEY", &self.to_base64()?))
    }
}

/// The bytes inside PEM or base64.
fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("-----"));
    let base64: String = lines
        .flat_map(str::chars)
        .filter(|letter| !letter.is_whitespace())
        .collect();
    if base64.is_empty() {
        return Err(KeyError::Encoding);
    }
    STANDARD.decode(base64).map_err(|_| KeyError::Encoding)
}

/// PEM around base64.
pub(crate) fn pem(label: &str, base64: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The system's randomness as the `rsa` crate wants it.
struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = aws_lc_rs::error::Unspecified;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        aws_lc_rs::rand::fill(bytes)
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_key_reads_back() {
        let pair = KeyPair::generate().unwrap();
        let one_line = pair.to_base64().unwrap();
        for text in [
            pair.to_pem().unwrap(),
            one_line.clone(),
            pair.to_pem().unwrap().replace('\n', "\r\n"),
            format!("  {one_line}\n"),
        ] {
            assert_eq!(KeyPair::parse(&text).unwrap().public_key(), pair.public_key());
        }
        let public = pair.public_key();
        for text in [public.to_pem().unwrap(), public.to_base64().unwrap()] {
            assert_eq!(PublicKey::parse(&text).unwrap(), public);
        }
        assert!(matches!(PublicKey::parse(&one_line), Err(KeyError::Kind { .. })));
        assert!(matches!(KeyPair::parse("not a key!"), Err(KeyError::Encoding)));
        assert!(matches!(KeyPair::parse(""), Err(KeyError::Encoding)));
    }

    #[test]
    fn small_keys_sign_both_ways() {
        let pair = KeyPair::generate_bits(1024).unwrap();
        for sign_type in [SignType::Rsa, SignType::Rsa2] {
            let signature = pair.sign(sign_type, b"a=1&b=2").unwrap();
            assert!(pair.public_key().verify(sign_type, b"a=1&b=2", &signature));
            assert!(!pair.public_key().verify(sign_type, b"a=1&b=3", &signature));
            assert!(!pair.public_key().verify(sign_type, b"a=1&b=2", "%%%"));
        }
        assert_eq!(format!("{pair:?}"), "KeyPair");
    }

    #[test]
    fn a_function_is_both_halves_of_a_key() {
        let pair = KeyPair::of_function(|message| message.iter().rev().copied().collect());
        let signature = pair.sign(SignType::Rsa2, b"a=1").unwrap();
        assert!(pair.public_key().verify(SignType::Rsa2, b"a=1", &signature));
        assert!(!pair.public_key().verify(SignType::Rsa2, b"a=2", &signature));
        assert_eq!(pair.public_key(), pair.public_key());
        assert!(pair.to_base64().is_err() && pair.public_key().to_pem().is_err());
    }
}
