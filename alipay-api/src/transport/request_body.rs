use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
#[cfg(feature = "reqwest")]
use http_body_util::Full;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};

use crate::types::FileError;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of a [`Request`](super::Request): bytes, or a stream of known length.
///
/// A transport sends either: it is an [`http_body::Body`] whose size is known, and [`as_bytes`](Self::as_bytes) has bytes that are there
/// already. The library's own calls have bytes, but for uploads, which are streams.
pub struct RequestBody(Content);

enum Content {
    Bytes(Bytes),
    Stream(Box<Stream>),
}

/// A stream, held to its length.
struct Stream {
    /// Only `get_mut` is used, which never waits: it makes the body `Sync`.
    body: Mutex<UnsyncBoxBody<Bytes, BoxError>>,
    length: u64,
    /// What has yet to come.
    missing: u64,
    /// The last bytes, until it is known that they are the last.
    last: Option<Bytes>,
    is_done: bool,
    fate: Arc<Fate>,
}

/// What becomes of a stream, for who has given it to a transport.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// One of the three below.
    state: AtomicU8,
    failure: OnceLock<FileError>,
}

impl Fate {
    const OPEN: u8 = 0;
    const WHOLE: u8 = 1;
    const ABANDONED: u8 = 2;

    /// Keeps the last bytes back from now on, if the transport does not have them yet: then no server ever has the whole.
    pub(crate) fn abandon(&self) -> bool {
        self.end(Self::ABANDONED)
    }

    /// Why the stream has failed.
    pub(crate) fn failure(&self) -> Option<&FileError> {
        self.failure.get()
    }

    /// Whether it ends this way: it has one end.
    fn end(&self, state: u8) -> bool {
        let ended = self
            .state
            .compare_exchange(Self::OPEN, state, Ordering::SeqCst, Ordering::SeqCst);
        ended.map_or_else(|before| before == state, |_| true)
    }
}

impl RequestBody {
    /// A body of this many bytes that comes while it is sent, and is never in memory as a whole. Trailers are not sent.
    ///
    /// A body that is longer or shorter fails, and its last bytes are not sent: no server takes a part of it for the whole.
    pub fn stream<B>(length: u64, body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Content::Stream(Box::new(Stream {
            body: Mutex::new(body.map_err(Into::into).boxed_unsync()),
            length,
            missing: length,
            last: None,
            is_done: false,
            fate: Arc::default(),
        })))
    }

    /// The same as a stream: an HTTP client that would send bytes again can't.
    #[cfg(feature = "reqwest")]
    pub(super) fn once(self) -> Self {
        match self.0 {
            Content::Bytes(bytes) if !bytes.is_empty() => Self::stream(bytes.len() as u64, Full::new(bytes)),
            content => Self(content),
        }
    }

    /// How many bytes have yet to be read; before the first is, all of them.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Stream(stream) => stream.left(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, unless it is a stream.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream(_) => None,
        }
    }

    /// What becomes of it, if it is a stream.
    pub(crate) fn fate(&self) -> Option<Arc<Fate>> {
        match &self.0 {
            Content::Bytes(_) => None,
            Content::Stream(stream) => Some(Arc::clone(&stream.fate)),
        }
    }

    /// All of it in memory, for a transport that takes nothing else.
    ///
    /// # Errors
    /// The stream fails, or has another length than was said: nothing may be sent then.
    pub async fn into_bytes(self) -> Result<Bytes, Box<dyn StdError + Send + Sync>> {
        match self.0 {
            Content::Bytes(bytes) => Ok(bytes),
            content @ Content::Stream(_) => Ok(Self(content).collect().await?.to_bytes()),
        }
    }
}

impl Stream {
    fn left(&self) -> u64 {
        self.missing + self.last.as_ref().map_or(0, |last| last.len() as u64)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        while !self.is_done {
            let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
            let frame = ready!(Pin::new(body).poll_frame(context)).transpose();
            let frame = frame.inspect_err(|error| {
                self.is_done = true;
                self.last = None;
                if let Some(failure) = error.downcast_ref::<FileError>() {
                    // The first of them is the cause.
                    let _ = self.fate.failure.set(failure.clone());
                }
            })?;
            let Some(frame) = frame else {
                self.is_done = true;
                if self.missing > 0 {
                    return Poll::Ready(Some(Err(WrongLength::Shorter(self.length).into())));
                }
                if !self.fate.end(Fate::WHOLE) {
                    self.last = None;
                    return Poll::Ready(Some(Err("the call was given up".into())));
                }
                break;
            };
            let Ok(data) = frame.into_data() else { continue };
            if data.is_empty() {
                continue;
            }
            let Some(missing) = self.missing.checked_sub(data.len() as u64) else {
                self.is_done = true;
                self.last = None;
                return Poll::Ready(Some(Err(WrongLength::Longer(self.length).into())));
            };
            self.missing = missing;
            if missing > 0 {
                return Poll::Ready(Some(Ok(data)));
            }
            self.last = Some(data);
        }
        Poll::Ready(self.last.take().map(Ok))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Content::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Stream(stream) => stream.poll(context).map(|data| data.map(|data| data.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Stream(stream) => stream.is_done && stream.last.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

impl Default for RequestBody {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self(Content::Bytes(bytes))
    }
}

impl From<Vec<u8>> for RequestBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for RequestBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for RequestBody {
    fn from(text: &'static str) -> Self {
        Bytes::from(text).into()
    }
}

#[cfg(feature = "reqwest")]
impl From<RequestBody> for reqwest::Body {
    fn from(body: RequestBody) -> Self {
        match body.0 {
            Content::Bytes(bytes) => bytes.into(),
            content @ Content::Stream(_) => Self::wrap(RequestBody(content)),
        }
    }
}

/// A request has secrets: only the length is shown.
impl fmt::Debug for RequestBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_stream = matches!(self.0, Content::Stream(_));
        let sort = if is_stream { "stream" } else { "bytes" };
        write!(formatter, "RequestBody({sort}, {} left)", self.len())
    }
}

/// A stream has another length than was said.
#[derive(Debug)]
enum WrongLength {
    Longer(u64),
    Shorter(u64),
}

impl fmt::Display for WrongLength {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (differs, length) = match self {
            Self::Longer(length) => ("longer", length),
            Self::Shorter(length) => ("shorter", length),
        };
        write!(
            formatter,
            "the request's body is {differs} than the {length} bytes that were announced"
        )
    }
}

