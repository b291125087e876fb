//! The certificates of certificate mode (公钥证书模式): the app's, Alipay's, and the root bundle.
//!
//! Certificate mode names certificates by serials of Alipay's own making, for which see
//! [`Certificate::alipay_serial`] and [`RootCertificates::alipay_serial`]. Give the certificates to
//! [`Credentials::certificates`](crate::Credentials::certificates) as text, or to
//! [`Credentials::certificates_from_files`](crate::Credentials::certificates_from_files).
//!
//! # When Alipay changes its certificate
//! Answers and notifications name the certificate that signed them. An unknown one is fetched with
//! `alipay.open.app.alipaycert.download`: by the call whose answer names it, or by
//! [`Notifications::receive`](crate::notify::Notifications::receive). All calls that need the same certificate wait for one fetch,
//! each within its own timeout; each certificate has a fetch of its own.
//!
//! After a failure that may pass, such as a broken connection or a status of 500 or more, the fetch is retried for as long as a call may
//! take. If it still fails, a new fetch may start two seconds later. A fetch that found no trustworthy certificate is not repeated within a
//! minute. In each minute, answers may start 20 fetches and notifications 5, because anyone can send a notification that names a
//! certificate. The result of a notification's fetch does not keep an answer from fetching again. Once the 5 fetches of a minute are used up,
//! a notification that names an unknown certificate makes the client send a harmless call of its own, at most one every ten seconds. The
//! signed answer names the certificate that Alipay signs with now. So forged notifications don't block genuine ones.
//!
//! A signature that names no certificate is verified with every certificate that the client knows. Nothing can be fetched for it.
//!
//! A fetched certificate is trusted if all of this holds:
//!
//! * It is valid now and leads to one of the root certificates; every signature on the way holds, and every issuer may issue certificates.
//! * It has the serial that was requested.
//! * Its key has 2048 bits or more.
//! * It was issued to the same common name, organisation and country as the configured certificate. Alipay's roots also vouch for the
//!   certificates of merchants, so this must be checked.
//!
//! It is then kept in memory. Put it into your configuration before the current one expires.
//!
//! The configured certificate is trusted because you configured it. A client can't be built with an expired one. If it expires while the
//! client is in use, it stays trusted, with a warning in the log every hour, because Alipay may still sign with it. Its file may contain only
//! the certificate itself: then nothing is checked against the roots. If the file contains more, and the certificate does not lead to
//! the roots, the client is built, with a warning in the log. This is so for the certificates of Alipay's sandbox: when the sandbox
//! changes its certificate, download the new one and configure it.
//!
//! This module reads only what certificate mode needs, directly from the DER. A parser that enforces RFC 5280 may refuse some certificates
//! of the root bundle, which only have to be named, and writes names in another form than Java, whose form counts here.

mod algorithm;
mod certificate;
mod certificate_error;
mod chain;
mod chain_fault;
mod element;
mod extensions;
mod fetch;
mod file;
mod keyring;
mod name;
mod oid;
mod outline;
mod pem;
mod place;
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
    fetch::{Cause, End, Failure, FetchTask, SIGN_OF_LIFE, Wanted},
    keyring::{Keyring, Step, unknown_certificate},
    place::Place,
    set::Certificates,
};
