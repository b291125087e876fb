//! From the clean model to files.

use crate::emit::{Root, emit};
use crate::tree::Tree;
use crate::{ir, lower};

/// How code is generated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What it is for.
    pub root: Root,
}

/// The Rust of specs that [`load`](crate::load()) has found sound.
pub fn generate(spec: &ir::Spec, options: &Options) -> Tree {
    let guide = match options.root {
        Root::Library => "crate::guide",
        Root::User => "alipay_api::guide",
    };
    emit(&lower::lower(spec, guide), options.root)
}
