use std::{path::Path, str::FromStr};

use super::{
    Certificate, CertificateError, CertificateErrorKind, file,
    pem::{self, Block},
};

/// Alipay's root certificates (支付宝根证书): a bundle of which those that are signed with RSA count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificates {
    certificates: Vec<Certificate>,
    alipay_serial: String,
}

impl RootCertificates {
    /// Reads a bundle from text: PEM with anything around and between its members.
    ///
    /// Members that are not signed with RSA, such as those for SM2 and ECDSA, don't count. Neither does what can't be
    /// read; since that changes the [serial](Self::alipay_serial), there is a warning in the log.
    ///
    /// # Errors
    /// No member counts.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        Ok(pem::blocks(text).and_then(Self::bundle)?)
    }

    /// Reads a bundle from a file of at most 1 MiB, text as for [`parse`](Self::parse) or one certificate as DER.
    ///
    /// # Errors
    /// The file can't be read, or as for [`parse`](Self::parse); the error names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CertificateError> {
        file::parse(path.as_ref(), Self::bundle)
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

    fn bundle(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        let mut certificates = Vec::new();
        let mut refused = Vec::new();
        for (index, block) in blocks.into_iter().enumerate() {
            match block.and_then(|der| Certificate::read(&der)) {
                Ok(certificate) if certificate.algorithm().is_rsa() => certificates.push(certificate),
                Ok(_) => refused.push(CertificateErrorKind::NothingUsable),
                Err(kind) => {
                    tracing::warn!(member = index + 1, reason = ?kind, "skipped a root certificate that can't be read");
                    refused.push(kind);
                }
            }
        }
        if certificates.is_empty() {
            // If that was all, the trouble with it says more than that nothing is left.
            return Err(match <[_; 1]>::try_from(refused) {
                Ok([kind]) => kind,
                Err(_) => CertificateErrorKind::NothingUsable,
            });
        }
        let serials: Vec<_> = certificates.iter().map(Certificate::alipay_serial).collect();
        Ok(Self {
            alipay_serial: serials.join("_"),
            certificates,
        })
    }
}

impl FromStr for RootCertificates {
    type Err = CertificateError;

    /// The same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}
