use std::{path::Path, str::FromStr};

use super::{Certificate, CertificateError, CertificateErrorKind, algorithm, file, outline, pem, pem::Block};
use crate::sign::{KeyAlgorithm, SignType};

/// Alipay's root certificates (支付宝根证书): a bundle. Only its certificates that are signed with RSA are used; with the feature `sm2` and the sign
/// type SM2, only those that are signed with SM2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificates {
    rsa: Roots,
    /// Its faults matter only to those who use it.
    #[cfg(feature = "sm2")]
    sm2: Result<Roots, CertificateErrorKind>,
}

/// The certificates of a bundle that are signed with keys of one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roots {
    algorithm: KeyAlgorithm,
    certificates: Vec<Certificate>,
    alipay_serial: String,
    /// What is damaged and was ignored.
    ignored: Vec<CertificateErrorKind>,
}

/// Where a certificate is in its bundle: its position and its line, both from 1.
type Position = (usize, usize);

/// The certificates of a bundle that are signed with keys of one algorithm, as they are read.
struct Members {
    algorithm: KeyAlgorithm,
    read: Vec<(Position, Certificate)>,
    faults: Vec<(Position, CertificateErrorKind)>,
}

/// What to do with a damaged certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Refuse,
    Ignore,
}

impl RootCertificates {
    /// Reads a bundle from text: PEM, with any other text around and between the certificates.
    ///
    /// Certificates that are not signed with RSA, such as those for SM2 and ECDSA, are ignored, even if they can't be read otherwise. Keys
    /// and signing requests are skipped. With the feature `sm2`, those that are signed with SM2 are kept for apps of that sign type; if one is
    /// damaged, only such an app's [`Credentials`](crate::Credentials) are refused.
    ///
    /// # Errors
    /// No certificate is signed with RSA (or SM2), or none is a root. Or a certificate that is signed with RSA, or may be, is damaged
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

    /// The serial of the bundle, `alipay_root_cert_sn`, for the sign types of RSA: the [serials](Certificate::alipay_serial) of its certificates
    /// that are signed with RSA, in the order of the file, joined by `_`. Empty if there is none.
    pub fn alipay_serial(&self) -> &str {
        self.rsa.alipay_serial()
    }

    /// The same for any sign type: with SM2, it is made of the certificates that are signed with SM2. `None` if there is none, or if one of them is
    /// damaged.
    pub fn alipay_serial_for(&self, sign_type: SignType) -> Option<&str> {
        let roots = match sign_type.key_algorithm() {
            KeyAlgorithm::Rsa => &self.rsa,
            #[cfg(feature = "sm2")]
            KeyAlgorithm::Sm2 => self.sm2.as_ref().ok()?,
        };
        (!roots.certificates.is_empty()).then_some(&roots.alipay_serial)
    }

    /// The certificates that are signed with RSA, in the order of the file; at least one, unless there are only those of SM2.
    pub fn certificates(&self) -> &[Certificate] {
        self.rsa.certificates()
    }

    /// The roots for keys of this algorithm; `None` if there are none. Warns of those that are damaged and ignored.
    ///
    /// # Errors
    /// One of them is damaged.
    #[cfg_attr(
        not(feature = "sm2"),
        expect(clippy::unnecessary_wraps, reason = "faults of RSA's are told when they are read")
    )]
    pub(super) fn into_roots(self, algorithm: KeyAlgorithm) -> Result<Option<Roots>, CertificateError> {
        let roots = match algorithm {
            KeyAlgorithm::Rsa => self.rsa,
            #[cfg(feature = "sm2")]
            KeyAlgorithm::Sm2 => {
                let roots = self.sm2?;
                roots.warn();
                roots
            }
        };
        Ok((!roots.certificates.is_empty()).then_some(roots))
    }

    fn strict(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        Self::bundle(blocks, Damage::Refuse)
    }

    fn lenient(blocks: Vec<Block>) -> Result<Self, CertificateErrorKind> {
        Self::bundle(blocks, Damage::Ignore)
    }

    /// Reads the certificates.
    fn bundle(blocks: Vec<Block>, damage: Damage) -> Result<Self, CertificateErrorKind> {
        let count = blocks.len();
        let mut rsa = Members::new(KeyAlgorithm::Rsa);
        #[cfg(feature = "sm2")]
        let mut sm2 = Members::new(KeyAlgorithm::Sm2);
        let mut other = None;
        for (index, Block { line, der }) in blocks.into_iter().enumerate() {
            let (algorithm, certificate) = match der {
                Ok(der) => match algorithm(&der) {
                    Some(algorithm) => (algorithm, Certificate::read(&der)),
                    None => continue,
                },
                // It may be one of RSA.
                Err(kind) => (KeyAlgorithm::Rsa, Err(kind)),
            };
            if let Err(kind @ (CertificateErrorKind::Key | CertificateErrorKind::CertificateRequest)) = certificate {
                other.get_or_insert(kind);
                continue;
            }
            let members = match algorithm {
                KeyAlgorithm::Rsa => &mut rsa,
                #[cfg(feature = "sm2")]
                KeyAlgorithm::Sm2 => &mut sm2,
            };
            members.add((index + 1, line), certificate);
        }
        let rsa = rsa.check(count, damage)?;
        rsa.warn();
        #[cfg(feature = "sm2")]
        let sm2 = sm2.check(count, damage);
        #[cfg(feature = "sm2")]
        if rsa.certificates.is_empty() {
            // There is nothing else in the bundle, so its faults do matter.
            let sm2 = sm2?;
            if !sm2.certificates.is_empty() {
                return Ok(Self { rsa, sm2: Ok(sm2) });
            }
            return Err(nothing(count, other));
        }
        if rsa.certificates.is_empty() {
            return Err(nothing(count, other));
        }
        Ok(Self {
            rsa,
            #[cfg(feature = "sm2")]
            sm2,
        })
    }
}

