//! `/_mock/agreements` and what belongs to it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{answer, result};
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn agreements(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.agreements()))
}

pub(crate) async fn agreement(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.agreement(&number)))
}

pub(crate) async fn sign(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.sign_agreement(&number)))
}

pub(crate) async fn refuse(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.refuse_agreement(&number)))
}

pub(crate) async fn unsign(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.unsign_agreement(&number)))
}
