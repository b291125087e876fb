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
/// browser was made to send it.
pub(crate) async fn own_forms(request: Request, next: Next) -> Response {
    let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD);
    if changes_nothing || is_own(request.headers()) {
        return next.run(request).await;
    }
    let text = "请从本店页面提交 · This form must come from a page of the shop";
    Refusal::new(StatusCode::FORBIDDEN, text).into_response()
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match (site, text(header::ORIGIN), text(header::HOST)) {
        (Some(site), ..) => site == b"same-origin" || site == b"none",
        (None, None, _) => true,
        (None, Some(origin), host) => {
            let origin = origin.split_once("://").map(|(_, origin)| origin);
            origin.is_some() && origin == host
        }
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
            (None, Some("https://evil.example.com"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
            (None, None, true),
        ] {
            let mut headers = HeaderMap::from_iter([(header::HOST, "shop.example.com".parse().unwrap())]);
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_own(&headers), passes, "{site:?} {origin:?}");
        }
    }
}
