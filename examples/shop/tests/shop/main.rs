//! The shop against the embedded gateway, over HTTP: in this process, and as the program.

mod delivery;
mod forms;
mod forged;
mod processes;
mod reconciliation;
mod refunds;
mod returns;
mod support;
