//! The certificates of certificate mode (公钥证书模式): the app's, Alipay's, and the root bundle.
//!
//! Certificate mode names certificates by serials of Alipay's own making, for which see
//! [`Certificate::alipay_serial`] and [`RootCertificates::alipay_serial`]. Give the certificates to
//! [`Credentials::certificates`](crate::Credentials::certificates) as text, or to
//! [`Credentials::certificates_from_files`](crate::Credentials::certificates_from_files).
//!
//! # When Alipay changes its certificate
//! Answers and notifications name the certificate that they are signed with. One that is not at hand is fetched with
//! `alipay.open.app.alipaycert.download`: by the call whose answer names it, or by
//! [`Notifications::receive`](crate::notify::Notifications::receive). All calls that need it wait for one fetch, each
//! within its own time. A fetch is not begun again within a minute, whatever came of it, and only a few are begun in all,
//! because anyone can send a notification that names a certificate.
//!
//! A fetched certificate is trusted if it is valid now and leads to one of the root certificates, every signature on the
//! way holds and every issuer may issue; if it has the serial that was asked for; and if it was issued to the same common
//! name as the configured one, since Alipay's roots vouch for merchants' certificates too. It is then kept in memory: put it
//! into your configuration before the present one expires.
//!
//! The configured certificate is trusted for being configured. Its file may hold the leaf alone. If it does not lead to the
//! root certificates, a client is built all the same, with a warning in the log: those of Alipay's sandbox don't, so when
//! the sandbox changes its certificate, download the new one and configure it.
//!
//! Only what certificate mode needs is read, straight from the DER. A parser that holds certificates to RFC 5280 may refuse
//! members of the root bundle, which are only to be named, and writes names in another form than Java, whose form counts.

mod algorithm;
mod certificate;
mod certificate_error;
mod chain;
mod chain_fault;
mod element;
mod extensions;
mod file;
mod keyring;
mod name;
mod oid;
mod outline;
mod pem;
mod root_certificates;
mod serial;
mod set;
mod tag;
mod time;

#[cfg(test)]
mod tests;

pub use self::{
    certificate::Certificate,
    certificate_error::{CertificateError, CertificateErrorKind},
    chain_fault::ChainFault,
    root_certificates::RootCertificates,
};
pub(crate) use self::{
    keyring::{Accepted, Cause, Errand, Keyring, Step},
    set::Certificates,
};
