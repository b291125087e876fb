use std::{any::Any, fmt};

use super::{Decode, DecodeError, Encode, Extra, JsonWriter, Members, Value};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
///
/// An implementation gives its fields all at once, as lists in one order: that is what costs least to compile.
/// `object!` adds the traits that follow from it.
pub trait Object: 'static {
    /// One with nothing read into it yet.
    fn blank() -> Self
    where
        Self: Sized;

    /// The names of the known fields, in the spec's order.
    fn names(&self) -> &'static [&'static str];

    /// Shows `see` the known fields, in the order of their names, and the others.
    fn see(&self, see: &mut dyn See);

    /// Gives `fill` the known fields, in the order of their names, and the others.
    fn fill(&mut self, fill: &mut dyn Fill);

    /// Names without which it can't be read.
    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    /// Groups of names of which at least one must be given.
    fn at_least_one(&self) -> &'static [&'static [&'static str]] {
        &[]
    }

    /// Gives every known field to `fields`, in the spec's order.
    fn write(&self, fields: &mut dyn Fields) {
        self.see(&mut |values: &[&dyn Field], _: &Extra| {
            for (name, value) in self.names().iter().zip(values) {
                fields.field(name, *value);
            }
        });
    }
}

/// Takes the fields of an [`Object`].
pub trait Fields {
    /// One field. It is left out where its value [is absent](Encode::is_absent).
    fn field(&mut self, name: &'static str, value: &dyn Encode);
}

/// Looks at the fields of an [`Object`].
pub trait See {
    /// All of them: those that are known, and the others.
    fn fields(&mut self, known: &[&dyn Field], extra: &Extra);
}

/// Changes the fields of an [`Object`].
pub trait Fill {
    /// All of them: those that are known, and the others.
    fn fields(&mut self, known: &mut [&mut dyn Field], extra: &mut Extra);
}

impl<F: FnMut(&[&dyn Field], &Extra)> See for F {
    fn fields(&mut self, known: &[&dyn Field], extra: &Extra) {
        self(known, extra);
    }
}

impl<F: FnMut(&mut [&mut dyn Field], &mut Extra)> Fill for F {
    fn fields(&mut self, known: &mut [&mut dyn Field], extra: &mut Extra) {
        self(known, extra);
    }
}

/// What a field holds.
pub trait Field: Encode + fmt::Debug + Any {
    /// Reads the value; one that stands for absence leaves the field as it is.
    ///
    /// # Errors
    /// The value is not of the field's type.
    fn fill(&mut self, value: Value<'_>) -> Result<(), DecodeError>;

    /// Copies it into a field of the same type.
    fn copy_to(&self, field: &mut dyn Field);

    /// Whether a field of the same type holds the same.
    fn is_same(&self, field: &dyn Field) -> bool;
}

impl<T: Encode + Decode + Clone + PartialEq + fmt::Debug + 'static> Field for T {
    fn fill(&mut self, value: Value<'_>) -> Result<(), DecodeError> {
        if let Some(read) = T::decode(value)? {
            *self = read;
        }
        Ok(())
    }

    fn copy_to(&self, field: &mut dyn Field) {
        if let Some(field) = (field as &mut dyn Any).downcast_mut::<T>() {
            self.clone_into(field);
        }
    }

