use std::{error::Error as StdError, fmt, time::Duration};

use super::{
    ReqwestTransport,
    cause::Cause,
    proxy::{self, ProxyError},
    tls::{self, TlsError},
};
use crate::{Error, ErrorKind, types::Secret};

/// When an HTTP/2 connection counts as dead: pings are sent even when no call is under way, for an idle connection is what the next call takes.
#[derive(Clone, Copy)]
pub(super) struct KeepAlive {
    /// Between two pings.
    pub(super) interval: Duration,
    /// For the answer to one.
    pub(super) timeout: Duration,
}

/// Together they are less than the time that an attempt has by default, so that a read has time for another.
const KEEP_ALIVE: KeepAlive = KeepAlive {
    interval: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
};

/// Builds a [`ReqwestTransport`]: from [`ReqwestTransport::builder`].
#[derive(Clone)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    /// It may have a password in it.
    proxy: Option<Secret>,
}

impl ReqwestTransportBuilder {
    pub(super) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            proxy: None,
        }
    }

    /// How long connecting may take, through a proxy too; 5 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The proxy for all requests, in place of those that the environment names; `NO_PROXY` is not looked at either.
    ///
    /// Its URL is of `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`, with a user and a password if it wants them:
    /// `http://user:password@proxy.example:3128`. Special characters of the password are in percent-encoding (`%40` for `@`). With `socks4`
    /// and `socks5` this machine looks up the gateway's name, and with the others the proxy does. Neither `Debug` nor an error shows the URL.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Whether there is a proxy that is not the environment's.
    pub(crate) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// Builds the transport. It connects when something is sent.
    ///
    /// # Errors
    /// Of the kind [`Configuration`](ErrorKind::Configuration): the proxy's URL is none, the machine has no root certificates, or TLS has no
    /// cryptography: neither of the features `aws-lc` and `ring` is on, and the process has installed no default provider for rustls.
    pub fn build(&self) -> Result<ReqwestTransport, Error> {
        self.build_for(true)
    }

    /// Builds one that needs TLS, or may do without: for a gateway of `http`.
    pub(crate) fn build_for(&self, needs_tls: bool) -> Result<ReqwestTransport, Error> {
        let client = self
            .client(needs_tls)
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()).with_source(error))?;
        Ok(ReqwestTransport { client, is_known: true })
    }

    fn client(&self, needs_tls: bool) -> Result<reqwest::Client, SetUpError> {
        let proxy = self.proxy.as_ref().map(|url| proxy::parse(url.expose()));
        let proxy = proxy.transpose().map_err(SetUpError::Proxy)?;
        let is_https = proxy.as_ref().is_some_and(|(_, is_https)| *is_https);
        let tls = tls::config(needs_tls || is_https).map_err(SetUpError::Tls)?;
        let mut builder = client_builder(self.connect_timeout, KEEP_ALIVE).tls_backend_preconfigured(tls);
        if let Some((proxy, _)) = proxy {
            // Then it takes none from the environment.
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| SetUpError::Client(error.into()))
    }
}

pub(super) fn client_builder(connect_timeout: Duration, keep_alive: KeepAlive) -> reqwest::ClientBuilder {
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

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReqwestTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("has_proxy", &self.has_proxy())
            .finish_non_exhaustive()
    }
}

/// The HTTP client can't be set up.
#[derive(Debug)]
enum SetUpError {
    Proxy(ProxyError),
    Tls(TlsError),
    Client(Cause),
}

impl fmt::Display for SetUpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the HTTP client can't be set up")
    }
}

impl StdError for SetUpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Proxy(error) => Some(error),
            Self::Tls(error) => Some(error),
            Self::Client(cause) => Some(cause),
        }
    }
}
