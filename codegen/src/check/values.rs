//! An example's values, read by the types of the fields they are for.

use std::collections::{HashMap, HashSet};

use serde_json::{Map as JsonMap, Value};

use super::reader::{Reader, Text};
use super::{suggest, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{EnumValue, Field, Object, Range, Scalar, Scope, Type, TypeBody, TypeDef, TypeRef};
use crate::syntax::{Kind, Node};

/// What type references mean.
pub(super) struct Definitions<'d> {
    own: HashMap<&'d str, &'d TypeDef>,
    shared: HashMap<&'d str, &'d TypeDef>,
}

impl<'d> Definitions<'d> {
    pub(super) fn new(own: &'d [TypeDef], shared: &'d [TypeDef]) -> Self {
        let index = |types: &'d [TypeDef]| {
            types
                .iter()
                .map(|definition| (definition.name.as_str(), definition))
                .collect()
        };
        Self {
            own: index(own),
            shared: index(shared),
        }
    }

    pub(super) fn get(&self, reference: &TypeRef) -> Option<&'d TypeDef> {
        let types = match reference.scope {
            Scope::Own => &self.own,
            Scope::Shared => &self.shared,
        };
        types.get(reference.name.as_str()).copied()
    }
}

/// Which way a value goes: the gateway takes more liberties than a caller may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    /// A request that is answered with an error, perhaps for the limit that it breaks.
    Refused,
    Response,
}

/// Reads values that go one way.
pub(super) struct Values<'v> {
    pub(super) reader: Reader<'v>,
    pub(super) definitions: &'v Definitions<'v>,
    pub(super) way: Way,
    /// What a value that doesn't fit its field is reported as.
    pub(super) misfit: Code,
}

