//! The guide: one page for each topic. Every snippet is compiled with the library.

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("payments.md")]
pub mod payments {}

#[doc = include_str!("refunds.md")]
pub mod refunds {}

#[doc = include_str!("transfers.md")]
pub mod transfers {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("answers.md")]
pub mod answers {}

#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("isv.md")]
pub mod isv {}

#[doc = include_str!("raw.md")]
pub mod raw {}

#[doc = include_str!("transport.md")]
pub mod transport {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("codegen.md")]
pub mod codegen {}

#[doc = include_str!("performance.md")]
pub mod performance {}
