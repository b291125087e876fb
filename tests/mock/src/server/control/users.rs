//! `/_mock/user-authorizations` and what belongs to it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use serde_json::{Map, Value, json};

use super::{answer, read};
use crate::control::users::Consent;
use crate::core::Core;
use crate::server::reply::Handled;
use crate::state::users::Visitor;

pub(crate) async fn authorise(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<Consent>(&core, request).await {
        Ok(consent) => answer(StatusCode::OK, &json!({ "auth_code": core.authorise_user(consent) })),
        Err(refusal) => refusal,
    })
}

pub(crate) async fn profile(
    State(core): State<Arc<Core>>,
    Path(user_id): Path<String>,
    request: Request<Body>,
) -> Handled {
    Ok(match read::<Map<String, Value>>(&core, request).await {
        Ok(profile) => {
            core.set_profile(&user_id, profile);
            answer(StatusCode::OK, &json!({}))
        }
        Err(refusal) => refusal,
    })
}

pub(crate) async fn visitor(State(core): State<Arc<Core>>, request: Request<Body>) -> Handled {
    Ok(match read::<Visitor>(&core, request).await {
        Ok(visitor) => {
            core.set_visitor(visitor);
            answer(StatusCode::OK, &json!({}))
        }
        Err(refusal) => refusal,
    })
}
