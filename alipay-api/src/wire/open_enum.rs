use std::hash::{Hash, Hasher};

use super::{DecodeError, Value};

/// An enum whose set of values may grow: what is not listed is kept as it came.
///
/// `open_enum!` adds the traits that follow from it.
pub trait OpenEnum: Sized + 'static {
    /// The value as it stands on the wire.
    fn value(&self) -> &str;

    /// The listed values, one by one; `None` after the last.
    fn listed(place: usize) -> Option<Self>;

    /// One that is not listed.
    fn other(value: Box<str>) -> Self;

    /// The listed value of this text, or else an unlisted one.
    fn from_value(value: &str) -> Self {
        (0..)
            .map_while(Self::listed)
            .find(|listed| listed.value() == value)
            .unwrap_or_else(|| Self::other(value.into()))
    }
}

/// `decode` for an open enum.
///
/// # Errors
/// The value is malformed text.
pub fn decode_enum<T: OpenEnum>(value: Value<'_>) -> Result<Option<T>, DecodeError> {
    Ok(value.text()?.map(|text| T::from_value(&text)))
}

/// `Hash` for an open enum.
pub fn hash_enum<T: OpenEnum, H: Hasher>(value: &T, state: &mut H) {
    value.value().hash(state);
}
