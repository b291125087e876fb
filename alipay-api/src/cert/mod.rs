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
//! within its own time in all; another certificate has a fetch of its own. A fetch goes on after what may pass, such as a
//! broken connection or a status of 500 and more, for as long as a call may take, and may be begun again two seconds after it
//! has ended so. One that found no certificate to be trusted is not begun again within a minute. In a minute the answers of
//! the gateway begin 20 at most and notifications 5, because anyone can send a notification that names a certificate; and
//! what came of a notification's fetch does not keep an answer from another. Once a minute's 5 are used up, a notification that
//! names an unknown certificate has the client make a harmless call of its own, one every ten seconds at most, whose signed answer
//! names the certificate that Alipay signs with at present: forged notifications don't keep out those that are signed with it.
//!
//! What names no certificate is verified by any that is at hand. Nothing can be fetched for it.
//!
//! A fetched certificate is trusted if it is valid now and leads to one of the root certificates, every signature on the
//! way holds and every issuer may issue; if it has the serial that was asked for; if its key has 2048 bits or more; and if it was issued to the
//! same common name, organisation and country as the configured one, since Alipay's roots vouch for merchants' certificates too. It is then kept in memory: put it
//! into your configuration before the present one expires.
//!
//! The configured certificate is trusted for being configured. An expired one is refused when a client is built; one that
//! expires while the client is in use is trusted on, with a warning in the log every hour, because Alipay may go on signing
//! with it. Its file may hold the leaf alone: of whether that leads to the root certificates nothing is said. If there is more
//! in the file, and it does not lead there, a client is built all the same, with a warning in the log: the certificates of
//! Alipay's sandbox don't, so when the sandbox changes its certificate, download the new one and configure it.
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
