//! A file on its way, a piece at a time.

use std::{
    borrow::Cow,
    error::Error as StdError,
    future::Future as _,
    io::{self, Read as _, Seek as _, SeekFrom},
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{runtime::Handle, task::JoinHandle};

use super::{
    File,
    file::{Chunks, Content, Disk, OneShot, Progress},
    file_error::{FileError, FileErrorKind},
};

/// How many bytes of a file are in memory at a time, and how often its progress is told.
const PIECE: usize = 64 * 1024;

/// The pieces of a file. They are its length together, or the last of them is an error.
pub(crate) struct FileBody {
    field: Cow<'static, str>,
    length: u64,
    /// How many bytes have been given.
    given: u64,
    /// How many of them were told of.
    told: u64,
    source: Source,
    progress: Option<Progress>,
}

enum Source {
    Bytes(Bytes),
    Disk {
        disk: Arc<Disk>,
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
    /// Nobody has asked for a byte.
    Untouched(Arc<OneShot>),
    Stream(Chunks),
    Ended,
}

/// Why there is no next piece.
enum Failure {
    AlreadySent,
    Read(Box<dyn StdError + Send + Sync>),
}

impl FileBody {
    /// The file in this field.
    pub(crate) fn new(field: Cow<'static, str>, file: &File) -> Self {
        let (content, progress) = file.parts();
        Self {
            field,
            length: file.size(),
            given: 0,
            told: 0,
            source: match content {
                Content::Bytes(bytes) => Source::Bytes(bytes.clone()),
                Content::Disk(disk) => Source::Disk {
                    disk: Arc::clone(disk),
                    reading: None,
                },
                Content::Stream(stream) => Source::Untouched(Arc::clone(stream)),
            },
            progress: progress.cloned(),
        }
    }

    /// The next piece. Who asks for it has taken those before.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, FileError>>> {
        if self.given > self.told {
            self.told = self.given;
            if let Some(progress) = &self.progress {
                progress(self.given, self.length);
            }
        }
        let piece = ready!(self.source.poll_piece(self.given, context));
        let failure = match piece {
            Some(Ok(piece)) => {
                let given = self.given.saturating_add(piece.len() as u64);
                if given <= self.length {
                    self.given = given;
                    return Poll::Ready(Some(Ok(piece)));
                }
                FileError::new(&self.field, FileErrorKind::Longer { length: self.length })
            }
            None if self.given == self.length => return Poll::Ready(None),
            None => {
                let (size, length) = (self.given, self.length);
                FileError::new(&self.field, FileErrorKind::Shorter { size, length })
            }
            Some(Err(Failure::AlreadySent)) => FileError::new(&self.field, FileErrorKind::AlreadySent),
            Some(Err(Failure::Read(error))) => FileError::read(&self.field, error),
        };
        self.source = Source::Ended;
        Poll::Ready(Some(Err(failure)))
    }
}

impl Source {
    /// The next piece, which is not empty, of a file of which so many bytes have been read.
    fn poll_piece(&mut self, read: u64, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            match self {
                Self::Bytes(bytes) => {
                    let piece = bytes.split_to(bytes.len().min(PIECE));
                    return Poll::Ready((!piece.is_empty()).then_some(Ok(piece)));
                }
                Self::Disk { disk, reading } => {
                    let failed = |error: io::Error| Poll::Ready(Some(Err(Failure::Read(error.into()))));
                    let task = match reading {
                        Some(task) => task,
                        None => match Handle::try_current() {
                            Ok(runtime) => {
                                let disk = Arc::clone(disk);
                                reading.insert(runtime.spawn_blocking(move || disk.read(read)))
                            }
                            Err(error) => return failed(io::Error::other(error)),
                        },
                    };
                    let piece = ready!(Pin::new(task).poll(context));
                    *reading = None;
                    return match piece.unwrap_or_else(|error| Err(io::Error::other(error))) {
                        Ok(piece) => Poll::Ready((!piece.is_empty()).then_some(Ok(piece))),
                        Err(error) => failed(error),
                    };
                }
                Self::Untouched(stream) => match stream.take() {
                    Some(stream) => *self = Self::Stream(stream),
                    None => return Poll::Ready(Some(Err(Failure::AlreadySent))),
                },
                Self::Stream(stream) => match ready!(stream.as_mut().poll_next(context)) {
                    Some(Ok(piece)) if piece.is_empty() => {}
                    Some(Ok(piece)) => return Poll::Ready(Some(Ok(piece))),
                    Some(Err(error)) => return Poll::Ready(Some(Err(Failure::Read(error)))),
                    // It may not be asked again.
                    None => *self = Self::Ended,
                },
                Self::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl Disk {
    /// A piece from here on, also beyond the length that the file had.
    fn read(&self, from: u64) -> io::Result<Bytes> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(from))?;
        let mut piece = Vec::with_capacity(PIECE);
        std::io::Read::by_ref(&mut *file)
            .take(PIECE as u64)
            .read_to_end(&mut piece)?;
        Ok(piece.into())
    }
}
