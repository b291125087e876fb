use std::cell::RefCell;

use super::DecodeError;

/// What becomes of a field that can't be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Reading<'r> {
    /// It is an error of the whole.
    #[default]
    Strict,
    /// It stays empty, and is noted.
    Lenient(&'r Unreadable),
}

/// The fields that could not be read: where they are, and why.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(RefCell<Vec<DecodeError>>);

impl Unreadable {
    /// All of them.
    pub(crate) fn into_errors(self) -> Vec<DecodeError> {
        self.0.into_inner()
    }
}

impl Reading<'_> {
    /// Notes that the field of this name can't be read, or gives the error back where reading is strict.
    pub(super) fn note(self, name: &str, error: DecodeError) -> Result<(), DecodeError> {
        match self {
            Self::Strict => Err(error.within(name)),
            Self::Lenient(unreadable) => {
                unreadable.0.borrow_mut().push(error.of_the_whole().within(name));
                Ok(())
            }
        }
    }

    /// How many errors are noted.
    pub(super) fn noted(self) -> usize {
        match self {
            Self::Strict => 0,
            Self::Lenient(unreadable) => unreadable.0.borrow().len(),
        }
    }

    /// Takes back what was noted since there were `noted`: the value around it is unreadable as a whole.
    pub(super) fn take_back(self, noted: usize) {
        if let Self::Lenient(unreadable) = self {
            unreadable.0.borrow_mut().truncate(noted);
        }
    }

    /// Adds a part to the path of what was noted since there were `noted`.
    pub(super) fn place(self, noted: usize, place: impl Fn(DecodeError) -> DecodeError) {
        let Self::Lenient(unreadable) = self else { return };
        let mut errors = unreadable.0.borrow_mut();
        if errors.len() > noted {
            let inner = errors.split_off(noted);
            errors.extend(inner.into_iter().map(place));
        }
    }
}
