use super::ErrorClass;
use crate::codec::KnownValue;

/// The business error codes (`sub_code`) of a method, or those that any method can be answered with.
pub trait ErrorCode: KnownValue {
    /// What a caller can do about it; `None` for a code that the documentation names and does not describe. Such a code says nothing of
    /// the outcome, as one that is not listed.
    fn class(self) -> Option<ErrorClass>;
}

/// The class of a code, if it is described.
pub(crate) fn class_of<C: ErrorCode>(code: &str) -> Option<ErrorClass> {
    C::from_text(code).and_then(ErrorCode::class)
}

/// The business error codes of a method that documents none.
pub enum NoErrorCode {}

crate::codec::listed!(NoErrorCode);

impl KnownValue for NoErrorCode {
    fn listed() -> (&'static [&'static str], &'static [Self]) {
        (&[], &[])
    }

    fn place(self) -> usize {
        match self {}
    }
}

impl ErrorCode for NoErrorCode {
    fn class(self) -> Option<ErrorClass> {
        match self {}
    }
}
