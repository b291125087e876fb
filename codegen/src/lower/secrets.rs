//! Which fields of a request must not be shown.

use std::collections::HashSet;

use super::uses::{Uses, references};
use crate::ir::{Object, Scope, TypeBody};

/// The names of a request's secret fields and of those in what it holds, each once.
pub(super) fn secrets<'a>(request: &'a Object, own: &Uses<'a>, shared: &Uses<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut known = HashSet::new();
    let mut waiting = vec![request];
    while let Some(object) = waiting.pop() {
        for field in object.fields.iter().filter(|field| field.secret) {
            if !names.contains(&field.name.as_str()) {
                names.push(&field.name);
            }
        }
        for reference in references(object) {
            let uses = if reference.scope == Scope::Own { own } else { shared };
            let is_new = known.insert((reference.scope, reference.name.as_str()));
            if let Some(definition) = uses.get(&reference.name).filter(|_| is_new)
                && let TypeBody::Object(object) = &definition.body
            {
                waiting.push(object);
            }
        }
    }
    names
}
