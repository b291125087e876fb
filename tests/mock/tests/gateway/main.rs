//! The gateway over real HTTP, called by a client that shares nothing with it: signatures are made and checked by `aws-lc-rs` and by `openssl`.

mod answers;
mod bills;
#[cfg(feature = "program")]
mod binary;
mod browser;
mod buyers;
mod cashier;
mod certificates;
mod client;
mod consent;
mod console;
#[cfg(all(feature = "program", unix))]
mod curl;
#[cfg(all(feature = "program", unix))]
mod data;
mod expiry;
mod faults;
mod finished;
mod guard;
mod hostile;
mod in_process;
mod later;
mod merchants;
#[cfg(feature = "program")]
mod node;
mod notifications;
mod openapi;
mod others;
mod payers;
mod protocol;
mod strictness;
mod trades;
mod users;
mod v3;
