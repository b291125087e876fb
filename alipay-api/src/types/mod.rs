//! The scalars of requests and responses: money, Beijing time, JSON text, files, secrets, values of enums.

mod calendar;
mod convert;
mod file;
mod json;
mod notification;
mod pad;
mod price;
mod secret;
mod time;

pub use self::{
    file::File,
    json::Json,
    notification::OtherNotification,
    price::{ParsePriceError, Price},
    secret::Secret,
    time::{Date, DateTime, ParseTimeError},
};
pub use crate::codec::{DecodeError, Extra, KnownValue, OpenEnum, UnknownValueError};
