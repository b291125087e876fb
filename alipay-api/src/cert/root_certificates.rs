use std::{path::Path, str::FromStr};

use super::{Certificate, CertificateError, CertificateErrorKind, algorithm, file, outline, pem, pem::Block};

/// Alipay's root certificates (支付宝根证书): a bundle. Only its certificates that are signed with RSA are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificates {
    certificates: Vec<Certificate>,
    alipay_serial: String,
}

impl RootCertificates {
    /// Reads a bundle from text: PEM, with any other text around and between the certificates.
    ///
    /// Certificates that are not signed with RSA, such as those for SM2 and ECDSA, are ignored, even if they can't be read otherwise. Keys
    /// and signing requests are skipped.
    ///
    /// # Errors
    /// No certificate is signed with RSA, or none is a root. Or a certificate that is signed with RSA, or may be, is damaged
    /// ([`Member`](CertificateErrorKind::Member)): the bundle would have another [serial](Self::alipay_serial), which the gateway refuses. A
    /// certificate is undamaged if its signature was made by its own key or by that of another certificate in the bundle.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        Ok(pem::blocks(text.as_bytes()).and_then(Self::strict)?)
    }

    /// Reads a bundle from a file of at most 1 MiB, text as for [`parse`](Self::parse) or one certificate as DER.
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse`](Self::parse); the error names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        file::parse(path.as_ref(), Self::strict)
    }

    /// Reads a bundle as [`parse`](Self::parse) does, but accepts damaged certificates: those that can be read are used as they are, and the
    /// others are ignored, each with a warning in the log.
    ///
    /// Use it for a bundle that Alipay itself has in this damaged state: the serial has to be that of Alipay's copy.
    ///
    /// # Errors
    /// No certificate is signed with RSA, or none is a root.
    pub fn parse_lenient(text: &str) -> Result<Self, CertificateError> {
        Ok(pem::blocks(text.as_bytes()).and_then(Self::lenient)?)
    }

    /// Reads a file as [`from_file`](Self::from_file) does, and accepts damaged certificates as [`parse_lenient`](Self::parse_lenient)
    /// does.
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse_lenient`](Self::parse_lenient); the error names the file.
    pub fn from_file_lenient(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        file::parse(path.as_ref(), Self::lenient)
    }

    /// The serial of the bundle, `alipay_root_cert_sn`: the [serials](Certificate::alipay_serial) of its certificates in the order of the
    /// file, joined by `_`.
    pub fn alipay_serial(&self) -> &str {
        &self.alipay_serial
    }

    /// The certificates that are signed with RSA, in the order of the file; at least one.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    fn strict(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        Self::bundle(blocks, Err)
    }

    fn lenient(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        Self::bundle(blocks, |fault| {
            let error = CertificateError::from(fault);
            tracing::warn!(%error, "the root certificates are damaged: the gateway may refuse their serial");
            Ok(())
        })
    }

    /// Reads the certificates; `damaged` decides what a fault leads to.
    fn bundle(
        blocks: Vec<Block>,
        damaged: impl Fn(CertificateErrorKind) -> Result<(), CertificateErrorKind>,
    ) -> Result<Self, CertificateErrorKind> {
        let members = blocks.len();
        let mut read = Vec::new();
        let mut faults = Vec::new();
        let mut other = None;
        for (index, Block { line, der }) in blocks.into_iter().enumerate() {
            let place = (index + 1, line);
            match der.and_then(|der| member(&der)) {
                Ok(Some(certificate)) => read.push((place, certificate)),
                Ok(None) => {}
                Err(kind @ (CertificateErrorKind::Key | CertificateErrorKind::CertificateRequest)) => {
                    other.get_or_insert(kind);
                }
                Err(kind) => faults.push((place, kind)),
            }
        }
        let certificates = || read.iter().map(|(_, certificate)| certificate);
        // First, because it may be the wrong file.
        if !read.is_empty() && !certificates().any(Certificate::may_be_root) {
            return Err(CertificateErrorKind::NoRoot);
        }
        for (place, certificate) in &read {
            let signers = certificates().filter(|other| other.subject() == certificate.issuer());
            if !certificate.is_consistent() || certificate.is_intact(signers.chain([certificate])) == Some(false) {
                faults.push((*place, CertificateErrorKind::Unsigned));
            }
        }
        faults.sort_by_key(|(place, _)| *place);
        for ((member, line), fault) in faults {
            // The position of the only certificate says nothing.
            damaged(if members == 1 {
                fault
            } else {
                let fault = Box::new(fault);
                CertificateErrorKind::Member {
                    member,
                    members,
                    line,
                    fault,
                }
            })?;
        }
        let certificates: Vec<_> = read.into_iter().map(|(_, certificate)| certificate).collect();
        if certificates.is_empty() {
            return Err(match other {
                Some(kind) if members == 1 => kind,
                _ => CertificateErrorKind::NothingUsable,
            });
        }
        let serials: Vec<_> = certificates.iter().map(Certificate::alipay_serial).collect();
        Ok(Self {
            alipay_serial: serials.join("_"),
            certificates,
        })
    }
}

/// The certificate; `None` if it is not signed with RSA.
///
/// A certificate names its algorithm twice. If both say that it is not signed with RSA, it need not be readable. If only one does, the
/// certificate is damaged.
fn member(der: &[u8]) -> Result<Option<Certificate>, CertificateErrorKind> {
    if outline::algorithms(der).is_some_and(|both| !both.into_iter().any(algorithm::is_rsa)) {
        return Ok(None);
    }
    Certificate::read(der).map(Some)
}

impl FromStr for RootCertificates {
    type Err = CertificateError;

    /// Does the same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}
