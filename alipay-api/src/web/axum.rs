//! For axum: by `axum-core`, which is all that extractors and answers need.

use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_core::{
    body::BodyDataStream,
    extract::{FromRef, FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_core::Stream;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http_body::Body as _;
use http_body_util::LengthLimitError;

use super::{NotificationError, NotificationReceiver, Received, Reply, body::BodyError};
use crate::{Client, error::chain};

impl FromRef<Client> for NotificationReceiver {
    fn from_ref(client: &Client) -> Self {
        Self::new(client.clone())
    }
}

impl<S: Send + Sync> FromRequest<S> for Received
where
    NotificationReceiver: FromRef<S>,
{
    type Rejection = NotificationError;

    async fn from_request(request: Request, state: &S) -> Result<Self, NotificationError> {
        let receiver = NotificationReceiver::from_ref(state);
        let (head, body) = request.into_parts();
        let length = Some(body.size_hint().lower());
        receiver
            .extract(head.method.as_str(), length, Pieces(body.into_data_stream()))
            .await
    }
}

/// A body, with its errors told apart.
struct Pieces(BodyDataStream);

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(Pin::new(&mut self.0).poll_next(context));
        Poll::Ready(piece.map(|piece| {
            piece.map_err(|error| {
                // Of a layer that limits bodies.
                let is_limit = chain(&error).any(<dyn StdError>::is::<LengthLimitError>);
                if is_limit {
                    BodyError::TooLarge
                } else {
                    BodyError::Broken(error.into())
                }
            })
        }))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let (content_type, body) = self.into_parts();
        let mut response = body.into_response();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

impl IntoResponse for NotificationError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status(), Self::BODY).into_response();
        if let Some(methods) = self.allowed() {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}
