//! What a product's `types.yaml` and `gateway.yaml` describe.

use std::collections::HashSet;

use crate::diagnostics::Report;
use crate::source::SourceFile;
use crate::syntax::{self, Kind, Node};

/// How far an entry of `types` is indented.
const INDENT: usize = 2;

/// The names of its types and error codes. Where it can't be read there are none: the checker says why.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) types: HashSet<String>,
    pub(super) errors: HashSet<String>,
    /// The error codes that any method can be answered with.
    pub(super) gateway: HashSet<String>,
}

impl Shared {
    /// Of the product whose `types.yaml` has this path.
    pub(super) fn of(path: &str, specs: &[SourceFile]) -> Self {
        let below = |path: &str, key: &str| {
            let file = specs.iter().find(|file| file.path == path);
            file.map(|file| below(file, key)).unwrap_or_default()
        };
        Self {
            types: below(path, "types"),
            errors: below(path, "errors"),
            gateway: below("gateway.yaml", "errors"),
        }
    }
}

/// The names of the types that the specs of a product's methods describe for themselves.
pub(super) fn of_methods(product: &str, specs: &[SourceFile]) -> HashSet<String> {
    let of_product = specs.iter().filter(|file| {
        file.path
            .split_once('/')
            .is_some_and(|(folder, name)| folder == product && name != "types.yaml")
    });
    of_product.flat_map(|file| below(file, "types")).collect()
}

/// The text of a `types.yaml` with these definitions among the types that it has, in the order of their names.
pub(super) fn with_types(path: &str, specs: &[SourceFile], definitions: &str) -> String {
    const HEAD: &str = "types:\n";
    let before = specs.iter().find(|file| file.path == path);
    let before = before.map_or("", |file| file.text.as_str());
    let start = if before.starts_with(HEAD) {
        HEAD.len()
    } else if let Some(at) = before.find(&format!("\n{HEAD}")) {
        at + 1 + HEAD.len()
    } else {
        return format!("{HEAD}{}{before}", sorted(definitions));
    };
    // What stands there reaches to the next key of the file, or to its end.
    let mut end = start;
    for line in before[start..].split_inclusive('\n') {
        if !line.trim().is_empty() && !line.starts_with([' ', '#']) {
            break;
        }
        end += line.len();
    }
    let (types, rest) = before.split_at(end);
    let gap = if types.ends_with('\n') { "" } else { "\n" };
    let (head, types) = types.split_at(start);
    format!("{head}{}{rest}", sorted(&format!("{types}{gap}{definitions}")))
}

/// Entries in the order of their names, each with the comments above it.
fn sorted(entries: &str) -> String {
    let mut blocks: Vec<(&str, String)> = Vec::new();
    let mut comments = String::new();
    for line in entries.split_inclusive('\n') {
        let inner = line.trim_start();
        if inner.starts_with('#') && line.len() - inner.len() <= INDENT {
            comments.push_str(line);
        } else if line.len() - inner.len() == INDENT {
            let name = inner.split(':').next().unwrap_or(inner);
            blocks.push((name, std::mem::take(&mut comments) + line));
        } else if let Some((_, block)) = blocks.last_mut() {
            block.push_str(&std::mem::take(&mut comments));
            block.push_str(line);
        }
    }
    blocks.sort_by_key(|&(name, _)| name);
    blocks.into_iter().map(|(_, block)| block).collect::<String>() + &comments
}

/// The keys of the mapping below a key of a file; none where the file can't be read.
fn below(file: &SourceFile, key: &str) -> HashSet<String> {
    let tree = syntax::parse(0, &file.text, &Report::default());
    tree.map(|tree| names(&tree, key)).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::with_types;
    use crate::source::SourceFile;

    #[test]
    fn drafted_types_stand_in_their_order_with_their_comments() {
        let before = SourceFile {
            path: "trade/types.yaml".to_owned(),
            text: "errors: {}\ntypes:\n  # The first.\n  B:\n    fields:\n      # Inside.\n      b: {}\n  D: {}\nmore: {}\n".to_owned(),
        };
        let drafted = "  C:\n    fields: {}\n  E:\n    values: {}\n  A:\n    values: {}\n";
        assert_eq!(
            with_types("trade/types.yaml", &[before], drafted),
            "errors: {}\ntypes:\n  A:\n    values: {}\n  # The first.\n  B:\n    fields:\n      # Inside.\n      b: {}\n  C:\n    fields: {}\n  D: {}\n  E:\n    values: {}\nmore: {}\n"
        );
        assert_eq!(
            with_types("trade/types.yaml", &[], "  B: {}\n  A: {}\n"),
            "types:\n  A: {}\n  B: {}\n"
        );
    }
}
