//! From a certificate up to a root.
//!
//! Only what Alipay's chains need: RSA, names, signatures, validity, basic constraints and key usage. What asks for more is
//! refused. There is no revocation: Alipay publishes none that a client is told to ask for.

use super::{Certificate, CertificateErrorKind, ChainFault, RootCertificates, extensions::Extensions};
use crate::types::DateTime;

/// Alipay's chains have one.
const MAX_AUTHORITIES: usize = 4;
/// Enough for a few authorities of one name. A file from outside may hold thousands.
const MAX_CHECKS: usize = 32;
const MIN_KEY_BITS: usize = 2048;

/// Checks that the certificate's key is long enough to be trusted for nothing but its certificate.
pub(super) fn check_key(certificate: &Certificate) -> Result<(), CertificateErrorKind> {
    if certificate.public_key().is_ok_and(|key| key.bits() >= MIN_KEY_BITS) {
        Ok(())
    } else {
        Err(fault(certificate, ChainFault::ShortKey))
    }
}

/// Checks that the certificate is for signing, valid now, and leads to a root by way of what is in its file and `others`.
///
/// A root is trusted for being in the bundle, by its key: one that only has a root's name is none.
pub(super) fn check(
    leaf: &Certificate,
    others: &[Certificate],
    roots: &RootCertificates,
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
        roots: roots.certificates(),
        now,
        checks_left: MAX_CHECKS,
    };
    climb.from(leaf, &mut Vec::new())
}

struct Climb<'a> {
    authorities: Vec<&'a Certificate>,
    roots: &'a [Certificate],
    now: DateTime,
    checks_left: usize,
}

impl<'a> Climb<'a> {
    /// Climbs from a certificate that was reached by way of these authorities, itself the last.
    fn from(&mut self, certificate: &Certificate, way: &mut Vec<&'a Certificate>) -> Result<(), CertificateErrorKind> {
        let below = way.len();
        if !certificate.algorithm().is_trusted() {
            let oid = certificate.algorithm().oid().to_owned();
            return Err(fault(certificate, ChainFault::Algorithm { oid }));
        }
        let issuer = certificate.issuer();
        let mut trouble = Trouble::Name(ChainFault::IssuerUnknown {
            issuer: issuer.to_owned(),
        });
        for root in self.roots.iter().filter(|root| root.subject() == issuer) {
            match self.check(certificate, root, below) {
                Ok(()) => return Ok(()),
                Err(fault) => trouble.learn(Trouble::of(fault)),
            }
        }
        for index in 0..self.authorities.len() {
            let authority = self.authorities[index];
            // One that was on the way already leads nowhere new.
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

    /// Whether the issuer vouches for the certificate.
    fn check(&mut self, certificate: &Certificate, issuer: &Certificate, below: usize) -> Result<(), ChainFault> {
        self.checks_left = self.checks_left.checked_sub(1).ok_or(ChainFault::TooLong)?;
        let name = || issuer.subject().to_owned();
        let key = issuer
            .public_key()
            .ok()
            .filter(|key| key.bits() >= MIN_KEY_BITS)
            .ok_or_else(|| ChainFault::IssuerKey { issuer: name() })?;
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

/// Where a way up ended. The farther it came, the more its end says.
enum Trouble {
    /// Nobody has the issuer's name.
    Name(ChainFault),
    /// Somebody has the name, and did not sign.
    Signature(ChainFault),
    /// The issuer signed, and may not.
    Issuer(ChainFault),
    /// The issuer is as it should be, but leads to no root.
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
