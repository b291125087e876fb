//! The catalogue of the gateway's methods: facts that specs are drafted from and compared with.
//!
//! It knows names and wire types, and some facts; not what anything means.

mod error;
mod facts;
mod objects;
mod outline;
#[cfg(feature = "catalogue")]
mod pack;
mod read;
mod texts;

pub use error::CatalogueError;
pub(crate) use facts::Facts;
pub(crate) use objects::Objects;
pub use outline::{FieldOutline, MethodOutline, Outline};
#[cfg(feature = "catalogue")]
pub use pack::{Unpacked, pack};
pub(crate) use read::{Field, Method, Object};
pub use texts::Catalogue;
