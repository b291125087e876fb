//! Content encryption: the app's AES key, and what it does.

use std::fmt;

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};

use crate::numbers;

/// The AES key of an app, which it shares with the gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct AesKey([u8; 16]);

/// Why a text is no AES key.
#[derive(Debug, thiserror::Error)]
#[error("the AES key is not base64 of 16 bytes")]
pub struct AesKeyError;

/// Why a text can't be decrypted.
#[derive(Debug, thiserror::Error)]
#[error("the text can't be decrypted with the AES key")]
pub struct DecryptionError;

/// How something is encrypted, by the names that `encrypt_type` has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncryptType {
    /// The initialisation vector is zero.
    #[default]
    Aes,
    /// The initialisation vector is random, and stands in front.
    AesV2,
}

impl EncryptType {
    /// The type that `encrypt_type` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "AES" => Some(Self::Aes),
            "AES_V2" => Some(Self::AesV2),
            _ => None,
        }
    }

    /// `AES` or `AES_V2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes => "AES",
            Self::AesV2 => "AES_V2",
        }
    }
}

impl AesKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A key as the open platform shows it.
    ///
    /// # Errors
    /// If the text is not base64 of 16 bytes.
    pub fn from_base64(text: &str) -> Result<Self, AesKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| AesKeyError)?;
        bytes.try_into().map(Self).map_err(|_| AesKeyError)
    }

    /// The key as the open platform shows it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The ciphertext in base64.
    pub fn encrypt(&self, encrypt_type: EncryptType, plain: &[u8]) -> String {
        let iv = match encrypt_type {
            EncryptType::Aes => [0; 16],
            EncryptType::AesV2 => numbers::random_bytes(),
        };
        let encryptor = cbc::Encryptor::<Aes128>::new(&self.0.into(), &iv.into());
        let mut blocks = encryptor.encrypt_padded_vec::<Pkcs7>(plain);
        if encrypt_type == EncryptType::AesV2 {
            blocks.splice(0..0, iv);
        }
        STANDARD.encode(blocks)
    }

    /// What was encrypted.
    ///
    /// # Errors
    /// If the text was not encrypted with this key and in this way.
    pub fn decrypt(&self, encrypt_type: EncryptType, ciphertext: &str) -> Result<Vec<u8>, DecryptionError> {
        let bytes = STANDARD.decode(ciphertext).map_err(|_| DecryptionError)?;
        let (iv, blocks) = match encrypt_type {
            EncryptType::Aes => ([0; 16], bytes.as_slice()),
            EncryptType::AesV2 => {
                let (iv, blocks) = bytes.split_first_chunk::<16>().ok_or(DecryptionError)?;
                (*iv, blocks)
            }
        };
        let decryptor = cbc::Decryptor::<Aes128>::new(&self.0.into(), &iv.into());
        let plain = decryptor.decrypt_padded_vec::<Pkcs7>(blocks);
        plain.map_err(|_| DecryptionError)
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AesKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vectors_hold() {
        for (key, plain, ciphertext) in [
            ("aa4BtZ4tspm2wnXLb1ThQA==", "test1234567", "ILpoMowjIQjfYMR847rnFQ=="),
            (
                "vEARwBsVE8dBrk0tiaNQtQ==",
                "test1234567你好",
                "Xg5Qdr1jGhRugqAdBHYgl94KzwIqcaA37/dMvR1PeSc=",
            ),
        ] {
            let key = AesKey::from_base64(key).unwrap();
            assert_eq!(key.encrypt(EncryptType::Aes, plain.as_bytes()), ciphertext);
            for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
                let ciphertext = key.encrypt(encrypt_type, plain.as_bytes());
                assert_eq!(key.decrypt(encrypt_type, &ciphertext).unwrap(), plain.as_bytes());
                let other = AesKey::new([7; 16]);
                assert!(other.decrypt(encrypt_type, &ciphertext).is_err());
            }
        }
        for wrong in ["", "aa4BtZ4tspm2wnXLb1Th", "aa4BtZ4tspm2wnXLb1ThQA"] {
            assert!(AesKey::from_base64(wrong).is_err());
        }
    }
}
