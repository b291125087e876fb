use std::{error::Error as StdError, fmt};

use http::StatusCode;

use crate::notify::response_status;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a notification was not taken. As an answer, it has the [status](Self::status) that fits and the body `fail`, so that Alipay sends the
/// notification again; what was wrong is not in the answer, but in a `tracing` event.
///
/// It is made of every error, by `?` or `into`: of this crate's [`Error`](crate::Error) with the status of [`response_status`], of any other, such as one of your
/// database, with 503.
///
/// ```
/// # use alipay_api::web::{NotificationError, Reply};
/// fn store(payment: &str) -> Result<Reply, NotificationError> {
///     let cents: u64 = payment.parse()?;
///     if cents == 0 {
///         return Err("nothing was paid".into());
///     }
///     Ok(Reply::SUCCESS)
/// }
/// assert_eq!(store("x").unwrap_err().status(), 503);
/// ```
// It is no `std::error::Error`, for then it could not be made of all of them.
pub struct NotificationError {
    status: StatusCode,
    cause: BoxError,
}

impl NotificationError {
    /// The body of the answer: anything but `success` makes Alipay send the notification again.
    pub const BODY: &'static str = "fail";

    pub(super) fn new(status: StatusCode, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        Self { status, cause }
    }

    /// The status of the answer. The [table](super) has all of them.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What was wrong: this crate's [`Error`](crate::Error) where the notification was refused, your handler's own otherwise.
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// The methods to name in the answer's `Allow`.
    pub(super) fn allowed(&self) -> Option<&'static str> {
        (self.status == StatusCode::METHOD_NOT_ALLOWED).then_some("POST")
    }

    /// Tells the log, as nothing of it is in the answer.
    pub(super) fn log(&self) {
        let status = self.status.as_u16();
        if self.status.is_server_error() {
            tracing::error!(status, error = %self.cause, "a notification was not taken");
        } else {
            tracing::warn!(status, error = %self.cause, "a notification was refused");
        }
    }
}

impl<E: Into<BoxError>> From<E> for NotificationError {
    fn from(error: E) -> Self {
        let cause = error.into();
        let ours = cause.downcast_ref().map(response_status);
        Self {
            status: ours.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            cause,
        }
    }
}

impl fmt::Display for NotificationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the notification was not taken: {}", self.cause)
    }
}

impl fmt::Debug for NotificationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NotificationError")
            .field("status", &self.status)
            .field("cause", &self.cause)
            .finish()
    }
}
