use std::{
    error::Error as StdError,
    fmt, io,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_core::Stream;
use tokio::runtime::Handle;

use super::file_error::{FileError, FileErrorKind};
use crate::codec::{DecodeError, Field, JsonWriter, Reading, Scalar, Value, scalar};

/// A file of an upload: [bytes](Self::new), a [file on disk](Self::open), or a [stream](Self::stream) of known length.
///
/// It is sent beside the signed parameters and is not signed. What is not in memory already is read while it is sent, a piece at a time, and is
/// never in memory as a whole.
///
/// ```no_run
/// # #[cfg(feature = "merchant")]
/// # async fn show(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::{merchant::ImageUpload, types::File};
///
/// let picture = File::open("proof.jpg").await?.on_progress(|sent, total| println!("{sent} of {total} bytes"));
/// let uploaded = client.merchant().image_upload(ImageUpload::new().image_type("jpg").image_content(picture)).await?;
/// println!("{:?}", uploaded.image_id);
/// # Ok(())
/// # }
/// ```
///
/// # Limits
/// A call whose file has another name or size than the method's documentation allows is refused before anything is sent. The error has a
/// [`FileError`] as its [cause](crate::Error::cause).
///
/// # What goes wrong on the way
/// A file that can't be read to its end, or is shorter or longer than it was said to be, ends the call with the same kind of error. Its last
/// bytes are not sent, so the gateway has no whole request and carries nothing out. The same holds where the connection breaks before them.
#[derive(Clone, Default)]
pub struct File {
    name: String,
    content: Content,
    progress: Option<Progress>,
}

#[derive(Clone)]
pub(super) enum Content {
    Bytes(Bytes),
    Disk(Arc<Disk>),
    Stream(Arc<OneShot>),
}

/// A file on disk, of the length that it had when it was opened. Whoever reads it says where.
pub(super) struct Disk {
    pub(super) file: Mutex<std::fs::File>,
    length: u64,
}

/// A stream, until somebody has taken it.
pub(super) struct OneShot {
    stream: Mutex<Option<Chunks>>,
    length: u64,
}

pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Box<dyn StdError + Send + Sync>>> + Send>>;

/// What is told of the bytes that are sent.
pub(super) type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

impl File {
    /// A file of this name and content, in memory. The gateway takes the kind of file from the name's ending (`shop.png`).
    ///
    /// ```
    /// use alipay_api::types::File;
    ///
    /// let picture = File::new("shop.png", &b"\x89PNG\r\n\x1a\n"[..]);
    /// assert_eq!(picture.size(), 8);
    /// ```
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self::of(name, Content::Bytes(content.into()))
    }

    /// A file on disk, with the last part of its path as its name. It is opened now, and read whenever it is sent.
    ///
    /// ```no_run
    /// # async fn show() -> std::io::Result<()> {
    /// use alipay_api::types::File;
    ///
    /// let picture = File::open("received/1.part").await?.with_name("shop.png");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// It can't be opened, is no regular file, or has a name that is not Unicode; or there is no tokio runtime here.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let opening = runtime.spawn_blocking(move || {
            let invalid = |message| io::Error::new(io::ErrorKind::InvalidInput, message);
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| invalid("the file's name is missing or is not Unicode"))?;
            // Opening a pipe would wait for its writer.
            let check = |metadata: &std::fs::Metadata| {
                if metadata.is_file() {
                    return Ok(());
                }
                Err(invalid("only a regular file has a length; use a stream instead"))
            };
            check(&std::fs::metadata(&path)?)?;
            let file = std::fs::File::open(&path)?;
            let metadata = file.metadata()?;
            check(&metadata)?;
            let disk = Disk {
                file: Mutex::new(file),
                length: metadata.len(),
            };
            Ok(Self::of(name, Content::Disk(Arc::new(disk))))
        });
        opening.await.map_err(io::Error::other)?
    }

    /// A file of this name and length, in bytes, that comes as a stream: an upload that is passed on, for one.
    ///
    /// It can be sent once: neither the library nor a clone of this file sends it again once the first byte was asked for.
    ///
    /// ```
    /// use alipay_api::types::File;
    /// use futures_util::stream;
    ///
    /// let pieces = ["half a ", "picture"].map(|piece| Ok::<_, std::io::Error>(piece.into()));
    /// let picture = File::stream("shop.png", 14, stream::iter(pieces));
    /// ```
    pub fn stream<S, E>(name: impl Into<String>, length: u64, stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        let stream: Chunks = Box::pin(Erased(Box::pin(stream)));
        let stream = Mutex::new(Some(stream));
        Self::of(name, Content::Stream(Arc::new(OneShot { stream, length })))
    }

    fn of(name: impl Into<String>, content: Content) -> Self {
        Self {
            name: name.into(),
            content,
            progress: None,
        }
    }

    /// The same file under another name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Calls this while the file is sent, with the bytes that the connection has taken and those that there are in all.
    ///
    /// The last call of a file that was sent has both the same; the gateway has not answered by then. A call that is sent again begins anew.
    /// The function must not block or panic: the connection waits for it.
    ///
    /// ```
    /// use std::sync::{
    ///     Arc,
    ///     atomic::{AtomicU64, Ordering},
    /// };
    ///
    /// use alipay_api::types::File;
    ///
    /// let percent = Arc::new(AtomicU64::new(0));
    /// let shown = Arc::clone(&percent);
    /// let picture = File::new("shop.png", vec![0; 1 << 20])
    ///     .on_progress(move |sent, total| shown.store(sent * 100 / total, Ordering::Relaxed));
    /// ```
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The length of the content, in bytes.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Disk(disk) => disk.length,
            Content::Stream(stream) => stream.length,
        }
    }

    /// The bytes, if they are in memory.
    pub fn content(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Disk(_) | Content::Stream(_) => None,
        }
    }

    /// Whether it was a stream, and has been sent.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(&self.content, Content::Stream(stream) if stream.lock().is_none())
    }

    /// Refuses a name or a size that the field of this name does not have; a size in bytes, and endings in lower case.
    pub(crate) fn check(
        &self,
        field: &str,
        (min, max): (Option<u64>, Option<u64>),
        endings: &'static [&'static str],
    ) -> Result<(), FileError> {
        let size = self.size();
        let is_named = |ending: &&str| {
            let own = self.name.rsplit_once('.');
            own.is_some_and(|(stem, own)| !stem.is_empty() && own.eq_ignore_ascii_case(ending))
        };
        let kind = if self.name.trim().is_empty() {
            FileErrorKind::NoName
        } else if !endings.is_empty() && !endings.iter().any(is_named) {
            FileErrorKind::Extension { allowed: endings }
        } else if let Some(max) = max.filter(|max| size > *max) {
            FileErrorKind::TooLarge { size, max }
        } else if let Some(min) = min.filter(|min| size < *min) {
            FileErrorKind::TooSmall { size, min }
        } else {
            return Ok(());
        };
        Err(FileError::new(field, kind))
    }

    pub(super) fn parts(&self) -> (&Content, Option<&Progress>) {
        (&self.content, self.progress.as_ref())
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl OneShot {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Chunks>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, for the first who asks.
    pub(super) fn take(&self) -> Option<Chunks> {
        self.lock().take()
    }
}

/// A stream whose errors are boxed.
struct Erased<S>(Pin<Box<S>>);

impl<S, E> Stream for Erased<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Item = Result<Bytes, Box<dyn StdError + Send + Sync>>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let chunk = self.0.as_mut().poll_next(context);
        chunk.map(|chunk| chunk.map(|chunk| chunk.map_err(Into::into)))
    }
}

