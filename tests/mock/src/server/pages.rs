//! Where browsers are: reads a request, and sends back the page.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};

use super::reply::Handled;
use crate::cashier::{self, MAX_FORM};
use crate::core::Core;
use crate::protocol::text;

/// Answers a browser.
pub(super) async fn serve(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (head, body) = request.into_parts();
    let plain = |status: StatusCode| text(status, "utf-8", status.to_string()).map(Body::from);
    let Ok(body) = to_bytes(body, MAX_FORM).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let page = cashier::respond(&core, &Request::from_parts(head, body));
    Ok(page.map_or_else(|| plain(StatusCode::NOT_FOUND), |page| page.map(Body::from)))
}
