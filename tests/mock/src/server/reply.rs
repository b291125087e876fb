//! What goes back over HTTP.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::certificates::Signatory;
use crate::keys::KeyError;
use crate::protocol::answer::Answer;
use crate::state::numbers;

/// An answer, or a page.
pub(crate) enum Reply {
    /// To a program.
    Answer(Answer),
    /// To a browser.
    Page(String),
}

impl Reply {
    /// As it goes out when nothing is the matter.
    pub(crate) fn response(self, signatory: &Signatory) -> Result<Response<Body>, KeyError> {
        match self {
            Self::Answer(answer) => {
                let body = answer.body(signatory)?;
                Ok(text(StatusCode::OK, answer.charset.name(), body))
            }
            Self::Page(html) => Ok(text(StatusCode::OK, "utf-8", html)),
        }
    }
}

/// A body in the content type that the gateway gives everything, JSON too.
pub(crate) fn text(status: StatusCode, charset: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_str(&format!("text/html;charset={charset}"));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        content_type.unwrap_or(HeaderValue::from_static("text/html;charset=utf-8")),
    );
    if let Ok(trace) = HeaderValue::from_str(&numbers::random(16)) {
        response.headers_mut().insert("trace_id", trace);
    }
    response
}

/// A body that ends before all that its length promises has come.
pub(crate) struct CutOff {
    first: Option<Bytes>,
    is_flushed: bool,
    promised: u64,
}

impl CutOff {
    /// The first half of `body`, under the length of the whole.
    pub(crate) fn half_of(body: &[u8]) -> Self {
        Self {
            first: Some(Bytes::copy_from_slice(&body[..body.len() / 2])),
            is_flushed: false,
            promised: body.len() as u64,
        }
    }
}

impl http_body::Body for CutOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.is_flushed {
            // The server sends what it has when there is nothing more for the moment; an error now would drop that too.
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

/// A handler that never fails by itself.
pub(crate) type Handled = Result<Response<Body>, Infallible>;
