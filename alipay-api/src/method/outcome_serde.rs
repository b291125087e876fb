//! serde's traits for an [`Outcome`], in the form of serde's derive with lower-case names.

use std::{fmt, marker::PhantomData};

use serde_core::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, EnumAccess, VariantAccess as _, Visitor},
};

use super::Outcome;

const NAME: &str = "Outcome";
const DONE: &str = "done";
const PENDING: &str = "pending";
const VARIANTS: &[&str] = &[DONE, PENDING];

impl<T: Serialize> Serialize for Outcome<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Done(response) => serializer.serialize_newtype_variant(NAME, 0, DONE, response),
            Self::Pending(response) => serializer.serialize_newtype_variant(NAME, 1, PENDING, response),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Outcome<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(NAME, VARIANTS, OutcomeVisitor(PhantomData))
    }
}

struct OutcomeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OutcomeVisitor<T> {
    type Value = Outcome<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a response, under `done` or `pending`")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Self::Value, A::Error> {
        let (variant, content) = data.variant()?;
        match variant {
            Variant::Done => content.newtype_variant().map(Outcome::Done),
            Variant::Pending => content.newtype_variant().map(Outcome::Pending),
        }
    }
}

enum Variant {
    Done,
    Pending,
}

impl<'de> Deserialize<'de> for Variant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VariantVisitor;

        impl Visitor<'_> for VariantVisitor {
            type Value = Variant;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`done` or `pending`")
            }

            fn visit_u64<E: de::Error>(self, index: u64) -> Result<Variant, E> {
                match index {
                    0 => Ok(Variant::Done),
                    1 => Ok(Variant::Pending),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(index), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Variant, E> {
                match name {
                    DONE => Ok(Variant::Done),
                    PENDING => Ok(Variant::Pending),
                    _ => Err(E::unknown_variant(name, VARIANTS)),
                }
            }
        }

        deserializer.deserialize_identifier(VariantVisitor)
    }
}
