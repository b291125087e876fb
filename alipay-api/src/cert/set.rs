//! The certificates of a client in certificate mode.

use std::time::SystemTime;

use super::{
    Certificate, CertificateError, CertificateErrorKind, ChainFault, RootCertificates, chain, place::Place,
    root_certificates::Roots,
};
use crate::{Error, ErrorKind, sign::SignType, types::DateTime};

/// How long before a certificate expires the log warns of it, in seconds: 30 days.
const NOTICE: i64 = 30 * 24 * 3600;

/// The certificates that [`Credentials`](crate::Credentials) in certificate mode were made of.
#[derive(Debug)]
pub(crate) struct Certificates {
    app: Certificate,
    alipay: Certificate,
    roots: Roots,
}

impl Certificates {
    /// The certificates of an app that signs with this type. Only roots of its algorithm are trusted, and named.
    ///
    /// # Errors
    /// A certificate was given in place of another, or no root can be used with the sign type.
    pub(crate) fn new(
        app: Certificate,
        alipay: Certificate,
        roots: RootCertificates,
        sign_type: SignType,
    ) -> Result<Self, Error> {
        let algorithm = sign_type.key_algorithm();
        let roots = roots
            .into_roots(algorithm)
            .map_err(|error| invalid(Place::Roots, error))?
            .ok_or_else(|| {
                let message = format!(
                    "{}: none is signed with {algorithm}, as the app's key is for {sign_type}; {}",
                    Place::Roots,
                    Place::Roots.wanted()
                );
                Error::new(ErrorKind::Configuration, message)
            })?;
        let is_authority = |one: &Certificate| one.is_issuing_authority() || roots.certificates().contains(one);
        let misplaced = |place: Place, what: &str| {
            let message = format!(
                "{place}: the given certificate is an authority's, or {what}; {}",
                place.wanted()
            );
            Err(Error::new(ErrorKind::Configuration, message))
        };
        if is_authority(&alipay) {
            return misplaced(Place::Alipay, "one of the root certificates");
        }
        if is_authority(&app) {
            return misplaced(Place::App, "one of the root certificates");
        }
        Ok(Self { app, alipay, roots })
    }

    /// The app's certificate.
    pub(crate) fn app(&self) -> &Certificate {
        &self.app
    }

    /// The configured certificate of Alipay.
    pub(crate) fn alipay(&self) -> &Certificate {
        &self.alipay
    }

    /// The parameter `app_cert_sn`.
    pub(crate) fn app_cert_sn(&self) -> &str {
        self.app.alipay_serial()
    }

    /// The parameter `alipay_root_cert_sn`.
    pub(crate) fn alipay_root_cert_sn(&self) -> &str {
        self.roots.alipay_serial()
    }

    /// The serial of the configured Alipay certificate: what the `alipay_cert_sn` of an answer should be.
    pub(crate) fn alipay_cert_sn(&self) -> &str {
        self.alipay.alipay_serial()
    }

    /// The last second in which the configured Alipay certificate is valid.
    pub(super) fn alipay_not_after(&self) -> DateTime {
        self.alipay.not_after()
    }

    /// Checks the configured certificates when a client is built. Refuses a certificate that is not valid now, or that its issuer did not
    /// sign, and warns of what will fail later. The roots need no check: they are only named.
    ///
    /// A complete chain is not required. Alipay's certificate is trusted because it is configured, like the key in public-key mode. Its file
    /// may contain the leaf alone, and the sandbox's chain ends in a root that is in no bundle.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), Error> {
        let now = beijing(now)?;
        self.check_validity(now)?;
        match chain::check(&self.alipay, &[], &self.roots, now) {
            Ok(()) => Ok(()),
            Err(kind) if is_forgery(&kind) => {
                let error = CertificateError::from(kind);
                let message = format!("Alipay's certificate: {error}; download it and the root certificates again");
                Err(Error::new(ErrorKind::Configuration, message).with_source(error))
            }
            Err(kind) => {
                // Without the issuer's certificate nothing can be checked. A fetched certificate comes with it.
                if !self.alipay.companions().is_empty() {
                    tracing::warn!(
                        reason = %CertificateError::from(kind),
                        "Alipay's certificate does not lead to the root certificates: Alipay's next certificate will be \
                         refused"
                    );
                }
                Ok(())
            }
        }
    }

    /// Reads and checks a certificate that was fetched for this serial: it must lead to a root, have the serial, and be issued to the same
    /// holder as the configured one. Without the last check a merchant could pose as Alipay: Alipay's roots also vouch for merchants'
    /// certificates.
    pub(super) fn accept(
        &self,
        alipay_cert_sn: &str,
        content: &str,
        now: DateTime,
    ) -> Result<Certificate, CertificateError> {
        let certificate = Certificate::from_content(content)?;
        self.trust(alipay_cert_sn, &certificate, now)?;
        Ok(certificate)
    }

    /// Whether such a certificate is to be trusted.
    pub(super) fn trust(
        &self,
        alipay_cert_sn: &str,
        certificate: &Certificate,
        now: DateTime,
    ) -> Result<(), CertificateError> {
        chain::check(certificate, self.alipay.companions(), &self.roots, now)?;
        if certificate.alipay_serial() != alipay_cert_sn {
            let alipay_serial = certificate.alipay_serial().to_owned();
            return Err(CertificateErrorKind::AnotherSerial { alipay_serial }.into());
        }
        chain::check_key(certificate, self.roots.algorithm())?;
        if !certificate.holder().is(self.alipay.holder()) {
            return Err(CertificateErrorKind::AnotherHolder {
                expected: self.alipay.subject().to_owned(),
                found: certificate.subject().to_owned(),
            }
            .into());
        }
        Ok(())
    }

    fn check_validity(&self, now: DateTime) -> Result<(), Error> {
        for (place, certificate) in [(Place::App, &self.app), (Place::Alipay, &self.alipay)] {
            certificate
                .check_validity(now)
                .map_err(|kind| invalid(place, kind.into()))?;
            if certificate
                .not_after()
                .unix_seconds()
                .saturating_sub(now.unix_seconds())
                < NOTICE
            {
                tracing::warn!(
                    subject = certificate.subject(),
                    not_after = %certificate.not_after(),
                    "{place} expires within 30 days: renew it on the open platform"
                );
            }
        }
        Ok(())
    }
}

fn is_forgery(kind: &CertificateErrorKind) -> bool {
    matches!(
        kind,
        CertificateErrorKind::Chain {
            fault: ChainFault::BadSignature { .. },
            ..
        }
    )
}

/// The clock's time as a Beijing time, like those of certificates.
pub(super) fn beijing(now: SystemTime) -> Result<DateTime, Error> {
    DateTime::try_from(now).map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("the clock's time is out of range: {error}"),
        )
    })
}

fn invalid(place: Place, error: CertificateError) -> Error {
    Error::new(ErrorKind::Configuration, format!("{place}: {error}")).with_source(error)
}
