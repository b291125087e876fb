//! The results are compared with the `openssl` command line and with Java, which don't share this code.

mod bundles;
mod chain;
mod credentials;
mod exchange;
mod extensions;
mod fetches;
mod garbage;
mod gateway;
mod java;
mod leaves;
mod misuse;
mod openssl;
mod rollover;
mod serials;
#[cfg(feature = "sm2")]
mod sm2;
mod validity;

use super::{Certificate, CertificateErrorKind, RootCertificates};
