//! `/_mock/clock`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};

use super::{answer, read, result};
use crate::control::clock::ClockOrder;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn clock(State(core): State<Arc<Core>>) -> Handled {
    Ok(answer(StatusCode::OK, &core.clock_view()))
}

pub(crate) async fn change(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<ClockOrder>(&core, request).await {
        Ok(order) => result(core.move_clock(&order)),
        Err(refusal) => refusal,
    })
}
