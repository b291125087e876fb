//! Keys of RSA and SM2: the gateway's own, and the app's.
//!
//! The `rsa` crate signs and verifies, also with 1024-bit keys and SHA-1; `aws-lc-rs` generates keys, twenty times as fast.

/// Key pairs inside what is stored. A key pair itself has no such form, so that none is written down by accident.
pub(crate) mod as_text;
mod sm2;

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A signature algorithm, by the names that `sign_type` has for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignType {
    /// SHA-256 with RSA.
    #[default]
    Rsa2,
    /// SHA-1 with RSA.
    Rsa,
    /// SM3 with SM2.
    Sm2,
}

impl SignType {
    /// The algorithm that `sign_type` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RSA2" => Some(Self::Rsa2),
            "RSA" => Some(Self::Rsa),
            "SM2" => Some(Self::Sm2),
            _ => None,
        }
    }

    /// `RSA2`, `RSA` or `SM2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
            Self::Sm2 => "SM2",
        }
    }

    fn is_sm2(self) -> bool {
        self == Self::Sm2
    }

    /// What a signature of RSA is over, in place of the message.
    pub(crate) fn digest(self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa2 => Some(sha2::Sha256::digest(message).to_vec()),
            Self::Rsa => Some(sha1::Sha1::digest(message).to_vec()),
            Self::Sm2 => None,
        }
    }
}

/// What a signature says by itself, without the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// The private key has made it, by this algorithm, over a message with this digest.
    Digest(SignType, Vec<u8>),
    /// Another key has made it, or none.
    Foreign,
    /// Nothing: signatures of this kind don't tell.
    Unknown,
}

/// What stands in front of a digest inside a signature of RSA (RFC 8017, 9.2, note 1).
const DIGEST_INFOS: [(SignType, &[u8]); 2] = [
    (
        SignType::Rsa2,
        &[
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
            0x20,
        ],
    ),
    (
        SignType::Rsa,
        &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
        ],
    ),
];

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
    /// The key is of RSA where the sign type is SM2, or the other way round.
    #[error("the key is not for the sign type {}", .0.name())]
    SignType(SignType),
    /// No key could be made, or it could not be used.
    #[error("the operation with the key failed")]
    Operation,
}

/// A key of RSA or SM2, or a function that takes the place of both halves of one.
#[derive(Clone)]
enum Key<R, S> {
    Rsa(Arc<R>),
    Sm2(Arc<S>),
    Function(Function),
}

/// Makes the signature of a message. Verifying is making it again.
type Function = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl<R: PartialEq, S: PartialEq> PartialEq for Key<R, S> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rsa(one), Self::Rsa(other)) => one == other,
            (Self::Sm2(one), Self::Sm2(other)) => one == other,
            (Self::Function(one), Self::Function(other)) => Arc::ptr_eq(one, other),
            (Self::Rsa(_) | Self::Sm2(_) | Self::Function(_), _) => false,
        }
    }
}

impl<R, S> Key<R, S> {
    /// The sign type itself where the key is for it, else the one that the key has by default.
    fn fitting(&self, sign_type: SignType) -> SignType {
        match self {
            Self::Rsa(_) if sign_type.is_sm2() => SignType::Rsa2,
            Self::Sm2(_) => SignType::Sm2,
            Self::Rsa(_) | Self::Function(_) => sign_type,
        }
    }
}

