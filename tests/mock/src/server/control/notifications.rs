//! `/_mock/notifications`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::{answer, read, result};
use crate::control::notifications::NotificationOrder;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn order(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<NotificationOrder>(&core, request).await {
        Ok(order) => result(core.order_notification(order)),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn resend(State(core): State<Arc<Core>>, Path(notify_id): Path<String>) -> Handled {
    Ok(result(core.resend(&notify_id).map(|()| json!({}))))
}

pub(crate) async fn all(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.notifications()))
}
