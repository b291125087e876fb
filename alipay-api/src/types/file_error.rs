use std::{error::Error as StdError, fmt, sync::Arc};

/// Why a [file](super::File) was not uploaded: the [cause](crate::Error::cause) of an error of the kind
/// [`Request`](crate::ErrorKind::Request).
///
/// ```
/// # fn show(error: alipay_api::Error) {
/// use alipay_api::types::{FileError, FileErrorKind};
///
/// let refused = error.cause().and_then(|cause| cause.downcast_ref::<FileError>());
/// if let Some(FileErrorKind::TooLarge { max, .. }) = refused.map(FileError::kind) {
///     println!("choose a picture of at most {max} bytes");
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileError {
    field: Box<str>,
    kind: FileErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The sort of a [`FileError`]. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// It has no name. Nothing was sent.
    NoName,
    /// Its name does not end as the method's documentation says. Nothing was sent.
    Extension {
        /// The endings that are allowed, in lower case and without the dot.
        allowed: &'static [&'static str],
    },
    /// It is larger than the method's documentation allows. Nothing was sent.
    TooLarge {
        /// How large it is.
        size: u64,
        /// How large it may be.
        max: u64,
    },
    /// It is smaller than the method's documentation allows. Nothing was sent.
    TooSmall {
        /// How large it is.
        size: u64,
        /// How large it must be.
        min: u64,
    },
    /// It was a stream, and has been read before: streams are sent once. Nothing was carried out.
    AlreadySent,
    /// It has ended before its length was reached. Nothing was carried out.
    Shorter {
        /// How many bytes there were.
        size: u64,
        /// How many there were to be.
        length: u64,
    },
    /// It has more bytes than there were to be. Nothing was carried out.
    Longer {
        /// How many there were to be.
        length: u64,
    },
    /// It could not be read, or its stream has failed; the error's [source](StdError::source) says why. Nothing was carried out.
    Read,
}

impl FileError {
    pub(crate) fn new(field: &str, kind: FileErrorKind) -> Self {
        Self {
            field: field.into(),
            kind,
            source: None,
        }
    }

    pub(super) fn read(field: &str, source: Box<dyn StdError + Send + Sync>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(field, FileErrorKind::Read)
        }
    }

    /// The request's field that has the file.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The sort of error.
    pub fn kind(&self) -> FileErrorKind {
        self.kind
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match self.kind {
            FileErrorKind::NoName => write!(formatter, "the file `{field}` has no name"),
            FileErrorKind::Extension { allowed } => {
                write!(
                    formatter,
                    "the name of the file `{field}` must end in .{}",
                    allowed.join(", .")
                )
            }
            FileErrorKind::TooLarge { size, max } => write!(
                formatter,
                "the file `{field}` has {size} bytes, and Alipay takes at most {max}"
            ),
            FileErrorKind::TooSmall { size, min } => write!(
                formatter,
                "the file `{field}` has {size} bytes, and Alipay takes no fewer than {min}"
            ),
            FileErrorKind::AlreadySent => write!(
                formatter,
                "the stream of the file `{field}` was sent before, and can't be sent again: make another one"
            ),
            FileErrorKind::Shorter { size, length } => write!(
                formatter,
                "the file `{field}` has ended after {size} bytes of {length}: the request was not sent to its end"
            ),
            FileErrorKind::Longer { length } => write!(
                formatter,
                "the file `{field}` has more bytes than the {length} that it was said to have: the request was not sent to its end"
            ),
            FileErrorKind::Read => write!(
                formatter,
                "the file `{field}` could not be read: the request was not sent to its end"
            ),
        }
    }
}

impl StdError for FileError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
