//! The encoding of values on the wire: JSON in requests and responses, text in notifications.
//!
//! Generated types implement [`Object`] or [`KnownValue`], and `object!` or `listed!` adds the other traits. Neither trait is generic over a
//! format, so that a thousand types compile quickly.
//!
//! All leniency towards the gateway is here: numbers as strings and strings as numbers, `"T"` for true, `""` for an absent object, JSON as
//! text inside a string.
//!
//! Only code that `alipay-codegen` writes needs this module; its details may change with the generator.

mod error;
mod extra;
mod field;
#[cfg(feature = "serde")]
mod foreign;
mod object;
mod open_enum;
mod reading;
mod scalar;
#[cfg(feature = "serde")]
mod serde;
mod source;
mod value;
mod values;
mod writer;

#[cfg(test)]
mod tests;

#[cfg(feature = "serde")]
pub(crate) use self::foreign::read_json;
#[cfg(feature = "serde")]
pub use self::serde::{deserialize, deserialize_listed, serialize, serialize_listed};
pub use self::{
    error::DecodeError,
    extra::Extra,
    field::{Container, Field, List, Slot, View},
    object::{FieldsRef, Object, clone_object, debug_object, same_object},
    open_enum::{
        AnyOpenEnum, KnownValue, OpenEnum, UnknownValueError, debug_listed, display_listed, hash_listed, parse_listed,
        same_listed,
    },
    scalar::AnyScalar,
    source::Source,
    value::{Value, from_json},
    writer::{JsonWriter, MissingFields, storable, to_json},
};
pub(crate) use self::{
    reading::{Reading, Unreadable},
    scalar::{Scalar, scalar},
    value::Name,
    values::{Values, read_object},
    writer::{digest, quoted, to_text},
};

/// Implements the standard library's and serde's traits for an [`Object`].
#[doc(hidden)]
#[macro_export]
macro_rules! __object {
    ($name:ident) => {
        impl ::core::clone::Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                $crate::codec::clone_object(self)
            }
        }
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::codec::same_object(self, other)
            }
        }
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::codec::debug_object(self, formatter)
            }
        }
        $crate::__serde!($name);
    };
}

/// Implements the standard library's traits for the values of a [`KnownValue`].
#[doc(hidden)]
#[macro_export]
macro_rules! __listed {
    ($name:ident) => {
        impl ::core::marker::Copy for $name {}
        #[automatically_derived]
        impl ::core::clone::Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl ::core::cmp::Eq for $name {}
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::codec::same_listed(self, other)
            }
        }
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::codec::debug_listed(self, formatter)
            }
        }
        impl ::core::hash::Hash for $name {
            #[inline]
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                $crate::codec::hash_listed(self, state)
            }
        }
        impl ::core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::codec::display_listed(self, formatter)
            }
        }
        impl ::core::str::FromStr for $name {
            type Err = $crate::codec::UnknownValueError;
            #[inline]
            // Not `Self::Err`: a value may have that name.
            fn from_str(text: &str) -> ::core::result::Result<Self, $crate::codec::UnknownValueError> {
                $crate::codec::parse_listed(text)
            }
        }
        impl $name {
            /// The value's text on the wire.
            #[inline]
            pub fn as_str(self) -> &'static str {
                $crate::codec::KnownValue::as_str(self)
            }
        }
        $crate::__serde_listed!($name);
    };
}

/// Implements serde's traits for an [`Object`], with the feature `serde`.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde {
    ($name:ident) => {
        impl $crate::__private::serde_core::Serialize for $name {
            #[inline]
            fn serialize<S: $crate::__private::serde_core::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::codec::serialize(self, serializer)
            }
        }
        impl<'de> $crate::__private::serde_core::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: $crate::__private::serde_core::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::codec::deserialize(deserializer)
            }
        }
    };
}

/// Does nothing without the feature `serde`.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde {
    ($name:ident) => {};
}

/// Implements serde's traits for a [`KnownValue`], with the feature `serde`: its text.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde_listed {
    ($name:ident) => {
        impl $crate::__private::serde_core::Serialize for $name {
            #[inline]
            fn serialize<S: $crate::__private::serde_core::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::codec::serialize_listed(self, serializer)
            }
        }
        impl<'de> $crate::__private::serde_core::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: $crate::__private::serde_core::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::codec::deserialize_listed(deserializer)
            }
        }
    };
}

/// Does nothing without the feature `serde`.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __serde_listed {
    ($name:ident) => {};
}

pub use crate::{__listed as listed, __object as object};
