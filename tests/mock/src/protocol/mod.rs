//! The V2 protocol: what a request is made of, how it is signed, how an answer is put together.

pub(crate) mod answer;
pub(crate) mod charset;
pub(crate) mod failure;
mod multipart;
pub(crate) mod parameters;
pub(crate) mod signature;
