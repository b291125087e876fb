use std::{fmt, path::Path, str::FromStr};

use super::{
    CertificateError, CertificateErrorKind,
    algorithm::Algorithm,
    extensions::Extensions,
    file,
    name::{self, Holder},
    outline::{self, Outline},
    pem::{self, Block},
    serial,
};
use crate::{
    sign::{KeyError, PublicKey},
    types::DateTime,
};

/// An X.509 certificate: the app's (应用公钥证书) or Alipay's (支付宝公钥证书).
///
/// Reading one checks neither its signature nor its validity. Two are equal if they are the same certificate, whatever else
/// is in their files.
#[derive(Clone)]
pub struct Certificate {
    subject: String,
    issuer: String,
    serial: String,
    alipay_serial: String,
    not_before: DateTime,
    not_after: DateTime,
    /// A `SubjectPublicKeyInfo`.
    public_key: Vec<u8>,
    holder: Holder,
    extensions: Option<Extensions>,
    algorithm: Algorithm,
    signed: Vec<u8>,
    signature: Option<Vec<u8>>,
    /// What else is in its file: the authorities between it and a root.
    companions: Vec<Certificate>,
}

impl Certificate {
    /// Reads a certificate from text: PEM with anything around it, base64 alone, or either of them once more in base64.
    ///
    /// Where there are several, the leaf counts, wherever it stands: the first that is neither the issuer of another
    /// nor an authority's. Keys and signing requests beside it are passed over. The others are kept, because they lead to
    /// a root.
    ///
    /// # Errors
    /// There is no certificate, or one is damaged; or all of several are roots ([`Roots`](CertificateErrorKind::Roots)).
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        Ok(pem::blocks(text.as_bytes()).and_then(Self::leaf)?)
    }

    /// Reads a certificate from a file of at most 1 MiB, text as for [`parse`](Self::parse) or DER.
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse`](Self::parse); the error names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        file::parse(path.as_ref(), Self::leaf)
    }

    /// Reads a certificate from DER.
    ///
    /// # Errors
    /// It is something else, or damaged.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self::read(der)?)
    }

    /// Reads `alipay_cert_content`: the file of a certificate, once more in base64.
    pub(super) fn from_content(content: &str) -> Result<Self, CertificateError> {
        /// Alipay's take 4 KiB.
        const MAX_CONTENT: usize = 64 << 10;
        /// A leaf, and as many authorities as can be of use to it.
        const MAX_BLOCKS: usize = 16;

        if content.len() > MAX_CONTENT {
            return Err(CertificateErrorKind::TooLarge.into());
        }
        let blocks = pem::blocks(content.as_bytes())?;
        if blocks.len() > MAX_BLOCKS {
            return Err(CertificateErrorKind::TooLarge.into());
        }
        Ok(Self::leaf(blocks)?)
    }

    /// The serial that Alipay names this certificate by, in `app_cert_sn` and `alipay_cert_sn`: the MD5, in lowercase
    /// hexadecimal, of the [issuer](Self::issuer) followed by the serial number in decimal.
    ///
    /// It is not the serial number that other tools show.
    pub fn alipay_serial(&self) -> &str {
        &self.alipay_serial
    }

    /// Who issued it: an RFC 2253 name exactly as Java's `X500Principal.getName()` writes it, because that is what
    /// Alipay takes the MD5 of.
    ///
    /// Tools write the same plain names and differ in the rest. For `openssl x509 -nameopt RFC2253`, a character outside
    /// ASCII is `\E6\94\AF`, an e-mail address has a name and no `#` with hexadecimal, `=` is not escaped, and the parts
    /// that a `+` joins stand in reverse.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whom it was issued to, written as [`issuer`](Self::issuer) is.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The first second that it is valid in.
    pub fn not_before(&self) -> DateTime {
        self.not_before
    }

    /// The last second that it is valid in.
    pub fn not_after(&self) -> DateTime {
        self.not_after
    }

    /// The key that it certifies.
    ///
    /// # Errors
    /// It is not an RSA key of 1024 to 8192 bits.
    pub fn public_key(&self) -> Result<PublicKey, CertificateError> {
        PublicKey::from_der(&self.public_key).map_err(CertificateError::public_key)
    }

    /// Whom it was issued to, as far as that stays the same.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether it says that it is an authority's, and for issuing certificates.
    pub(super) fn is_issuing_authority(&self) -> bool {
        self.extensions.is_some_and(|extensions| extensions.is_for_issuing())
    }

    /// Whether it may be a root: it names itself as its issuer, and nothing in it says that it may not issue others.
    pub(super) fn may_be_root(&self) -> bool {
        self.names_itself() && self.extensions.is_none_or(|extensions| !extensions.is_for_no_issuing())
    }

    /// Whether it names itself as its issuer.
    pub(super) fn names_itself(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether its signature is there, and is one of the algorithm that is signed.
    pub(super) fn is_consistent(&self) -> bool {
        self.signature.is_some()
    }

    /// Whether its signature shows that it is undamaged, by one of these certificates' keys; `None` if its algorithm is not
    /// among those that can be checked. That is less than to be trusted: SHA-1 will do.
    pub(super) fn is_intact<'a>(&self, signers: impl IntoIterator<Item = &'a Self>) -> Option<bool> {
        let signature = self.signature.as_ref()?;
        let mut keys = signers.into_iter().filter_map(|signer| signer.public_key().ok());
        self.algorithm
            .is_checkable()
            .then(|| keys.any(|key| self.algorithm.has_made(&key, &self.signed, signature)))
    }

    /// Whether both certify the same key for the same name.
    pub(super) fn is_same_holder(&self, other: &Self) -> bool {
        (&self.subject, &self.public_key) == (&other.subject, &other.public_key)
    }

    pub(super) fn companions(&self) -> &[Self] {
        &self.companions
    }

    /// `None` if they can't be read.
    pub(super) fn extensions(&self) -> Option<Extensions> {
        self.extensions
    }

    /// What it is signed with.
    pub(super) fn algorithm(&self) -> &Algorithm {
        &self.algorithm
    }

    /// Whether this key signed it, with an algorithm that is good enough to trust.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signature
            .as_ref()
            .is_some_and(|signature| self.algorithm.verify(key, &self.signed, signature))
    }

    pub(super) fn check_validity(&self, now: DateTime) -> Result<(), CertificateErrorKind> {
        if now < self.not_before {
            return Err(CertificateErrorKind::NotYetValid {
                not_before: self.not_before,
            });
        }
        if now > self.not_after {
            return Err(CertificateErrorKind::Expired {
                not_after: self.not_after,
            });
        }
        Ok(())
    }

    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateErrorKind> {
        outline::read(der)
            .and_then(Self::new)
            .ok_or_else(|| not_a_certificate(der))
    }

    fn new(outline: Outline<'_>) -> Option<Self> {
        let issuer = name::rfc2253(outline.issuer)?;
        let serial = serial::decimal(outline.serial)?;
        Some(Self {
            subject: name::rfc2253(outline.subject)?,
            alipay_serial: serial::alipay(&issuer, &serial),
            issuer,
            serial,
            not_before: outline.not_before,
            not_after: outline.not_after,
            public_key: outline.public_key.encoded.to_vec(),
            holder: Holder::new(outline.subject)?,
            extensions: outline.extensions,
            algorithm: Algorithm::new(outline.algorithm),
            signed: outline.signed.to_vec(),
            signature: outline.signature.map(<[u8]>::to_vec),
            companions: Vec::new(),
        })
    }

    fn leaf(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        let mut certificates = Vec::new();
        let mut other = None;
        for block in blocks {
            match block.der.and_then(|der| Self::read(&der)) {
                Ok(certificate) => certificates.push(certificate),
                Err(kind @ (CertificateErrorKind::Key | CertificateErrorKind::CertificateRequest)) => {
                    other.get_or_insert(kind);
                }
                // It may have been the leaf: what is left can't stand in for it.
                Err(kind) => return Err(kind),
            }
        }
        if certificates.len() > 1 && certificates.iter().all(Self::names_itself) {
            return Err(CertificateErrorKind::Roots);
        }
        let leaf = certificates
            .iter()
            .position(|one| !one.is_authority() && !one.has_issued_any_of(&certificates))
            .or_else(|| {
                certificates
                    .iter()
                    .position(|one| !one.has_issued_any_of(&certificates))
            })
            .unwrap_or_default();
        if certificates.is_empty() {
            return Err(other.unwrap_or(CertificateErrorKind::NotPem));
        }
        let mut leaf = certificates.remove(leaf);
        leaf.companions = certificates;
        Ok(leaf)
    }

    fn is_authority(&self) -> bool {
        self.extensions.is_some_and(|extensions| extensions.is_authority())
    }

    fn has_issued_any_of(&self, others: &[Self]) -> bool {
        others.iter().any(|other| other != self && other.issuer == self.subject)
    }
}

