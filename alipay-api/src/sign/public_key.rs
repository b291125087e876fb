use std::{fmt, path::Path, str::FromStr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};

#[cfg(feature = "sm2")]
use super::sm2::Sm2PublicKey;
use super::{
    KeyAlgorithm, KeyError, KeyErrorKind, Scheme, SignType, Verifier,
    der::{self, Key},
    file::{self, Contents},
    key_error::Wanted,
    rsa::RsaPublicKey,
    text,
};

/// A public key, most often Alipay's (支付宝公钥): what its answers and notifications are verified with.
///
/// It is cheap to clone. Two keys are equal if their numbers are.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Inner);

#[derive(Clone, PartialEq, Eq)]
enum Inner {
    Rsa(RsaPublicKey),
    #[cfg(feature = "sm2")]
    Sm2(Sm2PublicKey),
}

impl PublicKey {
    /// Reads a key from text, in every form that the open platform and OpenSSL hand out: `SubjectPublicKeyInfo` (X.509)
    /// or PKCS#1, as PEM or as base64 in one line or many. Quotes and blanks around it, a byte order mark, CRLF, and
    /// `\n` written as two characters do no harm; the whole file may be encoded once more in base64.
    ///
    /// # Errors
    /// The text is something else, is cut short, or is neither an RSA key of 1024 to 8192 bits nor, with the feature `sm2`, an SM2 key.
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
    /// The sign type needs a key of another algorithm (an SM2 key verifies [`SignType::Sm2`] alone, and an RSA key the others). Or the
    /// cryptographic library refuses the key, though it passed every check when it was read.
    pub fn verifier(&self, sign_type: SignType) -> Result<Arc<dyn Verifier>, KeyError> {
        match &self.0 {
            Inner::Rsa(key) => key.verifier(sign_type),
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.verifier(sign_type),
        }
        .map_err(error)
    }

    /// The size in bits: of the modulus, or of SM2's curve (256).
    pub fn bits(&self) -> usize {
        match &self.0 {
            Inner::Rsa(key) => key.bits(),
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.bits(),
        }
    }

    pub(crate) fn algorithm(&self) -> KeyAlgorithm {
        match &self.0 {
            Inner::Rsa(_) => KeyAlgorithm::Rsa,
            #[cfg(feature = "sm2")]
            Inner::Sm2(_) => KeyAlgorithm::Sm2,
        }
    }

    /// Whether the key is long enough for what others rely on for years, as on a certificate.
    pub(crate) fn is_strong(&self) -> bool {
        const MIN_RSA_BITS: usize = 2048;

        match &self.0 {
            Inner::Rsa(key) => key.bits() >= MIN_RSA_BITS,
            #[cfg(feature = "sm2")]
            Inner::Sm2(_) => true,
        }
    }

    /// The key in one line of base64 (`SubjectPublicKeyInfo`), as the open platform shows it.
    pub(crate) fn to_base64(&self) -> Result<String, KeyError> {
        let der = match &self.0 {
            Inner::Rsa(key) => key.to_spki().map_err(error)?,
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.to_spki(),
        };
        Ok(BASE64_STANDARD.encode(der))
    }

    /// Whether the signature is this key's over the message, for certificates.
    pub(crate) fn has_signed(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Inner::Rsa(key) => key.has_signed(scheme, message, signature),
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.has_signed(scheme, message, signature),
        }
    }

    #[cfg(test)]
    pub(super) fn verifier_by(
        &self,
        backend: super::rsa::Backend,
        sign_type: SignType,
    ) -> Result<Arc<dyn Verifier>, KeyError> {
        match &self.0 {
            Inner::Rsa(key) => key.verifier_by(backend, sign_type).map_err(error),
            #[cfg(feature = "sm2")]
            Inner::Sm2(_) => self.verifier(sign_type),
        }
    }

    fn read(der: &[u8]) -> Result<Self, KeyErrorKind> {
        match der::identify(der)? {
            Key::RsaPublic(pkcs1) => RsaPublicKey::read(pkcs1).map(Self::from),
            #[cfg(feature = "sm2")]
            Key::Sm2Public(point) => Sm2PublicKey::read(point).map(Self::from),
            Key::RsaPrivate(_) => Err(KeyErrorKind::PrivateKey),
            #[cfg(feature = "sm2")]
            Key::Sm2Private(_) => Err(KeyErrorKind::PrivateKey),
        }
    }
}

impl From<RsaPublicKey> for PublicKey {
    fn from(key: RsaPublicKey) -> Self {
        Self(Inner::Rsa(key))
    }
}

#[cfg(feature = "sm2")]
impl From<Sm2PublicKey> for PublicKey {
    fn from(key: Sm2PublicKey) -> Self {
        Self(Inner::Sm2(key))
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
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

fn error(kind: KeyErrorKind) -> KeyError {
    KeyError::new(Wanted::Public, kind)
}
