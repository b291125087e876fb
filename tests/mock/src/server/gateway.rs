//! Where programs and phone apps call: reads a request, and sends back what the gateway answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response, StatusCode};

use super::body;
use super::connection::Cut;
use super::reply::{self, Carried, Handled};
use crate::cashier::language::Language;
use crate::core::Core;
use crate::faults::Fault;
use crate::gateway::{self, fronts};
use crate::protocol::{MAX_REQUEST, text};
use crate::slow;

/// Answers a request, spoiled by whatever fault is next.
pub(super) async fn serve(
    State(core): State<Arc<Core>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Handled {
    let (head, body) = request.into_parts();
    let language = Language::of(&head.headers);
    let body = match body::read(&core, body, MAX_REQUEST).await {
        Ok(body) => body,
        Err(status) => return Ok(body::plain(status)),
    };
    let Some(request) = fronts::read(&core, &head.method, &head.uri, &head.headers, &body) else {
        return Ok(body::plain(StatusCode::NOT_FOUND));
    };
    let answered = gateway::answer(&core, &*request, language);
    if let Some(undecided) = answered.undecided {
        slow::decided(&core, undecided).await;
    }
    let signatory = core.signatory();
    let fault = core.faults.take(request.method());
    let fault_name = fault.as_ref().map(Fault::name);
    let response = match fault {
        Some(fault) => reply::spoil(fault, answered.body, &signatory, &cut).await,
        None => answered
            .body
            .response(&signatory)
            .map(|response| response.map(Carried::from)),
    };
    let unsigned = |_| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        text(status, "utf-8", status.to_string()).map(Carried::from)
    };
    let mut response = response.unwrap_or_else(unsigned);
    answered.source.mark(response.headers_mut());
    let (head, carried) = response.into_parts();
    let sent = Response::from_parts(head.clone(), carried.bytes.clone());
    core.answered(answered.number, &sent, fault_name);
    Ok(Response::from_parts(head, Body::from(carried)))
}
