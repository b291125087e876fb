//! The certificates that a client in certificate mode works with.

use std::time::SystemTime;

use super::{Certificate, CertificateError, RootCertificates};
use crate::{Error, ErrorKind, types::DateTime};

/// How long before a certificate's end there are warnings, in seconds: 30 days.
const NOTICE: i64 = 30 * 24 * 3600;

/// What the keys of [`Credentials`](crate::Credentials) in certificate mode were taken from.
#[derive(Debug)]
pub(crate) struct Certificates {
    app: Certificate,
    alipay: Certificate,
    roots: RootCertificates,
}

impl Certificates {
    pub(crate) fn new(app: Certificate, alipay: Certificate, roots: RootCertificates) -> Self {
        Self { app, alipay, roots }
    }

    /// The parameter `app_cert_sn`.
    pub(crate) fn app_cert_sn(&self) -> &str {
        self.app.alipay_serial()
    }

    /// The parameter `alipay_root_cert_sn`.
    pub(crate) fn alipay_root_cert_sn(&self) -> &str {
        self.roots.alipay_serial()
    }

    /// What an answer's `alipay_cert_sn` should be.
    pub(crate) fn alipay_cert_sn(&self) -> &str {
        self.alipay.alipay_serial()
    }

    /// Refuses a certificate that is not valid now, and warns of one that soon won't be. The roots only have to be named.
    pub(crate) fn check_validity(&self, now: SystemTime) -> Result<(), Error> {
        let now = DateTime::try_from(now)
            .map_err(|error| Error::new(ErrorKind::Configuration, format!("the clock's time is {error}")))?;
        for (which, certificate) in [
            ("the app's certificate", &self.app),
            ("Alipay's certificate", &self.alipay),
        ] {
            certificate.check_validity(now).map_err(|error| invalid(which, error))?;
            if certificate
                .not_after()
                .unix_seconds()
                .saturating_sub(now.unix_seconds())
                < NOTICE
            {
                tracing::warn!(
                    subject = certificate.subject(),
                    not_after = %certificate.not_after(),
                    "{which} expires within 30 days: renew it on the open platform"
                );
            }
        }
        Ok(())
    }
}

fn invalid(which: &str, error: CertificateError) -> Error {
    Error::new(ErrorKind::Configuration, format!("{which}: {error}")).with_source(error)
}
