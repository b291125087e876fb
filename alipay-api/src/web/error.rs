use std::{error::Error as StdError, fmt};

use http::StatusCode;

use super::Reply;
use crate::notify::response_status;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a notification, or a [call](super::ReceivedCall), was not taken. As an answer, it has the [status](Self::status) that fits and the body
/// `fail`, so that Alipay sends the notification again; what was wrong is not in the answer, but in a `tracing` event. A call whose signature
/// does not hold is answered with the [refusal](Self::reply) that Alipay's guide has.
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
    /// The methods that are allowed, where the request has another one.
    allowed: Option<&'static str>,
    reply: Option<Reply>,
}

impl NotificationError {
    /// The body of the answer: anything but `success` makes Alipay send the notification again.
    pub const BODY: &'static str = "fail";

    pub(super) fn new(status: StatusCode, cause: impl Into<BoxError>) -> Self {
        Self {
            status,
            cause: cause.into(),
            allowed: None,
            reply: None,
        }
    }

    /// The request has another method than these.
    pub(super) fn not_allowed(cause: &'static str, methods: &'static str) -> Self {
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, cause);
        Self {
            allowed: Some(methods),
            ..error
        }
    }

    /// Answers with this instead of `fail`.
    pub(super) fn with_reply(self, reply: Reply) -> Self {
        Self {
            status: StatusCode::OK,
            reply: Some(reply),
            ..self
        }
    }

    /// The status of the answer. The [table](super) has all of them.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What was wrong: this crate's [`Error`](crate::Error) where the notification was refused, your handler's own otherwise.
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.cause
    }

    /// The answer, where it is another than the [status](Self::status) and `fail`: to a call whose signature does not hold. Its status is 200.
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }

    /// The methods to name in the answer's `Allow`.
    pub(super) fn allowed(&self) -> Option<&'static str> {
        self.allowed
    }

    /// Tells the log, as nothing of it is in the answer.
    pub(super) fn log(&self) {
        let status = self.status.as_u16();
        if self.status.is_server_error() {
            tracing::error!(status, error = %self.cause, "a notification or an incoming call was not taken");
        } else {
            tracing::warn!(status, error = %self.cause, "a notification or an incoming call was refused");
        }
    }
}

impl<E: Into<BoxError>> From<E> for NotificationError {
    fn from(error: E) -> Self {
        let cause = error.into();
        let ours = cause.downcast_ref().map(response_status);
        Self::new(ours.unwrap_or(StatusCode::SERVICE_UNAVAILABLE), cause)
    }
}

impl fmt::Display for NotificationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "what came was not taken: {}", self.cause)
    }
}

impl fmt::Debug for NotificationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NotificationError")
            .field("status", &self.status)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}
