use std::{fmt, ops::Deref};

use super::{parameters::Parameters, unreadable};
use crate::{Error, wire::Source};

/// Something that Alipay signed. There is no other way to one than through [`Notifications`](super::Notifications).
///
/// `Debug` shows what it holds, which leaves secrets out.
#[derive(Clone, PartialEq)]
pub struct Verified<T> {
    value: T,
    parameters: Parameters,
}

impl<T> Verified<T> {
    pub(super) fn new(value: T, parameters: Parameters) -> Self {
        Self { value, parameters }
    }

    /// The key to drop repeats by: a notification that is sent again keeps it.
    pub fn notify_id(&self) -> Option<&str> {
        self.parameter("notify_id")
    }

    /// A parameter as it came, decoded; `sign` and `sign_type` are not among them.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All parameters, as they came, by name; without `sign` and `sign_type`.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter()
    }

    /// What was verified, without the proof that it was.
    pub fn into_inner(self) -> T {
        self.value
    }

    pub(super) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Verified<U>, E> {
        Ok(Verified {
            value: map(self.value)?,
            parameters: self.parameters,
        })
    }
}

impl Verified<OtherNotification> {
    /// The notification, read as a type of yours: give the `Notification::read` that `alipay-codegen` has made of your specs. It
    /// gives `None` for a notification of a name that they don't have.
    ///
    /// # Errors
    /// A field is not of its type ([`ErrorKind::Decode`](crate::ErrorKind::Decode)).
    pub fn read<U>(&self, read: impl FnOnce(&str, &mut Source<'_>) -> U) -> Result<U, Error> {
        let values = self.parameters.values();
        let mut source = values.source();
        let value = read(&self.value.name, &mut source);
        source.finish().map_err(unreadable)?;
        Ok(value)
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Verified<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Verified").field(&self.value).finish()
    }
}

/// A notification that no spec describes, or that was not read. Its parameters are on the [`Verified`] around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherNotification {
    /// Its `notify_type` or `msg_method`; empty where it has neither.
    pub name: String,
}

impl OtherNotification {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}