/// A private key and its public key.
#[derive(Clone)]
pub struct KeyPair(Key<rsa::PrivateKey, sm2::Private>);

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

    /// A new key for the sign type: of 2048 bits, or of SM2.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate_for(sign_type: SignType) -> Result<Self, KeyError> {
        match sign_type {
            SignType::Rsa2 | SignType::Rsa => Self::generate(),
            SignType::Sm2 => Ok(Self(Key::Sm2(Arc::new(sm2::generate()?)))),
        }
    }

    /// Signs with a function in place of RSA, whatever the algorithm's name: for simulations that make millions of signatures. Both sides have to
    /// have the same function, and whoever has it can sign. Such a key can't be written down.
    #[doc(hidden)]
    pub fn of_function(sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Key::Function(Arc::new(sign)))
    }

    /// Two pairs made once per process: the app's and Alipay's. Making keys is what would take the most time in a test.
    pub(crate) fn shared(sign_type: SignType) -> Result<(Self, Self), KeyError> {
        static RSA: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
        static SM2: OnceLock<(KeyPair, KeyPair)> = OnceLock::new();
        let pairs = if sign_type.is_sm2() { &SM2 } else { &RSA };
        if let Some(pairs) = pairs.get() {
            return Ok(pairs.clone());
        }
        let made = (Self::generate_for(sign_type)?, Self::generate_for(sign_type)?);
        Ok(pairs.get_or_init(|| made).clone())
    }

    /// Reads a private key: PKCS#8, PKCS#1 or SEC 1 (for SM2), as PEM or as base64 with or without line breaks.
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
            .or_else(|| sm2::private(der).map(|key| Self(Key::Sm2(Arc::new(key)))))
            .ok_or(KeyError::Kind {
                expected: "RSA or SM2 private key",
            })
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Key::Rsa(key) => Key::Rsa(Arc::new(key.to_public_key())),
            Key::Sm2(key) => Key::Sm2(Arc::new(key.public_key())),
            Key::Function(sign) => Key::Function(Arc::clone(sign)),
        })
    }

    /// The signature of `message`, in base64.
    ///
    /// # Errors
    /// If the key is not for the sign type, or the system has no randomness to blind the operation with.
    pub fn sign(&self, sign_type: SignType, message: &[u8]) -> Result<String, KeyError> {
        self.sign_bytes(sign_type, message)
            .map(|signature| STANDARD.encode(signature))
    }

    /// The same as bytes.
    pub(crate) fn sign_bytes(&self, sign_type: SignType, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = match (&self.0, sign_type) {
            (Key::Rsa(key), SignType::Rsa2) => key.pkcs1v15_sign::<sha2::Sha256>(message),
            (Key::Rsa(key), SignType::Rsa) => key.pkcs1v15_sign::<sha1::Sha1>(message),
            (Key::Sm2(key), SignType::Sm2) => return sm2::sign(key, message),
            (Key::Function(sign), _) => Ok(sign(message)),
            (Key::Rsa(_) | Key::Sm2(_), _) => return Err(KeyError::SignType(sign_type)),
        };
        signature.map_err(|_| KeyError::Operation)
    }

    /// PKCS#8 in one line of base64.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_base64(&self) -> Result<String, KeyError> {
        let der = match &self.0 {
            Key::Rsa(key) => key.to_pkcs8_der().map_err(|_| KeyError::Operation)?.as_bytes().to_vec(),
            Key::Sm2(key) => sm2::to_pkcs8(key)?,
            Key::Function(_) => return Err(KeyError::Operation),
        };
        Ok(STANDARD.encode(der))
    }

    /// PKCS#8 as PEM.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem("PRIVATE KEY", &self.to_base64()?))
    }
}

impl KeyPair {
    /// The sign type itself where the key is for it, else the one that the key has by default.
    pub(crate) fn fitting(&self, sign_type: SignType) -> SignType {
        self.0.fitting(sign_type)
    }
}

