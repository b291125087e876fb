//! Where bills are downloaded: reads a request, and sends back the file.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use bytes::Bytes;

use super::reply::Handled;
use crate::core::Core;
use crate::downloads;
use crate::protocol::text;

/// Answers with a bill.
pub(super) async fn serve(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    let (head, _) = request.into_parts();
    let bill = downloads::respond(&core, &Request::from_parts(head, Bytes::new()));
    let none = || text(StatusCode::NOT_FOUND, "utf-8", StatusCode::NOT_FOUND.to_string());
    Ok(bill.unwrap_or_else(none).map(Body::from))
}
