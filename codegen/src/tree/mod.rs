//! Generated files as a map, which can be written to a folder or compared with it.

mod compare;
pub(crate) mod features;
pub(crate) mod files;
mod header;
mod map;

pub(crate) use compare::excerpt;
pub use compare::{Difference, Differences};
pub use files::WriteError;
pub(crate) use header::header;
pub use map::Tree;