/// By name and bytes; those that are not in memory are the same as their clones alone.
impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (&self.content, &other.content) {
            (Content::Bytes(one), Content::Bytes(other)) => one == other,
            (Content::Disk(one), Content::Disk(other)) => Arc::ptr_eq(one, other),
            (Content::Stream(one), Content::Stream(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        is_same && self.name == other.name
    }
}

impl Eq for File {}

impl fmt::Debug for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("File")
            .field("name", &self.name)
            .field("bytes", &self.size())
            .finish_non_exhaustive()
    }
}

/// Only for serde, to store a request: files are never part of JSON that is sent.
impl Scalar for File {
    fn empty() -> Self {
        Self::default()
    }

    fn encode(&self, out: &mut JsonWriter) {
        match self.content() {
            Some(content) => {
                let content = BASE64_STANDARD.encode(content);
                out.list([&self.name as &dyn Field, &content].into_iter());
            }
            None => out.unwritable("a file that is not in memory can't be stored"),
        }
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let mut parts = Vec::<String>::new();
        let field: &mut dyn Field = &mut parts;
        if !field.read(value, Reading::Strict)? {
            return Ok(None);
        }
        let [name, content] = parts.as_slice() else {
            return Err(DecodeError::new("expected a file: its name and its content in base64"));
        };
        let content = BASE64_STANDARD
            .decode(content)
            .map_err(|_| DecodeError::new("expected a file's content in base64"))?;
        Ok(Some(Self::new(name.clone(), content)))
    }
}

scalar!(File);
crate::__serde!(File);
