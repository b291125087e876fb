//! For actix-web, which has an older `http`: statuses and methods pass as numbers and texts.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Responder, ResponseError,
    body::BoxBody,
    dev::Payload,
    error::PayloadError,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_LENGTH, ContentType},
    },
    web::{self, Data},
};
use bytes::Bytes;
use futures_core::Stream;

use super::{
    CallReceiver, GatewayHandler, NotificationError, NotificationReceiver, Received, ReceivedCall, Reply,
    body::BodyError,
};
use crate::{Error, ErrorKind};

impl FromRequest for Received {
    type Error = NotificationError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, NotificationError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let receiver = state_of::<NotificationReceiver>(request, "NotificationReceiver");
        let method = request.method().clone();
        let length = length_of(request);
        let body = Pieces(payload.take());
        Box::pin(async move {
            let receiver = receiver?;
            receiver.extract(method.as_str(), length, body).await
        })
    }
}

impl FromRequest for ReceivedCall {
    type Error = NotificationError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, NotificationError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let receiver = state_of::<CallReceiver>(request, "CallReceiver");
        let method = request.method().clone();
        let query = request.query_string().to_owned();
        let length = length_of(request);
        let body = Pieces(payload.take());
        Box::pin(async move {
            let receiver = receiver?;
            receiver.extract(method.as_str(), &query, length, body).await
        })
    }
}

/// What the app was given by `app_data`, by itself or in `web::Data`.
fn state_of<T: Clone + 'static>(request: &HttpRequest, name: &str) -> Result<T, Error> {
    let state = request
        .app_data::<T>()
        .or_else(|| request.app_data().map(Data::<T>::get_ref));
    state.cloned().ok_or_else(|| {
        let message = format!("the actix app has no `{name}`: give it one by `app_data`");
        Error::new(ErrorKind::Configuration, message)
    })
}

/// For `Route::to`.
impl Handler<(HttpRequest, web::Payload)> for GatewayHandler {
    type Output = Result<Reply, NotificationError>;
    type Future = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn call(&self, (request, payload): (HttpRequest, web::Payload)) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let (length, body) = (length_of(&request), Pieces(payload.into_inner()));
            handler.answer(request.method().as_str(), length, body).await
        })
    }
}

/// How large the body says to be.
fn length_of(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body, with its errors told apart.
struct Pieces(Payload);

impl Stream for Pieces {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(Pin::new(&mut self.0).poll_next(context));
        Poll::Ready(piece.map(|piece| {
            piece.map_err(|error| match error {
                PayloadError::Overflow => BodyError::TooLarge,
                // Its errors are not `Send`.
                error => BodyError::Broken(error.to_string().into()),
            })
        }))
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        response_of(self)
    }
}

fn response_of(reply: Reply) -> HttpResponse {
    let (content_type, body) = reply.into_parts();
    HttpResponse::Ok().content_type(content_type).body(body)
}

impl ResponseError for NotificationError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        if let Some(reply) = self.reply() {
            return response_of(reply.clone());
        }
        let mut response = HttpResponse::build(self.status_code());
        if let Some(methods) = self.allowed() {
            response.insert_header((ALLOW, methods));
        }
        response.content_type(ContentType::plaintext()).body(Self::BODY)
    }
}
