use std::fmt;

use super::{DecodeError, Field, Value, from_json};

/// The fields of an object that this version of the library does not know, with their exact JSON.
///
/// In a response: what the gateway sent beyond the spec, and what the spec has and could not be [read](Self::unreadable). In a request: what
/// is sent beyond it.
/// With the feature `serde`, it is written and read as an object of these fields, without the mark of those that could not be read; a
/// field that no value can hold, such as text with half an emoji, can't be serialised, nor can an object with it.
/// `Debug` shows their names only, since nobody knows which of them is a secret.
#[derive(Clone, Default)]
pub struct Extra {
    // Nearly always empty.
    fields: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: Box<str>,
    json: Box<str>,
    is_unreadable: bool,
}

impl Extra {
    /// None.
    pub const EMPTY: Self = Self { fields: Vec::new() };

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The JSON text of the field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| *field == name).map(|(_, json)| json)
    }

    /// The field of this name, read as a type of the library or as [`String`], [`i64`], [`bool`].
    ///
    /// # Errors
    /// The field is of another type.
    pub fn get_as<T: Field>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        match self.get(name) {
            Some(json) => from_json(json).map_err(|error| error.within(name)),
            None => Ok(None),
        }
    }

    /// Names and JSON texts, in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|entry| (&*entry.name, &*entry.json))
    }

    /// The names of the fields that the type has and that could not be read: they are empty there, and what came for them is here.
    ///
    /// Only those of this object; each object inside has an `extra` of its own.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        let unreadable = self.fields.iter().filter(|entry| entry.is_unreadable);
        unreadable.map(|entry| &*entry.name)
    }

    /// Adds a field, or replaces it.
    ///
    /// A field of the same name that the type does know wins over it.
    pub fn insert(&mut self, name: impl Into<Box<str>>, value: &serde_json::Value) {
        let name = name.into();
        self.fields.retain(|entry| entry.name != name);
        self.fields.push(Entry {
            name,
            json: value.to_string().into(),
            is_unreadable: false,
        });
    }

    /// Adds a field as it came.
    pub(super) fn push(&mut self, name: &str, value: Value<'_>) {
        self.fields.push(Entry {
            name: name.into(),
            json: value.into_json().into(),
            is_unreadable: false,
        });
    }

    /// Adds a field that the type has, as it came: it could not be read.
    pub(super) fn push_unreadable(&mut self, name: &str, value: Value<'_>) {
        self.push(name, value);
        if let Some(entry) = self.fields.last_mut() {
            entry.is_unreadable = true;
        }
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}
