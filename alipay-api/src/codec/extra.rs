use std::fmt;

use super::{DecodeError, Field, Value, from_json};

/// The fields of an object that this version of the library does not know, with their exact JSON.
///
/// In a response: fields that the spec does not have, and fields of the spec that could not be [read](Self::unreadable). In a request: fields
/// to send in addition to those of the spec.
///
/// With the feature `serde`, it is serialised as an object of these fields, without the mark of the unreadable ones. A field that serde can't
/// represent, such as text with half an emoji, can't be serialised, and neither can an object that contains it.
///
/// `Debug` shows only the names of the fields, because the values may be secrets.
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
    /// No fields.
    pub const EMPTY: Self = Self { fields: Vec::new() };

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The number of fields.
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

    /// The names and JSON texts of the fields, in their order on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|entry| (&*entry.name, &*entry.json))
    }

    /// The names of fields that the type has, but whose value could not be read. The field of the type is empty, and its JSON is here.
    ///
    /// Only for the fields of this object; each object inside has its own `extra`.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        let unreadable = self.fields.iter().filter(|entry| entry.is_unreadable);
        unreadable.map(|entry| &*entry.name)
    }

    /// Adds or replaces a field.
    ///
    /// If the type has a field of the same name, that field is sent instead.
    pub fn insert(&mut self, name: impl Into<Box<str>>, value: &serde_json::Value) {
        let name = name.into();
        self.fields.retain(|entry| entry.name != name);
        self.fields.push(Entry {
            name,
            json: value.to_string().into(),
            is_unreadable: false,
        });
    }

    /// Adds a field with its exact JSON.
    pub(super) fn push(&mut self, name: &str, value: Value<'_>) {
        self.fields.push(Entry {
            name: name.into(),
            json: value.into_json().into(),
            is_unreadable: false,
        });
    }

    /// Adds a field of the type that could not be read, with its exact JSON.
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
