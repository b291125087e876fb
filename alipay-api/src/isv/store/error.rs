use std::{error::Error as StdError, fmt};

/// A token store can't do what it was asked to.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The sort of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It can't be reached, is busy or has no room: the same may succeed later.
    Unavailable,
    /// It was written with another key.
    WrongKey,
    /// It holds what no store of this kind has written, or what somebody has changed.
    Damaged,
    /// It is set up in a way that can't work: an address that is none, a version that this library doesn't know.
    Configuration,
}

impl StoreError {
    /// An error of this sort. The message says what was wrong and what to do, and shows no token and no password.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Adds what caused it. Its `Display` must show no token and no password either.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The sort of error.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
