//! `/_mock/preauthorizations` and what belongs to it.

use std::sync::Arc;

use axum::extract::{Path, State};

use super::result;
use crate::core::Core;
use crate::server::reply::Handled;

pub(crate) async fn preauth(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.preauth(&number)))
}

pub(crate) async fn scan(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.scan_preauth(&number)))
}

pub(crate) async fn authorise(State(core): State<Arc<Core>>, Path(number): Path<String>) -> Handled {
    Ok(result(core.authorise_preauth(&number)))
}
