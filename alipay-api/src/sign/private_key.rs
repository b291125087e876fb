use std::{fmt, path::Path, str::FromStr, sync::Arc};

#[cfg(feature = "sm2")]
use super::sm2::Sm2PrivateKey;
use super::{
    KeyAlgorithm, KeyError, KeyErrorKind, PublicKey, SignType, Signer,
    der::{self, Key},
    file::{self, Contents},
    key_error::Wanted,
    rsa::RsaPrivateKey,
    text,
};

/// The app's private key (应用私钥): what its requests are signed with.
///
/// Cheap to clone. `Debug` shows only its size, nothing prints it, and its memory is wiped when the last clone, and
/// the last [`Signer`] made from it, is dropped.
#[derive(Clone)]
pub struct PrivateKey(Inner);

#[derive(Clone)]
enum Inner {
    Rsa(RsaPrivateKey),
    #[cfg(feature = "sm2")]
    Sm2(Sm2PrivateKey),
}

impl PrivateKey {
    /// Reads a key from text, in every form that Alipay's tools and OpenSSL hand out: PKCS#8 or PKCS#1, as PEM or as
    /// base64 in one line or many. Quotes and blanks around it, a byte order mark, CRLF, and `\n` written as two
    /// characters do no harm; the whole file may be encoded once more in base64.
    ///
    /// With the feature `sm2`, keys of SM2 are read too: PKCS#8, or SEC 1 (`BEGIN EC PRIVATE KEY`), also behind the parameters that
    /// `openssl ecparam` writes.
    ///
    /// # Errors
    /// The text is something else, is damaged, or is neither an RSA key of 1024 to 8192 bits nor, with the feature `sm2`, an SM2 key. The
    /// numbers in the key are checked against each other.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        text::read(text, Self::read).map_err(error)
    }

    /// Reads a key from DER: PKCS#8, PKCS#1, or SEC 1 with the feature `sm2`.
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
    /// The sign type needs a key of another algorithm (an SM2 key signs with [`SignType::Sm2`] alone, and an RSA key with the others). Or the
    /// cryptographic library refuses the key, though it passed every check when it was read.
    pub fn signer(&self, sign_type: SignType) -> Result<Arc<dyn Signer>, KeyError> {
        match &self.0 {
            Inner::Rsa(key) => key.signer(sign_type),
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.signer(sign_type),
        }
        .map_err(error)
    }

    /// The sign type that [`Credentials`](crate::Credentials) have by this key unless they are told otherwise: RSA2, or SM2 for an SM2 key.
    pub fn default_sign_type(&self) -> SignType {
        self.algorithm().default_sign_type()
    }

    /// The other half, which is uploaded to the open platform (应用公钥).
    pub fn public_key(&self) -> PublicKey {
        match &self.0 {
            Inner::Rsa(key) => key.public_key().into(),
            #[cfg(feature = "sm2")]
            Inner::Sm2(key) => key.public_key().into(),
        }
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

    #[cfg(test)]
    pub(super) fn signer_by(
        &self,
        backend: super::rsa::Backend,
        sign_type: SignType,
    ) -> Result<Arc<dyn Signer>, KeyError> {
        match &self.0 {
            Inner::Rsa(key) => key.signer_by(backend, sign_type).map_err(error),
            #[cfg(feature = "sm2")]
            Inner::Sm2(_) => self.signer(sign_type),
        }
    }

    fn read(der: &[u8]) -> Result<Self, KeyErrorKind> {
        match der::identify(der)? {
            Key::RsaPrivate(pkcs1) => RsaPrivateKey::read(pkcs1).map(Inner::Rsa).map(Self),
            #[cfg(feature = "sm2")]
            Key::Sm2Private(sec1) => Sm2PrivateKey::read(sec1).map(Inner::Sm2).map(Self),
            Key::RsaPublic(_) => Err(KeyErrorKind::PublicKey),
            #[cfg(feature = "sm2")]
            Key::Sm2Public(_) => Err(KeyErrorKind::PublicKey),
        }
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
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

fn error(kind: KeyErrorKind) -> KeyError {
    KeyError::new(Wanted::Private, kind)
}
