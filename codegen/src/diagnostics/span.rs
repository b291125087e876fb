//! Where something stands.

/// A range of bytes in one of the files being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The file's index.
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// The start of a file.
    pub(crate) const fn start_of(file: u32) -> Self {
        Self { file, start: 0, end: 0 }
    }
}
