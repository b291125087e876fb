//! `/_mock/authorizations` and what belongs to it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use serde_json::{Map, Value, json};

use super::{answer, read, result};
use crate::control::merchants::{Agreement, AppGateway};
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn authorise(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<Agreement>(&core, request).await {
        Ok(agreement) => answer(StatusCode::OK, &json!({ "app_auth_code": core.authorise(agreement) })),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn authorisation(State(core): State<Arc<Core>>, Path(merchant): Path<String>) -> Handled {
    Ok(result(core.authorisation(&merchant)))
}

pub(crate) async fn cancel(State(core): State<Arc<Core>>, Path(merchant): Path<String>) -> Handled {
    Ok(result(core.cancel_authorisation(&merchant)))
}

pub(crate) async fn dead_refresh_tokens(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.dead_refresh_tokens()))
}

pub(crate) async fn app_gateway(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<AppGateway>(&core, request).await {
        Ok(address) => result(core.set_app_gateway(address).map(|()| json!({}))),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn lifetimes(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.lifetimes().seconds()))
}

pub(crate) async fn change_lifetimes(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<Map<String, Value>>(&core, request).await {
        Ok(seconds) => result(core.change_lifetimes(&seconds)),
        Err(refusal) => refusal,
    })
}
