use std::{fmt, ops::Deref};

use super::{Notification, parameters::VerifiedParameters, undecodable};
use crate::{
    Error, ErrorKind,
    codec::{Object, Reading, Source, Unreadable, Values},
    error::Sanitized,
    types::{NotificationType, OtherNotification},
};

/// More fields that can't be read have the same cause.
const MAX_WARNINGS: usize = 16;

/// Something that Alipay signed. Only [`Notifications`](super::Notifications) makes it, after the signature has been checked: code that takes
/// a `Verified` needs no check of its own.
///
/// `Debug` shows what it holds, without secrets.
#[derive(Clone, PartialEq)]
pub struct Verified<T> {
    value: T,
    parameters: VerifiedParameters,
    /// The places of what could not be read.
    unreadable: Vec<String>,
}

impl<T> Verified<T> {
    pub(super) fn new(value: T, parameters: VerifiedParameters) -> Self {
        Self {
            value,
            parameters,
            unreadable: Vec::new(),
        }
    }

    /// Reads what the values say; fields that can't be read stay empty.
    pub(super) fn read_from(
        values: &Values<'_>,
        parameters: &VerifiedParameters,
        read: impl FnOnce(&mut Source<'_>) -> T,
    ) -> Result<Self, Error> {
        let unreadable = Unreadable::default();
        let mut source = values.source(Reading::Lenient(&unreadable));
        let value = read(&mut source);
        source.finish().map_err(undecodable)?;
        let errors = unreadable.into_errors();
        for error in errors.iter().take(MAX_WARNINGS) {
            tracing::warn!(
                notification = parameters.name(),
                field = error.path(),
                problem = error.problem(),
                "a verified field can't be read"
            );
        }
        Ok(Self {
            value,
            parameters: parameters.clone(),
            unreadable: errors.iter().map(crate::codec::DecodeError::path).collect(),
        })
    }

    /// Reads the object that the values make.
    pub(super) fn read_object(values: &Values<'_>, parameters: &VerifiedParameters) -> Result<Self, Error>
    where
        T: Object,
    {
        Self::read_from(values, parameters, |source| {
            let mut object = T::empty();
            object.fill(source);
            object
        })
    }

    /// The id of this notification. All repeats of one notification have the same id. Don't use it to deliver once: one order has several
    /// notifications, with different ids, that all say that it is paid.
    pub fn notify_id(&self) -> Option<&str> {
        self.parameter("notify_id")
    }

    /// A parameter as it came, decoded; `sign` and `sign_type` are not among them. An encrypted `biz_content` is decrypted where the client
    /// has the key.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All parameters, as [`parameter`](Self::parameter) gives them, by name; without `sign` and `sign_type`.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter()
    }

    /// The places of fields that could not be read, such as `fund_bill_list[0].amount`. These fields are empty; their text is among the
    /// [parameters](Self::parameter), and in the `extra` of the object that they belong to.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }

    /// What was verified, without the proof that it was.
    pub fn into_inner(self) -> T {
        self.value
    }

    pub(super) fn all_parameters(&self) -> &VerifiedParameters {
        &self.parameters
    }

    /// The same parameters, read as another object.
    pub(super) fn read_as<U: Object>(&self) -> Result<Verified<U>, Error> {
        Verified::read_object(&self.parameters.values(), &self.parameters)
    }

    pub(super) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Verified<U>, E> {
        Ok(Verified {
            value: map(self.value)?,
            parameters: self.parameters,
            unreadable: self.unreadable,
        })
    }
}

impl Verified<Notification> {
    /// Takes a notification of this type: one of [this module's](super), or one that `alipay-codegen` has written from a spec of your own.
    ///
    /// ```
    /// use alipay_api::notify::{Notification, OpenAppAuthCancel, Verified};
    ///
    /// fn cancelled(notification: Verified<Notification>) -> Result<String, alipay_api::Error> {
    ///     let cancelled = notification.expect_type::<OpenAppAuthCancel>()?;
    ///     Ok(cancelled.into_inner().auth_app_id)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] for another kind of notification. [`ErrorKind::Decode`]: the parameters can't be read as a type of your own.
    pub fn expect_type<T: NotificationType>(self) -> Result<Verified<T>, Error> {
        if self.name() != T::NAME {
            let message = format!(
                "the notification is verified, but is a `{}`, not a `{}`",
                Sanitized(self.name()),
                T::NAME
            );
            return Err(mismatch(message));
        }
        match self.value.into_any().downcast() {
            Ok(value) => Ok(Verified {
                value: *value,
                parameters: self.parameters,
                unreadable: self.unreadable,
            }),
            // A type of the user's specs: this library's enum does not have it.
            Err(_) => Verified::read_object(&self.parameters.values(), &self.parameters),
        }
    }
}

impl Verified<OtherNotification> {
    /// Reads the notification as a type of yours: give the `Notification::read` that `alipay-codegen` has generated from your specs, which
    /// gives `None` for a notification that your specs don't have.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode): the parameters can't be read as that type. One field that can't be read is no error:
    /// it stays empty, and the `extra` of its object [names it](crate::types::Extra::unreadable).
    pub fn read<U>(&self, read: impl FnOnce(&str, &mut Source<'_>) -> U) -> Result<U, Error> {
        self.read_verified(read).map(Verified::into_inner)
    }

    pub(super) fn read_verified<U>(&self, read: impl FnOnce(&str, &mut Source<'_>) -> U) -> Result<Verified<U>, Error> {
        let read = |source: &mut Source<'_>| read(&self.value.name, source);
        Verified::read_from(&self.parameters.values(), &self.parameters, read)
    }
}

/// What is verified is not what was expected.
pub(super) fn mismatch(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Mismatch, message).verified()
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
