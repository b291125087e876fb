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
/// Reading a certificate checks neither its signature nor its validity. Two are equal if they are the same certificate, whatever else their
/// files contain.
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
    /// The other certificates of the file: the authorities between it and a root.
    companions: Vec<Certificate>,
}

impl Certificate {
    /// Reads a certificate from text: PEM with any other text around it, base64 alone, or one of these encoded in base64 once more.
    ///
    /// If the text has several certificates, the leaf is used, at any position: the first that is neither the issuer of another nor an
    /// authority's. The others are kept, because they lead to a root. Keys and signing requests are skipped.
    ///
    /// # Errors
    /// The text has no certificate, or one is damaged, or all of several are roots ([`Roots`](CertificateErrorKind::Roots)).
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
    /// The DER is not a certificate, or is damaged.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self::read(der)?)
    }

    /// Reads `alipay_cert_content`: a certificate's file, encoded in base64 once more.
    pub(super) fn from_content(content: &str) -> Result<Self, CertificateError> {
        /// Alipay's take 4 KiB.
        const MAX_CONTENT: usize = 64 << 10;
        /// A leaf and its authorities.
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

    /// The serial in Alipay's own form, which `app_cert_sn` and `alipay_cert_sn` hold: the MD5, in lowercase hexadecimal, of the
    /// [issuer](Self::issuer) followed by the serial number in decimal.
    ///
    /// Other tools show another number: the serial number itself.
    pub fn alipay_serial(&self) -> &str {
        &self.alipay_serial
    }

    /// The issuer's name, in the form of RFC 2253 that Java's `X500Principal.getName()` writes, because Alipay takes the MD5 of that text.
    ///
    /// Other tools write simple names in the same way, and others differently. `openssl x509 -nameopt RFC2253` writes a character outside
    /// ASCII as `\E6\94\AF`, an e-mail address with its keyword instead of `#` and hexadecimal digits, `=` without an escape, and parts
    /// joined by `+` in reverse order.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The holder's name, in the same form as [`issuer`](Self::issuer).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The first second in which the certificate is valid.
    pub fn not_before(&self) -> DateTime {
        self.not_before
    }

    /// The last second in which the certificate is valid.
    pub fn not_after(&self) -> DateTime {
        self.not_after
    }

    /// The certified key.
    ///
    /// # Errors
    /// The key is neither an RSA key of 1024 to 8192 bits nor, with the feature `sm2`, an SM2 key.
    pub fn public_key(&self) -> Result<PublicKey, CertificateError> {
        PublicKey::from_der(&self.public_key).map_err(CertificateError::public_key)
    }

    /// The parts of the holder's name that a renewal does not change.
    pub(super) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether its extensions say that it is an authority's and for issuing certificates.
    pub(super) fn is_issuing_authority(&self) -> bool {
        self.extensions.is_some_and(|extensions| extensions.is_for_issuing())
    }

    /// Whether it may be a root: it is its own issuer, and no extension forbids it to issue others.
    pub(super) fn may_be_root(&self) -> bool {
        self.names_itself() && self.extensions.is_none_or(|extensions| !extensions.is_for_no_issuing())
    }

    /// Whether it is its own issuer by name.
    pub(super) fn names_itself(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether it has a well-formed signature of the algorithm that its signed part names.
    pub(super) fn is_consistent(&self) -> bool {
        self.signature.is_some()
    }

    /// Whether its signature was made by the key of one of these certificates, which shows that it is undamaged; `None` if its algorithm
    /// can't be checked. This is weaker than trust: SHA-1 is accepted.
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

    /// The algorithm of its signature.
    pub(super) fn algorithm(&self) -> &Algorithm {
        &self.algorithm
    }

    /// Whether this key signed it, with a trusted algorithm.
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
                // It may be the leaf, which no other certificate can replace.
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

    /// Does the same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        // All other fields are read from these.
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

/// What DER that is not a certificate may be instead: the reader of keys recognises the usual mistakes.
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
