use std::{fmt, io};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{
    Ciphertext, DecryptionError, EncryptType, EncryptionKeyError, EncryptionKeyErrorKind, Plaintext,
    cipher::{self, BLOCK},
};
use crate::random::RandomSource;

/// The AES key of an app: 128 bits, which the open platform shows in base64 (开发设置 → 接口内容加密方式).
///
/// Alipay and the app share it, so it is as secret as the private key. `Debug` does not show it, and its memory is wiped when it is dropped.
///
/// ```
/// use alipay_api::encryption::{EncryptType, EncryptionKey};
///
/// let key = EncryptionKey::from_base64("aa4BtZ4tspm2wnXLb1ThQA==")?;
/// assert_eq!(key.encrypt_type(), EncryptType::Aes);
/// # Ok::<_, alipay_api::encryption::EncryptionKeyError>(())
/// ```
#[derive(Clone)]
pub struct EncryptionKey {
    key: Zeroizing<[u8; EncryptionKey::LENGTH]>,
    encrypt_type: EncryptType,
}

/// What the initialisation vector of [`EncryptType::Aes`] is.
const ZERO_IV: [u8; BLOCK] = [0; BLOCK];

/// The longest text that is decoded: a key has 24 characters.
const LONGEST: usize = 1024;

impl EncryptionKey {
    /// How many bytes a key has.
    pub const LENGTH: usize = BLOCK;

    /// Reads a key as the open platform shows it. Blanks around it are ignored.
    ///
    /// # Errors
    /// The text is not base64, or not that of 16 bytes.
    pub fn from_base64(text: &str) -> Result<Self, EncryptionKeyError> {
        let text = text.trim();
        let wrong = |kind| Err(EncryptionKeyError::new(kind));
        if text.is_empty() {
            return wrong(EncryptionKeyErrorKind::Empty);
        }
        if text.contains("-----") || text.len() > LONGEST {
            return wrong(EncryptionKeyErrorKind::AnotherKey);
        }
        // As long as the decoder may want, so that no copy is left behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        if BASE64_STANDARD.decode_vec(text, &mut bytes).is_err() {
            return wrong(EncryptionKeyErrorKind::NotBase64);
        }
        match <[u8; Self::LENGTH]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Self {
                key: Zeroizing::new(key),
                encrypt_type: EncryptType::Aes,
            }),
            // A SEQUENCE in DER, whose length has a length.
            Err(_) if bytes.len() > 64 && bytes.starts_with(&[0x30]) => wrong(EncryptionKeyErrorKind::AnotherKey),
            Err(_) => wrong(EncryptionKeyErrorKind::Length { bytes: bytes.len() }),
        }
    }

    /// Encrypts calls in this way. What comes is decrypted in the way that it names.
    #[must_use]
    pub fn with_encrypt_type(self, encrypt_type: EncryptType) -> Self {
        Self { encrypt_type, ..self }
    }

    /// How calls are encrypted.
    pub fn encrypt_type(&self) -> EncryptType {
        self.encrypt_type
    }

    /// Encrypts content.
    ///
    /// # Errors
    /// There are no random bytes for an initialisation vector.
    pub(crate) fn encrypt(&self, plain: &str, random: &dyn RandomSource) -> io::Result<Ciphertext> {
        let encrypted = match self.encrypt_type {
            EncryptType::Aes => cipher::encrypt(&self.key, &ZERO_IV, &[], plain.as_bytes()),
            EncryptType::AesV2 => {
                let mut iv = [0; BLOCK];
                random.fill(&mut iv)?;
                cipher::encrypt(&self.key, &iv, &iv, plain.as_bytes())
            }
        };
        Ok(Ciphertext {
            text: BASE64_STANDARD.encode(encrypted),
            encrypt_type: self.encrypt_type,
        })
    }

    /// Decrypts content that is encrypted in this way. Verify the ciphertext first: whoever may try ciphertexts that they have made finds out what
    /// others hold.
    ///
    /// # Errors
    /// The text is no ciphertext of this key's.
    pub(crate) fn decrypt(&self, ciphertext: &str, encrypt_type: EncryptType) -> Result<Plaintext, DecryptionError> {
        let bytes = BASE64_STANDARD.decode(ciphertext).map_err(|_| DecryptionError)?;
        let (iv, blocks) = match encrypt_type {
            EncryptType::Aes => (&ZERO_IV, bytes.as_slice()),
            EncryptType::AesV2 => bytes.split_first_chunk().ok_or(DecryptionError)?,
        };
        cipher::decrypt(&self.key, iv, blocks)
            .map(Plaintext)
            .ok_or(DecryptionError)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EncryptionKey")
            .field("encrypt_type", &self.encrypt_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