impl StdError for WrongLength {}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt as _, stream};
    use http_body_util::StreamBody;

    use super::*;

    fn stream_of(length: u64, chunks: &[&'static str]) -> RequestBody {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from(*chunk))))
            .collect();
        RequestBody::stream(length, StreamBody::new(stream::iter(chunks)))
    }

    /// The chunks that come, and the error after them.
    fn chunks(mut body: RequestBody) -> (Vec<String>, Option<String>) {
        let mut chunks = Vec::new();
        while let Some(frame) = body.frame().now_or_never().expect("nothing to wait for") {
            match frame {
                Ok(frame) => chunks.push(String::from_utf8(frame.into_data().unwrap().into()).unwrap()),
                Err(error) => return (chunks, Some(error.to_string())),
            }
        }
        assert!(body.is_end_stream() && body.is_empty());
        (chunks, None)
    }

    #[test]
    fn a_stream_is_held_to_its_length() {
        assert_eq!(
            chunks(stream_of(5, &["he", "", "llo"])),
            (vec!["he".into(), "llo".into()], None)
        );
        assert_eq!(chunks(stream_of(0, &[])), (vec![], None));
        let longer = "the request's body is longer than the 3 bytes that were announced";
        for too_long in [&["he", "l", "lo"][..], &["hello"], &["he", "llo"]] {
            let (sent, error) = chunks(stream_of(3, too_long));
            assert_eq!(error.as_deref(), Some(longer));
            assert!(sent.concat().len() < 3, "{sent:?} would be taken for the whole");
        }
        let shorter = "the request's body is shorter than the 3 bytes that were announced";
        assert_eq!(chunks(stream_of(3, &["he"])), (vec!["he".into()], Some(shorter.into())));
    }

    #[test]
    fn what_fails_at_its_end_is_never_whole() {
        let frames = [
            Ok(Frame::data(Bytes::from("he"))),
            Ok(Frame::data(Bytes::from("llo"))),
            Err("cut off"),
        ];
        let mut body = RequestBody::stream(5, StreamBody::new(stream::iter(frames)));
        let mut next = || body.frame().now_or_never().expect("nothing to wait for");
        assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "he");
        assert_eq!(next().unwrap().unwrap_err().to_string(), "cut off");
        assert!(next().is_none(), "the last bytes come after the error");
    }

    #[test]
    fn what_was_given_up_is_never_whole() {
        let mut body = stream_of(5, &["he", "llo"]);
        let fate = body.fate().unwrap();
        let mut next = || body.frame().now_or_never().expect("nothing to wait for");
        assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "he");
        assert!(fate.abandon() && fate.abandon());
        assert_eq!(next().unwrap().unwrap_err().to_string(), "the call was given up");
        assert!(next().is_none(), "the last bytes come after the error");

        let mut body = stream_of(5, &["hello"]);
        let fate = body.fate().unwrap();
        assert!(body.frame().now_or_never().unwrap().unwrap().is_ok());
        assert!(!fate.abandon(), "the body was given up after its last bytes were taken");
        assert!(RequestBody::from("hello").fate().is_none());
    }

    #[test]
    fn bytes_are_bytes() {
        let body = RequestBody::from("hello");
        assert_eq!((body.len(), body.size_hint().exact()), (5, Some(5)));
        assert_eq!(body.as_bytes().unwrap(), "hello");
        assert_eq!(format!("{body:?}"), "RequestBody(bytes, 5 left)");
        assert_eq!(chunks(body), (vec!["hello".into()], None));
        assert!(stream_of(3, &[]).as_bytes().is_none());
        let whole = |body: RequestBody| body.into_bytes().now_or_never().unwrap();
        assert_eq!(whole("hello".into()).unwrap(), "hello");
        assert_eq!(whole(stream_of(5, &["he", "llo"])).unwrap(), "hello");
        assert!(whole(stream_of(4, &["he", "llo"])).is_err());
    }
}
