//! `/gateway.do`: reads a request, and sends back what the gateway answers.

use std::sync::Arc;

use axum::body::{self, Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response, StatusCode};

use super::connection::Cut;
use super::reply::{self, Handled};
use crate::core::Core;
use crate::gateway;
use crate::protocol::{MAX_BODY, text, v2};

/// Answers a request, spoiled by whatever fault is next.
pub(super) async fn serve(
    State(core): State<Arc<Core>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Handled {
    let (head, body) = request.into_parts();
    let plain = |status: StatusCode| text(status, "utf-8", status.to_string()).map(body::Body::from);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request: Box<dyn crate::protocol::Request + Send> = Box::new(v2::Request::of(&head.uri, &head.headers, &body));
    let answered = gateway::answer(&core, &*request);
    let signatory = core.signatory();
    let response = match core.faults.take(request.method()) {
        Some(fault) => reply::spoil(fault, answered.body, &signatory, &cut).await,
        None => answered
            .body
            .response(&signatory)
            .map(|response| response.map(Body::from)),
    };
    let mut response: Response<Body> = response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR));
    answered.source.mark(response.headers_mut());
    Ok(response)
}
