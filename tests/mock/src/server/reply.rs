//! Replies over HTTP, and the faults of the transport.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body as HttpBody;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::connection::Cut;
use crate::certificates::Signatory;
use crate::faults::Fault;
use crate::gateway::Body;
use crate::keys::KeyError;
use crate::protocol::text;

/// A handler that never fails by itself.
pub(crate) type Handled = Result<Response<HttpBody>, Infallible>;

/// A reply with a fault.
pub(super) async fn spoil(
    fault: Fault,
    body: Body,
    signatory: &Signatory,
    cut: &Cut,
) -> Result<Response<HttpBody>, KeyError> {
    let ok = |body: Bytes| text(StatusCode::OK, "utf-8", body).map(HttpBody::from);
    Ok(match fault {
        Fault::HttpStatus(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            text(status, "utf-8", status.to_string()).map(HttpBody::from)
        }
        Fault::Html => ok(Bytes::from_static(
            "<html><body><h1>系统繁忙</h1></body></html>".as_bytes(),
        )),
        Fault::Empty => ok(Bytes::new()),
        Fault::Redirect(url) => {
            let mut response = text(StatusCode::FOUND, "utf-8", "").map(HttpBody::from);
            if let Ok(url) = HeaderValue::from_str(&url) {
                response.headers_mut().insert(header::LOCATION, url);
            }
            response
        }
        Fault::CloseConnection => {
            cut.now();
            ok(Bytes::new())
        }
        Fault::Delay(delay) => {
            delay.held_back().await;
            body.response(signatory)?.map(HttpBody::from)
        }
        Fault::Truncated => {
            let body = body.response(signatory)?.into_body();
            ok(body.slice(..body.len() / 2))
        }
        Fault::CutOff => {
            let mut response = ok(Bytes::new());
            *response.body_mut() = HttpBody::new(CutOff::half_of(&body.response(signatory)?.into_body()));
            response
        }
        fault => match body {
            Body::Answer(answer) => answer.spoiled(&fault, signatory)?.map(HttpBody::from),
            page @ Body::Page(_) => page.response(signatory)?.map(HttpBody::from),
        },
    })
}

/// A body that ends before all that its length promises has come.
struct CutOff {
    first: Option<Bytes>,
    is_flushed: bool,
    promised: u64,
}

impl CutOff {
    /// The first half of `body`, under the length of the whole.
    fn half_of(body: &Bytes) -> Self {
        Self {
            first: Some(body.slice(..body.len() / 2)),
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
