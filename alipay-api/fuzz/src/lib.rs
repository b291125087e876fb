//! What the fuzz targets do, as functions: the tests run them too, on their seeds and on damaged ones.

mod answer;
mod certificate;
mod client;
mod key;
mod notification;
mod request;
mod spec;
#[cfg(test)]
mod tests;
mod text;

pub use self::{
    answer::answer, certificate::certificate, key::key, notification::notification, request::request, spec::spec,
    text::text,
};
