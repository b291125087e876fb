//! A file of a folder of specs.

use crate::diagnostics::Span;
use crate::source::NOT_METHODS;
use crate::syntax::Node;

/// A file's tree; `None` where it isn't YAML, which is reported already.
pub(crate) type Tree<'a> = Option<Node<'a>>;

/// A file with its name in its folder, without `.yaml`.
#[derive(Clone, Copy)]
pub(super) struct SpecFile<'a> {
    pub(super) path: &'a str,
    pub(super) name: &'a str,
    /// The file's start, for what has no better place.
    pub(super) at: Span,
    pub(super) tree: &'a Tree<'a>,
}

impl SpecFile<'_> {
    /// Whether it describes a method: every file of a product does, but for two.
    pub(super) fn is_method(&self) -> bool {
        !NOT_METHODS.contains(&self.name)
    }
}
