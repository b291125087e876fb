//! A request's body, from the network: within a size and a time.

use std::{error::Error as StdError, future::poll_fn, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::StatusCode;
use tokio::time::timeout;

use super::NotificationError;
use crate::notify::MAX_BODY;

/// Why a body does not come.
pub(super) enum BodyError {
    /// A limit in front of this one was exceeded.
    TooLarge,
    /// The connection, or what is in front of it.
    Broken(Box<dyn StdError + Send + Sync>),
}

/// How large a body may be, in bytes, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) size: usize,
    pub(super) time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: MAX_BODY,
            time: Duration::from_secs(10),
        }
    }
}

/// Reads a body within these limits. `length` is how large it says to be.
pub(super) async fn read(
    body: impl Stream<Item = Result<Bytes, BodyError>>,
    length: Option<u64>,
    limits: Limits,
) -> Result<Bytes, NotificationError> {
    let Limits { size: max, time } = limits;
    if length.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    match timeout(time, collect(body, max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(BodyError::TooLarge)) => Err(too_large(max)),
        Ok(Err(BodyError::Broken(cause))) => {
            let message = format!("the request's body broke off: {cause}");
            Err(NotificationError::new(StatusCode::BAD_REQUEST, message))
        }
        Err(_) => {
            let message = format!("the request's body did not come within {time:?}");
            Err(NotificationError::new(StatusCode::REQUEST_TIMEOUT, message))
        }
    }
}

fn too_large(max: usize) -> NotificationError {
    let message = format!("the request's body is larger than {max} bytes, or than a limit in front of that");
    NotificationError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

async fn collect(body: impl Stream<Item = Result<Bytes, BodyError>>, max: usize) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    // Mostly there is one piece, which is not copied.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        let piece = piece?;
        let size = first.len() + all.len();
        if piece.len() > max - size {
            return Err(BodyError::TooLarge);
        }
        if size == 0 {
            first = piece;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use super::*;

    /// These pieces, and then the end, or nothing more ever.
    struct Pieces(Vec<&'static str>, bool);

    impl Stream for Pieces {
        type Item = Result<Bytes, BodyError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if self.0.is_empty() {
                return if self.1 { Poll::Ready(None) } else { Poll::Pending };
            }
            Poll::Ready(Some(Ok(Bytes::from_static(self.0.remove(0).as_bytes()))))
        }
    }

    async fn of(pieces: &[&'static str], length: Option<u64>, ends: bool) -> Result<Bytes, u16> {
        let body = Pieces(pieces.to_vec(), ends);
        let limits = Limits {
            size: 6,
            ..Limits::default()
        };
        let read = read(body, length, limits).await;
        read.map_err(|error| error.status().as_u16())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_to_its_end_within_its_limits() {
        for (pieces, whole) in [
            (&[][..], ""),
            (&["abc"], "abc"),
            (&["", "abc", ""], "abc"),
            (&["ab", "cd", "ef"], "abcdef"),
            (&["abcdef"], "abcdef"),
        ] {
            assert_eq!(of(pieces, None, true).await.unwrap(), whole);
            assert_eq!(of(pieces, None, false).await, Err(408), "{pieces:?}");
        }
        for pieces in [
            &["abcdefg"][..],
            &["abc", "defg"],
            &["abcdef", "", "g"],
            &["ab", "cd", "efg"],
        ] {
            // A body without an end must not be waited for either.
            assert_eq!(of(pieces, None, false).await, Err(413), "{pieces:?}");
        }
        assert_eq!(of(&[], Some(7), false).await, Err(413));
        assert_eq!(of(&["abcdef"], Some(6), true).await.unwrap(), "abcdef");
    }
}
