//! The gateway's protocol (V2): what is signed, where it goes, and how an answer is taken apart.
//!
//! Nothing here knows a method. Bytes in, bytes out; `client` brings keys, clock and transport.

pub(crate) mod ambiguity;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod diagnosis;
pub(crate) mod form;
pub(crate) mod multipart;
mod negative_amount;
pub(crate) mod parameters;
pub(crate) mod request;
mod root;
