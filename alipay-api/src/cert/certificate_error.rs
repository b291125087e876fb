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

/// Why a text, a file or bytes can't serve as a certificate or as the root bundle.
///
/// It says what was given and what to do about it, and never holds anything of a key that was given by mistake.
#[derive(Debug)]
pub struct CertificateError {
    kind: Box<CertificateErrorKind>,
    path: Option<PathBuf>,
    source: Option<Cause>,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateErrorKind {
    /// There is nothing but blanks.
    Empty,
    /// The path of a file, where its contents are wanted.
    Path,
    /// The file can't be read; the reason is also the error's source.
    Unreadable(io::ErrorKind),
    /// More than 1 MiB of text, or 64 KiB of DER that is no certificate; fetched, more than 64 KiB or 16 certificates.
    TooLarge,
    /// Text with neither PEM nor base64 in it.
    NotPem,
    /// PEM whose inside is not base64.
    NotBase64,
    /// PEM whose last line has no first line.
    BrokenPem,
    /// Base64 in which every `+` has become a blank, as in a form or a URL that nobody has encoded.
    BlanksForPlus,
    /// The end is missing.
    Truncated,
    /// There is more behind the end.
    TrailingData,
    /// It decodes, but is not a certificate, or a damaged one.
    Unrecognised,
    /// A key, private or public.
    Key,
    /// A certificate signing request.
    CertificateRequest,
    /// A PKCS#12 or Java keystore.
    Keystore,
    /// Root certificates, where one certificate of the app or of Alipay is wanted.
    Roots,
    /// A root bundle without any certificate that is signed with RSA.
    NothingUsable,
    /// A root bundle without any root: a certificate, or a chain, was given for it.
    NoRoot,
    /// A member of a root bundle whose signature neither its own key has made nor that of another member.
    Unsigned,
    /// A member of a root bundle is damaged, and the bundle would have another serial with it, or without it.
    Member {
        /// Which one, from 1, in the order of the file.
        member: usize,
        /// How many there are in the file.
        members: usize,
        /// The line of the file that it begins in, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Box<CertificateErrorKind>,
    },
    /// The certificate's public key can't be used; the reason is also the error's source.
    PublicKey(KeyErrorKind),
    /// It is not valid yet.
    NotYetValid {
        /// The first second that it is valid in.
        not_before: DateTime,
    },
    /// It is not valid any more.
    Expired {
        /// The last second that it was valid in.
        not_after: DateTime,
    },
    /// It does not lead to a root certificate.
    Chain {
        /// Whom the certificate was issued to that is at fault: this one, or an authority above it.
        subject: String,
        /// What is at fault.
        fault: ChainFault,
    },
    /// It was fetched for a serial that is another's.
    AnotherSerial {
        /// Its own [serial](super::Certificate::alipay_serial).
        alipay_serial: String,
    },
    /// It was fetched, and issued to somebody else than Alipay's certificate that is at hand.
    AnotherHolder {
        /// The name in the certificate at hand.
        expected: String,
        /// The name in the fetched one, of which the common name, the organisation or the country differs.
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
            source: Some(Cause::Io(source)),
            ..kind.into()
        }
    }

    pub(super) fn public_key(source: KeyError) -> Self {
        let kind = CertificateErrorKind::PublicKey(source.kind().clone());
        Self {
            source: Some(Cause::Key(source)),
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
            source: None,
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(formatter, "{}: ", path.display())?;
        }
        if let Some(Cause::Key(error)) = &self.source {
            return write!(formatter, "the certificate's public key can't be used: {error}");
        }
        match (&*self.kind, &self.path) {
            // Whoever read the file need not be told to.
            (CertificateErrorKind::Path, Some(_)) => {
                formatter.write_str("the file holds a path, not a certificate: give the file that is there")
            }
            (kind, _) => kind.explain(formatter),
        }
    }
}

impl StdError for CertificateError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.source.as_ref()? {
            Cause::Io(error) => Some(error),
            Cause::Key(error) => Some(error),
        }
    }
}

impl CertificateErrorKind {
    /// One sentence: what was given and, behind a colon, what to do.
    fn explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Unreadable(reason) => return write!(out, "the file can't be read: {reason}"),
            Self::NotYetValid { not_before } => {
                return write!(
                    out,
                    "the certificate is not valid before {not_before} (Beijing time): is the clock right?"
                );
            }
            Self::Expired { not_after } => {
                return write!(
                    out,
                    "the certificate expired at {not_after} (Beijing time): \
                     download the present one from the open platform, or renew it there"
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
                return write!(out, "the certificate is another than was asked for: it has the serial {alipay_serial}");
            }
            Self::AnotherHolder { expected, found } => {
                return write!(
                    out,
                    "the certificate was issued to `{}`, not to `{}` as the one at hand: if Alipay has changed its name, \
                     download the present one from the open platform",
                    Sanitized(found),
                    Sanitized(expected)
                );
            }
            Self::Empty => "there is no text: is the variable or file that should hold the certificate filled in?",
            Self::Path => {
                "this is a path, not a certificate: read the file first, \
                 or use `Certificate::from_file` and `RootCertificates::from_file`"
            }
            Self::TooLarge => "this is too large for a certificate: is it the right file?",
            Self::Member {
                member,
                members,
                line,
                fault,
            } => {
                write!(out, "root certificate {member} of {members}, which begins in line {line}: ")?;
                return fault.explain(out);
            }
            Self::NotPem => {
                "this is neither PEM nor a certificate in base64: \
                 give the certificate's whole text, from `-----BEGIN CERTIFICATE-----` on"
            }
            Self::BrokenPem => {
                "a line `-----END …-----` has no line `-----BEGIN …-----` before it: copy the whole file again"
            }
            Self::BlanksForPlus => {
                "the certificate's base64 has blanks where each `+` was: a form or a URL has turned them into blanks on the \
                 way; hand it over by another way, or percent-encode it"
            }
            Self::NotBase64 => {
                "there is something else than base64 between the lines `-----BEGIN …-----` and `-----END …-----`: \
                 copy the certificate again"
            }
            Self::Truncated => "the certificate is cut short: copy it again, to the end of its last line",
            Self::TrailingData => "there is more behind the certificate, in the same PEM block or file: copy it again",
            Self::Unrecognised => "this is not an X.509 certificate, or a damaged one: download it again",
            Self::Key => {
                "this is a key, not a certificate: give the certificate (a `.crt` file) \
                 that the open platform offers for download; keys alone serve for public-key mode"
            }
            Self::CertificateRequest => {
                "this is a certificate signing request, not a certificate: \
                 upload it to the open platform and give what that issues for it (应用公钥证书)"
            }
            Self::Keystore => "this is a keystore, not a certificate: export the certificate from it, as PEM",
            Self::Roots => {
                "these are root certificates (支付宝根证书, alipayRootCert.crt), and one certificate of the app or of Alipay is \
                 wanted here"
            }
            Self::NoRoot => {
                "no certificate in this file is a root: give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)"
            }
            Self::Unsigned => {
                "the certificate is damaged, or is no root: its signature is not by its own key, nor by another certificate of \
                 the file; download the root certificates again (支付宝根证书, alipayRootCert.crt)"
            }
            Self::NothingUsable => {
                "there is no certificate in this bundle that can be read and is signed with RSA: \
                 give Alipay's root certificates (支付宝根证书, alipayRootCert.crt)"
            }
            Self::PublicKey(_) => "the certificate's public key can't be used",
        })
    }
}
