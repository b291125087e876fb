//! The scalars of requests and responses: money, Beijing time, JSON text, files, secrets, values of enums.

mod calendar;
mod convert;
mod file;
mod file_body;
mod file_error;
mod json;
mod notification;
mod pad;
mod price;
mod secret;
mod time;

pub(crate) use self::file_body::FileBody;
pub use self::{
    file::File,
    file_error::{FileError, FileErrorKind},
    json::Json,
    notification::{NotificationType, OtherNotification},
    price::{ParsePriceError, Price},
    secret::Secret,
    time::{Date, DateTime, ParseTimeError},
};
pub use crate::codec::{DecodeError, Extra, KnownValue, OpenEnum, UnknownValueError};
