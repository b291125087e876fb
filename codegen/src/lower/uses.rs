//! Who uses a type, and where types contain themselves.

use std::collections::{HashMap, HashSet};

use super::role::Role;
use crate::ir::{Object, Scope, Type, TypeBody, TypeDef, TypeRef};

/// A file's types: what each is used for, and the fields that need a box.
pub(super) struct Uses<'a> {
    pub(super) definitions: &'a [TypeDef],
    index: HashMap<&'a str, usize>,
    roles: Vec<Option<Role>>,
    /// Places of type and field.
    boxed: HashSet<(usize, usize)>,
}

impl<'a> Uses<'a> {
    pub(super) fn new(definitions: &'a [TypeDef], scope: Scope) -> Self {
        let index = definitions
            .iter()
            .enumerate()
            .map(|(at, one)| (one.name.as_str(), at))
            .collect();
        let mut uses = Self {
            definitions,
            index,
            roles: vec![None; definitions.len()],
            boxed: HashSet::new(),
        };
        uses.boxed = uses.circles(scope);
        uses
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a TypeDef> {
        self.index.get(name).map(|&at| &self.definitions[at])
    }

    /// What a type is used for. One that nothing uses is as good as one of a response.
    pub(super) fn role(&self, at: usize) -> Role {
        self.roles[at].unwrap_or(Role::Response)
    }

    pub(super) fn is_boxed(&self, at: usize, field: usize) -> bool {
        self.boxed.contains(&(at, field))
    }

    /// Notes the role of every type that an object reaches; of shared types, only those that are named directly.
    pub(super) fn follow(&mut self, object: &'a Object, role: Role, shared: &mut Uses<'a>) {
        let mut waiting = vec![object];
        while let Some(object) = waiting.pop() {
            for reference in references(object) {
                let uses = if reference.scope == Scope::Own {
                    &mut *self
                } else {
                    &mut *shared
                };
                let Some(at) = uses.note(&reference.name, role) else {
                    continue;
                };
                if reference.scope == Scope::Own
                    && let TypeBody::Object(object) = &self.definitions[at].body
                {
                    waiting.push(object);
                }
            }
        }
    }

    /// Hands the roles of these types on to those that they contain.
    pub(super) fn spread(&mut self) {
        let mut waiting: Vec<usize> = (0..self.definitions.len())
            .filter(|&at| self.roles[at].is_some())
            .collect();
        while let Some(at) = waiting.pop() {
            let role = self.role(at);
            let definitions = self.definitions;
            if let TypeBody::Object(object) = &definitions[at].body {
                waiting.extend(references(object).filter_map(|reference| self.note(&reference.name, role)));
            }
        }
    }

    /// Adds a role to a type; its place, if that is news.
    fn note(&mut self, name: &str, role: Role) -> Option<usize> {
        let at = *self.index.get(name)?;
        let joined = self.roles[at].map_or(role, |known| known.and(role));
        (self.roles[at].replace(joined) != Some(joined)).then_some(at)
    }

    /// The fields that close a circle of objects, found by walking down from each type in order.
    fn circles(&self, scope: Scope) -> HashSet<(usize, usize)> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.definitions.len()];
        let mut closing = HashSet::new();
        for start in 0..self.definitions.len() {
            let mut path = vec![(start, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                if *next == 0 && marks[at] != Mark::New {
                    path.pop();
                    continue;
                }
                marks[at] = Mark::Open;
                let fields = match &self.definitions[at].body {
                    TypeBody::Object(object) => object.fields.as_slice(),
                    TypeBody::Enum(_) => &[],
                };
                let Some(field) = fields.get(*next) else {
                    marks[at] = Mark::Done;
                    path.pop();
                    continue;
                };
                let place = *next;
                *next += 1;
                let Type::Named(TypeRef { scope: to, name }) = &field.ty else {
                    continue;
                };
                let Some(&inner) = self.index.get(name.as_str()).filter(|_| *to == scope) else {
                    continue;
                };
                match marks[inner] {
                    Mark::New => path.push((inner, 0)),
                    Mark::Open => _ = closing.insert((at, place)),
                    Mark::Done => {}
                }
            }
        }
        closing
    }
}

pub(super) fn references(object: &Object) -> impl Iterator<Item = &TypeRef> {
    object.fields.iter().filter_map(|field| match &field.ty {
        Type::Named(reference) => Some(reference),
        Type::List(item) => match &**item {
            Type::Named(reference) => Some(reference),
            _ => None,
        },
        Type::Scalar(_) => None,
    })
}
