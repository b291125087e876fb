//! What surrounds the code.

use proc_macro2::TokenStream;

use super::prelude::Prelude;

/// Which library the generated code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Root {
    /// `alipay-api` itself: the code says `crate`, its modules have features.
    #[default]
    Library,
    /// A crate of a user's: the code says `::alipay_api`, and a trait for each product adds it to the client.
    User,
}

/// What the code's writers know of what surrounds it.
#[derive(Clone, Debug)]
pub(super) struct Emitter {
    pub(super) root: Root,
    /// The library's path.
    pub(super) path: TokenStream,
    pub(super) prelude: Prelude,
}
