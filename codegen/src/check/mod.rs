//! Every opinion about specs is here: trees go in, the clean model and a report come out.
//!
//! A problem never stops the reading: what is unsound is reported and replaced by something harmless, so that one run shows them all.
//! The model is only used when the report stays empty.

mod about;
mod conditions;
mod constructor;
mod docs;
mod errors;
mod examples;
mod fields;
mod gateway;
mod limits;
mod method;
mod named;
mod notification;
mod page;
mod product;
mod reader;
mod rust_names;
mod size;
mod spec_file;
pub(crate) mod suggest;
mod types;
mod units;
mod usage;
mod v3;
mod values;
pub(crate) mod wellformed;

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Span};
use crate::ir::Spec;
use crate::source::SourceFile;
pub(crate) use reader::Reader;
use spec_file::{SpecFile, Tree};

/// Checks files that are sorted by path.
pub(crate) fn check(files: &[SourceFile], trees: &[Tree<'_>], reader: Reader<'_>) -> Spec {
    let mut spec = Spec::default();
    let mut products: BTreeMap<&str, Vec<SpecFile<'_>>> = BTreeMap::new();
    let mut notifications = Vec::new();
    let mut gateway = None;
    for (index, (file, tree)) in files.iter().zip(trees).enumerate() {
        let path = file.path.as_str();
        let at = Span::start_of(u32::try_from(index).unwrap_or(u32::MAX));
        if index > 0 && files[index - 1].path == path {
            reader.add(
                Code::RepeatedFile,
                at,
                "the path was given twice",
                "give each file once",
            );
            continue;
        }
        let named = |name| SpecFile { path, name, at, tree };
        if let Some(start) = file.text.find('\u{fffd}') {
            not_utf8(reader, at, start);
        }
        let Some(stem) = path.strip_suffix(".yaml") else {
            stray(reader, at, path);
            continue;
        };
        match stem.split_once('/') {
            None if stem == "gateway" => gateway = Some(named(stem)),
            Some(("notify", name)) if !name.contains('/') => notifications.push(named(name)),
            Some((product, name)) if !name.contains('/') && wellformed::product(product) => {
                products.entry(product).or_default().push(named(name));
            }
            _ => stray(reader, at, path),
        }
    }
    if let Some(file) = gateway {
        spec.gateway = gateway::gateway(reader, file);
    }
    let methods: Vec<&str> = products
        .values()
        .flatten()
        .filter(|file| file.is_method())
        .map(|file| file.name)
        .collect();
    let names: Vec<&str> = products.keys().copied().collect();
    for (name, files) in &products {
        spec.products
            .push(product::product(reader, name, files, &spec.gateway, &methods, &names));
        size::size(reader, name, files);
    }
    rust_names::products(reader, &products);
    spec.notifications = notification::notifications(reader, &notifications, &names);
    spec
}

/// What isn't UTF-8 has become the character that stands for it.
fn not_utf8(reader: Reader<'_>, at: Span, start: usize) {
    let start = u32::try_from(start).unwrap_or(u32::MAX);
    let span = Span {
        start,
        end: start.saturating_add(3),
        ..at
    };
    let message = "the file is not UTF-8 from here on";
    reader.add(Code::NotUtf8, span, message, "save the file as UTF-8");
}

fn stray(reader: Reader<'_>, at: Span, path: &str) {
    let stem = path.rsplit_once('.').filter(|(_, extension)| *extension != "yaml");
    let help = match stem {
        Some((stem, _)) => format!("specs end in `.yaml`: rename the file to `{stem}.yaml`"),
        None => {
            "specs are `<product>/<method>.yaml`, `<product>/types.yaml`, `<product>/product.yaml`, `notify/<type>.yaml` and `gateway.yaml`; \
                 a product's name has lower-case letters, digits and `_`"
                .to_owned()
        }
    };
    reader.add(
        Code::StrayFile,
        at,
        format!("`{path}` is not the path of a spec file"),
        help,
    );
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Code, SourceFile, load};

    /// What the description of the language shows passes.
    #[test]
    fn the_readme_is_sound() {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/README.md");
        let readme = std::fs::read_to_string(readme).unwrap();
        let mut examples = readme
            .split("```yaml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap());
        let mut next = |path: &str, rest: &str| SourceFile {
            path: path.to_owned(),
            text: format!("{}{rest}", examples.next().unwrap()),
        };
        let files = [
            next("trade/alipay.trade.close.yaml", ""),
            next(
                "trade/types.yaml",
                "errors: { ACQ.SYSTEM_ERROR: { class: unknown, doc: Failed. } }\n",
            ),
            next("trade/product.yaml", ""),
            next("notify/trade_status_sync.yaml", ""),
            next("gateway.yaml", ""),
        ];
        // One method has no use for the types of the next example, and none to share with.
        let diagnostics = load(files).unwrap_err();
        assert!(
            diagnostics
                .iter()
                .all(|one| [Code::UnusedType, Code::SharedByOne].contains(&one.code())),
            "{diagnostics}"
        );
    }
}
