use std::{fmt, path::Path, str::FromStr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rsa::{
    pkcs1::RsaPublicKeyRef,
    pkcs8::{EncodePublicKey as _, der::Decode as _},
};
use sha2::{Digest, digest::const_oid::AssociatedOid};

use super::{
    KeyError, KeyErrorKind, SignType, Verifier,
    backend::Backend,
    der::{self, Key},
    file::{self, Contents},
    key_error::Wanted,
    limits, text,
};

/// A public key, most often Alipay's (支付宝公钥): what its answers and notifications are verified with.
///
/// It is cheap to clone. Two keys are equal if their numbers are.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Arc<rsa::PublicKey>,
    bits: usize,
}

impl PublicKey {
    /// Reads a key from text, in every form that the open platform and OpenSSL hand out: `SubjectPublicKeyInfo` (X.509)
    /// or PKCS#1, as PEM or as base64 in one line or many. Quotes and blanks around it, a byte order mark, CRLF, and
    /// `\n` written as two characters do no harm; the whole file may be encoded once more in base64.
    ///
    /// # Errors
    /// The text is something else, is cut short, or is not an RSA key of 1024 to 8192 bits.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        text::read(text, Self::read).map_err(error)
    }

    /// Reads a key from DER, `SubjectPublicKeyInfo` or PKCS#1.
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
        file::parse(path.as_ref(), Wanted::Public, |contents| match contents {
            Contents::Text(text) => Self::parse(text),
            Contents::Der(der) => Self::from_der(der),
        })
    }

    /// A verifier with this key, by the fastest library for its size and the sign type.
    ///
    /// Make it once and keep it: setting it up takes time.
    ///
    /// # Errors
    /// The cryptographic library refuses the key, though it passed every check when it was read.
    pub fn verifier(&self, sign_type: SignType) -> Result<Arc<dyn Verifier>, KeyError> {
        self.verifier_by(Backend::choose(sign_type, self.bits), sign_type)
    }

    /// The size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The key in one line of base64 (`SubjectPublicKeyInfo`), as the open platform shows it.
    pub(crate) fn to_base64(&self) -> Result<String, KeyError> {
        let der = self.key.to_public_key_der();
        let der = der.map_err(|_| error(KeyErrorKind::Inconsistent))?;
        Ok(BASE64_STANDARD.encode(der.as_bytes()))
    }

    /// Whether the signature (RSASSA-PKCS1-v1_5) is this key's over the message: for certificates, which are signed with
    /// hashes that no [`SignType`] has.
    pub(crate) fn has_signed<D: Digest + AssociatedOid>(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.pkcs1v15_verify::<D>(message, signature).is_ok()
    }

    pub(super) fn new(key: rsa::PublicKey, bits: usize) -> Self {
        Self {
            key: Arc::new(key),
            bits,
        }
    }

    pub(super) fn verifier_by(&self, backend: Backend, sign_type: SignType) -> Result<Arc<dyn Verifier>, KeyError> {
        backend.verifier(&self.key, sign_type).map_err(error)
    }

    fn read(der: &[u8]) -> Result<Self, KeyErrorKind> {
        let pkcs1 = match der::identify(der)? {
            Key::Public(pkcs1) => pkcs1,
            Key::Private(_) => return Err(KeyErrorKind::PrivateKey),
        };
        let numbers = RsaPublicKeyRef::from_der(pkcs1).map_err(|_| KeyErrorKind::Unrecognised)?;
        let bits = limits::check(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        // What is left to refuse is an even modulus.
        let key = rsa::PublicKey::try_from(numbers).map_err(|_| KeyErrorKind::Inconsistent)?;
        Ok(Self::new(key, bits))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// The same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PublicKey")
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

fn error(kind: KeyErrorKind) -> KeyError {
    KeyError::new(Wanted::Public, kind)
}
