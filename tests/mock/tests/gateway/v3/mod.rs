//! V3: methods are verbs and paths.

mod answers;
mod client;
mod faults;
mod refusals;
mod requests;
