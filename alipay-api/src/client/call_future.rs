//! What a call gives, without a copy of the whole call for each type of it.

use std::{
    any::Any,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::{Error, ErrorKind, protocol::answer::Answer, transport::BoxFuture, wire::DecodeError};

/// What a verified answer says. Its type is known to the [`CallFuture`] that the caller awaits.
pub(super) type Content = Box<dyn Any + Send>;

/// Takes what a verified answer says.
pub(super) type Read = fn(&Answer<'_>) -> Result<Content, DecodeError>;

/// A call under way: what a call that is awaited becomes.
#[must_use = "a call is sent when it is awaited"]
pub struct CallFuture<T> {
    content: BoxFuture<'static, Result<Content, Error>>,
    // It gives one and holds none.
    given: PhantomData<fn() -> T>,
}

impl<T: 'static> CallFuture<T> {
    /// Of a call whose answer is read as a `T`.
    pub(super) fn new(content: BoxFuture<'static, Result<Content, Error>>) -> Self {
        Self {
            content,
            given: PhantomData,
        }
    }
}

impl<T: 'static> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(unpacked(ready!(self.content.as_mut().poll(context))))
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// The content as what its [`Read`] has made.
pub(super) fn unpacked<T: 'static>(content: Result<Content, Error>) -> Result<T, Error> {
    match content?.downcast() {
        Ok(content) => Ok(*content),
        Err(_) => Err(misread()),
    }
}

fn misread() -> Error {
    Error::new(ErrorKind::Decode, "the answer was read as another type than the call's")
}
