//! The objects that fields refer to.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::CatalogueError;
use super::read::{Field, Lines, Method, Object, parse};

/// All of a catalogue, by name.
pub(crate) struct Objects(HashMap<String, Object>);

impl Objects {
    /// From lines of types, and lines of facts on them.
    pub(crate) fn read(types: &str, facts: &str) -> Result<Self, CatalogueError> {
        let facts = Lines::read("type_facts", facts, "type", None)?;
        let named = Lines::read("types", types, "type", None)?;
        let read = named.iter().map(|(name, place, text)| {
            let mut object = Object::read(place, text)?;
            if let Some((place, text)) = facts.get(name) {
                object.learn(&parse(place, text)?);
            }
            Ok((name.to_owned(), object))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Those that a method's fields reach, by name; `known` ones are left out, with what only they reach.
    pub(crate) fn reached(&self, method: &Method, known: &HashSet<String>) -> BTreeMap<&str, &Object> {
        let mut reached = BTreeMap::new();
        let mut waiting: Vec<&Field> = method.fields().collect();
        while let Some(field) = waiting.pop() {
            if let Some((name, object)) = self.0.get_key_value(&field.ty)
                && !known.contains(name)
                && reached.insert(name.as_str(), object).is_none()
            {
                waiting.extend(&object.fields);
            }
        }
        reached
    }
}
