//! YAML as it is written: a tree with a span on every node and no opinion about what it says.
//!
//! serde's data model would lose the spans, the first problem would hide all others, and `0.01` or `10003` would have become numbers. So the tree is built
//! from the events of `granit-parser`, the parser under `serde-saphyr`, and every scalar stays text.

mod build;
mod node;

use crate::diagnostics::Report;
pub(crate) use node::{Kind, Node};

/// The tree of one file; `None`, and a note in the report, where it is not YAML.
pub(crate) fn parse<'a>(file: u32, text: &'a str, report: &Report) -> Option<Node<'a>> {
    build::Builder::new(file, text, report).run()
}
