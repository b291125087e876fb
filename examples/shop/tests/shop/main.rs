//! The shop against the embedded gateway, over HTTP: in this process, and as the program.

mod delivery;
mod forged;
mod forms;
mod processes;
mod reconciliation;
mod refunds;
mod returns;
mod support;
