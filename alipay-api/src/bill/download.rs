//! Fetching the file: from hosts that are known, over TLS, with nothing of the caller's.

use bytes::Bytes;
use http::{
    Method, StatusCode, Uri,
    header::LOCATION,
    uri::{Authority, Parts, Scheme},
};
use tokio::time::{Instant, timeout_at};

use super::{BillError, BillErrorKind};
use crate::{
    client::is_loopback,
    transport::{MethodName, Request, RequestBody, Transport, TransportError, TransportErrorKind},
};

/// Where Alipay has its bills, in production and in the sandbox.
pub(super) const HOSTS: [&str; 2] = ["dwbillcenter.alipay.com", "dwbillcenter.alipaydev.com"];

/// So many redirects are followed, each to an allowed host.
const REDIRECTS: usize = 3;

/// Where to fetch from, and how long it may take.
pub(super) struct Fetching<'a> {
    pub(super) transport: &'a dyn Transport,
    /// What its requests are named for a transport.
    pub(super) method: &'static str,
    pub(super) hosts: &'a [String],
    pub(super) limit: usize,
    pub(super) deadline: Instant,
}

impl Fetching<'_> {
    /// Fetches the file at this address.
    pub(super) async fn fetch(&self, address: &str) -> Result<Bytes, BillError> {
        let late = |_| BillError::new(BillErrorKind::Timeout, "the bill was not downloaded in time");
        timeout_at(self.deadline, self.follow(address)).await.map_err(late)?
    }

    async fn follow(&self, address: &str) -> Result<Bytes, BillError> {
        let mut address = self.allowed(address)?;
        for _ in 0..=REDIRECTS {
            let response = self
                .transport
                .send(request(&address, self.method))
                .await
                .map_err(broken)?;
            let status = response.status();
            if !status.is_redirection() {
                if status != StatusCode::OK {
                    let message = format!("the bill's server answers with the status {}", status.as_u16());
                    return Err(BillError::new(BillErrorKind::Status(status.as_u16()), message));
                }
                let collected = response.into_body().collect(self.limit).await;
                return collected.map_err(|error| match error.kind() {
                    TransportErrorKind::TooLarge => {
                        BillError::new(BillErrorKind::TooLarge, "the bill is larger than the limit").with_source(error)
                    }
                    _ => broken(error),
                });
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let location = location.ok_or_else(|| refused("the bill's server redirects to nowhere".to_owned()))?;
            address = match location.strip_prefix('/') {
                // A path on the same host.
                Some(rest) if !rest.starts_with('/') => self.allowed(&format!("{}{location}", origin(&address)))?,
                _ => self.allowed(location)?,
            };
        }
        Err(refused("the bill's server redirects again and again".to_owned()))
    }

    /// An address that may be fetched. One of `http` is fetched over TLS all the same, unless it is on this machine.
    fn allowed(&self, address: &str) -> Result<Uri, BillError> {
        let unreadable = || refused("the bill is at an address that can't be read".to_owned());
        let mut parts = address.parse::<Uri>().map_err(|_| unreadable())?.into_parts();
        let authority = parts.authority.clone().ok_or_else(unreadable)?;
        let is_here = is_loopback(authority.host());
        let is_tls = parts.scheme == Some(Scheme::HTTPS);
        if !is_tls && parts.scheme != Some(Scheme::HTTP) {
            return Err(unreadable());
        }
        let host = authority.host().to_ascii_lowercase();
        if !self.is_allowed(&authority, is_tls) {
            return Err(refused(format!(
                "the bill is at {host}, which is no host that bills are downloaded from: see Bills::allow_host"
            )));
        }
        if !is_tls && !is_here {
            if authority.port().is_some() {
                return Err(refused(format!("the bill is at {host} without TLS")));
            }
            parts.scheme = Some(Scheme::HTTPS);
        }
        Uri::from_parts(with_path(parts)).map_err(|_| unreadable())
    }

    /// Whether the host is one of those that are known: by its name alone at the usual port, or with its port.
    fn is_allowed(&self, authority: &Authority, is_tls: bool) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let usual = if is_tls { 443 } else { 80 };
        let port = authority.port_u16();
        let is_usual = port.is_none_or(|port| port == usual);
        let host = authority.host().to_ascii_lowercase();
        let with_port = format!("{host}:{}", port.unwrap_or(usual));
        self.hosts
            .iter()
            .any(|allowed| *allowed == with_port || (is_usual && *allowed == host))
    }
}

/// The scheme and the host of an address.
fn origin(address: &Uri) -> String {
    let scheme = address.scheme_str().unwrap_or("https");
    let authority = address.authority().map_or("", Authority::as_str);
    format!("{scheme}://{authority}")
}

/// An address without a path has the root for one.
fn with_path(mut parts: Parts) -> Parts {
    parts.path_and_query = parts.path_and_query.or_else(|| "/".parse().ok());
    parts
}

/// Neither a signature nor a token goes with it: the address is all that it takes.
fn request(address: &Uri, method: &'static str) -> Request {
    let mut request = Request::new(RequestBody::from(Bytes::new()));
    *request.method_mut() = Method::GET;
    *request.uri_mut() = address.clone();
    request.extensions_mut().insert(MethodName::new(method));
    request
}

fn refused(message: String) -> BillError {
    BillError::new(BillErrorKind::Address, message)
}

fn broken(error: TransportError) -> BillError {
    let kind = match error.kind() {
        TransportErrorKind::Timeout => BillErrorKind::Timeout,
        _ => BillErrorKind::Transport,
    };
    BillError::new(kind, "the bill was not downloaded").with_source(error)
}
