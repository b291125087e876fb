//! How the required fields are given to a constructor: one after the other where an order tells them apart, else by name.
//!
//! The order is never the file's: it is what `new` says, so that no reordering of a file makes a program hand over the one for the other.

use super::named;
use super::reader::{Reader, Text};
use super::values::Definitions;
use crate::diagnostics::{Code, Span};
use crate::ir::{Constructor, Field, Object, Scalar, Type, TypeBody, TypeRef};
use crate::syntax::Node;

/// More than these are confused, whatever their types.
const MAX_PARAMETERS: usize = 3;

/// What can't be told from each other when it stands side by side.
#[derive(PartialEq)]
enum Look<'f> {
    Text,
    Enum,
    Scalar(Scalar),
    Object(&'f TypeRef),
    List(Box<Look<'f>>),
}

impl<'f> Look<'f> {
    fn of(ty: &'f Type, definitions: &Definitions<'_>) -> Self {
        match ty {
            Type::Scalar(Scalar::String | Scalar::Url | Scalar::Json) => Self::Text,
            Type::Scalar(scalar) => Self::Scalar(*scalar),
            Type::List(item) => Self::List(Box::new(Self::of(item, definitions))),
            Type::Named(reference) => match definitions.get(reference).map(|definition| &definition.body) {
                Some(TypeBody::Enum(_)) => Self::Enum,
                _ => Self::Object(reference),
            },
        }
    }
}

/// Decides it, by `new` where that is given.
pub(super) fn constructor<'a>(
    reader: Reader<'_>,
    object: &Object,
    new: Option<&'a Node<'a>>,
    definitions: &Definitions<'_>,
) -> Constructor {
    let required: Vec<&Field> = object.fields.iter().filter(|field| field.required).collect();
    let Some(node) = new else {
        return match required.as_slice() {
            [] => Constructor::default(),
            [one] if alike(object, &required, definitions).is_none() => Constructor::Positional(vec![one.name.clone()]),
            _ => Constructor::Named,
        };
    };
    let problem = |span: Span, message: String, help: &str| reader.add(Code::Constructor, span, message, help);
    let names = reader.texts(node);
    let mut order: Vec<&Field> = Vec::new();
    for name in &names {
        let found = required.iter().find(|field| field.name == name.text);
        match found {
            None => unordered(reader, object, *name),
            Some(_) if order.iter().any(|field| field.name == name.text) => {
                problem(
                    name.span,
                    format!("`{}` is listed twice", name.text),
                    "name each field once",
                );
            }
            Some(field) => order.push(field),
        }
    }
    if let Some(missing) = required
        .iter()
        .find(|field| names.iter().all(|name| name.text != field.name))
    {
        let message = format!("the required field `{}` is missing", missing.name);
        problem(node.span, message, "name all required fields, or leave `new` out");
    } else if required.len() < 2 {
        let message = "`new` needs two required fields at least, to put them in order".to_owned();
        problem(node.span, message, "leave `new` out");
    } else if order.len() == required.len()
        && let Some(why) = alike(object, &order, definitions)
    {
        let help = "leave `new` out: callers then give each by its name";
        problem(node.span, why, help);
    }
    Constructor::Positional(order.into_iter().map(|field| field.name.clone()).collect())
}

/// Why callers could take one parameter for another, if they could. One field of a single group of which one must be given comes first.
fn alike(object: &Object, order: &[&Field], definitions: &Definitions<'_>) -> Option<String> {
    let first: Vec<&Field> = match object.at_least_one.as_slice() {
        [group] => object
            .fields
            .iter()
            .filter(|field| group.contains(&field.name))
            .collect(),
        _ => Vec::new(),
    };
    let count = order.len() + usize::from(!first.is_empty());
    if count > MAX_PARAMETERS {
        return Some(format!("{count} positional parameters are too many to tell apart"));
    }
    let looks_like = |one: &Field, other: &Field| Look::of(&one.ty, definitions) == Look::of(&other.ty, definitions);
    let heads = first.iter().filter_map(|one| Some((*one, *order.first()?)));
    let pairs = heads.chain(order.windows(2).map(|pair| (pair[0], pair[1])));
    let mut alike = pairs.filter(|(one, other)| looks_like(one, other));
    alike
        .next()
        .map(|(one, other)| format!("`{}` and `{}` beside each other look alike", one.name, other.name))
}

/// A name in `new` that is none of a required field.
fn unordered(reader: Reader<'_>, object: &Object, name: Text<'_>) {
    if named::resolve(reader, object, name).is_some() {
        let message = format!("`{}` is not required", name.text);
        let help = "name the required fields alone: the others have setters";
        reader.add(Code::Constructor, name.span, message, help);
    }
}
