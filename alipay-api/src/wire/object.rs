use std::{any::Any, fmt};

use super::{Decode, DecodeError, Encode, Extra, JsonWriter, Source, Value};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
///
/// An implementation takes and gives its fields all at once, in one order: that is what costs least to compile.
/// `object!` adds the traits that follow from it.
pub trait Object: 'static {
    /// Makes one of the fields that `source` gives, which it asks for in the spec's order.
    fn make(source: &mut Source<'_>) -> Self
    where
        Self: Sized;

    /// Shows `see` the known fields, in the same order, and the others.
    fn see(&self, see: &mut dyn See);

    /// Groups of names of which at least one must be given.
    fn at_least_one(&self) -> &'static [&'static [&'static str]] {
        &[]
    }

    /// One with nothing in it yet.
    fn blank() -> Self
    where
        Self: Sized,
    {
        Self::make(&mut Source::default())
    }

    /// Gives every known field to `fields`, in the spec's order.
    fn write(&self, fields: &mut dyn Fields) {
        self.see(&mut Each(fields));
    }
}

/// Gives fields one by one. It is no closure, which would be compiled for each type.
struct Each<'a>(&'a mut dyn Fields);

impl See for Each<'_> {
    fn fields(&mut self, names: &[&'static str], values: &[&dyn Field], _: &Extra) {
        for (name, value) in names.iter().zip(values) {
            self.0.field(name, *value);
        }
    }
}

/// Takes the fields of an [`Object`].
pub trait Fields {
    /// One field. It is left out where its value [is absent](Encode::is_absent).
    fn field(&mut self, name: &'static str, value: &dyn Encode);
}

/// Looks at the fields of an [`Object`].
pub trait See {
    /// All of them: the names and values of those that are known, and the others.
    fn fields(&mut self, names: &[&'static str], values: &[&dyn Field], extra: &Extra);
}

impl<F: FnMut(&[&'static str], &[&dyn Field], &Extra)> See for F {
    fn fields(&mut self, names: &[&'static str], values: &[&dyn Field], extra: &Extra) {
        self(names, values, extra);
    }
}

/// What a field holds.
pub trait Field: Encode + fmt::Debug + Any {
    /// Whether a field of the same type holds the same.
    fn is_same(&self, field: &dyn Field) -> bool;
}

impl<T: Encode + PartialEq + fmt::Debug + 'static> Field for T {
    fn is_same(&self, field: &dyn Field) -> bool {
        (field as &dyn Any).downcast_ref::<T>() == Some(self)
    }
}

/// `Clone` for an object.
pub fn clone_object<T: Object>(object: &T) -> T {
    let mut copy = None;
    object.see(&mut |_: &[&str], values: &[&dyn Field], extra: &Extra| {
        copy = Some(T::make(&mut Source::copy(values, extra)));
    });
    copy.unwrap_or_else(T::blank)
}

/// `PartialEq` for two objects of one type.
pub fn same_object(one: &dyn Object, other: &dyn Object) -> bool {
    let mut same = false;
    one.see(&mut |_: &[&str], fields: &[&dyn Field], extra: &Extra| {
        other.see(&mut |_: &[&str], others: &[&dyn Field], other_extra: &Extra| {
            same = extra == other_extra && fields.iter().zip(others).all(|(field, other)| field.is_same(*other));
        });
    });
    same
}

/// `Debug` for an object: its type, the fields that are given, the names of unknown ones.
///
/// # Errors
/// The formatter's.
pub fn debug_object<T: Object>(object: &T, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = std::any::type_name::<T>();
    debug_fields(name.rsplit(':').next().unwrap_or(name), object, formatter)
}

fn debug_fields(name: &str, object: &dyn Object, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = formatter.debug_struct(name);
    object.see(&mut |names: &[&'static str], values: &[&dyn Field], extra: &Extra| {
        for (name, value) in names.iter().zip(values) {
            if !value.is_absent() {
                out.field(name, value);
            }
        }
        if !extra.is_empty() {
            out.field("extra", extra);
        }
    });
    out.finish()
}

impl<T: Object> Object for Box<T> {
    fn make(source: &mut Source<'_>) -> Self {
        Self::new(T::make(source))
    }

    fn see(&self, see: &mut dyn See) {
        (**self).see(see);
    }

    fn at_least_one(&self) -> &'static [&'static [&'static str]] {
        (**self).at_least_one()
    }
}

impl<T: Object> Encode for T {
    fn encode(&self, out: &mut JsonWriter) {
        out.object(self);
    }
}

impl<T: Object> Decode for T {
    fn blank() -> Self {
        <Self as Object>::blank()
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let mut made = None;
        value.object(&mut |members, depth| {
            made = Some(Source::members(members, depth, &[]).make()?);
            Ok(())
        })?;
        Ok(made)
    }
}
