//! `/_mock/…`: JSON in, JSON out.

pub(crate) mod agreements;
pub(crate) mod alipay;
pub(crate) mod buyers;
pub(crate) mod certificates;
pub(crate) mod clock;
pub(crate) mod complaints;
pub(crate) mod faults;
pub(crate) mod merchants;
pub(crate) mod notifications;
pub(crate) mod preauths;
pub(crate) mod users;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::control::ControlError;
use crate::control::answers::{AnswerOrder, NextError};
use crate::core::Core;
use crate::protocol::MAX_BODY;
use crate::server::body;
use crate::server::reply::Handled;

pub(crate) async fn trade(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.trade(&number)))
}

pub(crate) async fn scan(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.scan(&number)))
}

pub(crate) async fn pay(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.pay(&number)))
}

pub(crate) async fn close(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.close(&number)))
}

pub(crate) async fn finish(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.finish(&number)))
}

pub(crate) async fn invoices(
    State(core): State<Arc<Core>>,
    Path(token): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<Vec<Value>>(&core, request).await {
        Ok(invoices) => {
            core.register_invoices(&token, invoices);
            answer(StatusCode::OK, &json!({}))
        }
        Err(refusal) => refusal,
    })
}

pub(crate) async fn answers(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<AnswerOrder>(&core, request).await {
        Ok(order) => result(core.order_answer(order).map(|()| json!({}))),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn next(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<NextError>(&core, request).await {
        Ok(next) => {
            core.order_error(&next);
            answer(StatusCode::OK, &json!({}))
        }
        Err(refusal) => refusal,
    })
}

pub(crate) async fn movements(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.movements()))
}

pub(crate) async fn requests(State(core): State<Arc<Core>>) -> Handled {
    let journal = &core.journal;
    Ok(answer(
        StatusCode::OK,
        &json!({
            "total": journal.count(),
            "methods": journal.by_method(),
            "refusals": journal.refusals(),
            "not_played": journal.by_method_not_played(),
        }),
    ))
}

fn result<T: Serialize>(result: Result<T, ControlError>) -> Response<Body> {
    match result {
        Ok(value) => answer(StatusCode::OK, &value),
        Err(error) => {
            let status = match error {
                ControlError::NoOrder(_)
                | ControlError::NoMerchant(_)
                | ControlError::NoPreauth(_)
                | ControlError::NoAgreement(_)
                | ControlError::NoSplit(_)
                | ControlError::NoApplication(_)
                | ControlError::NoComplaint(_)
                | ControlError::NoNotification(_)
                | ControlError::NoFault(_)
                | ControlError::NoCertificates => StatusCode::NOT_FOUND,
                ControlError::Signing => StatusCode::INTERNAL_SERVER_ERROR,
                ControlError::Setting(_) | ControlError::Answer(_) | ControlError::Notification(_) => {
                    StatusCode::BAD_REQUEST
                }
                ControlError::NoTrade(_)
                | ControlError::Paid(_)
                | ControlError::Closed(_)
                | ControlError::Finished(_)
                | ControlError::NoMoney(_)
                | ControlError::OtherBuyer(_)
                | ControlError::Cancelled(_)
                | ControlError::PreauthAuthorised(_)
                | ControlError::PreauthClosed(_)
                | ControlError::NotOffered(_)
                | ControlError::OtherUser(_)
                | ControlError::SignedTwice(..)
                | ControlError::NotSigned(_)
                | ControlError::NotPaid(_)
                | ControlError::SplitDone(_)
                | ControlError::Decided(_)
                | ControlError::ComplaintState { .. }
                | ControlError::NoAuthority => StatusCode::CONFLICT,
            };
            answer(status, &json!({ "error": error.to_string() }))
        }
    }
}

/// The body as JSON; an empty one stands for an empty object.
async fn read<T: DeserializeOwned>(core: &Core, request: Request<Body>) -> Result<T, Response<Body>> {
    let refuse = |status, message: String| answer(status, &json!({ "error": message }));
    let body = body::read(core, request.into_body(), MAX_BODY)
        .await
        .map_err(|status| refuse(status, format!("the body can't be read: {status}")))?;
    let body = if body.is_empty() { &b"{}"[..] } else { &body };
    serde_json::from_slice(body).map_err(|error| refuse(StatusCode::BAD_REQUEST, error.to_string()))
}

pub(in crate::server) fn answer(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::from(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
