//! Which types are used, and by whom, and which never end.

use std::collections::{HashMap, HashSet};

use super::reader::Reader;
use super::types::Types;
use crate::diagnostics::{Code, Span};
use crate::ir::{Object, Scope, Type, TypeBody, TypeRef};

/// The shared types that a product's methods refer to.
#[derive(Default)]
pub(super) struct Usage {
    /// Of each method, its name and what it refers to itself.
    methods: Vec<(String, HashSet<String>)>,
}

impl Usage {
    /// Follows the references of a method's file; complains of own types that none reaches.
    pub(super) fn file<const N: usize>(
        &mut self,
        reader: Reader<'_>,
        method: &str,
        roots: [&Object; N],
        own: &Types<'_>,
    ) {
        let index = index(own);
        let mut shared = HashSet::new();
        let mut reached = vec![false; own.definitions.len()];
        let mut waiting: Vec<&Object> = roots.into();
        while let Some(object) = waiting.pop() {
            for reference in references(object) {
                if reference.scope == Scope::Shared {
                    if !shared.contains(&reference.name) {
                        shared.insert(reference.name.clone());
                    }
                } else if let Some(&at) = index.get(reference.name.as_str())
                    && !std::mem::replace(&mut reached[at], true)
                    && let TypeBody::Object(object) = &own.definitions[at].body
                {
                    waiting.push(object);
                }
            }
        }
        self.methods.push((method.to_owned(), shared));
        for ((definition, span), _) in own
            .definitions
            .iter()
            .zip(&own.spans)
            .zip(&reached)
            .filter(|(_, used)| !**used)
        {
            unused(reader, &definition.name, *span);
        }
    }

    /// Complains of shared types that no method reaches, or only one.
    pub(super) fn finish_shared(&self, reader: Reader<'_>, shared: &Types<'_>) {
        let index = index(shared);
        let mut users: Vec<Vec<&str>> = vec![Vec::new(); shared.definitions.len()];
        for (method, direct) in &self.methods {
            let mut waiting: Vec<usize> = direct
                .iter()
                .filter_map(|name| index.get(name.as_str()).copied())
                .collect();
            while let Some(at) = waiting.pop() {
                if users[at].last() == Some(&method.as_str()) {
                    continue;
                }
                users[at].push(method);
                if let TypeBody::Object(object) = &shared.definitions[at].body {
                    waiting.extend(references(object).filter_map(|reference| index.get(reference.name.as_str())));
                }
            }
        }
        for ((definition, span), users) in shared.definitions.iter().zip(&shared.spans).zip(users) {
            match users.as_slice() {
                [] => unused(reader, &definition.name, *span),
                [only] => shared_by_one(reader, &definition.name, *span, only),
                _ => {}
            }
        }
    }
}

fn unused(reader: Reader<'_>, name: &str, span: Span) {
    let message = format!("nothing uses `{name}`");
    reader.add(Code::UnusedType, span, message, "refer to it, or delete it");
}

/// Complains of what stands in `types.yaml` for one method alone.
pub(super) fn shared_by_one(reader: Reader<'_>, name: &str, span: Span, method: &str) {
    let message = format!("only `{method}` uses `{name}`");
    reader.add(Code::SharedByOne, span, message, format!("move it to `{method}.yaml`"));
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
