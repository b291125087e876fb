//! `/_mock/complaints` and how they are made.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;

use super::{read, result};
use crate::core::Core;
use crate::server::reply::Handled;
use crate::state::complaints::{ComplaintStep, NewComplaint};

pub(crate) async fn complain(
    State(core): State<Arc<Core>>,
    Path(number): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<NewComplaint>(&core, request).await {
        Ok(about) => result(core.complain(&number, about)),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn complaint(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Handled {
    Ok(result(core.complaint(&id)))
}

pub(crate) async fn step(State(core): State<Arc<Core>>, Path(id): Path<String>, request: Request<Body>) -> Handled {
    Ok(match read::<ComplaintStep>(&core, request).await {
        Ok(step) => result(core.step_complaint(&id, step)),
        Err(refusal) => refusal,
    })
}
