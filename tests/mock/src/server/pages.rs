//! Where browsers are: reads a request, and sends back the page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};

use super::body;
use super::reply::Handled;
use crate::cashier::{self, MAX_FORM};
use crate::core::Core;

/// Answers a browser.
pub(super) async fn serve(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (head, body) = request.into_parts();
    let body = match body::read(&core, body, MAX_FORM).await {
        Ok(body) => body,
        Err(status) => return Ok(body::plain(status)),
    };
    let page = cashier::respond(&core, &Request::from_parts(head, body));
    Ok(page.map_or_else(|| body::plain(StatusCode::NOT_FOUND), |page| page.map(Body::from)))
}
