//! Why a catalogue is of no use.

/// A catalogue lacks what is asked for, or can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A line of the catalogue isn't what it should be.
    #[error("line {line} of the catalogue: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A packed catalogue is none, or no whole one.
    #[error("the packed catalogue cannot be read: {0}")]
    Damaged(String),
    /// No line has the method.
    #[error("the catalogue has no method `{0}`")]
    NoSuchMethod(String),
}
