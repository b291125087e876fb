use std::cell::RefCell;

use super::DecodeError;

/// What to do with a field that can't be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Reading<'r> {
    /// The whole value is an error.
    #[default]
    Strict,
    /// The field stays empty, and the error is recorded.
    Lenient(&'r Unreadable),
}

/// The fields that could not be read, with their places and the reasons.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(RefCell<Vec<DecodeError>>);

impl Unreadable {
    /// All errors.
    pub(crate) fn into_errors(self) -> Vec<DecodeError> {
        self.0.into_inner()
    }
}

impl Reading<'_> {
    /// Records that the field of this name can't be read, or returns the error if reading is strict.
    pub(super) fn note(self, name: &str, error: DecodeError) -> Result<(), DecodeError> {
        match self {
            Self::Strict => Err(error.within(name)),
            Self::Lenient(unreadable) => {
                unreadable.0.borrow_mut().push(error.of_the_whole().within(name));
                Ok(())
            }
        }
    }

    /// The number of recorded errors.
    pub(super) fn noted(self) -> usize {
        match self {
            Self::Strict => 0,
            Self::Lenient(unreadable) => unreadable.0.borrow().len(),
        }
    }

    /// Removes the errors after the first `noted`: the value around them is unreadable as a whole.
    pub(super) fn take_back(self, noted: usize) {
        if let Self::Lenient(unreadable) = self {
            unreadable.0.borrow_mut().truncate(noted);
        }
    }

    /// Extends the path of the errors after the first `noted`.
    pub(super) fn place(self, noted: usize, place: impl Fn(DecodeError) -> DecodeError) {
        let Self::Lenient(unreadable) = self else { return };
        let mut errors = unreadable.0.borrow_mut();
        if errors.len() > noted {
            let inner = errors.split_off(noted);
            errors.extend(inner.into_iter().map(place));
        }
    }
}
