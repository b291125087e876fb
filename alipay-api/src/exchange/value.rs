//! What an answer is read as: a type that the exchange does not know.

use std::any::Any;

use crate::{Error, ErrorKind, codec::DecodeError, protocol::answer::Answer};

/// What a verified answer says: an `Option` of a type that is known to whoever asked for it.
pub(crate) struct AnswerValue(Box<dyn Any + Send>);

impl AnswerValue {
    #[inline]
    pub(crate) fn new<T: Send + 'static>(content: T) -> Self {
        Self(Box::new(Some(content)))
    }
}

/// Takes what a verified answer says.
pub(crate) type Read<'a> = dyn Fn(&Answer<'_>) -> Result<AnswerValue, DecodeError> + Sync + 'a;

/// The content as what its [`Read`] has made.
pub(crate) fn unpacked<T: 'static>(content: Result<AnswerValue, Error>) -> Result<T, Error> {
    // Taken out where it is: to turn the box into one of this type would be compiled for each type.
    let mut content = content?;
    match content.0.downcast_mut::<Option<T>>().and_then(Option::take) {
        Some(content) => Ok(content),
        None => Err(misread()),
    }
}

fn misread() -> Error {
    Error::new(ErrorKind::Decode, "the answer was read as another type than the call's")
}
