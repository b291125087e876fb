use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
};

use super::ChainFault;
use crate::{
    error::Sanitized,
    sign::{KeyError, KeyErrorKind},
    types::DateTime,
};

/// Why a text, a file or bytes can't be used as a certificate or as the root bundle.
///
/// The message says what was given and what to do, with the cause, so there is no [`source`](std::error::Error::source) to print after
/// it. It shows nothing of a key that was given by mistake.
#[derive(Debug)]
pub struct CertificateError {
    kind: Box<CertificateErrorKind>,
    path: Option<PathBuf>,
    cause: Option<Cause>,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateErrorKind {
    /// The text is empty or blank.
    Empty,
    /// The text is a file's path instead of its contents.
    Path,
    /// The file can't be read.
    Unreadable(io::ErrorKind),
    /// The text is larger than 1 MiB, or is 64 KiB of DER that is not a certificate. If it was fetched: it is larger than 64 KiB, or has more
    /// than 16 certificates.
    TooLarge,
    /// The text is neither PEM nor base64.
    NotPem,
    /// The content of a PEM block is not base64.
    NotBase64,
    /// A PEM block has a last line but no first line.
    BrokenPem,
    /// The base64 has blanks in place of `+`: it went through a form or a URL without being percent-encoded.
    BlanksForPlus,
    /// The end is missing.
    Truncated,
    /// The certificate is followed by other data.
    TrailingData,
    /// The content can be decoded, but is not a certificate, or is a damaged one.
    Unrecognised,
    /// A key, private or public.
    Key,
    /// A certificate signing request.
    CertificateRequest,
    /// A PKCS#12 or Java keystore.
    Keystore,
    /// Root certificates, where one certificate of the app or of Alipay is needed.
    Roots,
    /// No certificate of the root bundle is signed with RSA or, with the feature `sm2`, with SM2.
    NothingUsable,
    /// No certificate of the root bundle is a root: another certificate, or a chain, was given instead.
    NoRoot,
    /// The signature of a certificate in the root bundle was made neither by its own key nor by that of another certificate in the bundle.
    Unsigned,
    /// A certificate in the root bundle is damaged. The bundle would have another serial with or without it.
    Member {
        /// The position of the certificate in the file, from 1.
        member: usize,
        /// How many certificates the file has.
        members: usize,
        /// The line in which the certificate begins, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Box<CertificateErrorKind>,
    },
    /// The certificate's public key can't be used.
    PublicKey(KeyErrorKind),
    /// The certificate is not valid yet.
    NotYetValid {
        /// The first second in which it is valid.
        not_before: DateTime,
    },
    /// The certificate has expired.
    Expired {
        /// The last second in which it was valid.
        not_after: DateTime,
    },
    /// The certificate does not lead to a root certificate.
    Chain {
        /// The subject of the faulty certificate: this one, or an authority above it.
        subject: String,
        /// What is wrong with that certificate.
        fault: ChainFault,
    },
    /// The fetched certificate has another serial than the one that was requested.
    AnotherSerial {
        /// The [serial](super::Certificate::alipay_serial) of the fetched certificate.
        alipay_serial: String,
    },
    /// The fetched certificate was not issued to the holder of the configured one: Alipay.
    AnotherHolder {
        /// The subject of the configured certificate.
        expected: String,
        /// The subject of the fetched certificate. Its common name, organisation or country differs.
        found: String,
    },
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    Key(KeyError),
}

impl CertificateError {
    /// What is wrong.
    pub fn kind(&self) -> &CertificateErrorKind {
        &self.kind
    }

    /// The file that was read, if one was.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(super) fn unreadable(source: io::Error) -> Self {
        let kind = CertificateErrorKind::Unreadable(source.kind());
        Self {
            cause: Some(Cause::Io(source)),
            ..kind.into()
        }
    }

    pub(super) fn public_key(source: KeyError) -> Self {
        let kind = CertificateErrorKind::PublicKey(source.kind().clone());
        Self {
            cause: Some(Cause::Key(source)),
            ..kind.into()
        }
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..self
        }
    }
}

