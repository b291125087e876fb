use std::fmt;

use super::{Extra, Field, Source};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
///
/// An implementation passes all its fields at once, in one order, because that compiles fastest. `object!` implements the other traits.
pub trait Object: 'static {
    /// An object whose fields are empty.
    fn empty() -> Self
    where
        Self: Sized;

    /// Fills the empty object with the fields of `source`.
    fn fill(&mut self, source: &mut Source<'_>);

    /// The fields, in the same order.
    fn fields(&self) -> FieldsRef<'_>;
}

/// The fields of an [`Object`]: its type's name, the names and values of the known fields, and the unknown fields.
#[derive(Debug)]
pub struct FieldsRef<'a> {
    of: &'static str,
    names: &'static [&'static str],
    values: Vec<&'a dyn Field>,
    extra: &'a Extra,
    groups: &'static [&'static [&'static str]],
}

impl<'a> FieldsRef<'a> {
    /// The fields of a type of this name, with a name for each value.
    pub fn new(of: &'static str, names: &'static [&'static str], values: &[&'a dyn Field], extra: &'a Extra) -> Self {
        Self {
            of,
            names,
            values: values.to_vec(),
            extra,
            groups: &[],
        }
    }

    /// Adds groups of names of which at least one must be given.
    #[must_use]
    pub fn with_groups(self, groups: &'static [&'static [&'static str]]) -> Self {
        Self { groups, ..self }
    }

    /// Groups of names of which at least one must be given.
    pub(super) fn groups(&self) -> &'static [&'static [&'static str]] {
        self.groups
    }

    /// The known fields that have a value.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'a dyn Field)> {
        let fields = self.names.iter().zip(&self.values);
        fields
            .filter(|(_, value)| !value.is_absent())
            .map(|(name, value)| (*name, *value))
    }

    /// Whether this is a known field that has a value.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        let mut fields = self.names.iter().zip(&self.values);
        fields.any(|(known, value)| *known == name && !value.is_absent())
    }

    /// The unknown fields.
    pub(crate) fn extra(&self) -> &'a Extra {
        self.extra
    }

    /// A source that copies these fields into another object of the type.
    pub(super) fn source(&self) -> Source<'_> {
        Source::copy(self)
    }

    /// Copies the fields into the empty fields of another object of the type.
    pub(super) fn copy(&self, fields: &mut [&mut dyn Field], extra: &mut Extra) {
        for (field, value) in fields.iter_mut().zip(&self.values) {
            field.copy(*value);
        }
        extra.clone_from(self.extra);
    }
}

/// `Clone` for an object.
// Inline, like everything that drops a type: the drop is compiled already in the crate of the type.
#[inline]
pub fn clone_object<T: Object>(object: &T) -> T {
    let mut copy = T::empty();
    copy_object(&mut copy, object);
    copy
}

/// Copies an object into an empty one of the same type.
pub(super) fn copy_object(object: &mut dyn Object, other: &dyn Object) {
    object.fill(&mut other.fields().source());
}

/// `PartialEq` for two objects of one type.
pub fn same_object(one: &dyn Object, other: &dyn Object) -> bool {
    let (one, other) = (one.fields(), other.fields());
    let mut values = one.values.iter().zip(&other.values);
    one.extra == other.extra && values.all(|(value, other)| value.is_same(*other))
}

/// `Debug` for an object: its type, the fields that have a value, and the names of unknown fields.
///
/// # Errors
/// The formatter's.
pub fn debug_object(object: &dyn Object, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fields = object.fields();
    let mut out = formatter.debug_struct(fields.of);
    for (name, value) in fields.given() {
        out.field(name, &value);
    }
    if !fields.extra.is_empty() {
        out.field("extra", fields.extra);
    }
    out.finish()
}

impl<T: Object> Object for Box<T> {
    fn empty() -> Self {
        Self::new(T::empty())
    }

    fn fill(&mut self, source: &mut Source<'_>) {
        (**self).fill(source);
    }

    fn fields(&self) -> FieldsRef<'_> {
        (**self).fields()
    }
}
