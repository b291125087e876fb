//! `/_mock/buyers` and what belongs to it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::answer;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn buyers() -> Handled {
    Ok(answer(StatusCode::OK, &Core::buyers()))
}

pub(crate) async fn release(State(core): State<Arc<Core>>) -> Handled {
    core.release_slow_buyers();
    Ok(answer(StatusCode::OK, &json!({})))
}
