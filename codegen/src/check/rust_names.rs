//! `rust_name`, and names that would clash in Rust.

use std::collections::{BTreeMap, HashMap};

use super::reader::{Map, Reader};
use super::spec_file::SpecFile;
use super::wellformed;
use crate::diagnostics::{Code, Span};
use crate::ir::{Constructor, Object};
use crate::names;

/// A field's `rust_name`.
pub(super) fn field(reader: Reader<'_>, map: &Map<'_>, name: &str) -> Option<String> {
    rust_name(
        reader,
        map,
        Some(&names::field(name)),
        "like `this_name`",
        wellformed::snake,
    )
}

/// The `rust_name` of a type, a method or a variant, that would be `derived` without.
pub(super) fn camel(reader: Reader<'_>, map: &Map<'_>, derived: Option<&str>) -> Option<String> {
    rust_name(reader, map, derived, "like `ThisName`", wellformed::camel)
}

fn rust_name(
    reader: Reader<'_>,
    map: &Map<'_>,
    derived: Option<&str>,
    form: &str,
    wellformed: fn(&str) -> bool,
) -> Option<String> {
    let text = reader.optional_text(map.get("rust_name")?)?;
    let reserved = ["Self", "self", "super", "crate", "extra"].contains(&text.text);
    if !wellformed(text.text) || reserved {
        let message = format!("`{}` cannot be the name in Rust", text.text);
        reader.add(
            Code::Malformed,
            text.span,
            message,
            format!("write it {form}, in ASCII letters and digits"),
        );
        return None;
    }
    if derived == Some(text.text) {
        let message = format!("the name in Rust is `{}` without `rust_name`", text.text);
        reader.add(
            Code::NeedlessRustName,
            map.key_span("rust_name"),
            message,
            "leave `rust_name` out",
        );
        return None;
    }
    Some(text.text.to_owned())
}

/// Notes a name in its scope, and complains where it is taken.
pub(super) fn unique(reader: Reader<'_>, scope: &mut HashMap<String, Span>, name: String, span: Span) {
    match scope.entry(name) {
        std::collections::hash_map::Entry::Occupied(taken) => {
            let message = format!("the name `{}` is taken in Rust", taken.key());
            reader.add(Code::SameRustName, span, message, "give one of the two a `rust_name`");
        }
        std::collections::hash_map::Entry::Vacant(free) => {
            free.insert(span);
        }
    }
}

/// Notes the struct of an object's required fields, where there is one.
pub(super) fn required(
    reader: Reader<'_>,
    scope: &mut HashMap<String, Span>,
    ident: &str,
    object: &Object,
    span: Span,
) {
    if object.constructor == Constructor::Named {
        unique(reader, scope, names::companion(ident, "Required"), span);
    }
}

/// Complains where nothing can be derived and nothing is given.
pub(super) fn needed(reader: Reader<'_>, span: Span, value: &str) {
    let message = format!("no name in Rust can be derived from `{value}`");
    reader.add(Code::NeedsRustName, span, message, "give it one: `rust_name: ThisName`");
}

/// Products whose handles would have the same name, as those of `a_1` and `a1` would.
pub(super) fn products(reader: Reader<'_>, products: &BTreeMap<&str, Vec<SpecFile<'_>>>) {
    let mut handles = HashMap::new();
    for (name, files) in products {
        let at = files.first().map_or(Span::start_of(0), |file| file.at);
        unique(reader, &mut handles, names::type_of(name), at);
    }
}
