//! The V3 protocol: a method is a verb and a path, and its fields are JSON; the signatures stand in headers, and the status tells success from failure.

mod answer;
mod authorization;
mod body;
mod fields;
mod request;

pub(crate) use request::{Called, Request};