/// A public key.
#[derive(Clone, PartialEq)]
pub struct PublicKey(Key<rsa::PublicKey, sm2::Public>);

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::Rsa(key) => formatter.debug_tuple("PublicKey").field(key).finish(),
            Key::Sm2(key) => formatter.debug_tuple("PublicKey").field(key).finish(),
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
            .or_else(|| sm2::public(&der).map(|key| Self(Key::Sm2(Arc::new(key)))))
            .ok_or(KeyError::Kind {
                expected: "RSA or SM2 public key",
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
            (Key::Sm2(key), SignType::Sm2) => sm2::verify(**key, message, signature),
            (Key::Function(sign), _) => sign(message) == signature,
            (Key::Rsa(_) | Key::Sm2(_), _) => false,
        }
    }

    /// What a signature says by itself.
    pub(crate) fn open(&self, signature: &[u8]) -> Opened {
        let Key::Rsa(key) = &self.0 else {
            return Opened::Unknown;
        };
        let n = key.n().as_ref();
        let bits = n.bits_precision();
        let number = rsa::BoxedUint::from_be_slice(signature, bits);
        let Some(number) = number.ok().filter(|number| number < n) else {
            return Opened::Foreign;
        };
        let Ok(padded) = rsa::hazmat::rsa_encrypt(&**key, &number) else {
            return Opened::Unknown;
        };
        let padded = padded.to_be_bytes();
        // 00 01 FF … FF 00, and then what names the algorithm, and the digest.
        let inside = padded.strip_prefix(&[0, 1]).and_then(|rest| {
            let filled = rest.iter().take_while(|byte| **byte == 0xff).count();
            rest.get(filled..)?.strip_prefix(&[0]).filter(|_| filled >= 8)
        });
        let known = inside.and_then(|inside| {
            let mut infos = DIGEST_INFOS.into_iter();
            infos.find_map(|(algorithm, info)| Some(Opened::Digest(algorithm, inside.strip_prefix(info)?.to_vec())))
        });
        known.unwrap_or(Opened::Foreign)
    }

    /// From the SPKI of a certificate.
    pub(crate) fn from_spki(der: &[u8]) -> Option<Self> {
        rsa::PublicKey::from_public_key_der(der)
            .ok()
            .map(|key| Self(Key::Rsa(Arc::new(key))))
            .or_else(|| sm2::public(der).map(|key| Self(Key::Sm2(Arc::new(key)))))
    }

    /// What is inside SPKI: PKCS#1 as DER, or the point.
    pub(crate) fn inner(&self) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Key::Rsa(key) => {
                let der = key.to_pkcs1_der().map_err(|_| KeyError::Operation)?;
                Ok(der.as_bytes().to_vec())
            }
            Key::Sm2(key) => Ok(sm2::to_point(key)),
            Key::Function(_) => Err(KeyError::Operation),
        }
    }

    /// The sign type itself where the key is for it, else the one that the key has by default.
    pub(crate) fn fitting(&self, sign_type: SignType) -> SignType {
        self.0.fitting(sign_type)
    }

    /// SPKI in one line of base64.
    ///
    /// # Errors
    /// If the key can't be encoded.
    pub fn to_base64(&self) -> Result<String, KeyError> {
        let der = match &self.0 {
            Key::Rsa(key) => key.to_public_key_der().map_err(|_| KeyError::Operation)?.into_vec(),
            Key::Sm2(key) => sm2::to_spki(key)?,
            Key::Function(_) => return Err(KeyError::Operation),
        };
        Ok(STANDARD.encode(der))
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
    fn keys_of_sm2_sign_by_their_own_type_alone() {
        let pair = KeyPair::generate_for(SignType::Sm2).unwrap();
        let (rsa, _) = KeyPair::shared(SignType::Rsa2).unwrap();
        let public = pair.public_key();
        for text in [pair.to_pem().unwrap(), pair.to_base64().unwrap()] {
            assert_eq!(KeyPair::parse(&text).unwrap().public_key(), public);
        }
        assert_eq!(PublicKey::parse(&public.to_pem().unwrap()).unwrap(), public);
        let signature = pair.sign(SignType::Sm2, b"a=1").unwrap();
        assert!(public.verify(SignType::Sm2, b"a=1", &signature));
        assert!(!public.verify(SignType::Sm2, b"a=2", &signature));
        assert!(!public.verify(SignType::Rsa2, b"a=1", &signature));
        assert!(!rsa.public_key().verify(SignType::Sm2, b"a=1", &signature));
        for (pair, sign_type) in [(&pair, SignType::Rsa2), (&pair, SignType::Rsa), (&rsa, SignType::Sm2)] {
            assert!(matches!(pair.sign(sign_type, b"a=1"), Err(KeyError::SignType(refused)) if refused == sign_type));
        }
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
