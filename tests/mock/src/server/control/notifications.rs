//! `/_mock/notifications`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};

use super::{answer, read, result};
use crate::control::notifications::NotificationOrder;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn order(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<NotificationOrder>(request).await {
        Ok(order) => result(core.order_notification(order)),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn all(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.notifications()))
}
