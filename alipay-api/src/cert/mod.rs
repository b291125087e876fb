//! The certificates of certificate mode (公钥证书模式): the app's, Alipay's, and the root bundle.
//!
//! Certificate mode names certificates by serials of Alipay's own making, for which see
//! [`Certificate::alipay_serial`] and [`RootCertificates::alipay_serial`]. Give the certificates as text to
//! [`Credentials::certificates`](crate::Credentials::certificates), or read them from files first:
//!
//! ```no_run
//! use alipay_api::{
//!     Credentials,
//!     cert::{Certificate, RootCertificates},
//!     sign::PrivateKey,
//! };
//!
//! let credentials = Credentials::from_certificates(
//!     PrivateKey::from_file("app_private_key.pem")?,
//!     Certificate::from_file("appCertPublicKey_2021000000000000.crt")?,
//!     Certificate::from_file("alipayCertPublicKey_RSA2.crt")?,
//!     RootCertificates::from_file("alipayRootCert.crt")?,
//! )?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
