use super::ErrorClass;
use crate::codec::KnownValue;

/// The business error codes (`sub_code`) of a method, or those that any method can be answered with.
pub trait ErrorCode: KnownValue {
    /// What a caller can do about it.
    fn class(self) -> ErrorClass;
}

/// The class of a code, if it is listed.
pub(crate) fn class_of<C: ErrorCode>(code: &str) -> Option<ErrorClass> {
    C::from_text(code).map(ErrorCode::class)
}

/// The business error codes of a method that documents none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoErrorCode {}

impl KnownValue for NoErrorCode {
    fn listed() -> (&'static [&'static str], &'static [Self]) {
        (&[], &[])
    }
}

impl ErrorCode for NoErrorCode {
    fn class(self) -> ErrorClass {
        match self {}
    }
}
