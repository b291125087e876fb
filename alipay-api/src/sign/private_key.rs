use std::{fmt, path::Path, str::FromStr, sync::Arc};

use rsa::{
    pkcs1::{EncodeRsaPrivateKey as _, RsaPrivateKeyRef},
    pkcs8::der::Decode as _,
};

use super::{
    KeyError, KeyErrorKind, PublicKey, SignType, Signer,
    backend::Backend,
    der::{self, Key},
    file::{self, Contents},
    key_error::Wanted,
    limits, text,
};

/// The app's private key (应用私钥): what its requests are signed with.
///
/// Cheap to clone. `Debug` shows only its size, nothing prints it, and its memory is wiped when the last clone, and
/// the last [`Signer`] made from it, is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    key: Arc<rsa::PrivateKey>,
    bits: usize,
}

impl PrivateKey {
    /// Reads a key from text, in every form that Alipay's tools and OpenSSL hand out: PKCS#8 or PKCS#1, as PEM or as
    /// base64 in one line or many. Quotes and blanks around it, a byte order mark, CRLF, and `\n` written as two
    /// characters do no harm; the whole file may be encoded once more in base64.
    ///
    /// # Errors
    /// The text is something else, is damaged, or is not an RSA key of 1024 to 8192 bits. The numbers in the key are checked
    /// against each other.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        text::read(text, Self::read).map_err(error)
    }

    /// Reads a key from DER, PKCS#8 or PKCS#1.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::read(der).map_err(error)
    }

    /// Reads a key from a file of at most 64 KiB, text as for [`parse`](Self::parse) or DER.
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse`](Self::parse); the error names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        file::parse(path.as_ref(), Wanted::Private, |contents| match contents {
            Contents::Text(text) => Self::parse(text),
            Contents::Der(der) => Self::from_der(der),
        })
    }

    /// A signer with this key, by the fastest library for its size and the sign type.
    ///
    /// Make it once and keep it: setting it up takes time.
    ///
    /// # Errors
    /// The cryptographic library refuses the key, though it passed every check when it was read.
    pub fn signer(&self, sign_type: SignType) -> Result<Arc<dyn Signer>, KeyError> {
        self.signer_by(Backend::choose(sign_type, self.bits), sign_type)
    }

    /// The other half, which is uploaded to the open platform (应用公钥).
    pub fn public_key(&self) -> PublicKey {
        PublicKey::new(self.key.to_public_key(), self.bits)
    }

    /// The size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    pub(super) fn signer_by(&self, backend: Backend, sign_type: SignType) -> Result<Arc<dyn Signer>, KeyError> {
        backend.signer(&self.key, sign_type).map_err(error)
    }

    fn read(der: &[u8]) -> Result<Self, KeyErrorKind> {
        let pkcs1 = match der::identify(der)? {
            Key::Private(pkcs1) => pkcs1,
            Key::Public(_) => return Err(KeyErrorKind::PublicKey),
        };
        let numbers = RsaPrivateKeyRef::from_der(pkcs1).map_err(|_| KeyErrorKind::Unrecognised)?;
        if numbers.other_prime_infos.is_some() {
            return Err(KeyErrorKind::MultiPrime);
        }
        let bits = limits::check(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        let key = rsa::PrivateKey::try_from(numbers).map_err(|_| KeyErrorKind::Inconsistent)?;
        // The conversion checks n, e, d, p and q, and computes the rest: so the rest was right if the same comes out.
        let computed = key.to_pkcs1_der().map_err(|_| KeyErrorKind::Inconsistent)?;
        if computed.as_bytes() != pkcs1 {
            return Err(KeyErrorKind::Inconsistent);
        }
        Ok(Self {
            key: Arc::new(key),
            bits,
        })
    }
}

impl FromStr for PrivateKey {
    type Err = KeyError;

    /// The same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PrivateKey")
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

fn error(kind: KeyErrorKind) -> KeyError {
    KeyError::new(Wanted::Private, kind)
}
