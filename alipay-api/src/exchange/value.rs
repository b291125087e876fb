//! What an answer is read as, without its type: the exchange is compiled once for all methods.

use std::any::Any;

use super::ResponseMetadata;
use crate::{Error, ErrorKind, codec::DecodeError, protocol::answer::Answer};

/// What a verified answer says.
pub(crate) struct AnswerValue {
    /// An `Option` of the type that the caller asked for.
    content: Box<dyn Any + Send>,
    /// Only where the caller asked for it.
    pub(super) metadata: Option<Box<ResponseMetadata>>,
}

impl AnswerValue {
    #[inline]
    pub(crate) fn new<T: Send + 'static>(content: T) -> Self {
        Self {
            content: Box::new(Some(content)),
            metadata: None,
        }
    }
}

/// Takes what a verified answer says.
pub(crate) type Read<'a> = dyn Fn(&Answer<'_>) -> Result<AnswerValue, DecodeError> + Sync + 'a;

/// The content as what its [`Read`] has made.
pub(crate) fn unpacked<T: 'static>(content: Result<AnswerValue, Error>) -> Result<T, Error> {
    // Taken out of the box as it is: converting the box would be compiled for each type.
    let mut content = content?;
    match content.content.downcast_mut::<Option<T>>().and_then(Option::take) {
        Some(content) => Ok(content),
        None => Err(misread()),
    }
}

/// The same with the answer's metadata, which was asked for.
pub(crate) fn unpacked_with_metadata<T: 'static>(
    content: Result<AnswerValue, Error>,
) -> Result<(T, ResponseMetadata), Error> {
    let mut content = content?;
    let metadata = content.metadata.take().ok_or_else(misread)?;
    Ok((unpacked(Ok(content))?, *metadata))
}

fn misread() -> Error {
    Error::new(ErrorKind::Decode, "the answer was read as another type than the call's")
}
