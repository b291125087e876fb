//! What reqwest's errors say of the request: whether any of it may have been sent.

use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{
    super::{TransportError, TransportErrorKind},
    cause::Cause,
};
use crate::error::chain;

/// The client takes no such request: of another scheme, for one.
pub(super) fn before_sending(error: reqwest::Error) -> TransportError {
    with_cause(TransportErrorKind::Unusable, error)
}

/// There is no head of an answer.
pub(super) fn of_request(error: reqwest::Error) -> TransportError {
    let kind = if error.is_builder() {
        TransportErrorKind::Unusable
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else if was_canceled(&error) {
        TransportErrorKind::NotSent
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Broken
    };
    with_cause(kind, error)
}

/// Whether the connection was closed before it took the request: hyper gives such a request back untouched, and says it so. Of one that it
/// has begun to write, it never does.
fn was_canceled(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_canceled))
}

fn with_cause(kind: TransportErrorKind, error: reqwest::Error) -> TransportError {
    TransportError::new(kind).with_source(Cause::from(error))
}

/// The body of an answer, with the transport's errors.
pub(super) struct OfAnswer(pub(super) reqwest::Body);

impl Body for OfAnswer {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let failed = |error: reqwest::Error| {
            let kind = if error.is_timeout() {
                TransportErrorKind::Timeout
            } else {
                TransportErrorKind::Broken
            };
            with_cause(kind, error)
        };
        let frame = Pin::new(&mut self.0).poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map_err(failed)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// What a request fails with on a connection whose other end does this.
    async fn failure(act: impl AsyncFnOnce(DuplexStream)) -> hyper::Error {
        let (client, server) = duplex(4096);
        let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
        let sending = sender.send_request(http::Request::new(String::new()));
        // The other end has its turn first.
        let ((), error, _) = tokio::join!(act(server), sending, connection);
        error.unwrap_err()
    }

    #[tokio::test]
    async fn only_a_request_that_was_given_back_was_not_sent() {
        let closed = failure(async |server| drop(server)).await;
        assert!(was_canceled(&closed), "{closed:?}");
        let closed_later = failure(async |mut server| assert_eq!(server.read_u8().await.unwrap(), b'G')).await;
        assert!(!was_canceled(&closed_later), "{closed_later:?}");
        let nonsense = failure(async |mut server| {
            assert_eq!(server.read_u8().await.unwrap(), b'G');
            server.write_all(b"nonsense\r\n\r\n").await.unwrap();
        });
        let nonsense = nonsense.await;
        assert!(!was_canceled(&nonsense), "{nonsense:?}");
    }
}
