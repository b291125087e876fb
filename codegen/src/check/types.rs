//! Named types.

use std::collections::{HashMap, HashSet};

use super::fields::{Fields, Known, Site, fields};
use super::reader::{Map, Reader, Text};
use super::{rust_names, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{EnumValue, TypeBody, TypeDef};
use crate::names;
use crate::syntax::{Kind, Node};

/// A file's types, read and where they stand.
#[derive(Default)]
pub(super) struct Types {
    pub(super) definitions: Vec<TypeDef>,
    /// Of each, its name's place.
    pub(super) spans: Vec<Span>,
}

/// The names that a `types:` mapping defines, before its fields are read.
pub(super) fn declared<'a>(reader: Reader<'_>, node: Option<&'a Node<'a>>) -> Vec<(Text<'a>, &'a Node<'a>)> {
    node.and_then(|node| reader.entries(node)).unwrap_or_default()
}

/// The names alone.
pub(super) fn names_of<'a>(declared: &[(Text<'a>, &'a Node<'a>)]) -> HashSet<&'a str> {
    declared.iter().map(|(name, _)| name.text).collect()
}

const KEYS: [&str; 5] = ["doc", "fields", "values", "one_of", "rust_name"];

/// Reads declared types. Their names in Rust are noted in `scope`.
pub(super) fn types<'a>(
    reader: Reader<'_>,
    declared: &[(Text<'a>, &'a Node<'a>)],
    known: &Known<'_, '_>,
    scope: &mut HashMap<String, Span>,
) -> Types {
    let mut types = Types::default();
    for &(name, node) in declared {
        if !wellformed::camel(name.text) {
            let message = format!("`{}` cannot be a type's name", name.text);
            reader.add(
                Code::Malformed,
                name.span,
                message,
                "write it like `ThisName`, as the gateway's SDKs do",
            );
        }
        let Some(map) = reader.map(node, name.span, &KEYS) else {
            continue;
        };
        let rust_name = rust_names::camel(reader, &map, Some(&names::named_type(name.text)));
        rust_names::unique(
            reader,
            scope,
            rust_name.clone().unwrap_or_else(|| names::named_type(name.text)),
            name.span,
        );
        types.definitions.push(TypeDef {
            name: name.text.to_owned(),
            doc: reader.required_text(&map, "doc", "say in English what the type is"),
            body: body(reader, known, &map),
            rust_name,
        });
        types.spans.push(name.span);
    }
    types
}

fn body(reader: Reader<'_>, known: &Known<'_, '_>, map: &Map<'_>) -> TypeBody {
    match (map.get("fields"), map.get("values")) {
        (Some(node), None) => {
            let Fields { object, .. } = fields(reader, known, Some(node), map.get("one_of"), Site::Type);
            TypeBody::Object(object)
        }
        (None, Some(node)) => {
            if map.get("one_of").is_some() {
                let message = "an enum has no fields to choose from";
                reader.add(Code::TypeBody, map.key_span("one_of"), message, "leave `one_of` out");
            }
            TypeBody::Enum(values(reader, node))
        }
        _ => {
            let help = "give an object `fields`, an enum `values`";
            reader.add(Code::TypeBody, map.at, "a type has either `fields` or `values`", help);
            TypeBody::Enum(Vec::new())
        }
    }
}

fn values<'a>(reader: Reader<'_>, node: &'a Node<'a>) -> Vec<EnumValue> {
    let mut values = Vec::new();
    let mut variants = HashMap::new();
    for (value, node) in reader.entries(node).unwrap_or_default() {
        let derived = names::variant(value.text);
        let (doc, rust_name) = match &node.kind {
            Kind::Mapping(_) => {
                let Some(map) = reader.map(node, value.span, &["doc", "rust_name"]) else {
                    continue;
                };
                let doc = reader.required_text(&map, "doc", "say in English what the value means");
                if map.get("rust_name").is_none() && !doc.is_empty() {
                    let message = "a mapping with nothing but `doc` says no more than the text";
                    reader.add(
                        Code::SaysNothing,
                        node.span,
                        message,
                        "write the text alone after the value",
                    );
                }
                (doc, rust_names::camel(reader, &map, derived.as_deref()))
            }
            _ => (
                reader.text(node).map_or_else(String::new, |text| text.text.to_owned()),
                None,
            ),
        };
        match rust_name.as_ref().or(derived.as_ref()) {
            Some(variant) => rust_names::unique(reader, &mut variants, variant.clone(), value.span),
            None => rust_names::needed(reader, value.span, value.text),
        }
        values.push(EnumValue {
            value: value.text.to_owned(),
            doc,
            rust_name,
        });
    }
    if values.is_empty() && matches!(&node.kind, Kind::Mapping(_)) {
        let help = "list the known values, or make the field a `string`";
        reader.add(
            Code::SaysNothing,
            node.span,
            "an enum without values says nothing",
            help,
        );
    }
    values
}
