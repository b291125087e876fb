//! Objects: requests, responses and named types.

use std::collections::HashSet;

use super::docs;
use super::enums;
use super::model::{Base, ByName, Constructor, Doc, Field, Holder, Item, Setter, Struct};
use super::role::Role;
use super::uses::Uses;
use crate::ir::{self, Object, Scalar, Scope, Type, TypeBody, TypeDef, TypeRef};
use crate::names;

/// Where an object stands: what its type references mean there.
pub(super) struct Place<'p, 'a> {
    /// The types of its own module; `None` in the product's `types`.
    pub(super) own: Option<&'p Uses<'a>>,
    pub(super) shared: Option<&'p Uses<'a>>,
    /// The library's guide, as links name it.
    pub(super) guide: &'p str,
}

/// Named types, in their order.
pub(super) fn types<'a>(definitions: &'a [TypeDef], uses: &Uses<'a>, place: &Place<'_, 'a>) -> Vec<Item<'a>> {
    let item = |(at, definition): (usize, &'a TypeDef)| {
        let ident = type_ident(definition);
        let doc = docs::labelled(&definition.doc);
        match &definition.body {
            TypeBody::Enum(values) => Item::Enum(enums::open(ident, doc, values)),
            TypeBody::Object(fields) => Item::Struct(object(ident, doc, fields, uses.role(at), place, |field| {
                uses.is_boxed(at, field)
            })),
        }
    };
    definitions.iter().enumerate().map(item).collect()
}

fn type_ident(definition: &TypeDef) -> String {
    definition
        .rust_name
        .clone()
        .unwrap_or_else(|| names::named_type(&definition.name))
}

/// An object; `boxed` tells of a field's place whether a box must break a circle there.
pub(super) fn object<'a>(
    ident: String,
    doc: Doc,
    object: &'a Object,
    role: Role,
    place: &Place<'_, 'a>,
    boxed: impl Fn(usize) -> bool,
) -> Struct<'a> {
    let fields: Vec<Field<'a>> = object
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| Field {
            wire: &field.name,
            ident: names::identifier(&field_name(field)),
            doc: docs::field(field, object, place.guide),
            deprecated: docs::deprecated(field.deprecated.as_ref()),
            base: base(&field.ty, field.secret, place),
            holder: holder(field, role, boxed(at)),
        })
        .collect();
    let made = role != Role::Response;
    let needs_nothing = object.at_least_one.is_empty() && object.fields.iter().all(|field| !field.required);
    let constructors = if made { constructors(object) } else { Vec::new() };
    let is_by_name = made && object.constructor == ir::Constructor::Named;
    let by_name = is_by_name.then(|| ByName {
        doc: vec![format!("What a [`{ident}`] must have.")],
        ident: names::companion(&ident, "Required"),
        fields: required(object).collect(),
    });
    Struct {
        setters: if made {
            setters(object, &fields, &constructors)
        } else {
            Vec::new()
        },
        constructors,
        by_name,
        default: role != Role::Request || needs_nothing,
        required: match role {
            Role::Request => required(object).map(|at| object.fields[at].name.as_str()).collect(),
            Role::Response | Role::Both => Vec::new(),
        },
        at_least_one: groups(object, role, &fields),
        ident,
        doc,
        deprecated: None,
        fields,
    }
}

/// The groups of which a request must give at least one. A required field that can be empty is a group of its own.
fn groups<'a>(object: &'a Object, role: Role, fields: &[Field<'a>]) -> Vec<Vec<&'a str>> {
    if role == Role::Response {
        return Vec::new();
    }
    let groups = object.at_least_one.iter();
    let groups = groups.map(|group| group.iter().map(String::as_str).collect());
    let can_be_empty = |field: &Field<'_>| field.holder == Holder::Vec || field.base.can_be_empty();
    // What is also an answer's may lack it: the gateway leaves fields out.
    let required = required(object).filter(|at| role == Role::Request && can_be_empty(&fields[*at]));
    groups
        .chain(required.map(|at| vec![object.fields[at].name.as_str()]))
        .collect()
}

/// A field's name without escapes.
fn field_name(field: &ir::Field) -> String {
    field.rust_name.clone().unwrap_or_else(|| names::field(&field.name))
}

fn required(object: &Object) -> impl Iterator<Item = usize> {
    object
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.required)
        .map(|(at, _)| at)
}

