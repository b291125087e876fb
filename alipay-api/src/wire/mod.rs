//! How values stand on the wire: JSON in requests and responses, text in notifications.
//!
//! Generated types implement [`Object`] or [`OpenEnum`] and get the rest from `object!` and
//! `open_enum!`. Neither trait is generic over a format, so that a thousand types cost little to compile.
//!
//! The gateway's leniency has its one place here: numbers as strings and strings as numbers, `"T"` for true, `""` for an absent
//! object, JSON as text inside a string.
//!
//! Only code that `alipay-codegen` writes needs this module; its details may change with the generator.

mod error;
mod extra;
mod object;
mod open_enum;
mod scalar;
mod serde;
mod value;
mod writer;

#[cfg(test)]
mod tests;

pub use self::{
    error::DecodeError,
    extra::Extra,
    object::{
        Field, Fields, Fill, Object, See, blank, clone_object, debug_object, decode_object, fill_object, put,
        same_object, set,
    },
    open_enum::{OpenEnum, decode_enum, hash_enum},
    scalar::{Decode, Encode},
    serde::{deserialize, serialize},
    value::Value,
    writer::{JsonWriter, MissingFields, to_json},
};
pub(crate) use self::{
    object::{fill_members, fill_text},
    value::{Members, members},
    writer::ObjectWriter,
};

/// Implements the standard library's and serde's traits for an [`Object`].
#[doc(hidden)]
#[macro_export]
macro_rules! __object {
    ($name:ident) => {
        impl ::core::clone::Clone for $name {
            fn clone(&self) -> Self {
                $crate::wire::clone_object(self)
            }
        }
        impl ::core::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::wire::same_object(self, other)
            }
        }
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::wire::debug_object(self, formatter)
            }
        }
        $crate::__serde!($name);
    };
}

/// Implements the standard library's, the wire's and serde's traits for an [`OpenEnum`].
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum {
    ($name:ident) => {
        impl $name {
            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                $crate::wire::OpenEnum::value(self)
            }
        }
        impl ::core::clone::Clone for $name {
            fn clone(&self) -> Self {
                $crate::wire::OpenEnum::from_value(self.as_str())
            }
        }
        impl ::core::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                *self.as_str() == *other.as_str()
            }
        }
        impl ::core::cmp::Eq for $name {}
        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                $crate::wire::hash_enum(self, state);
            }
        }
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(self.as_str(), formatter)
            }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
        impl ::core::default::Default for $name {
            fn default() -> Self {
                $crate::wire::OpenEnum::from_value("")
            }
        }
        impl ::core::str::FromStr for $name {
            type Err = ::core::convert::Infallible;
            fn from_str(value: &str) -> ::core::result::Result<Self, ::core::convert::Infallible> {
                ::core::result::Result::Ok($crate::wire::OpenEnum::from_value(value))
            }
        }
        impl ::core::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                $crate::wire::OpenEnum::from_value(value)
            }
        }
        impl ::core::convert::From<::std::string::String> for $name {
            fn from(value: ::std::string::String) -> Self {
                $crate::wire::OpenEnum::from_value(&value)
            }
        }
        impl $crate::wire::Encode for $name {
            fn encode(&self, out: &mut $crate::wire::JsonWriter) {
                out.string(self.as_str());
            }
        }
        impl $crate::wire::Decode for $name {
            fn blank() -> Self {
                $crate::wire::OpenEnum::from_value("")
            }
            fn decode(
                value: $crate::wire::Value<'_>,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::wire::DecodeError> {
                $crate::wire::decode_enum(value)
            }
        }
        $crate::__serde!($name);
    };
}

/// serde's traits over the wire's.
#[doc(hidden)]
#[macro_export]
macro_rules! __serde {
    ($name:ident) => {
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::wire::serialize(self, serializer)
            }
        }
        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::wire::deserialize(deserializer)
            }
        }
    };
}

pub use crate::{__object as object, __open_enum as open_enum};
