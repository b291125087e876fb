//! `/gateway.do`: reads a request, and sends back what the gateway answers.

use std::sync::Arc;

use axum::body::{self, Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};

use super::connection::Cut;
use super::reply::{self, Handled};
use crate::core::Core;
use crate::gateway::{self, Source};
use crate::protocol::{MAX_BODY, text, v2};

/// Says of an answer that it is no behaviour of the gateway's: its method is not played, or a test ordered it.
const SOURCE: &str = "alipay-mock-answer";

/// Answers a request, spoiled by whatever fault is next.
pub(super) async fn serve(
    State(core): State<Arc<Core>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Handled {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let plain = |status: StatusCode| text(status, "utf-8", status.to_string()).map(body::Body::from);
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request: Box<dyn crate::protocol::Request + Send> = Box::new(v2::Request::read(&query, &content_type, &body));
    let answered = gateway::answer(&core, &*request);
    let signatory = core.signatory();
    let response = match core.faults.take(request.method()) {
        Some(fault) => reply::spoil(fault, answered.body, &signatory, &cut).await,
        None => reply::response(&answered.body, &signatory),
    };
    let mut response: Response<Body> = response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR));
    let source = match answered.source {
        Source::Gateway => None,
        Source::Order => Some("ordered"),
        Source::NotPlayed => Some("not-played"),
    };
    if let Some(source) = source {
        response.headers_mut().insert(SOURCE, HeaderValue::from_static(source));
    }
    Ok(response)
}
