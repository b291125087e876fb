//! `/oauth2/…`: the pages on which users and merchants agree. Whether the visitor agrees is set beforehand.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};

use super::reply::Handled;
use crate::core::Core;
use crate::pages;
use crate::protocol::failure::Failure;
use crate::protocol::text;
use crate::protocol::v2::parameters::Parameters;
use crate::validate::scalar::is_url;

/// Where a user agrees.
pub(super) async fn user(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (parameters, _) = Parameters::read(request.uri().query().unwrap_or_default(), "", &[]);
    let Some(scope) = parameters.get("scope") else {
        return Ok(refused(&Failure::invalid("INVALID_SCOPE", "缺少 scope 参数")));
    };
    Ok(asked(&core, &parameters, |core| {
        let mut returned = vec![("source", "alipay_wallet".to_owned())];
        match core.ask_user(scope) {
            Some(given) => returned.extend([("scope", scope.to_owned()), ("auth_code", given)]),
            None => returned.push(("error_scope", scope.to_owned())),
        }
        returned
    }))
}

/// Where a merchant agrees.
pub(super) async fn merchant(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (parameters, _) = Parameters::read(request.uri().query().unwrap_or_default(), "", &[]);
    Ok(asked(&core, &parameters, |core| {
        let given = core.ask_merchant().map(|code| ("app_auth_code", code));
        [("source", "alipay_app_auth".to_owned())]
            .into_iter()
            .chain(given)
            .collect()
    }))
}

/// Sends the browser back with what was decided, if the page was opened by the app.
fn asked(
    core: &Core,
    parameters: &Parameters,
    decide: impl FnOnce(&Core) -> Vec<(&'static str, String)>,
) -> Response<Body> {
    if parameters.get("app_id") != Some(&core.app.id) {
        return refused(&Failure::invalid("INVALID_APP_ID", "无效的 app_id"));
    }
    let Some(target) = parameters.get("redirect_uri").filter(|uri| is_url(uri)) else {
        return refused(&Failure::invalid("INVALID_REDIRECT_URI", "redirect_uri 无效"));
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("app_id", &core.app.id);
    for (name, value) in decide(core) {
        query.append_pair(name, &value);
    }
    if let Some(state) = parameters.get("state") {
        query.append_pair("state", state);
    }
    let (target, fragment) = match target.split_once('#') {
        Some((target, fragment)) => (target, format!("#{fragment}")),
        None => (target, String::new()),
    };
    let joint = if target.contains('?') { '&' } else { '?' };
    let target = format!("{target}{joint}{}{fragment}", query.finish());
    let Ok(location) = HeaderValue::from_str(&target) else {
        return refused(&Failure::invalid("INVALID_REDIRECT_URI", "redirect_uri 无效"));
    };
    let mut response = text(StatusCode::FOUND, "utf-8", "").map(Body::from);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn refused(failure: &Failure) -> Response<Body> {
    text(StatusCode::OK, "utf-8", pages::error(failure)).map(Body::from)
}
