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
    emit(&lower::lower(spec), options.root)
}
