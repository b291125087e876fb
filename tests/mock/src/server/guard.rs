//! Protects the console and the control endpoints: programs and the gateway's own pages may use them. Web pages of other sites that a developer has open may not: a
//! browser lets them post to any address, and read from any host name of their own, which may resolve to `127.0.0.1`.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{Response, StatusCode, header};
use axum::middleware::Next;
use serde_json::json;

use super::control::answer;
use crate::origin;

/// The name of a host: no port, no scheme, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(String);

/// A text that is not a host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name: give one such as alipay-mock or 192.168.0.2, without a scheme, a port or a path")]
pub struct BadHostName(String);

impl FromStr for HostName {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<Self, BadHostName> {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(Self(bare.to_ascii_lowercase()));
        }
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
        if text.trim_end_matches('.').is_empty() || !text.chars().all(is_plain) {
            return Err(BadHostName(text.to_owned()));
        }
        Ok(Self(normal(text)))
    }
}

/// By which names the gateway is known.
pub(crate) struct Guard {
    bound: SocketAddr,
    allowed: Vec<HostName>,
}

impl Guard {
    pub(crate) fn new(bound: SocketAddr, allowed: Vec<HostName>) -> Self {
        Self { bound, allowed }
    }

    /// What is wrong with a request, if anything.
    fn refusal(&self, request: &Request) -> Option<String> {
        let mut named = None;
        // A target in absolute form has the name too, and goes before the header.
        let target = request.uri().authority().map(Authority::as_str);
        let header = request.headers().get_all(header::HOST).iter();
        for text in target
            .into_iter()
            .chain(header.map(|host| host.to_str().unwrap_or_default()))
        {
            let authority = text.parse::<Authority>().ok();
            let Some(authority) = authority.filter(|authority| self.knows(authority.host())) else {
                let text = text.escape_debug();
                return Some(format!(
                    "the console and the control endpoints don't answer to the host `{text}`: name it with --allow-host, or with Builder::allow_host"
                ));
            };
            named = Some(authority);
        }
        let Some(host) = named else {
            return Some("the request has no Host header".to_owned());
        };
        let foreign = origin::foreign(request.headers(), |origin| origin.eq_ignore_ascii_case(host.as_str()))?;
        Some(format!(
            "a page of {foreign:?} may not use the console and the control endpoints: only the gateway's own pages may, and programs that are no browsers"
        ))
    }

    fn knows(&self, host: &str) -> bool {
        let host = normal(host);
        if self.allowed.iter().any(|HostName(name)| *name == host) {
            return true;
        }
        match host.parse::<IpAddr>() {
            // No foreign host name is an address. Where the gateway listens on all addresses, this is one of them.
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || self.bound.ip().is_unspecified() || address == self.bound.ip().to_canonical()
            }
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

/// A name as it is compared.
fn normal(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.trim_end_matches('.').to_ascii_lowercase()
}

/// Passes on the requests that are allowed.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response<Body> {
    match guard.refusal(&request) {
        Some(error) => answer(StatusCode::FORBIDDEN, &json!({ "error": error })),
        None => next.run(request).await,
    }
}
