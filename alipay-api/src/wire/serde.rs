//! serde's traits for generated types: one detour over JSON text, so that nothing is compiled per type and format.

use serde_core::{Deserialize as _, Deserializer, Serialize as _, Serializer, de, ser};

use super::{Field, from_json, to_json};

/// serde's `serialize` for a type of the wire.
///
/// # Errors
/// Those of the serializer, and an object that lacks all of a group of fields of which it needs one.
pub fn serialize<S: Serializer>(value: &dyn Field, serializer: S) -> Result<S::Ok, S::Error> {
    let json = to_json(value).map_err(ser::Error::custom)?;
    serde_json::from_str::<serde_json::Value>(&json)
        .map_err(ser::Error::custom)?
        .serialize(serializer)
}

/// serde's `deserialize` for a type of the wire.
///
/// # Errors
/// Those of the deserializer, and a value that is not of the type.
pub fn deserialize<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let json = serde_json::Value::deserialize(deserializer)?.to_string();
    let read = from_json(&json).map_err(de::Error::custom)?;
    Ok(read.unwrap_or_else(T::blank))
}
