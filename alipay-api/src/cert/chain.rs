//! The chain from a certificate to a root.
//!
//! Only what Alipay's chains need is supported: RSA or SM2 from one end to the other, names, signatures, validity, basic constraints and key usage. A chain that needs more
//! is refused. Revocation is not checked: Alipay publishes no list for clients.

use super::{Certificate, CertificateErrorKind, ChainFault, extensions::Extensions, root_certificates::Roots};
use crate::{
    sign::{KeyAlgorithm, PublicKey},
    types::DateTime,
};

/// Alipay's chains have one.
const MAX_AUTHORITIES: usize = 4;
/// Enough for a few authorities of the same name. A file from outside may contain thousands.
const MAX_CHECKS: usize = 32;

/// Checks that the certificate's key is long enough, and of this algorithm.
pub(super) fn check_key(certificate: &Certificate, algorithm: KeyAlgorithm) -> Result<(), CertificateErrorKind> {
    if strong_key(certificate, algorithm).is_some() {
        Ok(())
    } else {
        Err(fault(certificate, ChainFault::ShortKey))
    }
}

fn strong_key(certificate: &Certificate, algorithm: KeyAlgorithm) -> Option<PublicKey> {
    let key = certificate.public_key().ok()?;
    (key.algorithm() == algorithm && key.is_strong()).then_some(key)
}

/// Checks that the certificate is for signing, is valid now, and leads to a root through the certificates of its file and `others`.
///
/// A root is trusted because its key is in the bundle. A certificate that only has the name of a root is not one.
pub(super) fn check(
    leaf: &Certificate,
    others: &[Certificate],
    roots: &Roots,
    now: DateTime,
) -> Result<(), CertificateErrorKind> {
    leaf.check_validity(now)?;
    let extensions = leaf
        .extensions()
        .filter(Extensions::is_understood)
        .ok_or_else(|| fault(leaf, ChainFault::Extensions))?;
    if !extensions.may_sign() {
        return Err(fault(leaf, ChainFault::KeyUsage));
    }
    let mut climb = Climb {
        authorities: leaf.companions().iter().chain(others).collect(),
        roots,
        now,
        checks_left: MAX_CHECKS,
    };
    climb.from(leaf, &mut Vec::new())
}

struct Climb<'a> {
    authorities: Vec<&'a Certificate>,
    roots: &'a Roots,
    now: DateTime,
    checks_left: usize,
}

impl<'a> Climb<'a> {
    /// Continues from a certificate that was reached through these authorities, of which it is the last.
    fn from(&mut self, certificate: &Certificate, way: &mut Vec<&'a Certificate>) -> Result<(), CertificateErrorKind> {
        let below = way.len();
        if !certificate.algorithm().is_trusted(self.roots.algorithm()) {
            let oid = certificate.algorithm().oid().to_owned();
            return Err(fault(certificate, ChainFault::Algorithm { oid }));
        }
        let issuer = certificate.issuer();
        let mut trouble = Trouble::Name(ChainFault::IssuerUnknown {
            issuer: issuer.to_owned(),
        });
        for root in self.roots.certificates().iter().filter(|root| root.subject() == issuer) {
            match self.check(certificate, root, below) {
                Ok(()) => return Ok(()),
                Err(fault) => trouble.learn(Trouble::of(fault)),
            }
        }
        for index in 0..self.authorities.len() {
            let authority = self.authorities[index];
            // An authority that is already on the way leads nowhere new.
            if authority.subject() != issuer || way.iter().any(|passed| passed.is_same_holder(authority)) {
                continue;
            }
            if below == MAX_AUTHORITIES {
                return Err(fault(certificate, ChainFault::TooLong));
            }
            match self.check(certificate, authority, below) {
                Ok(()) => {
                    way.push(authority);
                    let above = self.from(authority, way);
                    way.pop();
                    match above {
                        Ok(()) => return Ok(()),
                        Err(kind) => trouble.learn(Trouble::Above(kind)),
                    }
                }
                Err(fault) => trouble.learn(Trouble::of(fault)),
            }
        }
        Err(match trouble {
            Trouble::Above(kind) => kind,
            Trouble::Name(reason) | Trouble::Signature(reason) | Trouble::Issuer(reason) => fault(certificate, reason),
        })
    }

    /// Checks that the issuer vouches for the certificate.
    fn check(&mut self, certificate: &Certificate, issuer: &Certificate, below: usize) -> Result<(), ChainFault> {
        self.checks_left = self.checks_left.checked_sub(1).ok_or(ChainFault::TooLong)?;
        let name = || issuer.subject().to_owned();
        let key = strong_key(issuer, self.roots.algorithm()).ok_or_else(|| ChainFault::IssuerKey { issuer: name() })?;
        if !certificate.is_signed_by(&key) {
            return Err(ChainFault::BadSignature { issuer: name() });
        }
        if issuer.check_validity(self.now).is_err() {
            return Err(ChainFault::IssuerNotValid {
                issuer: name(),
                not_before: issuer.not_before(),
                not_after: issuer.not_after(),
            });
        }
        let may_issue = issuer
            .extensions()
            .is_some_and(|extensions| extensions.is_understood() && extensions.may_issue(below));
        if !may_issue {
            return Err(ChainFault::NotAnAuthority { issuer: name() });
        }
        Ok(())
    }
}

/// Why a way to a root ended. The one that came farthest is reported.
enum Trouble {
    /// No certificate has the issuer's name.
    Name(ChainFault),
    /// A certificate has the issuer's name, but its key did not sign.
    Signature(ChainFault),
    /// The issuer signed, but may not issue.
    Issuer(ChainFault),
    /// The issuer is right, but does not lead to a root.
    Above(CertificateErrorKind),
}

impl Trouble {
    fn of(fault: ChainFault) -> Self {
        match fault {
            ChainFault::BadSignature { .. } => Self::Signature(fault),
            _ => Self::Issuer(fault),
        }
    }

    fn learn(&mut self, other: Self) {
        if other.distance() >= self.distance() {
            *self = other;
        }
    }

    fn distance(&self) -> u8 {
        match self {
            Self::Name(_) => 0,
            Self::Signature(_) => 1,
            Self::Issuer(_) => 2,
            Self::Above(_) => 3,
        }
    }
}

fn fault(certificate: &Certificate, fault: ChainFault) -> CertificateErrorKind {
    CertificateErrorKind::Chain {
        subject: certificate.subject().to_owned(),
        fault,
    }
}
