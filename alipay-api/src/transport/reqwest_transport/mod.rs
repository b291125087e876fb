//! The default transport: reqwest over rustls.

mod builder;
mod cause;
mod failure;
mod io;
mod proxy;
mod tls;

use std::fmt;

pub use self::builder::ReqwestTransportBuilder;
use self::io::io_or_error;
use super::{BoxFuture, Request, RequestBody, Response, ResponseBody, Transport, TransportError, TransportErrorKind};
use crate::Error;

/// The default transport: a pooled HTTP client over rustls.
///
/// It keeps its connections (over HTTP/2 it pings them: one that has gone silent is given up within 15 seconds), trusts the platform's root
/// certificates, and goes through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`), except to hosts in
/// `NO_PROXY`. A proxy of the environment is of `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`; what is none of these is not used.
///
/// A client without a [transport](crate::ClientBuilder::transport) of its own makes one. Make it yourself to wrap it, or to share its connections
/// between clients: a clone shares them too. Needs the feature `reqwest`, a default one.
// TCP's own limits on a silent peer are reqwest's defaults. They do not see a proxy or balancer that acknowledges bytes which nobody behind
// it reads: for HTTP/2, where one connection carries all calls, the builder's pings do.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    /// Whether the client follows no redirects.
    is_known: bool,
}

impl ReqwestTransport {
    /// One with the defaults.
    ///
    /// # Errors
    /// Those of [`ReqwestTransportBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Begins one with a proxy or another limit on connecting.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new()
    }

    /// Sends by an HTTP client of yours, such as one with other root certificates.
    ///
    /// Build it with these; nothing here can ask the client whether it was, but for what the first line says:
    ///
    /// - `.redirect(reqwest::redirect::Policy::none())`: a redirect carries the signed request, with what it says of your customers, to wherever
    ///   the redirect points, and may have it carried out twice. The answer to a request that was redirected to another address is refused, and
    ///   the outcome is unknown. A request's body is never sent a second time.
    /// - `.retry(reqwest::retry::never())`: only this library knows which call may be sent again.
    /// - `.connect_timeout(…)`, 5 seconds in the default transport: [`ClientBuilder::connect_timeout`](crate::ClientBuilder::connect_timeout)
    ///   is for that one alone. Other timeouts are not needed: each attempt has [its own](crate::ClientBuilder::attempt_timeout).
    /// - `.http2_keep_alive_interval(…)`, `.http2_keep_alive_timeout(…)` and `.http2_keep_alive_while_idle(true)`: otherwise calls over an
    ///   HTTP/2 connection whose peer has gone silent fail one after the other.
    ///
    /// Its proxies, certificates and TLS versions are yours as well. It has to verify certificates: answers are signed, but what is sent is
    /// not encrypted otherwise.
    ///
    /// The `reqwest` that it comes from is of the version that this library uses: [`transport::reqwest`](crate::transport::reqwest).
    pub fn from_client(client: reqwest::Client) -> Self {
        Self {
            client,
            is_known: false,
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        // A client that may follow redirects, or retry, is given what can be read once only.
        let request = if self.is_known {
            request
        } else {
            request.map(RequestBody::once)
        };
        let request: reqwest::Request = request.try_into().map_err(failure::before_sending)?;
        let url = (!self.is_known).then(|| request.url().clone());
        let response = self.client.execute(request).await.map_err(failure::of_request)?;
        if url.is_some_and(|url| url != *response.url()) {
            return Err(TransportError::new(TransportErrorKind::Broken).with_source(
                "the HTTP client has followed a redirect: build it with .redirect(reqwest::redirect::Policy::none())",
            ));
        }
        let answer: http::Response<reqwest::Body> = response.into();
        Ok(answer.map(|body| ResponseBody::stream(failure::OfAnswer(body))))
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let exchanged = io_or_error(self.exchange(request)).await;
            exchanged.map_err(|no_io| TransportError::new(TransportErrorKind::Unusable).with_source(no_io))?
        })
    }
}

/// What reqwest shows of its client has the proxies in it, with their passwords.
impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
