//! Notifications through web frameworks: real servers, real notifications, and what nobody should believe.

mod calls;
mod client;
#[path = "../it/forge.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod forge;
mod gateway;
mod genuine;
mod hostile;
mod servers;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;
