use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use tokio::task::consume_budget;

use super::{Response, TransportError, TransportErrorKind};

/// The body of a [`Response`]: bytes, or a stream that is read as it comes.
pub struct ResponseBody(Content);

enum Content {
    Bytes(Bytes),
    Stream(UnsyncBoxBody<Bytes, TransportError>),
}

impl ResponseBody {
    /// A body that comes while it is read, such as that of hyper.
    ///
    /// An error of its that is a [`TransportError`] stays one; any other is of the kind [`Broken`](TransportErrorKind::Broken). None says that
    /// the request was not sent: the head of an answer has come.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self(Content::Stream(
            body.map_err(|error| failed(error.into())).boxed_unsync(),
        ))
    }

    /// All of it, if it has no more bytes than `limit`. What is larger is not read to its end.
    ///
    /// # Errors
    /// [`TooLarge`](TransportErrorKind::TooLarge), or what the stream fails with.
    pub async fn collect(self, limit: usize) -> Result<Bytes, TransportError> {
        let mut stream = match self.0 {
            Content::Bytes(bytes) if bytes.len() > limit => return Err(TransportError::too_large(limit)),
            Content::Bytes(bytes) => return Ok(bytes),
            Content::Stream(stream) => stream,
        };
        if stream.size_hint().lower() > limit as u64 {
            return Err(TransportError::too_large(limit));
        }
        // Most answers come in one piece, which need not be copied.
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        while let Some(frame) = stream.frame().await {
            // Frames without bytes may come for ever, and without a pause: the call's time ends all the same.
            let Some(data) = frame?.into_data().ok().filter(|data| !data.is_empty()) else {
                consume_budget().await;
                continue;
            };
            if data.len() > limit - first.len().max(all.len()) {
                return Err(TransportError::too_large(limit));
            }
            if first.is_empty() && all.is_empty() {
                first = data;
                continue;
            }
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

/// The answer as a whole, within the limit, whatever the transport would let through.
pub(crate) async fn collected(response: Response, limit: usize) -> Result<http::Response<Bytes>, TransportError> {
    let (parts, body) = response.into_parts();
    Ok(http::Response::from_parts(parts, body.collect(limit).await?))
}

fn failed(error: Box<dyn StdError + Send + Sync>) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(error) => error.after_head(),
        Err(error) => TransportError::new(TransportErrorKind::Broken).with_source(error),
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut self.0 {
            Content::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Stream(stream) => Pin::new(stream).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(stream) => stream.size_hint(),
        }
    }
}

impl Default for ResponseBody {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self(Content::Bytes(bytes))
    }
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for ResponseBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for ResponseBody {
    fn from(text: &'static str) -> Self {
        Bytes::from(text).into()
    }
}

/// An answer has tokens and personal data: only its sort is shown.
impl fmt::Debug for ResponseBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Bytes(bytes) => write!(formatter, "ResponseBody(bytes, {})", bytes.len()),
            Content::Stream(_) => formatter.write_str("ResponseBody(stream)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use http_body_util::StreamBody;

    use super::*;

    fn collect(body: ResponseBody, limit: usize) -> Result<Bytes, TransportError> {
        body.collect(limit).now_or_never().expect("nothing to wait for")
    }

    fn stream_of<E>(chunks: Vec<Result<&'static str, E>>) -> ResponseBody
    where
        E: Into<Box<dyn StdError + Send + Sync>> + Send + 'static,
    {
        let frames = chunks
            .into_iter()
            .map(|chunk| chunk.map(|chunk| Frame::data(Bytes::from(chunk))));
        ResponseBody::stream(StreamBody::new(stream::iter(frames)))
    }

    #[test]
    fn what_is_within_the_limit_is_read_whole() {
        assert_eq!(collect("hello".into(), 5).unwrap(), "hello");
        for chunks in [&["hello"][..], &["", "he", "", "l", "lo"], &["he", "llo"]] {
            let body = stream_of(chunks.iter().map(|chunk| Ok::<_, io::Error>(*chunk)).collect());
            assert_eq!(collect(body, 5).unwrap(), "hello", "{chunks:?}");
        }
        assert_eq!(collect(stream_of::<io::Error>(vec![]), 0).unwrap(), "");
    }

    #[test]
    fn what_is_larger_is_not_read_to_its_end() {
        assert_eq!(
            collect("hello".into(), 4).unwrap_err().kind(),
            TransportErrorKind::TooLarge
        );
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        // It never ends.
        let frames = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, io::Error>(Frame::data(Bytes::from("0123456789")))
        });
        let error = collect(ResponseBody::stream(StreamBody::new(frames.boxed())), 45).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::TooLarge);
        assert_eq!(error.source().unwrap().to_string(), "the limit is 45 bytes");
        assert_eq!(read.load(Ordering::SeqCst), 5);
    }

    #[tokio::test]
    async fn frames_without_bytes_outlast_no_timeout() {
        let mut count = 0_u32;
        let frames = stream::repeat_with(move || {
            count += 1;
            assert!(count < 5_000_000, "nothing ends it");
            Ok::<_, io::Error>(Frame::data(Bytes::new()))
        });
        let body = ResponseBody::stream(StreamBody::new(frames.boxed()));
        let limit = std::time::Duration::from_millis(20);
        tokio::time::timeout(limit, body.collect(9)).await.unwrap_err();
    }

    #[test]
    fn no_failure_after_the_head_says_that_nothing_was_sent() {
        for (kind, expected) in [
            (TransportErrorKind::Connect, TransportErrorKind::Broken),
            (TransportErrorKind::NotSent, TransportErrorKind::Broken),
            (TransportErrorKind::Unusable, TransportErrorKind::Broken),
            (TransportErrorKind::Timeout, TransportErrorKind::Timeout),
        ] {
            let body = stream_of(vec![Ok("he"), Err(TransportError::new(kind))]);
            assert_eq!(collect(body, 9).unwrap_err().kind(), expected);
        }
        let body = stream_of(vec![Ok("he"), Err(io::Error::other("cut off"))]);
        let error = collect(body, 9).unwrap_err();
        assert_eq!(
            (error.kind(), error.source().unwrap().to_string()),
            (TransportErrorKind::Broken, "cut off".to_owned())
        );
    }
}