impl Values<'_> {
    /// An object's fields; `at` is where a missing one is reported.
    pub(super) fn object<'a>(&self, object: &Object, node: &'a Node<'a>, at: Span) -> JsonMap<String, Value> {
        let mut values = JsonMap::new();
        let Some(entries) = self.reader.entries(node) else {
            return values;
        };
        let given: HashSet<&str> = entries.iter().map(|(name, _)| name.text).collect();
        for &(name, node) in &entries {
            let Some(field) = object.fields.iter().find(|field| field.name == name.text) else {
                let help = suggest::among(name.text, object.fields.iter().map(|field| field.name.as_str()));
                self.reader.add(
                    Code::ExampleField,
                    name.span,
                    format!("unknown field `{}`", name.text),
                    help,
                );
                continue;
            };
            if let Some(value) = self.value(field, &field.ty, node, name.span) {
                values.insert(field.name.clone(), value);
            }
        }
        for field in object
            .fields
            .iter()
            .filter(|field| field.required && !given.contains(field.name.as_str()))
        {
            let message = format!("the required field `{}` is missing", field.name);
            self.reader.add(
                Code::ExampleMissing,
                at,
                message,
                "give it in the example, or don't require it",
            );
        }
        let lacking = |group: &&Vec<String>| !group.iter().any(|name| given.contains(name.as_str()));
        if self.way != Way::Response {
            for group in object.at_least_one.iter().filter(lacking) {
                let message = format!("one of `{}` must be given", group.join("`, `"));
                self.reader
                    .add(Code::ExampleMissing, at, message, "give one of them in the example");
            }
        }
        values
    }

    /// A field's own example: of a list, one item.
    pub(super) fn example<'a>(&self, field: &Field, node: &'a Node<'a>) -> Option<Value> {
        let item = match &field.ty {
            Type::List(item) => item,
            ty => ty,
        };
        let object = match item {
            Type::Named(reference) => matches!(self.definitions.get(reference)?.body, TypeBody::Object(_)),
            Type::Scalar(scalar) => *scalar == Scalar::File,
            Type::List(_) => true,
        };
        if object {
            let help = "leave it out: an object's fields have examples of their own, a file has none";
            self.reader
                .add(self.misfit, node.span, "a value of this type has no example", help);
            return None;
        }
        let is_list = matches!(field.ty, Type::List(_)) && *item != Type::Scalar(Scalar::Json);
        if let (true, Kind::Scalar { text, .. }) = (is_list, &node.kind)
            && serde_json::from_str::<Vec<Value>>(text).is_ok()
        {
            let message = "the example of a list is one of its items, and this is a whole list as text";
            self.reader
                .add(self.misfit, node.span, message, "write the first of the items");
            return None;
        }
        self.value(field, item, node, node.span)
    }

    fn value<'a>(&self, field: &Field, ty: &Type, node: &'a Node<'a>, at: Span) -> Option<Value> {
        match ty {
            Type::List(item) => {
                let Kind::Sequence(items) = &node.kind else {
                    return self.wrong(node, "a list", "write `[…]`");
                };
                if let Some(max) = field
                    .max_items
                    .filter(|&max| items.len() > max as usize && self.way != Way::Refused)
                {
                    self.wrong(
                        node,
                        &format!("a list of at most {max}"),
                        "leave some out, or correct `max_items`",
                    );
                }
                Some(Value::Array(
                    items
                        .iter()
                        .filter_map(|node| self.value(field, item, node, node.span))
                        .collect(),
                ))
            }
            Type::Named(reference) => match &self.definitions.get(reference)?.body {
                TypeBody::Object(object) => {
                    if matches!(node.kind, Kind::Mapping(_)) {
                        Some(Value::Object(self.object(object, node, at)))
                    } else {
                        self.wrong(node, "an object", "write `{ field: value }`")
                    }
                }
                TypeBody::Enum(values) => self.listed(values, self.scalar_text(node)?),
            },
            Type::Scalar(Scalar::Json) => self.json(field, node),
            Type::Scalar(scalar) => self.scalar(field, *scalar, node),
        }
    }

    fn listed(&self, values: &[EnumValue], text: Text<'_>) -> Option<Value> {
        if values.iter().any(|value| value.value == text.text) {
            return Some(Value::from(text.text));
        }
        let help = suggest::among(text.text, values.iter().map(|value| value.value.as_str()));
        self.reader.add(
            self.misfit,
            text.span,
            format!("the enum has no value `{}`", text.text),
            help,
        );
        None
    }

    fn json<'a>(&self, field: &Field, node: &'a Node<'a>) -> Option<Value> {
        let text = self.scalar_text(node)?;
        if serde_json::from_str::<&serde_json::value::RawValue>(text.text).is_err() {
            return self.wrong(node, "JSON as text", "write it in single quotes: '{\"key\":\"value\"}'");
        }
        self.length(field, text);
        Some(Value::from(text.text))
    }

    fn scalar<'a>(&self, field: &Field, scalar: Scalar, node: &'a Node<'a>) -> Option<Value> {
        let text = self.scalar_text(node)?;
        let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
        let lenient = self.way == Way::Response && text.text.is_empty();
        let (sound, expected, help) = match scalar {
            Scalar::Int => {
                let number = text.text.parse::<i64>().ok();
                self.range(field.range.as_ref(), number.map(i128::from), text, |end| {
                    end.parse().ok()
                });
                if let (Some(number), true) = (number, plain) {
                    return Some(Value::from(number));
                }
                let sound = number.is_some() && self.way == Way::Response;
                (sound, "a whole number", "write digits alone, without quotes")
            }
            Scalar::Bool => {
                match text.text {
                    "true" if plain => return Some(Value::Bool(true)),
                    "false" if plain => return Some(Value::Bool(false)),
                    _ => {}
                }
                let sound = self.way == Way::Response && ["true", "false", "T", "F", "Y", "N"].contains(&text.text);
                (sound, "`true` or `false`", "write it without quotes")
            }
            Scalar::Price => {
                let cents = wellformed::price(text.text);
                self.range(field.range.as_ref(), cents, text, wellformed::price);
                (
                    cents.is_some(),
                    "an amount",
                    "write yuan with at most two decimals: `88.80`",
                )
            }
            Scalar::DateTime => (wellformed::datetime(text.text), "a time", "write `2014-07-24 03:07:50`"),
            Scalar::Date => (wellformed::date(text.text), "a day", "write `2014-07-24`"),
            Scalar::Url => {
                self.length(field, text);
                let rest = text
                    .text
                    .strip_prefix("https://")
                    .or_else(|| text.text.strip_prefix("http://"));
                (
                    rest.is_some_and(|rest| !rest.is_empty()),
                    "a URL",
                    "write an absolute `https://…`",
                )
            }
            Scalar::String => {
                self.length(field, text);
                self.characters(field, text);
                (true, "text", "")
            }
            Scalar::File | Scalar::Json => (true, "text", ""),
        };
        if sound || lenient {
            Some(Value::from(text.text))
        } else {
            self.wrong(node, expected, help)
        }
    }

    /// A scalar's text as it stands, empty or not.
    fn scalar_text<'a>(&self, node: &'a Node<'a>) -> Option<Text<'a>> {
        match &node.kind {
            Kind::Scalar { text, plain } if !(*plain && text.is_empty()) => Some(Text { text, span: node.span }),
            _ => {
                self.wrong(
                    node,
                    "a single value",
                    "write text or a number; an empty text is `\"\"`",
                );
                None
            }
        }
    }

    fn length(&self, field: &Field, text: Text<'_>) {
        let length = text.text.chars().count();
        if let Some(max) = field
            .max_length
            .filter(|&max| length > max as usize && self.way != Way::Refused)
        {
            let message = format!("the value has {length} characters; `{}` has {max} at most", field.name);
            self.reader
                .add(self.misfit, text.span, message, "shorten it, or correct `max_length`");
        }
    }

    fn characters(&self, field: &Field, text: Text<'_>) {
        if let Some(character) = field.misfit(text.text).filter(|_| self.way != Way::Refused) {
            let message = format!("the value has `{character}`; `{}` can't have that", field.name);
            let help = "correct it, or `only` and `without`";
            self.reader.add(self.misfit, text.span, message, help);
        }
    }

    fn range(&self, range: Option<&Range>, value: Option<i128>, text: Text<'_>, number: fn(&str) -> Option<i128>) {
        let (Some(range), Some(value)) = (range.filter(|_| self.way != Way::Refused), value) else {
            return;
        };
        let end = |end: &Option<String>| end.as_deref().and_then(number);
        if end(&range.min).is_some_and(|min| value < min) || end(&range.max).is_some_and(|max| value > max) {
            let message = format!("`{}` is out of the field's range", text.text);
            self.reader.add(
                self.misfit,
                text.span,
                message,
                "take a value within it, or correct `range`",
            );
        }
    }

    fn wrong(&self, node: &Node<'_>, expected: &str, help: &str) -> Option<Value> {
        self.reader
            .add(self.misfit, node.span, format!("{expected} was expected here"), help);
        None
    }
}
