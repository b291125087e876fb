//! Addresses of gateways: which can be used, which are protected, and how they are shown.

use std::{fmt, net::IpAddr};

/// An address that nobody has looked at yet, without what it may hold of secrets: credentials, and what stands behind the path.
pub(super) struct Address<'a>(pub(super) &'a str);

impl fmt::Display for Address<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address) = self;
        // A password may have any character in it, `/` and `@` too.
        let (scheme, shown) = match address.rsplit_once('@') {
            Some((before, after)) => (before.split_once("://").map_or("", |(scheme, _)| scheme), Some(after)),
            None => ("", None),
        };
        let whole = shown.unwrap_or(address);
        let (path, is_cut) = match whole.find(['?', '#']) {
            Some(end) => (&whole[..end], true),
            None => (whole, false),
        };
        if shown.is_some() {
            // What stands there in place of a scheme may be a password too.
            let scheme = if matches!(scheme, "http" | "https") {
                scheme
            } else {
                "***"
            };
            write!(formatter, "{scheme}://***@")?;
        }
        write!(formatter, "{}{}", path.escape_debug(), if is_cut { "…" } else { "" })
    }
}

pub(super) fn is_https(url: &str) -> bool {
    url.parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https"))
}

/// Whether it can be the address of a gateway.
pub(super) fn is_gateway(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    // Credentials in an address would end in pages, errors and logs.
    let has_host = uri
        .authority()
        .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    has_scheme && has_host && uri.query().is_none() && !url.contains(['#', '?'])
}

/// Whether nobody on the way can read or repeat what is said: over TLS, or on this machine.
pub(super) fn is_protected(url: &str) -> bool {
    is_https(url)
        || url
            .parse::<http::Uri>()
            .is_ok_and(|uri| uri.host().is_some_and(is_loopback))
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Address, is_protected};

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (address, shown) in [
            (
                "https://gateway.example/gateway.do",
                "https://gateway.example/gateway.do",
            ),
            (
                "https://user:hunter2@gateway.example/gateway.do",
                "https://***@gateway.example/gateway.do",
            ),
            (
                "https://user:hun/t@er?2@gateway.example/gateway.do",
                "https://***@gateway.example/gateway.do",
            ),
            ("hunter2@gateway.example", "***://***@gateway.example"),
            ("hunter2://hunter2@gateway.example", "***://***@gateway.example"),
            (
                "https://gateway.example/gateway.do?key=hunter2",
                "https://gateway.example/gateway.do…",
            ),
            (
                "https://gateway.example/gateway.do#hunter2",
                "https://gateway.example/gateway.do…",
            ),
            ("line\nend", "line\\nend"),
        ] {
            assert_eq!(Address(address).to_string(), shown, "{address}");
        }
    }

    #[test]
    fn what_leaves_the_machine_without_tls_is_not_protected() {
        for address in [
            "https://openapi.alipay.com/gateway.do",
            "HTTPS://a",
            "http://127.0.0.1:8089/gateway.do",
            "http://127.8.0.1",
            "http://[::1]:8089/gateway.do",
            "http://localhost/gateway.do",
            "http://LocalHost:1",
        ] {
            assert!(is_protected(address), "{address}");
        }
        for address in [
            "http://openapi.alipay.com/gateway.do",
            "http://localhost.example/gateway.do",
            "http://127.0.0.1.example/",
            "http://10.0.0.1",
            "http://[::2]",
            "gateway",
        ] {
            assert!(!is_protected(address), "{address}");
        }
    }
}