impl From<CertificateErrorKind> for CertificateError {
    fn from(kind: CertificateErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            path: None,
            cause: None,
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(formatter, "{}: ", path.display())?;
        }
        match &self.cause {
            Some(Cause::Key(error)) => {
                return write!(formatter, "the certificate's public key can't be used: {error}");
            }
            Some(Cause::Io(error)) => return write!(formatter, "the file can't be read: {error}"),
            None => {}
        }
        match (&*self.kind, &self.path) {
            // "Read the file first" is no advice for a file.
            (CertificateErrorKind::Path, Some(_)) => {
                formatter.write_str("the file holds a path, not a certificate: give the file at that path")
            }
            (kind, _) => kind.explain(formatter),
        }
    }
}

/// There is no [`source`](StdError::source): `Display` includes the cause.
impl StdError for CertificateError {}

impl CertificateErrorKind {
    /// One sentence: what was given, a colon, and what to do.
    fn explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Unreadable(reason) => return write!(out, "the file can't be read: {reason}"),
            Self::NotYetValid { not_before } => {
                return write!(
                    out,
                    "the certificate is not valid before {not_before} (Beijing time): check the clock of this machine"
                );
            }
            Self::Expired { not_after } => {
                return write!(
                    out,
                    "the certificate expired at {not_after} (Beijing time): \
                     download the current one from the open platform, or renew it there"
                );
            }
            Self::Chain { subject, fault } => {
                return write!(
                    out,
                    "the certificate of `{}` does not lead to the root certificates: {fault}",
                    Sanitized(subject)
                );
            }
            Self::AnotherSerial { alipay_serial } => {
                return write!(out, "the certificate is not the requested one: its serial is {alipay_serial}");
            }
            Self::AnotherHolder { expected, found } => {
                return write!(
                    out,
                    "the certificate was issued to `{}`, and the configured one to `{}`: if Alipay has changed its name, \
                     download the current certificate from the open platform",
                    Sanitized(found),
                    Sanitized(expected)
                );
            }
            Self::Empty => "the text is empty: check the variable or file that should hold the certificate",
            Self::Path => {
                "the text is a path, not a certificate: read the file first, \
                 or use `Certificate::from_file` and `RootCertificates::from_file`"
            }
            Self::TooLarge => "the text is too large for a certificate: check that the right file was given",
            Self::Member {
                member,
                members,
                line,
                fault,
            } => {
                write!(out, "root certificate {member} of {members}, in line {line}: ")?;
                return fault.explain(out);
            }
            Self::NotPem => {
                "the text is neither PEM nor a certificate in base64: \
                 give the whole certificate, from `-----BEGIN CERTIFICATE-----` on"
            }
            Self::BrokenPem => {
                "a line `-----END …-----` has no line `-----BEGIN …-----` before it: copy the whole file again"
            }
            Self::BlanksForPlus => {
                "the certificate's base64 has blanks in place of `+`: percent-encode it before it goes through a form or a URL"
            }
            Self::NotBase64 => {
                "the text between `-----BEGIN …-----` and `-----END …-----` is not base64: copy the certificate again"
            }
            Self::Truncated => "the certificate is cut short: copy it again, to the end of its last line",
            Self::TrailingData => {
                "the certificate is followed by other data, in the same PEM block or file: copy it again"
            }
            Self::Unrecognised => "the text is not an X.509 certificate, or is a damaged one: download it again",
            Self::Key => {
                "the text is a key, not a certificate: give the certificate (a `.crt` file) that the open platform offers for \
                 download; keys alone are for public-key mode"
            }
            Self::CertificateRequest => {
                "the text is a certificate signing request, not a certificate: upload it to the open platform, and give the \
                 certificate that is issued for it (应用公钥证书)"
            }
            Self::Keystore => "the file is a keystore, not a certificate: export the certificate from it, as PEM",
            Self::Roots => {
                "the file holds root certificates (支付宝根证书, alipayRootCert.crt), where one certificate of the app or of \
                 Alipay is needed"
            }
            Self::NoRoot => {
                "no certificate in this file is a root: give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)"
            }
            Self::Unsigned => {
                "the certificate is damaged or not a root: its signature is neither by its own key nor by another certificate of \
                 the file; download the root certificates again (支付宝根证书, alipayRootCert.crt)"
            }
            Self::NothingUsable if cfg!(feature = "sm2") => {
                "no certificate of the bundle can be read and is signed with RSA or SM2: \
                 give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)"
            }
            Self::NothingUsable => {
                "no certificate of the bundle can be read and is signed with RSA: \
                 give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)"
            }
            Self::PublicKey(_) => "the certificate's public key can't be used",
        })
    }
}
