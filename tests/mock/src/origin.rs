//! Where a browser's request comes from.

use axum::http::{HeaderMap, header};

/// The first origin that a request names and that is not the host's own; nothing where all are, or none is named: who is no browser names none.
pub(crate) fn foreign(headers: &HeaderMap, is_host: impl Fn(&str) -> bool) -> Option<String> {
    let is_own = |origin: &str| {
        let own = origin
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
        own.is_some_and(|(_, origin)| is_host(origin))
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let foreign = origins.find(|origin| !origin.to_str().is_ok_and(is_own))?;
    Some(String::from_utf8_lossy(foreign.as_bytes()).into_owned())
}
