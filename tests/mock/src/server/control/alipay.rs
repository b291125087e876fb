//! `/_mock/splits`, `/_mock/royalties` and `/_mock/applications`: what Alipay does later, and what was agreed with it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Request;
use serde_json::json;

use super::{read, result};
use crate::control::onboarding::{Memo, Reason};
use crate::control::splits::{CarryOut, RoyaltyTerms};
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn carry_out(
    State(core): State<Arc<Core>>,
    Path(settle_no): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<CarryOut>(&core, request).await {
        Ok(how) => result(core.carry_out(&settle_no, &how)),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn royalties(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<RoyaltyTerms>(&core, request).await {
        Ok(terms) => result(core.set_royalty_terms(&terms).map(|()| json!({}))),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn application(State(core): State<Arc<Core>>, Path(order_id): Path<String>) -> Handled {
    Ok(result(core.application(&order_id)))
}

pub(crate) async fn pass(
    State(core): State<Arc<Core>>,
    Path(order_id): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<Memo>(&core, request).await {
        Ok(memo) => result(core.pass_application(&order_id, memo)),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn reject(
    State(core): State<Arc<Core>>,
    Path(order_id): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<Reason>(&core, request).await {
        Ok(reason) => result(core.reject_application(&order_id, reason)),
        Err(refusal) => refusal,
    })
}