    fn is_same(&self, field: &dyn Field) -> bool {
        (field as &dyn Any).downcast_ref::<T>() == Some(self)
    }
}

/// What a field holds before anything is read into it.
pub fn blank<T: Decode>() -> T {
    T::blank()
}

/// Sets an optional field.
pub fn set<T>(field: &mut Option<T>, value: impl Into<T>) {
    *field = Some(value.into());
}

/// Sets a field that always holds something.
pub fn put<T>(field: &mut T, value: impl Into<T>) {
    *field = value.into();
}

/// `Clone` for an object.
pub fn clone_object<T: Object>(object: &T) -> T {
    let mut copy = T::blank();
    copy_fields(object, &mut copy);
    copy
}

fn copy_fields(from: &dyn Object, to: &mut dyn Object) {
    from.see(&mut |values: &[&dyn Field], unknown: &Extra| {
        to.fill(&mut |fields: &mut [&mut dyn Field], extra: &mut Extra| {
            for (value, field) in values.iter().zip(fields) {
                value.copy_to(*field);
            }
            extra.clone_from(unknown);
        });
    });
}

/// `PartialEq` for two objects of one type.
pub fn same_object(one: &dyn Object, other: &dyn Object) -> bool {
    let mut same = false;
    one.see(&mut |fields: &[&dyn Field], extra: &Extra| {
        other.see(&mut |others: &[&dyn Field], other_extra: &Extra| {
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
    object.see(&mut |values: &[&dyn Field], extra: &Extra| {
        for (name, value) in object.names().iter().zip(values) {
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
    fn blank() -> Self {
        Self::new(T::blank())
    }

    fn names(&self) -> &'static [&'static str] {
        (**self).names()
    }

    fn see(&self, see: &mut dyn See) {
        (**self).see(see);
    }

    fn fill(&mut self, fill: &mut dyn Fill) {
        (**self).fill(fill);
    }

    fn required(&self) -> &'static [&'static str] {
        (**self).required()
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
        decode_object(value)
    }
}

/// Reads an object; `None` where the value stands for absence.
///
/// # Errors
/// The value is something else, or one of its fields is.
pub fn decode_object<T: Object>(value: Value<'_>) -> Result<Option<T>, DecodeError> {
    let mut object = <T as Object>::blank();
    Ok(fill_object(&mut object, value)?.then_some(object))
}

/// Reads the fields of an object into `object`; `false` where the value stands for absence.
///
/// # Errors
/// The value is something else, one of its fields is, or a required one is missing.
pub fn fill_object(object: &mut dyn Object, value: Value<'_>) -> Result<bool, DecodeError> {
    value.object(&mut |members, depth| fill_members(object, members, depth, &[]))
}

/// Reads the members of an object into `object`, but for those that belong to the protocol.
pub(crate) fn fill_members(
    object: &mut dyn Object,
    members: &Members<'_>,
    depth: u8,
    protocol: &[&str],
) -> Result<(), DecodeError> {
    let members = members.iter().filter(|(name, _)| !protocol.contains(&&**name));
    let mut result = Ok(());
    let names = object.names();
    object.fill(&mut |fields: &mut [&mut dyn Field], extra: &mut Extra| {
        for (name, member) in members.clone() {
            let place = names.iter().position(|known| name == known);
            match place.and_then(|place| fields.get_mut(place)) {
                Some(field) if result.is_ok() => {
                    result = field.fill(Value::of(member, depth)).map_err(|error| error.within(name));
                }
                Some(_) => {}
                None => extra.push_raw(name, member.get()),
            }
        }
    });
    result?;
    match object.required().iter().find(|wanted| {
        !members
            .clone()
            .any(|(name, json)| name == *wanted && json.get() != "null")
    }) {
        Some(name) => Err(DecodeError::new("required, but missing").within(name)),
        None => Ok(()),
    }
}

/// Reads fields of an object that came as text, known or not.
pub(crate) fn fill_texts<'a>(
    object: &mut dyn Object,
    texts: &mut dyn Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), DecodeError> {
    let mut result = Ok(());
    let names = object.names();
    object.fill(&mut |fields: &mut [&mut dyn Field], extra: &mut Extra| {
        for (name, text) in &mut *texts {
            let place = names.iter().position(|known| *known == name);
            match place.and_then(|place| fields.get_mut(place)) {
                Some(field) if result.is_ok() => {
                    result = field.fill(Value::from_text(text)).map_err(|error| error.within(name));
                }
                Some(_) => {}
                None => extra.push_text(name, text),
            }
        }
    });
    result
}