impl Roots {
    /// The algorithm of the keys.
    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The serials of the certificates, joined by `_`.
    pub(super) fn alipay_serial(&self) -> &str {
        &self.alipay_serial
    }

    fn warn(&self) {
        for fault in &self.ignored {
            let error = CertificateError::from(fault.clone());
            tracing::warn!(%error, "the root certificates are damaged: the gateway may refuse their serial");
        }
    }
}

impl Members {
    fn new(algorithm: KeyAlgorithm) -> Self {
        Self {
            algorithm,
            read: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn add(&mut self, position: Position, certificate: Result<Certificate, CertificateErrorKind>) {
        match certificate {
            Ok(certificate) => self.read.push((position, certificate)),
            Err(kind) => self.faults.push((position, kind)),
        }
    }

    /// Checks that they are roots and undamaged. The bundle has `count` certificates in all.
    fn check(self, count: usize, damage: Damage) -> Result<Roots, CertificateErrorKind> {
        let Self {
            algorithm,
            read,
            mut faults,
        } = self;
        let certificates = || read.iter().map(|(_, certificate)| certificate);
        // First, because it may be the wrong file.
        if !read.is_empty() && !certificates().any(Certificate::may_be_root) {
            return Err(CertificateErrorKind::NoRoot);
        }
        for (position, certificate) in &read {
            let signers = certificates().filter(|other| other.subject() == certificate.issuer());
            if !certificate.is_consistent() || certificate.is_intact(signers.chain([certificate])) == Some(false) {
                faults.push((*position, CertificateErrorKind::Unsigned));
            }
        }
        faults.sort_by_key(|(position, _)| *position);
        let mut ignored = Vec::new();
        for ((member, line), fault) in faults {
            // The position of the only certificate says nothing.
            let fault = if count == 1 {
                fault
            } else {
                let fault = Box::new(fault);
                CertificateErrorKind::Member {
                    member,
                    members: count,
                    line,
                    fault,
                }
            };
            match damage {
                Damage::Refuse => return Err(fault),
                Damage::Ignore => ignored.push(fault),
            }
        }
        let certificates: Vec<_> = read.into_iter().map(|(_, certificate)| certificate).collect();
        let serials: Vec<_> = certificates.iter().map(Certificate::alipay_serial).collect();
        Ok(Roots {
            algorithm,
            alipay_serial: serials.join("_"),
            certificates,
            ignored,
        })
    }
}

/// Why a bundle without any usable certificate is refused.
fn nothing(count: usize, other: Option<CertificateErrorKind>) -> CertificateErrorKind {
    match other {
        Some(kind) if count == 1 => kind,
        _ => CertificateErrorKind::NothingUsable,
    }
}

/// The algorithm of the keys that signed the certificate; `None` if no sign type has such keys.
///
/// A certificate names its algorithm twice. If neither name is of such keys, the certificate need not be readable. If one says RSA, or both are
/// unreadable, it counts as one of RSA, and is damaged unless both say so.
fn algorithm(der: &[u8]) -> Option<KeyAlgorithm> {
    let Some(both) = outline::algorithms(der) else {
        return Some(KeyAlgorithm::Rsa);
    };
    let [one, other] = both.map(algorithm::key_algorithm);
    if one == Some(KeyAlgorithm::Rsa) {
        return one;
    }
    other.or(one)
}

impl FromStr for RootCertificates {
    type Err = CertificateError;

    /// Does the same as [`parse`](Self::parse).
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::parse(text)
    }
}
