//! `/_mock/faults`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::{answer, read, result};
use crate::control::faults::FaultOrder;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn all(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.pending()))
}

pub(crate) async fn order(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<FaultOrder>(&core, request).await {
        Ok(order) => result(core.order_fault(&order).map(|()| json!({}))),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn withdraw(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Handled {
    Ok(result(core.withdraw(&id).map(|()| json!({}))))
}
