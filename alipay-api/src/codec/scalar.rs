use std::{any::Any, fmt};

use super::{DecodeError, JsonWriter, Value};

/// A value that is neither an object nor a list. [`scalar!`] makes it a [`Field`](super::Field).
pub(crate) trait Scalar: Clone + PartialEq + fmt::Debug + 'static {
    /// The value of a field before anything is read into it.
    fn empty() -> Self;

    /// Writes the value as JSON.
    fn encode(&self, out: &mut JsonWriter);

    /// Reads the value; `None` if it means that the field is absent: `null`, or `""` for any type but text.
    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError>;

    /// Whether it is empty text, which means that the field is absent.
    fn is_empty(&self) -> bool {
        false
    }
}

/// A value of any type that is neither an object nor a list.
pub trait AnyScalar: Any {
    /// Writes the value as JSON.
    fn encode(&self, out: &mut JsonWriter);

    /// Reads the value. Returns `false`, and changes nothing, if it means that the field is absent.
    ///
    /// # Errors
    /// The value is not of this type.
    fn read(&mut self, value: Value<'_>) -> Result<bool, DecodeError>;

    /// Copies another value of the same type.
    fn copy(&mut self, other: &dyn AnyScalar);

    /// Whether another value has the same type and is equal.
    fn is_same(&self, other: &dyn AnyScalar) -> bool;

    /// Whether it is empty text, which means that the field is absent.
    fn is_empty(&self) -> bool;

    /// Formats the value as `Debug` does.
    ///
    /// # Errors
    /// The formatter's.
    fn show(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: Scalar> AnyScalar for T {
    fn encode(&self, out: &mut JsonWriter) {
        Scalar::encode(self, out);
    }

    fn read(&mut self, value: Value<'_>) -> Result<bool, DecodeError> {
        let read = Self::decode(value)?;
        let found = read.is_some();
        if let Some(read) = read {
            *self = read;
        }
        Ok(found)
    }

    fn copy(&mut self, other: &dyn AnyScalar) {
        let other: &dyn Any = other;
        if let Some(other) = other.downcast_ref::<Self>() {
            self.clone_from(other);
        }
    }

    fn is_same(&self, other: &dyn AnyScalar) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref() == Some(self)
    }

    fn is_empty(&self) -> bool {
        Scalar::is_empty(self)
    }

    fn show(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// Implements [`Field`](super::Field) for a [`Scalar`].
macro_rules! scalar {
    ($name:ident) => {
        impl $crate::codec::Field for $name {
            fn empty() -> Self {
                <Self as $crate::codec::Scalar>::empty()
            }

            fn view(&self) -> $crate::codec::View<'_> {
                $crate::codec::View::Scalar(self)
            }

            fn slot(&mut self) -> $crate::codec::Slot<'_> {
                $crate::codec::Slot::Scalar(self)
            }
        }
    };
}
pub(crate) use scalar;

impl Scalar for String {
    fn empty() -> Self {
        Self::new()
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.string(self);
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        Ok(value.text()?.map(std::borrow::Cow::into_owned))
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

scalar!(String);

impl Scalar for i64 {
    fn empty() -> Self {
        0
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.raw(&self.to_string());
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(text) = value.scalar("a whole number")? else {
            return Ok(None);
        };
        // A gateway that keeps numbers as decimals may send a whole number as `1.0`.
        let whole = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
            _ => &text,
        };
        whole
            .parse()
            .map(Some)
            .map_err(|_| DecodeError::new("expected a whole number of at most 64 bits"))
    }
}

scalar!(i64);

impl Scalar for bool {
    fn empty() -> Self {
        false
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.raw(if *self { "true" } else { "false" });
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(text) = value.scalar("true or false")? else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Ok(Some(true)),
            "false" | "f" | "no" | "n" | "0" => Ok(Some(false)),
            _ => Err(DecodeError::new("expected true or false")),
        }
    }
}

scalar!(bool);
