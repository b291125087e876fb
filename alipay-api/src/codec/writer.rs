use std::{
    fmt,
    hash::{DefaultHasher, Hasher as _},
};

use serde_core::Serialize as _;
use zeroize::Zeroizing;

use super::{Field, FieldsRef, Object, value::unquote};

/// Writes JSON text.
///
/// Requests are checked while they are written: the first group of fields of which none is given is kept as [`MissingFields`].
///
/// `Debug` does not show the text, which may contain secrets.
#[derive(Default)]
pub struct JsonWriter {
    out: Vec<u8>,
    missing: Option<MissingFields>,
    /// Why a value has no JSON form.
    unwritable: Option<&'static str>,
}

impl fmt::Debug for JsonWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JsonWriter")
            .field("bytes", &self.out.len())
            .field("missing", &self.missing)
            .field("unwritable", &self.unwritable)
            .finish()
    }
}

/// The error for a group of fields of which one must be given and none is. Empty text is not a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFields {
    /// The group. A required field is a group of one.
    pub one_of: &'static [&'static str],
}

impl fmt::Display for MissingFields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.one_of {
            [name] => write!(formatter, "`{name}` must be given, and not be empty"),
            names => write!(
                formatter,
                "one of `{}` must be given, and not be empty",
                names.join("`, `")
            ),
        }
    }
}

impl std::error::Error for MissingFields {}

/// The JSON text of a value.
///
/// # Errors
/// An object inside has no field of a group of which it needs one.
pub fn to_json(value: &dyn Field) -> Result<String, MissingFields> {
    let mut out = JsonWriter::with_capacity(256);
    value.encode(&mut out);
    out.finish()
}

/// The value as a separate parameter: text without quotes, or JSON.
///
/// # Errors
/// An object inside has no field of a group of which it needs one.
pub(crate) fn to_text(value: &dyn Field) -> Result<String, MissingFields> {
    // Wiped, because it may contain a token.
    let json = Zeroizing::new(to_json(value)?);
    if !json.starts_with('"') {
        return Ok(json.as_str().to_owned());
    }
    // The JSON of a string can always be read.
    Ok(unquote(&json).unwrap_or_default().into_owned())
}

/// The JSON text of a value that is to be read again.
///
/// # Errors
/// Those of [`to_json`], as text, and a value inside that has no JSON form.
pub fn storable(value: &dyn Field) -> Result<String, String> {
    let mut out = JsonWriter::with_capacity(256);
    value.encode(&mut out);
    if let Some(why) = out.unwritable {
        return Err(why.to_owned());
    }
    out.finish().map_err(|missing| missing.to_string())
}

/// What equal values have in common, and hardly any others.
pub(crate) fn digest(value: &dyn Field) -> u64 {
    let mut out = JsonWriter::with_capacity(1024);
    value.encode(&mut out);
    let mut hasher = DefaultHasher::new();
    hasher.write(&Zeroizing::new(out.out));
    hasher.finish()
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = JsonWriter::with_capacity(text.len() + 2);
    out.string(text);
    // A string has no required fields.
    out.finish().unwrap_or_default()
}

impl JsonWriter {
    /// A writer with this capacity, in bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            missing: None,
            unwritable: None,
        }
    }

    /// Writes `null` for a value that has no JSON form, which [`storable`] tells.
    pub(crate) fn unwritable(&mut self, why: &'static str) {
        self.unwritable = Some(why);
        self.raw("null");
    }

    /// Writes a string.
    pub fn string(&mut self, text: &str) {
        // Writing into memory does not fail, and a string always has a JSON form.
        let _ = text.serialize(&mut serde_json::Serializer::new(&mut self.out));
    }

    /// Writes a value that needs no escapes as a string: no quotes, backslashes or control characters.
    pub(crate) fn plain(&mut self, value: &dyn fmt::Display) {
        use std::io::Write as _;
        // Writing into memory does not fail.
        let _ = write!(self.out, "\"{value}\"");
    }

    /// Writes JSON text unchanged: a number, `true`, `null`, or the text of a [`RawValue`](serde_json::value::RawValue).
    pub fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a list.
    pub fn list<'a>(&mut self, items: impl Iterator<Item = &'a dyn Field>) {
        self.out.push(b'[');
        for item in items {
            self.separate(b'[');
            item.encode(self);
        }
        self.out.push(b']');
    }

    /// Writes an object.
    pub fn object(&mut self, object: &dyn Object) {
        let fields = object.fields();
        self.begin_object();
        for (name, value) in fields.given() {
            self.name(name);
            value.encode(self);
        }
        self.end_object(&fields, &[]);
    }

    /// Begins an object, whose [members](Self::name) follow until its [end](Self::end_object).
    pub(crate) fn begin_object(&mut self) {
        self.out.push(b'{');
    }

    /// The name of the next member of an object: its value is written next.
    pub(crate) fn name(&mut self, name: &str) {
        self.separate(b'{');
        self.string(name);
        self.out.push(b':');
    }

    /// Writes the unknown fields, checks that all required fields are given, and ends the object. `implied` counts as given.
    pub(crate) fn end_object(&mut self, fields: &FieldsRef<'_>, implied: &[(&'static str, &'static str)]) {
        let is_given = |name: &str| implied.iter().any(|(implied, _)| *implied == name) || fields.is_given(name);
        for (name, json) in fields.extra().iter() {
            if !is_given(name) {
                self.name(name);
                self.raw(json);
            }
        }
        let mut groups = fields.groups().iter();
        let lacking = groups.find(|group| !group.iter().any(|name| is_given(name)));
        if let (Some(one_of), None) = (lacking, &self.missing) {
            self.missing = Some(MissingFields { one_of });
        }
        self.out.push(b'}');
    }

    /// Ends an object that has no fields but those that were written, and gives the complete text.
    pub(crate) fn end_plain_object(mut self) -> String {
        self.out.push(b'}');
        // Only whole strings were written.
        String::from_utf8(self.out).unwrap_or_default()
    }

    /// The complete text.
    ///
    /// # Errors
    /// An object has no field of a group of which it needs one.
    pub fn finish(self) -> Result<String, MissingFields> {
        match self.missing {
            Some(missing) => Err(missing),
            // Only whole strings were written.
            None => Ok(String::from_utf8(self.out).unwrap_or_default()),
        }
    }

    /// Writes a comma, except at the beginning of an object or a list.
    fn separate(&mut self, beginning: u8) {
        if self.out.last() != Some(&beginning) {
            self.out.push(b',');
        }
    }
}
