//! `/_mock/certificates` and what belongs to it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use serde_json::json;

use super::{read, result};
use crate::control::certificates::ForgeryOrder;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn certificates(State(core): State<Arc<Core>>) -> Handled {
    Ok(result(core.certificates()))
}

pub(crate) async fn roll_over(State(core): State<Arc<Core>>) -> Handled {
    let rolled_over = core.roll_over_alipay_certificate();
    Ok(result(rolled_over.map(|sn| json!({ "alipay_cert_sn": sn }))))
}

pub(crate) async fn forge(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<ForgeryOrder>(&core, request).await {
        Ok(order) => result(core.forge_alipay_certificate(order.forgery).map(|()| json!({}))),
        Err(refusal) => refusal,
    })
}
