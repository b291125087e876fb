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
    let before = specs.iter().find(|file| file.path == path);
    let before = before.map_or_else(String::new, |file| file.text.replace("\r\n", "\n"));
    let Some(start) = types_value(&before) else {
        return format!("types:\n{}{before}", sorted(definitions));
    };
    let (head, rest) = before.split_at(start);
    // What stands beside the key: nothing, a comment or an empty mapping.
    let (beside, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let beside = match beside.trim_start().strip_prefix("{}") {
        Some(comment) => comment,
        None => beside,
    };
    let head = format!("{}\n", format!("{head}{beside}").trim_end());
    // The types reach to the next key of the file, or to its end.
    let is_type = |line: &&str| line.trim().is_empty() || line.starts_with([' ', '#']);
    let end: usize = rest.split_inclusive('\n').take_while(is_type).map(str::len).sum();
    let (types, rest) = rest.split_at(end);
    let gap = if types.is_empty() || types.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{head}{}{rest}", sorted(&format!("{types}{gap}{definitions}")))
}

/// Where a file's `types` begin, behind the colon.
fn types_value(file: &str) -> Option<usize> {
    let tree = syntax::parse(0, file, &Report::default())?;
    let (key, _) = entries(&tree).iter().find(|(name, _)| text(name) == Some("types"))?;
    let end = key.span.end as usize;
    Some(end + file.get(end..)?.find(':')? + 1)
}

/// Entries in the order of their names, each with the comments above it.
fn sorted(entries: &str) -> String {
    let mut blocks: Vec<(&str, String)> = Vec::new();
    let mut comments = String::new();
    for line in entries.split_inclusive('\n') {
        let inner = line.trim_start();
        if inner.starts_with('#') && line.len() - inner.len() <= INDENT {
            comments.push_str(line);
        } else if !inner.is_empty() && line.len() - inner.len() == INDENT {
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
    let text = file.text.replace("\r\n", "\n");
    let tree = syntax::parse(0, &text, &Report::default());
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
    #[test]
    fn the_types_are_found_however_their_key_is_written() {
        for (before, expected) in [
            (
                "errors: {}\r\ntypes:\r\n  B: {}\r\n",
                "errors: {}\ntypes:\n  A: {}\n  B: {}\n",
            ),
            (
                "types: # What several share.\n  B: {}\nerrors: {}\n",
                "types: # What several share.\n  A: {}\n  B: {}\nerrors: {}\n",
            ),
            ("types: {}\nerrors: {}\n", "types:\n  A: {}\nerrors: {}\n"),
            ("types: {} # None.\n", "types: # None.\n  A: {}\n"),
            ("\"types\":\n  B: {}\n", "\"types\":\n  A: {}\n  B: {}\n"),
            ("types:\n  B: {}\n \n  C: {}", "types:\n  A: {}\n  B: {}\n \n  C: {}\n"),
            // No key, though it looks so.
            (
                "errors:\n  X:\n    doc: |\n      Of\n\n      types:\n",
                "types:\n  A: {}\nerrors:\n  X:\n    doc: |\n      Of\n\n      types:\n",
            ),
            ("# types:\nerrors: {}\n", "types:\n  A: {}\n# types:\nerrors: {}\n"),
        ] {
            let file = SourceFile {
                path: "trade/types.yaml".to_owned(),
                text: before.to_owned(),
            };
            let found = with_types("trade/types.yaml", &[file], "  A: {}\n");
            assert_eq!(found, expected, "{before:?}");
        }
    }
}
