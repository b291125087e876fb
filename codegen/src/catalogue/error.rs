//! Why a catalogue can't be read.

/// A catalogue lacks what is asked for, or can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A line of the catalogue isn't what it should be.
    #[error("line {line} of `{section}` in the catalogue: {problem}")]
    Line {
        /// Which of the texts of a [`Catalogue`](crate::Catalogue), by the name of the field.
        section: &'static str,
        /// The line of that text, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The packed catalogue is damaged.
    #[error("the packed catalogue cannot be read: {0}")]
    Damaged(String),
    /// No line has the method.
    #[error("the catalogue has no method `{0}`")]
    NoSuchMethod(String),
}
