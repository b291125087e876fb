use std::{
    convert::Infallible,
    fmt,
    hash::{Hash, Hasher},
    mem,
    str::FromStr,
};

use super::{Field, Slot, View};

/// The values that a spec lists for an enum. The gateway may add values at any time, so fields hold an [`OpenEnum`] of it.
///
/// `listed!` implements the other traits.
pub trait KnownValue: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The texts of all values on the wire, and the values in the same order.
    fn listed() -> (&'static [&'static str], &'static [Self]);

    /// The value's place among the listed ones.
    fn place(self) -> usize;

    /// The value's text on the wire.
    #[inline]
    fn as_str(self) -> &'static str {
        text_at(Self::listed().0, self.place())
    }

    /// The listed value of this text on the wire.
    fn from_text(text: &str) -> Option<Self> {
        let (texts, values) = Self::listed();
        values.get(place_of(texts, text)).copied()
    }
}

fn text_at(texts: &[&'static str], place: usize) -> &'static str {
    texts.get(place).copied().unwrap_or_default()
}

/// The place of the text; where it is not listed, that after the last.
fn place_of(texts: &[&str], text: &str) -> usize {
    let place = texts.iter().position(|listed| *listed == text);
    place.unwrap_or(texts.len())
}

/// `PartialEq` for listed values.
pub fn same_listed<T>(one: &T, other: &T) -> bool {
    mem::discriminant(one) == mem::discriminant(other)
}

/// `Hash` for listed values.
pub fn hash_listed<T, H: Hasher>(value: &T, state: &mut H) {
    mem::discriminant(value).hash(state);
}

/// `FromStr` for listed values.
///
/// # Errors
/// The text is not a listed value.
pub fn parse_listed<T: KnownValue>(text: &str) -> Result<T, UnknownValueError> {
    T::from_text(text).ok_or(UnknownValueError { listed: T::listed().0 })
}

/// `Display` for listed values: the text on the wire, padded where the caller asks for that.
///
/// # Errors
/// The formatter's.
pub fn display_listed<T: KnownValue>(value: &T, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.pad(value.as_str())
}

/// `Debug` for listed values: the text on the wire.
///
/// # Errors
/// The formatter's.
pub fn debug_listed<T: KnownValue>(value: &T, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Debug::fmt(value.as_str(), formatter)
}

/// The error for text that is not a listed value of an enum. The gateway may have more values than this version of the library lists: an
/// [`OpenEnum`] accepts any text.
///
/// The message names the listed values. It never shows the text, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValueError {
    listed: &'static [&'static str],
}

impl fmt::Display for UnknownValueError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An enum of error codes has up to a hundred.
        const SHOWN: usize = 8;
        let (shown, more) = self.listed.split_at(self.listed.len().min(SHOWN));
        formatter.write_str("the text is not a value that this version of the library lists")?;
        if !shown.is_empty() {
            write!(formatter, ": `{}`", shown.join("`, `"))?;
        }
        if !more.is_empty() {
            write!(formatter, " and {} more", more.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownValueError {}

/// A value of an enum that the gateway may extend: a listed value, or one that this version of the library does not know.
///
/// It can be compared with listed values, and made from them and from any text. `parse` reads a listed value from text, and fails with an
/// [`UnknownValueError`] for any other text. To match, use [`known`](Self::known):
///
/// ```
/// # #[cfg(feature = "trade")]
/// # fn show(order: alipay_api::trade::QueryResponse) {
/// use alipay_api::trade::types::TradeStatus;
///
/// match order.trade_status.known() {
///     Some(TradeStatus::TradeSuccess | TradeStatus::TradeFinished) => println!("paid"),
///     Some(_) => println!("not paid"),
///     None => println!("{} is new", order.trade_status),
/// }
/// # }
/// ```
#[derive(Clone)]
pub enum OpenEnum<T> {
    /// A listed value.
    Known(T),
    /// Another value: its text on the wire.
    Other(Box<str>),
}

/// An [`OpenEnum`] of any enum: its text is all that there is to it.
pub trait AnyOpenEnum {
    /// The value's text on the wire.
    fn text(&self) -> &str;

    /// Makes it the value of this text on the wire.
    fn set_text(&mut self, text: &str);
}

impl<T: KnownValue> OpenEnum<T> {
    /// The listed value; `None` for any other.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(text) => T::from_text(text),
        }
    }

    /// The value's text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => value.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl<T: KnownValue> From<T> for OpenEnum<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: KnownValue> From<&str> for OpenEnum<T> {
    fn from(text: &str) -> Self {
        match T::from_text(text) {
            Some(value) => Self::Known(value),
            None => Self::Other(text.into()),
        }
    }
}

impl<T: KnownValue> From<String> for OpenEnum<T> {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl<T: KnownValue> FromStr for OpenEnum<T> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

/// Empty text.
impl<T> Default for OpenEnum<T> {
    fn default() -> Self {
        Self::Other(Box::default())
    }
}

impl<T: KnownValue> PartialEq for OpenEnum<T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<T: KnownValue> Eq for OpenEnum<T> {}

impl<T: KnownValue> PartialEq<T> for OpenEnum<T> {
    fn eq(&self, other: &T) -> bool {
        self.known().as_ref() == Some(other)
    }
}

impl<T: KnownValue> Hash for OpenEnum<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<T: KnownValue> fmt::Debug for OpenEnum<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl<T: KnownValue> fmt::Display for OpenEnum<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl<T: KnownValue> Field for OpenEnum<T> {
    fn empty() -> Self {
        Self::default()
    }

    fn view(&self) -> View<'_> {
        View::Enum(self)
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Enum(self)
    }
}

impl<T: KnownValue> AnyOpenEnum for OpenEnum<T> {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn set_text(&mut self, text: &str) {
        *self = text.into();
    }
}

#[cfg(feature = "serde")]
impl<T: KnownValue> serde_core::Serialize for OpenEnum<T> {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(self, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, T: KnownValue> serde_core::Deserialize<'de> for OpenEnum<T> {
    fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::deserialize(deserializer)
    }
}
