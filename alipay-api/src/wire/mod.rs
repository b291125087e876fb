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
    object::{Fields, Object, Slot, blank, decode_object, encode_object, fill_object},
    open_enum::OpenEnum,
    scalar::{Decode, Encode},
    serde::{deserialize, serialize},
    value::Value,
    writer::{JsonWriter, MissingFields, to_json},
};
pub(crate) use self::{
    object::fill_members,
    value::{Members, members},
    writer::ObjectWriter,
};

/// Implements the wire's and serde's traits for an [`Object`].
#[doc(hidden)]
#[macro_export]
macro_rules! __object {
    ($name:ident) => {
        impl $crate::wire::Encode for $name {
            fn encode(&self, out: &mut $crate::wire::JsonWriter) {
                $crate::wire::encode_object(self, out);
            }
        }
        impl $crate::wire::Decode for $name {
            fn blank() -> Self {
                <Self as $crate::wire::Object>::blank()
            }
            fn decode(
                value: $crate::wire::Value<'_>,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::wire::DecodeError> {
                $crate::wire::decode_object(value)
            }
        }
        $crate::__serde!($name);
    };
}

/// Implements the wire's, serde's and the text traits for an [`OpenEnum`].
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
        impl ::core::default::Default for $name {
            fn default() -> Self {
                <Self as $crate::wire::OpenEnum>::other(::core::default::Default::default())
            }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
        impl ::core::str::FromStr for $name {
            type Err = ::core::convert::Infallible;
            fn from_str(value: &str) -> ::core::result::Result<Self, ::core::convert::Infallible> {
                ::core::result::Result::Ok(<Self as $crate::wire::OpenEnum>::from_value(value))
            }
        }
        impl ::core::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                <Self as $crate::wire::OpenEnum>::from_value(value)
            }
        }
        impl ::core::convert::From<::std::string::String> for $name {
            fn from(value: ::std::string::String) -> Self {
                <Self as $crate::wire::OpenEnum>::from_value(&value)
            }
        }
        impl $crate::wire::Encode for $name {
            fn encode(&self, out: &mut $crate::wire::JsonWriter) {
                out.string(self.as_str());
            }
            fn to_text(&self) -> ::std::string::String {
                ::std::string::String::from(self.as_str())
            }
        }
        impl $crate::wire::Decode for $name {
            fn blank() -> Self {
                ::core::default::Default::default()
            }
            fn decode(
                value: $crate::wire::Value<'_>,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::wire::DecodeError> {
                ::core::result::Result::Ok(
                    value
                        .text()?
                        .map(|text| <Self as $crate::wire::OpenEnum>::from_value(&text)),
                )
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
