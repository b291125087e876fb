//! What a product's `types.yaml` and `gateway.yaml` describe.

use std::collections::HashSet;

use crate::diagnostics::Report;
use crate::source::SourceFile;
use crate::syntax::{self, Kind, Node};

/// The names of its types and error codes. Where it can't be read there are none: the checker says why.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) types: HashSet<String>,
    pub(super) errors: HashSet<String>,
    /// The error codes that any method can be answered with.
    pub(super) gateway: HashSet<String>,
}

impl Shared {
    pub(super) fn of(product: &str, specs: &[SourceFile]) -> Self {
        let below = |path: &str, key: &str| {
            let file = specs.iter().find(|file| file.path == path);
            let tree = file.and_then(|file| syntax::parse(0, &file.text, &Report::default()));
            tree.map(|tree| names(&tree, key)).unwrap_or_default()
        };
        let path = format!("{product}/types.yaml");
        Self {
            types: below(&path, "types"),
            errors: below(&path, "errors"),
            gateway: below("gateway.yaml", "errors"),
        }
    }
}

/// The keys of the mapping below a key.
fn names(tree: &Node<'_>, key: &str) -> HashSet<String> {
    let below = entries(tree).iter().find(|(name, _)| text(name) == Some(key));
    let names = below.map(|(_, node)| entries(node)).unwrap_or_default().iter();
    names.filter_map(|(name, _)| text(name)).map(str::to_owned).collect()
}

fn entries<'n, 'a>(node: &'n Node<'a>) -> &'n [(Node<'a>, Node<'a>)] {
    match &node.kind {
        Kind::Mapping(entries) => entries,
        _ => &[],
    }
}

fn text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.kind {
        Kind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}
