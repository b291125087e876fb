use std::fmt;

use super::{Extra, Field, Source};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
///
/// An implementation takes and gives its fields all at once, in one order: that is what costs least to compile.
/// `object!` adds the traits that follow from it.
pub trait Object: 'static {
    /// Makes one of the fields that `source` gives, which it asks for in the spec's order.
    fn make(source: &mut Source<'_>) -> Self
    where
        Self: Sized;

    /// Its fields, in the same order.
    fn see(&self) -> Seen<'_>;

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

    /// The type's name, with its path.
    fn type_name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// The fields of an [`Object`]: the names and values of those that are known, and the others.
#[derive(Debug)]
pub struct Seen<'a> {
    names: &'static [&'static str],
    values: Vec<&'a dyn Field>,
    extra: &'a Extra,
}

impl<'a> Seen<'a> {
    /// These, with a name for each value.
    pub fn new(names: &'static [&'static str], values: &[&'a dyn Field], extra: &'a Extra) -> Self {
        Self {
            names,
            values: values.to_vec(),
            extra,
        }
    }

    /// The known fields that are not left out.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'a dyn Field)> {
        let fields = self.names.iter().zip(&self.values);
        fields
            .filter(|(_, value)| !value.is_absent())
            .map(|(name, value)| (*name, *value))
    }

    /// Whether this is a known field that is not left out.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        let mut fields = self.names.iter().zip(&self.values);
        fields.any(|(known, value)| *known == name && !value.is_absent())
    }

    /// The others.
    pub(super) fn extra(&self) -> &'a Extra {
        self.extra
    }

    /// Another object of the type can be made of it.
    #[inline(never)]
    pub(super) fn source(&self) -> Source<'_> {
        Source::copy(&self.values, self.extra)
    }
}

/// `Clone` for an object.
pub fn clone_object<T: Object>(object: &T) -> T {
    T::make(&mut object.see().source())
}

/// `PartialEq` for two objects of one type.
pub fn same_object(one: &dyn Object, other: &dyn Object) -> bool {
    let (one, other) = (one.see(), other.see());
    let mut values = one.values.iter().zip(&other.values);
    one.extra == other.extra && values.all(|(value, other)| value.is_same(*other))
}

/// `Debug` for an object: its type, the fields that are given, the names of unknown ones.
///
/// # Errors
/// The formatter's.
pub fn debug_object(object: &dyn Object, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let path = object.type_name();
    let mut out = formatter.debug_struct(path.rsplit(':').next().unwrap_or(path));
    let seen = object.see();
    for (name, value) in seen.given() {
        out.field(name, &value);
    }
    if !seen.extra.is_empty() {
        out.field("extra", seen.extra);
    }
    out.finish()
}

impl<T: Object> Object for Box<T> {
    fn make(source: &mut Source<'_>) -> Self {
        Self::new(T::make(source))
    }

    fn see(&self) -> Seen<'_> {
        (**self).see()
    }

    fn at_least_one(&self) -> &'static [&'static [&'static str]] {
        (**self).at_least_one()
    }

    fn type_name(&self) -> &'static str {
        (**self).type_name()
    }
}