impl FromStr for Certificate {
    type Err = CertificateError;

    /// The same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        // Everything else is read from these.
        (&self.signed, &self.signature) == (&other.signed, &other.signature)
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("serial", &self.serial)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// What a piece of DER is instead: whoever tells keys apart knows everything that people take for one.
fn not_a_certificate(der: &[u8]) -> CertificateErrorKind {
    match PublicKey::from_der(der) {
        Ok(_) => CertificateErrorKind::Key,
        Err(error) => from_key(&error),
    }
}

fn from_key(error: &KeyError) -> CertificateErrorKind {
    use crate::sign::KeyErrorKind as Key;

    match error.kind() {
        Key::PrivateKey
        | Key::Encrypted
        | Key::OpenSsh
        | Key::Algorithm { .. }
        | Key::TooShort { .. }
        | Key::TooLong { .. }
        | Key::Exponent
        | Key::Inconsistent => CertificateErrorKind::Key,
        Key::CertificateRequest => CertificateErrorKind::CertificateRequest,
        Key::Keystore => CertificateErrorKind::Keystore,
        Key::Empty => CertificateErrorKind::Empty,
        Key::TooLarge => CertificateErrorKind::TooLarge,
        Key::Truncated => CertificateErrorKind::Truncated,
        Key::TrailingData => CertificateErrorKind::TrailingData,
        _ => CertificateErrorKind::Unrecognised,
    }
}
