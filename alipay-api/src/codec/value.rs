use std::{borrow::Cow, fmt};

use serde_core::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{DecodeError, Field, Reading, Values, quoted};

/// Deeper nesting is refused; the gateway's own answers stay below ten.
const MAX_DEPTH: u8 = 32;

/// An undecoded value: the text of one JSON value, or the text of a form parameter.
///
/// `Debug` does not show the text, which may be a secret.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    source: Repr<'a>,
    depth: u8,
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Value")
            .field("bytes", &self.as_raw().len())
            .finish()
    }
}

#[derive(Clone, Copy)]
enum Repr<'a> {
    /// One well-formed JSON value without blanks around it.
    Json(&'a str),
    /// Plain text, which may be JSON inside.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The value of this JSON text.
    ///
    /// # Errors
    /// The text is not one JSON value.
    pub fn parse(json: &'a str) -> Result<Self, DecodeError> {
        Self::parse_at(json, 0)
    }

    /// A value in plain text, such as a form parameter.
    pub fn from_text(text: &'a str) -> Self {
        Self {
            source: Repr::Text(text),
            depth: 0,
        }
    }

    /// The exact text from the wire.
    pub fn as_raw(&self) -> &'a str {
        match self.source {
            Repr::Json(text) | Repr::Text(text) => text,
        }
    }

    /// As JSON: plain text becomes a string.
    pub(super) fn into_json(self) -> Cow<'a, str> {
        match self.source {
            Repr::Json(json) => Cow::Borrowed(json),
            Repr::Text(text) => Cow::Owned(quoted(text)),
        }
    }

    /// As text: a string's content, a number's digits, an object's JSON. `None` for `null`.
    ///
    /// # Errors
    /// A string has an escape that is not a character.
    pub fn text(&self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        match self.source {
            Repr::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Repr::Json("null") => Ok(None),
            Repr::Json(json) if json.starts_with('"') => unquote(json).map(Some),
            Repr::Json(json) => Ok(Some(Cow::Borrowed(json))),
        }
    }

    /// As the text of a scalar other than a string, without blanks around: `None` for `null` and for blank text.
    ///
    /// # Errors
    /// The value is an object or a list.
    pub fn scalar(&self, expected: &'static str) -> Result<Option<Cow<'a, str>>, DecodeError> {
        if let Repr::Json(json) = self.source
            && json.starts_with(['{', '['])
        {
            let found = if json.starts_with('{') { "an object" } else { "a list" };
            return Err(DecodeError::new(format!("expected {expected}, found {found}")));
        }
        let text = match self.text()? {
            Some(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.trim())),
            Some(Cow::Owned(text)) => Some(Cow::Owned(text.trim().to_owned())),
            None => None,
        };
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Reads the value as this type; `None` if the value means that the field is absent.
    pub(crate) fn read<T: Field>(self) -> Result<Option<T>, DecodeError> {
        let mut read = T::empty();
        let field: &mut dyn Field = &mut read;
        Ok(field.read(self, Reading::Strict)?.then_some(read))
    }

    pub(crate) fn of(json: &'a RawValue, depth: u8) -> Self {
        Self {
            source: Repr::Json(json.get()),
            depth,
        }
    }

    /// Calls `read` with the members of an object. Returns `false` if there is no object (`null`, `""`).
    pub(super) fn object(
        self,
        read: &mut dyn FnMut(Values<'_>) -> Result<(), DecodeError>,
    ) -> Result<bool, DecodeError> {
        self.structure("an object", '{', &mut |json, depth| read(Values::parse(json, depth)?))
    }

    /// Calls `each` with the items of a list. A single object is a list of one. Returns `false` for `null` and `""`.
    pub(super) fn list(
        self,
        each: &mut dyn FnMut(usize, Value<'_>) -> Result<(), DecodeError>,
    ) -> Result<bool, DecodeError> {
        if let Repr::Json(json) = self.source
            && json.starts_with('{')
        {
            return each(0, self).map(|()| true);
        }
        self.structure("a list", '[', &mut |json, depth| {
            for (index, item) in items(json)?.into_iter().enumerate() {
                each(index, Value::of(item, depth)).map_err(|error| error.at(index))?;
            }
            Ok(())
        })
    }

    /// Finds the object or list, which may be absent, or JSON text inside a string.
    fn structure(
        self,
        expected: &'static str,
        opening: char,
        read: &mut dyn FnMut(&str, u8) -> Result<(), DecodeError>,
    ) -> Result<bool, DecodeError> {
        if self.depth >= MAX_DEPTH {
            return Err(DecodeError::new(format!("nested more than {MAX_DEPTH} deep")));
        }
        match self.source {
            Repr::Json(json) if json.starts_with(opening) => read(json, self.depth + 1).map(|()| true),
            Repr::Json("null" | "{}" | "[]") => Ok(false),
            Repr::Json(json) if !json.starts_with('"') => Err(DecodeError::new(format!("expected {expected}"))),
            _ => {
                let text = self.text()?.unwrap_or_default();
                if text.trim().is_empty() {
                    return Ok(false);
                }
                let inner = Value::parse_at(&text, self.depth + 1)
                    .map_err(|_| DecodeError::new(format!("expected {expected}, found text that is not JSON")))?;
                match inner.source {
                    Repr::Json(json) if json.starts_with(opening) => read(json, inner.depth + 1).map(|()| true),
                    Repr::Json("null" | "{}" | "[]") => Ok(false),
                    _ => Err(DecodeError::new(format!(
                        "expected {expected}, found other JSON as text"
                    ))),
                }
            }
        }
    }

    fn parse_at(json: &'a str, depth: u8) -> Result<Self, DecodeError> {
        let raw: &RawValue = serde_json::from_str(json)
            .map_err(|error| DecodeError::new(format!("not one JSON value: {}", plain(&error))))?;
        Ok(Self {
            source: Repr::Json(raw.get()),
            depth,
        })
    }
}

/// Reads this JSON text as a type of the library; `None` if it means that the value is absent.
///
/// # Errors
/// The text is not JSON, or not of this type.
pub fn from_json<T: Field>(json: &str) -> Result<Option<T>, DecodeError> {
    Value::parse(json)?.read()
}

fn items(json: &str) -> Result<Vec<&RawValue>, DecodeError> {
    struct Items;

    impl<'de> Visitor<'de> for Items {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a JSON array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = sequence.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }

    serde_json::Deserializer::from_str(json)
        .deserialize_seq(Items)
        .map_err(|error| malformed(&error))
}

/// A member's name: borrowed unless it has an escape.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> serde_core::Deserialize<'de> for Name<'de> {
    fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

pub(super) fn unquote(json: &str) -> Result<Cow<'_, str>, DecodeError> {
    // The string is well-formed: without an escape, its content is the text between the quotes.
    let inside = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inside));
    }
    serde_json::from_str::<Name<'_>>(json)
        .map(|name| name.0)
        .map_err(|error| malformed(&error))
}

pub(super) fn malformed(error: &serde_json::Error) -> DecodeError {
    DecodeError::new(format!("malformed JSON: {}", plain(error)))
}

/// The problem and its position, without quoting the text.
fn plain(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Eof => "the text ends too early",
        Category::Syntax => "a syntax error",
        Category::Data | Category::Io => "a value of another kind",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}
