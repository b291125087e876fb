//! Replies over HTTP, and the faults of the transport.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body as HttpBody;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
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

/// What a reply carries, and whether the connection ends within it.
pub(super) struct Carried {
    pub(super) bytes: Bytes,
    is_cut_off: bool,
}

impl From<Bytes> for Carried {
    fn from(bytes: Bytes) -> Self {
        Self {
            bytes,
            is_cut_off: false,
        }
    }
}

impl From<Carried> for HttpBody {
    fn from(carried: Carried) -> Self {
        if carried.is_cut_off {
            Self::new(CutOff::half_of(&carried.bytes))
        } else {
            Self::from(carried.bytes)
        }
    }
}

/// A reply with a fault.
pub(super) async fn spoil(
    fault: Fault,
    body: Body,
    signatory: &Signatory,
    cut: &Cut,
) -> Result<Response<Carried>, KeyError> {
    let ok = |body: Bytes| text(StatusCode::OK, "utf-8", body).map(Carried::from);
    Ok(match fault {
        Fault::HttpStatus(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            text(status, "utf-8", status.to_string()).map(Carried::from)
        }
        Fault::Html => ok(Bytes::from_static(
            "<html><body><h1>系统繁忙</h1></body></html>".as_bytes(),
        )),
        Fault::Empty => ok(Bytes::new()),
        Fault::Redirect(url) => {
            let mut response = text(StatusCode::FOUND, "utf-8", "").map(Carried::from);
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
            body.response(signatory)?.map(Carried::from)
        }
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            body.response(signatory)?.map(Carried::from)
        }
        Fault::Truncated => {
            let response = body.response(signatory)?;
            response.map(|body| Carried::from(body.slice(..body.len() / 2)))
        }
        Fault::CutOff => {
            let response = body.response(signatory)?;
            response.map(|bytes| Carried {
                bytes,
                is_cut_off: true,
            })
        }
        Fault::Status(status) => {
            let mut response = body.response(signatory)?;
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            response.map(Carried::from)
        }
        Fault::WithoutHeader(name) => with_header(body.response(signatory)?, &name, &[]).map(Carried::from),
        Fault::Header(name, value) => with_header(body.response(signatory)?, &name, &[value]).map(Carried::from),
        Fault::HeaderTwice(name, value) => {
            let response = body.response(signatory)?;
            let own = response.headers().get(&name).and_then(|own| own.to_str().ok());
            let values: Vec<_> = [value].into_iter().chain(own.map(str::to_owned)).collect();
            with_header(response, &name, &values).map(Carried::from)
        }
        fault => match body {
            Body::Answer(answer) => answer.spoiled(&fault, signatory)?.map(Carried::from),
            page @ Body::Page(_) => page.response(signatory)?.map(Carried::from),
        },
    })
}

/// A response with these values of a header, and no others.
fn with_header(mut response: Response<Bytes>, name: &str, values: &[String]) -> Response<Bytes> {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        response.headers_mut().remove(&name);
        for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().append(&name, value);
        }
    }
    response
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
