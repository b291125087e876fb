//! The address by which browsers and phones reach the gateway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::uri::{Scheme, Uri};

/// A text that is not the URL of a host alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a public URL: give one such as http://192.168.0.2:8089, without a path, a query or a user")]
pub struct BadPublicUrl(String);

/// The URL of a host alone, without a slash at its end.
pub(crate) fn parse(text: &str) -> Result<String, BadPublicUrl> {
    let bad = || BadPublicUrl(text.to_owned());
    let url: Uri = text.parse().map_err(|_| bad())?;
    let is_web = url.scheme() == Some(&Scheme::HTTP) || url.scheme() == Some(&Scheme::HTTPS);
    let is_bare = url.path_and_query().is_none_or(|rest| rest.as_str() == "/") && !text.contains(['#', '@']);
    match url.authority() {
        Some(authority) if is_web && is_bare => Ok(format!("{}://{authority}", url.scheme_str().unwrap_or("http"))),
        _ => Err(bad()),
    }
}

/// The URL of an address that is listened on. Nobody reaches "all addresses": of those, the loopback address.
pub(crate) fn reachable(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_host_and_nothing_else() {
        for (text, url) in [
            ("http://192.168.0.2:8089", "http://192.168.0.2:8089"),
            ("https://mock.example/", "https://mock.example"),
            ("http://[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(url));
        }
        for text in [
            "",
            "mock.example",
            "mock.example:80",
            "ftp://mock.example",
            "http://",
            "http://mock.example/gateway.do",
            "http://mock.example?a=b",
            "http://mock.example#a",
            "http://a:b@mock.example",
            "http://mock example",
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains("is not a public URL"), "{error}");
        }
    }

    #[test]
    fn all_addresses_are_reached_by_loopback() {
        for (address, url) in [
            ("127.0.0.1:1", "http://127.0.0.1:1"),
            ("192.168.0.2:2", "http://192.168.0.2:2"),
            ("0.0.0.0:3", "http://127.0.0.1:3"),
            ("[::]:4", "http://[::1]:4"),
        ] {
            assert_eq!(reachable(address.parse().unwrap()), url);
        }
    }
}
