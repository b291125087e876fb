//! Named types.

use std::collections::{HashMap, HashSet};

use super::fields::{Fields, Known, Late, Resolved, Site, fields};
use super::reader::{Map, Reader, Text};
use super::values::Values;
use super::{docs, rust_names, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{Doc, EnumValue, TypeBody, TypeDef};
use crate::names;
use crate::syntax::{Kind, Node};

/// A file's types, read and where they stand.
#[derive(Default)]
pub(super) struct Types<'a> {
    pub(super) definitions: Vec<TypeDef>,
    /// Of each, its name's place.
    pub(super) spans: Vec<Span>,
    /// Of each, what can only be read when all types are known.
    late: Vec<Late<'a>>,
}

impl Types<'_> {
    /// What waited for all types to be known; `None` of an enum.
    pub(super) fn late(&self, values: &Values<'_>) -> Vec<Option<Resolved>> {
        let of_type = |(definition, late): (&TypeDef, &Late<'_>)| match &definition.body {
            TypeBody::Object(object) => Some(late.resolve(object, values)),
            TypeBody::Enum(_) => None,
        };
        self.definitions.iter().zip(&self.late).map(of_type).collect()
    }

    /// Gives the types what [`late`](Self::late) has read. The names in Rust that follow are noted in `scope`.
    pub(super) fn apply(
        &mut self,
        reader: Reader<'_>,
        resolved: Vec<Option<Resolved>>,
        scope: &mut HashMap<String, Span>,
    ) {
        for ((definition, span), resolved) in self.definitions.iter_mut().zip(&self.spans).zip(resolved) {
            if let (TypeBody::Object(object), Some(resolved)) = (&mut definition.body, resolved) {
                resolved.apply(object);
                let ident = definition.rust_name.clone();
                let ident = ident.unwrap_or_else(|| names::named_type(&definition.name));
                rust_names::required(reader, scope, &ident, object, *span);
            }
        }
    }
}

/// The names that a `types:` mapping defines, before its fields are read.
pub(super) fn declared<'a>(reader: Reader<'_>, node: Option<&'a Node<'a>>) -> Vec<(Text<'a>, &'a Node<'a>)> {
    node.and_then(|node| reader.entries(node)).unwrap_or_default()
}

/// The names alone.
pub(super) fn names_of<'a>(declared: &[(Text<'a>, &'a Node<'a>)]) -> HashSet<&'a str> {
    declared.iter().map(|(name, _)| name.text).collect()
}

const KEYS: [&str; 8] = [
    "label",
    "unlabelled",
    "doc",
    "fields",
    "values",
    "one_of",
    "new",
    "rust_name",
];

/// Reads declared types. Their names in Rust are noted in `scope`.
pub(super) fn types<'a>(
    reader: Reader<'_>,
    declared: &[(Text<'a>, &'a Node<'a>)],
    known: &Known<'_, '_>,
    scope: &mut HashMap<String, Span>,
) -> Types<'a> {
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
        let (body, late) = body(reader, known, &map);
        types.definitions.push(TypeDef {
            name: name.text.to_owned(),
            doc: docs::named(reader, &map, name.text, "say in English what the type is"),
            body,
            rust_name,
        });
        types.spans.push(name.span);
        types.late.push(late);
    }
    types
}

/// What a type is, and what can only be read when all types are known.
fn body<'a>(reader: Reader<'_>, known: &Known<'_, '_>, map: &Map<'a>) -> (TypeBody, Late<'a>) {
    let body = match (map.get("fields"), map.get("values")) {
        (Some(node), None) => {
            let Fields { object, late, .. } = fields(reader, known, Some(node), Some(map), Site::Type);
            return (TypeBody::Object(object), late);
        }
        (None, Some(node)) => {
            for key in ["one_of", "new"].into_iter().filter(|key| map.get(key).is_some()) {
                let message = format!("an enum has no fields, and `{key}` is about fields");
                let help = format!("leave `{key}` out");
                reader.add(Code::TypeBody, map.key_span(key), message, help);
            }
            TypeBody::Enum(values(reader, node))
        }
        _ => {
            let help = "give an object `fields`, an enum `values`";
            reader.add(Code::TypeBody, map.at, "a type has either `fields` or `values`", help);
            TypeBody::Enum(Vec::new())
        }
    };
    (body, Late::default())
}

fn values<'a>(reader: Reader<'_>, node: &'a Node<'a>) -> Vec<EnumValue> {
    let mut values = Vec::new();
    let mut variants = HashMap::new();
    for (value, node) in reader.entries(node).unwrap_or_default() {
        let derived = names::variant(value.text);
        let (doc, deprecated, rust_name) = if matches!(node.kind, Kind::Mapping(_)) {
            let keys = ["label", "doc", "deprecated", "rust_name"];
            let Some(map) = reader.map(node, value.span, &keys) else {
                continue;
            };
            let doc = docs::doc(reader, &map, value.text, "say in English what the value means");
            let says_more = ["label", "deprecated", "rust_name"]
                .iter()
                .any(|key| map.get(key).is_some());
            if !says_more && !doc.text.is_empty() {
                let message = "a mapping with nothing but `doc` says no more than the text";
                reader.add(
                    Code::SaysNothing,
                    node.span,
                    message,
                    "write the text alone after the value",
                );
            }
            let rust_name = rust_names::camel(reader, &map, derived.as_deref());
            (doc, docs::deprecated(reader, &map), rust_name)
        } else {
            let text = reader.text(node);
            if let Some(text) = text {
                docs::no_filler(
                    reader,
                    text,
                    value.text,
                    "or write `{ label: … }` with its Chinese name",
                );
            }
            let text = text.map_or_else(String::new, |text| text.text.to_owned());
            (Doc { label: None, text }, None, None)
        };
        match rust_name.as_ref().or(derived.as_ref()) {
            Some(variant) => rust_names::unique(reader, &mut variants, variant.clone(), value.span),
            None => rust_names::needed(reader, value.span, value.text),
        }
        values.push(EnumValue {
            value: value.text.to_owned(),
            doc,
            deprecated,
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
