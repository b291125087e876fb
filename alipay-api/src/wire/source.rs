use std::{
    cell::{Cell, OnceCell},
    slice,
};

use super::{DecodeError, Extra, Field, Members, Object, Value};

/// Where the fields of an [`Object`] come from when it is made.
#[derive(Debug, Default)]
pub struct Source<'a>(From<'a>);

#[derive(Debug, Default)]
enum From<'a> {
    /// There are none.
    #[default]
    Nothing,
    /// The wire.
    Given(&'a Values<'a>),
    /// Another object of the type.
    Copied {
        fields: slice::Iter<'a, &'a dyn Field>,
        extra: &'a Extra,
    },
}

/// Named values from the wire, of which one [`Object`] is made.
#[derive(Debug)]
pub struct Values<'a> {
    given: Vec<Given<'a>>,
    /// The marks of their names: most fields of most answers are absent, and seen to be so at once.
    marks: u64,
    /// What was wrong first.
    error: OnceCell<DecodeError>,
}

#[derive(Debug)]
struct Given<'a> {
    name: &'a str,
    value: Value<'a>,
    is_taken: Cell<bool>,
}

impl<'a> Source<'a> {
    /// What another object of the type holds.
    pub(super) fn copy(fields: &'a [&'a dyn Field], extra: &'a Extra) -> Self {
        let fields = fields.iter();
        Self(From::Copied { fields, extra })
    }

    // Out of line, here and below: one copy for each type of field, and not for each field.
    /// The next field; blank where there is none of this name, or one that stands for absence.
    #[inline(never)]
    pub fn field<T: Field>(&mut self, name: &'static str) -> T {
        let mut field = T::blank();
        self.fill(name, &mut field);
        field
    }

    /// The next field, which must be there.
    #[inline(never)]
    pub fn required<T: Field>(&mut self, name: &'static str) -> T {
        if let From::Given(values) = &self.0 {
            values.require(name);
        }
        self.field(name)
    }

    /// All that no field was made of.
    #[inline(never)]
    pub fn extra(&mut self) -> Extra {
        match &self.0 {
            From::Nothing => Extra::EMPTY,
            From::Given(values) => values.extra(),
            From::Copied { extra, .. } => (*extra).clone(),
        }
    }

    fn fill(&mut self, name: &str, field: &mut dyn Field) {
        match &mut self.0 {
            From::Nothing => {}
            From::Given(values) => values.fill(name, field),
            From::Copied { fields, .. } => {
                if let Some(other) = fields.next() {
                    field.copy(*other);
                }
            }
        }
    }
}

impl<'a> Values<'a> {
    /// The members of a JSON object, but for those that belong to the protocol.
    pub(crate) fn members(members: &'a Members<'_>, depth: u8, protocol: &[&str]) -> Self {
        let members = members.iter().filter(|(name, _)| !protocol.contains(&&**name));
        Self::given(members.map(|(name, json)| (&**name, Value::of(json, depth))))
    }

    /// Parameters of a form, by name.
    pub fn texts(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self::given(texts.map(|(name, text)| (name, Value::from_text(text))))
    }

    fn given(values: impl Iterator<Item = (&'a str, Value<'a>)>) -> Self {
        let mut given = Vec::with_capacity(values.size_hint().1.unwrap_or_default());
        let mut marks = 0;
        given.extend(values.map(|(name, value)| {
            marks |= mark(name);
            Given {
                name,
                value,
                is_taken: Cell::new(false),
            }
        }));
        Self {
            given,
            marks,
            error: OnceCell::new(),
        }
    }

    /// What one object is made of. Whether all went well, [`finish`](Self::finish) tells.
    pub fn source(&self) -> Source<'_> {
        Source(From::Given(self))
    }

    /// Whether all went well.
    ///
    /// # Errors
    /// A field is of another type, or a required one is missing.
    pub fn finish(self) -> Result<(), DecodeError> {
        self.error.into_inner().map_or(Ok(()), Err)
    }

    /// The object that they make.
    pub(crate) fn make<T: Object>(self) -> Result<T, DecodeError> {
        let made = T::make(&mut self.source());
        self.finish().map(|()| made)
    }

    /// Reads the value of this name into the field. Of several values of one name, the last counts.
    fn fill(&self, name: &str, field: &mut dyn Field) {
        if self.marks & mark(name) == 0 {
            return;
        }
        if let Some(given) = self.given.iter().rev().find(|given| given.name == name) {
            given.is_taken.set(true);
            if let Err(error) = field.read(given.value) {
                self.fail(name, error);
            }
        }
    }

    fn require(&self, name: &'static str) {
        let is_given = |given: &Given<'_>| given.name == name && given.value.as_raw() != "null";
        if !self.given.iter().any(is_given) {
            self.fail(name, DecodeError::new("required, but missing"));
        }
    }

    /// Keeps the first error.
    fn fail(&self, name: &str, error: DecodeError) {
        self.error.get_or_init(|| error.within(name));
    }

    fn extra(&self) -> Extra {
        let mut extra = Extra::EMPTY;
        for given in self.given.iter().filter(|given| !given.is_taken.get()) {
            extra.push(given.name, given.value);
        }
        extra
    }
}

/// One bit for each name; few share one.
fn mark(name: &str) -> u64 {
    match name.as_bytes() {
        [first, .., last] => {
            let hash = name.len().wrapping_mul(21) ^ usize::from(*first).wrapping_mul(7) ^ usize::from(*last);
            1 << (hash % 64)
        }
        _ => 1,
    }
}
