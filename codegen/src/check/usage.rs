//! Which types are used, and which never end.

use std::collections::{HashMap, HashSet};

use super::reader::Reader;
use super::types::Types;
use crate::diagnostics::Code;
use crate::ir::{Object, Scope, Type, TypeBody, TypeRef};

/// The shared types that a product's methods refer to.
#[derive(Default)]
pub(super) struct Usage {
    shared: HashSet<String>,
}

impl Usage {
    /// Follows a file's references; complains of own types that none reaches.
    pub(super) fn file<const N: usize>(&mut self, reader: Reader<'_>, roots: [&Object; N], own: &Types<'_>) {
        let index = index(own);
        let mut reached = vec![false; own.definitions.len()];
        let mut waiting: Vec<&Object> = roots.into();
        while let Some(object) = waiting.pop() {
            for reference in references(object) {
                if reference.scope == Scope::Shared {
                    if !self.shared.contains(&reference.name) {
                        self.shared.insert(reference.name.clone());
                    }
                } else if let Some(&at) = index.get(reference.name.as_str())
                    && !std::mem::replace(&mut reached[at], true)
                    && let TypeBody::Object(object) = &own.definitions[at].body
                {
                    waiting.push(object);
                }
            }
        }
        unused(reader, own, &reached);
    }

    /// Complains of shared types that no method reaches.
    pub(super) fn finish_shared(self, reader: Reader<'_>, shared: &Types<'_>) {
        let index = index(shared);
        let mut reached = vec![false; shared.definitions.len()];
        let mut waiting: Vec<usize> = self
            .shared
            .iter()
            .filter_map(|name| index.get(name.as_str()).copied())
            .collect();
        while let Some(at) = waiting.pop() {
            if std::mem::replace(&mut reached[at], true) {
                continue;
            }
            if let TypeBody::Object(object) = &shared.definitions[at].body {
                waiting.extend(references(object).filter_map(|reference| index.get(reference.name.as_str())));
            }
        }
        unused(reader, shared, &reached);
    }
}

fn index<'t>(types: &'t Types<'_>) -> HashMap<&'t str, usize> {
    types
        .definitions
        .iter()
        .enumerate()
        .map(|(at, definition)| (definition.name.as_str(), at))
        .collect()
}

fn references(object: &Object) -> impl Iterator<Item = &TypeRef> {
    object.fields.iter().filter_map(|field| match &field.ty {
        Type::Named(reference) => Some(reference),
        Type::List(item) => match &**item {
            Type::Named(reference) => Some(reference),
            _ => None,
        },
        Type::Scalar(_) => None,
    })
}

fn unused(reader: Reader<'_>, types: &Types<'_>, reached: &[bool]) {
    for ((definition, span), _) in types
        .definitions
        .iter()
        .zip(&types.spans)
        .zip(reached)
        .filter(|(_, used)| !**used)
    {
        let message = format!("nothing uses `{}`", definition.name);
        reader.add(Code::UnusedType, *span, message, "refer to it, or delete it");
    }
}

/// Complains of types that cannot be without another of themselves.
pub(super) fn infinite(reader: Reader<'_>, types: &Types<'_>) {
    let index = index(types);
    // A file's types refer to each other within one scope only: own ones by `Own`, shared ones by `Shared`.
    let place = |reference: &TypeRef| index.get(reference.name.as_str()).copied();
    let needed = |at: usize| {
        let object = match &types.definitions[at].body {
            TypeBody::Object(object) => Some(object),
            TypeBody::Enum(_) => None,
        };
        object
            .into_iter()
            .flat_map(|object| &object.fields)
            .filter(|field| field.required)
            .filter_map(|field| {
                if let Type::Named(reference) = &field.ty {
                    place(reference)
                } else {
                    None
                }
            })
    };
    // What ends: types all of whose needed types end. The rest is, or needs, a circle.
    let count = types.definitions.len();
    let mut open: Vec<usize> = (0..count).map(|at| needed(at).count()).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); count];
    for at in 0..count {
        for other in needed(at) {
            needed_by[other].push(at);
        }
    }
    let mut ending: Vec<usize> = (0..count).filter(|&at| open[at] == 0).collect();
    while let Some(at) = ending.pop() {
        for &user in &needed_by[at] {
            open[user] -= 1;
            if open[user] == 0 {
                ending.push(user);
            }
        }
    }
    for at in (0..count).filter(|&at| open[at] > 0) {
        let message = format!("the type `{}` contains itself without end", types.definitions[at].name);
        let help = "make one of the fields on the way optional, or a list";
        reader.add(Code::InfiniteType, types.spans[at], message, help);
    }
}
