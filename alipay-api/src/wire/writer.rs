use std::fmt;

use serde::Serialize as _;

use super::{Encode, Extra, Field, Fields, Object};

/// Writes JSON text.
///
/// Requests are checked while they are written: an object that lacks one of a group of fields is remembered as [`MissingFields`].
#[derive(Debug, Default)]
pub struct JsonWriter {
    out: Vec<u8>,
    missing: Option<MissingFields>,
}

/// None of these fields was given, and one of them must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFields {
    /// The group.
    pub one_of: &'static [&'static str],
}

impl fmt::Display for MissingFields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "one of `{}` must be given", self.one_of.join("`, `"))
    }
}

impl std::error::Error for MissingFields {}

/// The JSON text of a value.
///
/// # Errors
/// An object inside lacks all of a group of fields of which it needs one.
pub fn to_json(value: &dyn Encode) -> Result<String, MissingFields> {
    let mut out = JsonWriter::with_capacity(256);
    value.encode(&mut out);
    out.finish()
}

impl JsonWriter {
    /// With room for this many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            missing: None,
        }
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        // Writing into memory does not fail, and a string always has a JSON form.
        let _ = text.serialize(&mut serde_json::Serializer::new(&mut self.out));
    }

    /// A string of what this shows: no quotes, backslashes or control characters.
    pub(crate) fn plain(&mut self, value: &dyn fmt::Display) {
        use std::io::Write as _;
        // Writing into memory does not fail.
        let _ = write!(self.out, "\"{value}\"");
    }

    /// JSON text as it is: a number, `true`, `null`, or what came from a [`RawValue`](serde_json::value::RawValue).
    pub fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// A list.
    pub fn list<'a>(&mut self, items: impl Iterator<Item = &'a dyn Encode>) {
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            item.encode(self);
        }
        self.out.push(b']');
    }

    /// An object.
    pub fn object(&mut self, object: &dyn Object) {
        let mut writer = ObjectWriter::new(self);
        object.write(&mut writer);
        writer.finish(object);
    }

    /// The text, once everything is written.
    ///
    /// # Errors
    /// An object lacked all of a group of fields of which it needs one.
    pub fn finish(self) -> Result<String, MissingFields> {
        match self.missing {
            Some(missing) => Err(missing),
            // Only whole strings were ever written.
            None => Ok(String::from_utf8(self.out).unwrap_or_default()),
        }
    }
}

/// Writes the members of one object.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut JsonWriter,
    start: usize,
    names: Vec<&'static str>,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn new(out: &'a mut JsonWriter) -> Self {
        out.out.push(b'{');
        Self {
            start: out.out.len(),
            out,
            // Few objects have more fields given.
            names: Vec::with_capacity(16),
        }
    }

    /// Counts a field as given that is written elsewhere.
    pub(crate) fn given_elsewhere(&mut self, name: &'static str) {
        self.names.push(name);
    }

    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Writes the unknown fields, and checks that what must be given was.
    pub(crate) fn finish(mut self, object: &dyn Object) {
        object.see(&mut |_: &[&str], _: &[&dyn Field], extra: &Extra| {
            for (name, json) in extra.iter() {
                if !self.is_given(name) {
                    self.name(name);
                    self.out.raw(json);
                }
            }
        });
        let lacking = object
            .at_least_one()
            .iter()
            .find(|group| !group.iter().any(|name| self.is_given(name)));
        if let (Some(one_of), None) = (lacking, &self.out.missing) {
            self.out.missing = Some(MissingFields { one_of });
        }
        self.out.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        if self.out.out.len() > self.start {
            self.out.out.push(b',');
        }
        self.out.string(name);
        self.out.out.push(b':');
    }
}

impl Fields for ObjectWriter<'_> {
    fn field(&mut self, name: &'static str, value: &dyn Encode) {
        if !value.is_absent() {
            self.names.push(name);
            self.name(name);
            value.encode(self.out);
        }
    }
}
