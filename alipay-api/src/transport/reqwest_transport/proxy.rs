use std::{error::Error as StdError, fmt};

use http::Uri;
use reqwest::{Proxy, Url};

/// The proxy of this URL, for all requests, and whether it is reached by TLS.
///
/// What reqwest would take for no proxy, and then pass by without a word, is an error.
pub(super) fn parse(url: &str) -> Result<(Proxy, bool), ProxyError> {
    let parsed = Url::parse(url).map_err(|_| ProxyError::Form)?;
    let has_credentials = !parsed.username().is_empty() || parsed.password().is_some();
    match parsed.scheme() {
        "socks4" | "socks4a" if has_credentials => return Err(ProxyError::Credentials),
        "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h" => {}
        _ => return Err(ProxyError::Form),
    }
    let is_bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none() && parsed.fragment().is_none();
    let has_host = parsed.host_str().is_some_and(|host| !host.is_empty());
    // reqwest reads it once more, so.
    let is_read = parsed
        .as_str()
        .parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    if !(is_bare && has_host && is_read) {
        return Err(ProxyError::Form);
    }
    let is_https = parsed.scheme() == "https";
    let proxy = Proxy::all(parsed).map_err(|_| ProxyError::Form)?;
    Ok((proxy, is_https))
}

/// The URL is no proxy's. Nothing of it is shown, for it may hold a password anywhere.
#[derive(Debug)]
pub(super) enum ProxyError {
    Form,
    Credentials,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => {
                "the proxy's URL must have a scheme (http, https, socks4, socks4a, socks5 or socks5h), a host and no path, such as \
                 http://proxy.example:3128 or socks5h://user:password@proxy.example:1080, with special characters of a password in percent-encoding"
            }
            Self::Credentials => "a proxy of socks4 or socks4a takes no user and no password: use socks5 or socks5h",
        })
    }
}

impl StdError for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_url_of_a_proxy_is_one() {
        for (url, is_https) in [
            ("http://proxy.example:3128", false),
            ("http://proxy.example/", false),
            ("https://user:p%40ss@proxy.example:3128", true),
            ("socks4://127.0.0.1:1080", false),
            ("socks4a://proxy.example", false),
            ("socks5://user:password@[::1]:1080", false),
            ("socks5h://user@proxy.example", false),
        ] {
            assert_eq!(parse(url).unwrap().1, is_https, "{url}");
        }
        for url in [
            "",
            "proxy.example",
            "proxy.example:3128",
            "127.0.0.1:3128",
            "//proxy.example:3128",
            "http://",
            "http://:3128",
            "socks5://",
            "socks5:proxy.example",
            "socks://proxy.example",
            "ftp://proxy.example",
            "http://proxy.example:99999",
            "http://proxy.example/path",
            "http://proxy.example?query",
            "http://proxy.example#fragment",
            "http://hunter2/@proxy.example",
            "hunter2://proxy.example",
        ] {
            let error = parse(url).map(|_| ()).expect_err(url);
            let shown = format!("{error} {error:?}");
            assert!(
                matches!(error, ProxyError::Form) && !shown.contains("hunter2"),
                "{url}: {shown}"
            );
        }
        for url in ["socks4://user@proxy.example", "socks4a://user:hunter2@proxy.example"] {
            let error = parse(url).map(|_| ()).expect_err(url);
            assert!(matches!(error, ProxyError::Credentials), "{url}");
        }
    }
}
