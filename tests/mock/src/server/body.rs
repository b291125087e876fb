//! Reads the bodies of requests: no more than so many bytes, and no longer than so long.

use std::error::Error as _;

use axum::body::{Body, to_bytes};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use crate::core::Core;
use crate::protocol::text;

/// The whole body, or the status that says why it is not read.
pub(super) async fn read(core: &Core, body: Body, most: usize) -> Result<Bytes, StatusCode> {
    match timeout(core.body_timeout, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error))
            if error
                .source()
                .is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) =>
        {
            Err(StatusCode::PAYLOAD_TOO_LARGE)
        }
        // The connection ended, or the body is not what its head says.
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// A status and its name.
pub(super) fn plain(status: StatusCode) -> Response<Body> {
    text(status, "utf-8", status.to_string()).map(Body::from)
}
