use super::{DecodeError, JsonWriter, Value};
use crate::types::File;

/// A type that can be written as JSON.
pub trait Encode {
    /// Writes the value as JSON.
    fn encode(&self, out: &mut JsonWriter);

    /// Whether a field that holds it is left out.
    fn is_absent(&self) -> bool {
        false
    }

    /// The value as a parameter of its own: text without quotes, or JSON.
    fn to_text(&self) -> String {
        let mut out = JsonWriter::default();
        self.encode(&mut out);
        let json = out.finish().unwrap_or_default();
        if json.starts_with('"') {
            serde_json::from_str(&json).unwrap_or_default()
        } else {
            json
        }
    }

    /// The file, where it is one.
    fn as_file(&self) -> Option<&File> {
        None
    }
}

/// A type that can be read from the wire.
pub trait Decode: Sized {
    /// What a field of the type holds before anything is read into it.
    fn blank() -> Self;

    /// Reads the value; `None` where it stands for absence: `null`, or `""` for anything but text.
    ///
    /// # Errors
    /// The value is not of this type.
    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError>;
}

impl Encode for &str {
    fn encode(&self, out: &mut JsonWriter) {
        out.string(self);
    }

    fn to_text(&self) -> String {
        (*self).to_owned()
    }
}

impl Encode for String {
    fn encode(&self, out: &mut JsonWriter) {
        out.string(self);
    }

    fn to_text(&self) -> String {
        self.clone()
    }
}

impl Decode for String {
    fn blank() -> Self {
        Self::new()
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        Ok(value.text()?.map(std::borrow::Cow::into_owned))
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut JsonWriter) {
        out.raw(&self.to_string());
    }
}

impl Decode for i64 {
    fn blank() -> Self {
        0
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(text) = value.scalar("a whole number")? else {
            return Ok(None);
        };
        let text = text.trim();
        // A whole number may come as `1.0` from a gateway that keeps numbers as decimals.
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
            _ => text,
        };
        whole
            .parse()
            .map(Some)
            .map_err(|_| DecodeError::new("expected a whole number of at most 64 bits"))
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut JsonWriter) {
        out.raw(if *self { "true" } else { "false" });
    }
}

impl Decode for bool {
    fn blank() -> Self {
        false
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(text) = value.scalar("true or false")? else {
            return Ok(None);
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Ok(Some(true)),
            "false" | "f" | "no" | "n" | "0" => Ok(Some(false)),
            _ => Err(DecodeError::new("expected true or false")),
        }
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut JsonWriter) {
        match self {
            Some(value) => value.encode(out),
            None => out.raw("null"),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn to_text(&self) -> String {
        self.as_ref().map(Encode::to_text).unwrap_or_default()
    }

    fn as_file(&self) -> Option<&File> {
        self.as_ref().and_then(Encode::as_file)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn blank() -> Self {
        None
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        Ok(T::decode(value)?.map(Some))
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut JsonWriter) {
        out.list(self.iter().map(|item| item as &dyn Encode));
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let mut items = Self::new();
        let found = value.list(&mut |item| {
            if let Some(item) = T::decode(item)? {
                items.push(item);
            }
            Ok(())
        })?;
        Ok(found.then_some(items))
    }
}
