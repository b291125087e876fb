//! Who may do what: forms come from the shop's own pages only, and the admin pages need a password.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{pages::Refusal, shop::Shop};

/// Passes on who has the admin password.
pub(crate) async fn admin(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    if shop.config.password.opens(request.headers()) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"admin\", charset=\"UTF-8\"")];
    let refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "请输入管理员密码 · The admin password, please",
    );
    (challenge, refusal).into_response()
}

/// Refuses what another site's page sends in the name of whoever looks at it (CSRF).
///
/// A browser says by itself where a form comes from: in `Sec-Fetch-Site`, and an older one in `Origin`. Who says neither is no browser, and nobody's
/// browser was made to send it. `Host` says nothing: a proxy may have changed it, and a browser sends the other site's where that leads here.
pub(crate) async fn own_forms(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD);
    if changes_nothing || is_own(request.headers(), &shop.config.url) {
        return next.run(request).await;
    }
    let text = "请从本店页面提交 · This form must come from a page of the shop";
    Refusal::new(StatusCode::FORBIDDEN, text).into_response()
}

fn is_own(headers: &HeaderMap, own_origin: &str) -> bool {
    let bytes = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    match (bytes("sec-fetch-site"), bytes("origin")) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => origin == own_origin.as_bytes(),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_forms_pass() {
        for (site, origin, passes) in [
            (Some("same-origin"), Some("https://shop.example.com"), true),
            (Some("none"), None, true),
            (Some("same-site"), Some("https://evil.example.com"), false),
            (Some("cross-site"), Some("https://shop.example.com"), false),
            (None, Some("https://shop.example.com"), true),
            (None, Some("http://shop.example.com"), false),
            (None, Some("https://evil.example.com"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
            (None, None, true),
        ] {
            let mut headers = HeaderMap::from_iter([(header::HOST, "evil.example.com".parse().unwrap())]);
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(
                is_own(&headers, "https://shop.example.com"),
                passes,
                "{site:?} {origin:?}"
            );
        }
    }
}
