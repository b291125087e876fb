//! The gateway over real HTTP, called by a client that shares nothing with it: signatures are made and checked by `aws-lc-rs` and by `openssl`.

mod answers;
#[cfg(feature = "program")]
mod binary;
mod certificates;
mod client;
#[cfg(all(feature = "program", unix))]
mod curl;
mod faults;
mod guard;
mod in_process;
mod later;
mod merchants;
mod notifications;
mod others;
mod payers;
mod protocol;
mod trades;
mod users;
