//! The scalars of requests and responses: money, Beijing time, JSON text, files, secrets.

mod file;
mod json;
mod price;
mod secret;
mod time;

pub use self::{
    file::File,
    json::Json,
    price::{ParsePriceError, Price},
    secret::Secret,
    time::{Date, DateTime, ParseTimeError},
};
