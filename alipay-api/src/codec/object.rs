use std::fmt;

use super::{Extra, Field, Source};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
///
/// An implementation takes and gives its fields all at once, in one order: that is what costs least to compile.
/// `object!` adds the traits that follow from it.
pub trait Object: 'static {
    /// One with nothing in it yet.
    fn empty() -> Self
    where
        Self: Sized;

    /// Fills it, where it is empty, with the fields that `source` gives.
    fn fill(&mut self, source: &mut Source<'_>);

    /// Its fields, in the same order.
    fn fields(&self) -> FieldsRef<'_>;
}

/// What an [`Object`] is: its type's name, the names and values of the fields that are known, and the others.
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

    /// With groups of names of which at least one must be given.
    #[must_use]
    pub fn with_groups(self, groups: &'static [&'static [&'static str]]) -> Self {
        Self { groups, ..self }
    }

    /// Groups of names of which at least one must be given.
    pub(super) fn groups(&self) -> &'static [&'static [&'static str]] {
        self.groups
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
    pub(crate) fn extra(&self) -> &'a Extra {
        self.extra
    }

    /// Another object of the type can be made of it.
    pub(super) fn source(&self) -> Source<'_> {
        Source::copy(self)
    }

    /// Makes the fields of another object of the type the same; they are empty.
    pub(super) fn copy(&self, fields: &mut [&mut dyn Field], extra: &mut Extra) {
        for (field, value) in fields.iter_mut().zip(&self.values) {
            field.copy(*value);
        }
        extra.clone_from(self.extra);
    }
}

/// `Clone` for an object.
// Inline, as all that drops a type: where the type is, its drop is compiled already.
#[inline]
pub fn clone_object<T: Object>(object: &T) -> T {
    let mut copy = T::empty();
    copy_object(&mut copy, object);
    copy
}

/// Makes an object that is empty the same as another of its type.
pub(super) fn copy_object(object: &mut dyn Object, other: &dyn Object) {
    object.fill(&mut other.fields().source());
}

/// `PartialEq` for two objects of one type.
pub fn same_object(one: &dyn Object, other: &dyn Object) -> bool {
    let (one, other) = (one.fields(), other.fields());
    let mut values = one.values.iter().zip(&other.values);
    one.extra == other.extra && values.all(|(value, other)| value.is_same(*other))
}

/// `Debug` for an object: its type, the fields that are given, the names of unknown ones.
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
