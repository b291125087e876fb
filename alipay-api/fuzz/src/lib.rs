//! What the fuzz targets do, as functions: the tests run them too, on their seeds and on damaged ones.

mod answer;
mod certificate;
mod client;
mod encrypted;
mod key;
mod notification;
mod request;
mod rest_answer;
mod spec;
#[cfg(test)]
mod tests;
mod text;

pub use self::{
    answer::answer, certificate::certificate, encrypted::encrypted, key::key, notification::notification,
    request::request, rest_answer::rest_answer, spec::spec, text::text,
};
