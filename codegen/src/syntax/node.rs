//! The tree.

use std::borrow::Cow;

use crate::diagnostics::Span;

/// A piece of YAML.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'a>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// Text, with whether it stands without quotes. Nothing at all is empty plain text.
    Scalar { text: Cow<'a, str>, plain: bool },
    /// A list.
    Sequence(Vec<Node<'a>>),
    /// Keys and values, in order, repeated keys included.
    Mapping(Vec<(Node<'a>, Node<'a>)>),
}
