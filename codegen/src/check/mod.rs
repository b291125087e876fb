//! Every opinion about specs is here: trees go in, the clean model and a report come out.
//!
//! A problem never stops the reading: what is unsound is reported and replaced by something harmless, so that one run shows them all.
//! The model is only used when the report stays empty.

mod conditions;
mod errors;
mod examples;
mod fields;
mod gateway;
mod limits;
mod method;
mod notification;
mod product;
mod reader;
mod rust_names;
mod suggest;
mod types;
mod usage;
mod v3;
mod values;
mod wellformed;

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Report, Span};
use crate::ir::Spec;
use crate::source::SourceFile;
use crate::syntax::Node;
use reader::Reader;

/// A file's tree; `None` where it isn't YAML, which is reported already.
type Tree<'a> = Option<Node<'a>>;

/// A file with its name in its folder, without `.yaml`.
#[derive(Clone, Copy)]
struct Sheet<'a> {
    path: &'a str,
    name: &'a str,
    /// The file's start, for what has no better place.
    at: Span,
    tree: &'a Tree<'a>,
}

/// Checks files that are sorted by path.
pub(crate) fn check(files: &[SourceFile], trees: &[Tree<'_>], report: &Report) -> Spec {
    let reader = Reader { report };
    let mut spec = Spec::default();
    let mut products: BTreeMap<&str, Vec<Sheet<'_>>> = BTreeMap::new();
    let mut notifications = Vec::new();
    let mut gateway = None;
    for (index, (file, tree)) in files.iter().zip(trees).enumerate() {
        let path = file.path.as_str();
        let at = Span {
            file: u32::try_from(index).unwrap_or(u32::MAX),
            start: 0,
            end: 0,
        };
        if index > 0 && files[index - 1].path == path {
            reader.add(
                Code::RepeatedFile,
                at,
                "this path was given twice",
                "give each file once",
            );
            continue;
        }
        let sheet = |name| Sheet { path, name, at, tree };
        let Some(stem) = path.strip_suffix(".yaml") else {
            stray(reader, at, path);
            continue;
        };
        match stem.split_once('/') {
            None if stem == "gateway" => gateway = Some(sheet(stem)),
            Some(("notify", name)) if !name.contains('/') => notifications.push(sheet(name)),
            Some((product, name)) if !name.contains('/') && wellformed::product(product) => {
                products.entry(product).or_default().push(sheet(name));
            }
            _ => stray(reader, at, path),
        }
    }
    if let Some(sheet) = gateway {
        spec.gateway = gateway::gateway(reader, sheet);
    }
    for (name, sheets) in &products {
        spec.products
            .push(product::product(reader, name, sheets, &spec.gateway));
    }
    rust_names::products(reader, &products);
    spec.notifications = notification::notifications(reader, &notifications);
    spec
}

fn stray(reader: Reader<'_>, at: Span, path: &str) {
    let help = "specs are `<product>/<method>.yaml`, `<product>/types.yaml`, `notify/<type>.yaml` and `gateway.yaml`; \
                a product's name has lower-case letters, digits and `_`";
    reader.add(Code::StrayFile, at, format!("specs have no file `{path}`"), help);
}
