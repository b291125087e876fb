use std::{path::Path, str::FromStr};

use super::{Certificate, CertificateError, CertificateErrorKind, algorithm, file, outline, pem, pem::Block};

/// Alipay's root certificates (支付宝根证书): a bundle of which those that are signed with RSA count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificates {
    certificates: Vec<Certificate>,
    alipay_serial: String,
}

impl RootCertificates {
    /// Reads a bundle from text: PEM with anything around and between its members.
    ///
    /// Members that are not signed with RSA, such as those for SM2 and ECDSA, don't count, whatever else is in them. Keys and
    /// signing requests are passed over.
    ///
    /// # Errors
    /// No member counts, or none is a root. Or a member is damaged ([`Member`](CertificateErrorKind::Member)) that is signed with
    /// RSA, or so damaged that nobody can tell: the bundle would have another [serial](Self::alipay_serial), which the gateway
    /// refuses. A member is undamaged whose signature is its own key's, or another member's.
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

    /// The same as [`parse`](Self::parse), but of damaged members those that can be read count as they are, and the others don't.
    /// There is a warning in the log for each.
    ///
    /// For a bundle that Alipay is known to have in this state: what it names by the serial is its own copy.
    ///
    /// # Errors
    /// No member counts, or none is a root.
    pub fn parse_lenient(text: &str) -> Result<Self, CertificateError> {
        Ok(pem::blocks(text.as_bytes()).and_then(Self::lenient)?)
    }

    /// The same as [`from_file`](Self::from_file), as [`parse_lenient`](Self::parse_lenient) is to [`parse`](Self::parse).
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse_lenient`](Self::parse_lenient); the error names the file.
    pub fn from_file_lenient(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        file::parse(path.as_ref(), Self::lenient)
    }

    /// The serial that Alipay names the bundle by, in `alipay_root_cert_sn`: the members'
    /// [serials](Certificate::alipay_serial) in the order of the file, joined by `_`.
    pub fn alipay_serial(&self) -> &str {
        &self.alipay_serial
    }

    /// The members that count, in the order of the file. There is at least one.
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

    /// Reads the members; `damaged` says what becomes of a fault.
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
        // Before it is said what is wrong with them: it may be the wrong file.
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
            // If that is all, its place says nothing.
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

/// The certificate; `None` if it does not count.
///
/// The two places that name its algorithm are looked at first: what says in both that it is not signed with RSA need not be
/// readable. What says so in one of them is a damaged certificate of either kind.
fn member(der: &[u8]) -> Result<Option<Certificate>, CertificateErrorKind> {
    if outline::algorithms(der).is_some_and(|both| !both.into_iter().any(algorithm::is_rsa)) {
        return Ok(None);
    }
    Certificate::read(der).map(Some)
}

impl FromStr for RootCertificates {
    type Err = CertificateError;

    /// The same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}
