//! What is wrong with specs: collected while they are read, shown all at once.

mod code;
mod diagnostic;
mod quote;
mod report;
mod span;

pub use code::Code;
pub use diagnostic::{Diagnostic, Diagnostics};
pub(crate) use report::Report;
pub(crate) use span::Span;
