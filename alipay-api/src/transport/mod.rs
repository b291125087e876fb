//! How requests get to the gateway and answers back: the [`Transport`], and the default one, [`ReqwestTransport`].
//!
//! The [guide](crate::guide::transport) shows proxies, an HTTP client of your own and transports that wrap another.

mod error;
mod method_name;
mod request_body;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
mod response_body;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

#[cfg(feature = "reqwest")]
pub use reqwest;
pub use {bytes, http, http_body};

#[cfg(feature = "reqwest")]
pub use self::reqwest_transport::{ReqwestTransport, ReqwestTransportBuilder};
pub use self::{
    error::{TransportError, TransportErrorKind},
    method_name::MethodName,
    request_body::RequestBody,
    response_body::ResponseBody,
};
pub(crate) use self::{request_body::Fate, response_body::collected};

/// How many bytes the body of an answer may have: 8 MiB. The client reads no more of it, whatever its transport.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// A boxed future, as object-safe async traits return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a transport sends: signed, with the [name of its method](MethodName) as an extension.
pub type Request = http::Request<RequestBody>;

/// What a transport gives back: nothing of it is verified.
pub type Response = http::Response<ResponseBody>;

/// Sends one HTTP request and gives its answer: reqwest over rustls by default, or one of your own.
///
/// It must not follow redirects, which would carry the signed request to another host, and must not retry: only the client knows which calls may
/// be sent twice. The client limits the time of an attempt, and then drops the future and the answer's body; the transport limits the time for
/// connecting. An answer's body may come as it is read; the client reads it whole, up to [`MAX_BODY`] bytes, before anything of it is believed.
///
/// A transport can wrap another, and `Arc<T>` is a transport where `T` is one: several clients can share it.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request, and gives the answer once its head has come.
    ///
    /// An error says by its [kind](TransportErrorKind) whether the request may have been sent.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        (**self).send(request)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        (**self).send(request)
    }
}
