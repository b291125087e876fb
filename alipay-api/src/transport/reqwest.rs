use std::{error::Error as StdError, fmt, time::Duration};

use bytes::{Bytes, BytesMut};

use super::{
    BoxFuture, MAX_BODY, Transport, TransportError, TransportErrorKind,
    cause::Cause,
    tls::{self, TlsError},
};
use crate::runtime::io_or_error;

/// The default transport: a pooled client over rustls.
///
/// TCP's own limits on a silent peer are reqwest's defaults. They do not see a proxy or balancer that acknowledges bytes which nobody behind
/// it reads: for HTTP/2, where one connection carries all calls, [`KeepAlive`] does.
pub(crate) struct ReqwestTransport(reqwest::Client);

/// When an HTTP/2 connection counts as dead: pings are sent even when no call is under way, for an idle connection is what the next call takes.
#[derive(Clone, Copy)]
struct KeepAlive {
    /// Between two pings.
    interval: Duration,
    /// For the answer to one.
    timeout: Duration,
}

/// Together they are less than the time that an attempt has by default, so that a read has time for another.
const KEEP_ALIVE: KeepAlive = KeepAlive {
    interval: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
};

/// The HTTP client can't be set up.
#[derive(Debug)]
pub(crate) enum SetUpError {
    Tls(TlsError),
    Client(Cause),
}

impl ReqwestTransport {
    /// For a gateway of `https` there have to be root certificates.
    pub(crate) fn new(connect_timeout: Duration, is_https: bool) -> Result<Self, SetUpError> {
        let tls = tls::config(is_https).map_err(SetUpError::Tls)?;
        builder(connect_timeout, KEEP_ALIVE)
            .tls_backend_preconfigured(tls)
            .build()
            .map(Self)
            .map_err(|error| SetUpError::Client(error.into()))
    }

    async fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let request = request
            .try_into()
            .map_err(|error| failed(TransportErrorKind::Connect, error))?;
        let mut response = self.0.execute(request).await.map_err(|error| {
            let kind = if error.is_connect() || error.is_builder() {
                TransportErrorKind::Connect
            } else if error.is_timeout() {
                TransportErrorKind::Timeout
            } else {
                TransportErrorKind::Broken
            };
            failed(kind, error)
        })?;
        let too_large = || TransportError::new(TransportErrorKind::TooLarge);
        if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failed(TransportErrorKind::Broken, error))?
        {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

fn builder(connect_timeout: Duration, keep_alive: KeepAlive) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .http2_keep_alive_interval(keep_alive.interval)
        .http2_keep_alive_timeout(keep_alive.timeout)
        .http2_keep_alive_while_idle(true)
        // A redirect would carry the signed body to wherever it points.
        .redirect(reqwest::redirect::Policy::none())
        // Only this library knows which call may be sent again.
        .retry(reqwest::retry::never())
        .user_agent(concat!("alipay-api-rust/", env!("CARGO_PKG_VERSION")))
}

impl Transport for ReqwestTransport {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
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

impl fmt::Display for SetUpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the HTTP client can't be set up")
    }
}

impl StdError for SetUpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Tls(error) => Some(error),
            Self::Client(cause) => Some(cause),
        }
    }
}

fn failed(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind).with_source(Cause::from(error))
}

#[cfg(test)]
mod tests;
