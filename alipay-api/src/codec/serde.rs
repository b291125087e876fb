//! serde's traits for generated types, by way of JSON text, so that nothing is compiled for each type and format.

use serde_core::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::{self, SerializeMap as _, SerializeSeq as _},
};
use serde_json::value::RawValue;

use super::{Extra, Field, KnownValue, Name, OpenEnum, from_json, open_enum::parse_listed, storable, value::unquote};

/// serde's `serialize` for a type of the wire.
///
/// # Errors
/// Those of the serializer, and an object that lacks all of a group of fields of which it needs one.
pub fn serialize<S: Serializer>(value: &dyn Field, serializer: S) -> Result<S::Ok, S::Error> {
    let json = storable(value).map_err(ser::Error::custom)?;
    let json: &RawValue = serde_json::from_str(&json).map_err(ser::Error::custom)?;
    Json(json.get()).serialize(serializer)
}

/// serde's `deserialize` for a type of the wire.
///
/// # Errors
/// Those of the deserializer, and a value that is not of the type.
pub fn deserialize<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let json = serde_json::Value::deserialize(deserializer)?.to_string();
    let read = from_json(&json).map_err(de::Error::custom)?;
    Ok(read.unwrap_or_else(T::empty))
}

/// serde's `serialize` for a listed value: its text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_listed<T: KnownValue, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str((*value).as_str())
}

/// serde's `deserialize` for a listed value.
///
/// # Errors
/// Those of the deserializer, and a text that is not listed.
pub fn deserialize_listed<'de, T: KnownValue, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let read: OpenEnum<T> = deserialize(deserializer)?;
    parse_listed(read.as_str()).map_err(de::Error::custom)
}

/// The fields by their names.
impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, json) in self.iter() {
            map.serialize_entry(name, &Json(json))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Extra;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the fields of an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extra, A::Error> {
                let mut extra = Extra::EMPTY;
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    extra.insert(name, &value);
                }
                Ok(extra)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// One well-formed JSON value without blanks around it.
struct Json<'a>(&'a str);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.0;
        match json.as_bytes().first() {
            Some(b'{') => {
                let members = members(json).map_err(ser::Error::custom)?;
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (Name(name), value) in &members {
                    map.serialize_entry(name, &Json(value.get()))?;
                }
                map.end()
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json).map_err(ser::Error::custom)?;
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Json(item.get()))?;
                }
                list.end()
            }
            Some(b'"') => serializer.serialize_str(&unquote(json).map_err(ser::Error::custom)?),
            Some(b't') => serializer.serialize_bool(true),
            Some(b'f') => serializer.serialize_bool(false),
            Some(b'n') => serializer.serialize_unit(),
            _ => serialize_number(json, serializer),
        }
    }
}

/// Serialises a number as a number if serde can represent it exactly, and otherwise as text, which keeps every digit.
fn serialize_number<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(number) = json.parse::<u64>() {
        return serializer.serialize_u64(number);
    }
    if let Ok(number) = json.parse::<i64>()
        && json != "-0"
    {
        return serializer.serialize_i64(number);
    }
    match json.parse::<f64>() {
        Ok(number) if is_written_as(number, json) => serializer.serialize_f64(number),
        _ => serializer.serialize_str(json),
    }
}

/// Whether the number is exactly the one that these digits write.
fn is_written_as(number: f64, digits: &str) -> bool {
    let Some((whole, fraction)) = digits.split_once('.') else {
        return false;
    };
    // An `f64` can't represent more digits exactly.
    let shortest = number.to_string();
    let (shortest_whole, shortest_fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    whole == shortest_whole && fraction.trim_end_matches('0') == shortest_fraction
}

type Members<'a> = Vec<(Name<'a>, &'a RawValue)>;

/// The members of an object, in their order.
fn members(json: &str) -> serde_json::Result<Members<'_>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = self::Members<'de>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(json).deserialize_map(Members)
}
