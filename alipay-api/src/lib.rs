// The README's links to files lead to the package's source here: the first definition of a link counts.
#![doc = "[中文]: https://docs.rs/crate/alipay-api/latest/source/README.zh-CN.md"]
#![doc = "[SECURITY.md]: https://docs.rs/crate/alipay-api/latest/source/SECURITY.md"]
#![doc = ""]
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "bill")]
pub mod bill;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod cert;
mod charset;
mod client;
pub mod clock;
mod credentials;
#[cfg(feature = "encryption")]
pub mod encryption;
#[cfg(not(feature = "encryption"))]
#[allow(unreachable_pub)]
mod encryption;
mod error;
mod exchange;
#[cfg(any(feature = "fund", feature = "trade"))]
pub mod flows;
#[rustfmt::skip]
mod generated;
#[doc(hidden)]
pub mod codec;
pub mod guide;
#[cfg(feature = "isv")]
pub mod isv;
pub mod method;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(not(feature = "metrics"))]
mod metrics;
pub mod notify;
pub mod oauth;
mod protocol;
pub mod random;
mod redact;
pub mod retry;
mod runtime;
pub mod sign;
pub mod transport;
pub mod types;
#[cfg(any(feature = "actix", feature = "axum"))]
pub mod web;

pub use self::{
    client::{
        AppCall, Call, CallFuture, CallWithMetadata, CheckError, CheckErrorKind, Checked, Client, ClientBuilder, Items,
        PageCall, PageOrAppCall, Pages, RawCall, RawResponse, RawV3Call,
    },
    credentials::Credentials,
    error::{Error, ErrorClass, ErrorForTests, ErrorKind},
    exchange::ResponseMetadata,
    generated::*,
    method::Outcome,
    protocol::Protocol,
};

/// For the macros of `codec`, and for benchmarks.
#[doc(hidden)]
pub mod __private {
    pub use serde_core;

    pub use crate::client::{build_request, read_answer};
}