/// One constructor where one will do; one for each way to satisfy a single "at least one of".
fn constructors(object: &Object) -> Vec<Constructor> {
    // What is given by name is no parameter of its own.
    let positional: Vec<usize> = match &object.constructor {
        ir::Constructor::Named => Vec::new(),
        ir::Constructor::Positional(names) => {
            let place = |name: &String| object.fields.iter().position(|field| field.name == *name);
            names.iter().filter_map(place).collect()
        }
    };
    let [group] = object.at_least_one.as_slice() else {
        let doc = match required(object).next() {
            None => "Creates one with no field set.",
            Some(_) => "Creates one with its required fields.",
        };
        return vec![Constructor {
            ident: "new".to_owned(),
            doc: vec![doc.to_owned()],
            parameters: positional,
        }];
    };
    let places = object
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| group.contains(&field.name));
    places
        .map(|(at, field)| Constructor {
            ident: format!("with_{}", field_name(field)),
            doc: vec![format!(
                "Creates the value with `{}`. At least one of {} is required.",
                field.name,
                docs::all_of(group)
            )],
            parameters: std::iter::once(at).chain(positional.iter().copied()).collect(),
        })
        .collect()
}

/// A setter for each field that a constructor doesn't ask for, with the first paragraph of its doc.
fn setters(object: &Object, fields: &[Field<'_>], constructors: &[Constructor]) -> Vec<Setter> {
    let mut taken: HashSet<String> = constructors
        .iter()
        .map(|constructor| constructor.ident.clone())
        .collect();
    let optional = object.fields.iter().enumerate().filter(|(_, field)| !field.required);
    let mut setters = Vec::new();
    for (at, field) in optional {
        let name = field_name(field);
        let mut ident = names::identifier(&name);
        while !taken.insert(ident.clone()) {
            ident = format!("{}_", ident.trim_start_matches("r#"));
        }
        setters.push(Setter {
            ident,
            doc: docs::summary(&fields[at].doc),
            field: at,
        });
    }
    setters
}

fn holder(field: &ir::Field, role: Role, boxed: bool) -> Holder {
    let empty_is_a_value = matches!(
        &field.ty,
        Type::Scalar(Scalar::Int | Scalar::Bool | Scalar::Price | Scalar::DateTime | Scalar::Date | Scalar::File)
    );
    match &field.ty {
        Type::List(_) => Holder::Vec,
        _ if boxed => Holder::OptionBox,
        _ if !field.required || (role != Role::Request && empty_is_a_value) => Holder::Option,
        _ => Holder::Plain,
    }
}

fn base(ty: &Type, secret: bool, place: &Place<'_, '_>) -> Base {
    match ty {
        Type::Scalar(_) if secret => Base::Secret,
        Type::Scalar(Scalar::String | Scalar::Url) => Base::String,
        Type::Scalar(Scalar::Int) => Base::I64,
        Type::Scalar(Scalar::Bool) => Base::Bool,
        Type::Scalar(Scalar::Price) => Base::Price,
        Type::Scalar(Scalar::DateTime) => Base::DateTime,
        Type::Scalar(Scalar::Date) => Base::Date,
        Type::Scalar(Scalar::Json) => Base::Json,
        Type::Scalar(Scalar::File) => Base::File,
        Type::List(item) => base(item, secret, place),
        Type::Named(reference) => named(reference, place),
    }
}

fn named(reference: &TypeRef, place: &Place<'_, '_>) -> Base {
    let types = match reference.scope {
        Scope::Own => place.own,
        Scope::Shared => place.shared,
    };
    let definition = types.and_then(|types| types.get(&reference.name));
    let ident = definition.map_or_else(|| names::named_type(&reference.name), type_ident);
    let is_enum = definition.is_some_and(|definition| matches!(definition.body, TypeBody::Enum(_)));
    // In `types`, shared types are at home.
    if reference.scope == Scope::Own || place.own.is_none() {
        Base::Here { ident, is_enum }
    } else {
        Base::Shared { ident, is_enum }
    }
}
