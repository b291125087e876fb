//! For axum: by `axum-core`, which is all that extractors and answers need.

use std::{
    convert::Infallible,
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
use http::{
    Method,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};
use http_body::Body as _;
use http_body_util::LengthLimitError;
use tower_service::Service;

use super::{
    CallReceiver, GatewayHandler, NotificationError, NotificationReceiver, Received, ReceivedCall, Reply,
    body::BodyError,
};
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
        let (method, length, body) = taken_apart(request);
        receiver.extract(method.as_str(), length, body).await
    }
}

impl<S: Send + Sync> FromRequest<S> for ReceivedCall
where
    CallReceiver: FromRef<S>,
{
    type Rejection = NotificationError;

    async fn from_request(request: Request, state: &S) -> Result<Self, NotificationError> {
        let receiver = CallReceiver::from_ref(state);
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (method, length, body) = taken_apart(request);
        receiver.extract(method.as_str(), &query, length, body).await
    }
}

/// For `Router::route_service`.
impl Service<Request> for GatewayHandler {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let (method, length, body) = taken_apart(request);
            Ok(handler.answer(method.as_str(), length, body).await.into_response())
        })
    }
}

/// The method, the least size of the body, and the body.
fn taken_apart(request: Request) -> (Method, Option<u64>, Pieces) {
    let (head, body) = request.into_parts();
    let length = Some(body.size_hint().lower());
    (head.method, length, Pieces(body.into_data_stream()))
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
        if let Some(reply) = self.reply() {
            return reply.clone().into_response();
        }
        let mut response = (self.status(), Self::BODY).into_response();
        if let Some(methods) = self.allowed() {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}
