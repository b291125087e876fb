//! How bytes get to the gateway and back.

mod cause;
mod reqwest;
mod tls;

use std::{error::Error as StdError, fmt, future::Future, pin::Pin};

use bytes::Bytes;

pub(crate) use self::reqwest::ReqwestTransport;

/// A larger answer is not read to its end.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// A boxed future, as object-safe async traits return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one HTTP request and reads its answer: reqwest over rustls by default, a test's own where it needs one.
///
/// It must not follow redirects, must not retry, and must not read more than [`MAX_BODY`] bytes. Timeouts of an attempt are the
/// client's, which drops the future; the time for connecting is the transport's.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>>;
}

/// There is no whole answer.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The sort of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// There was no connection: nothing was sent.
    Connect,
    /// There was no answer in time.
    Timeout,
    /// The answer is larger than [`MAX_BODY`].
    TooLarge,
    /// The connection broke after something may have been sent.
    Broken,
    /// The transport can't work where it is used, such as in a runtime without IO: nothing was sent, and nothing would be the next time.
    Unusable,
}

impl TransportError {
    /// An error of this sort.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what caused it. Its `Display` must not show the request's URL or body.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The sort of error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Connect => formatter.write_str("no connection to the gateway"),
            TransportErrorKind::Timeout => formatter.write_str("no answer in time"),
            TransportErrorKind::TooLarge => write!(formatter, "the answer is larger than {} MiB", MAX_BODY >> 20),
            TransportErrorKind::Broken => formatter.write_str("the connection broke"),
            TransportErrorKind::Unusable => formatter.write_str("the transport can't be used, and nothing was sent"),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
