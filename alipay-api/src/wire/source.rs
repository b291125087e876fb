use std::cell::{Cell, OnceCell};

use super::{DecodeError, Extra, Field, Members, Object, Seen, Value};

/// Where the fields of an [`Object`] come from.
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
    Copied(&'a Seen<'a>),
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
    mark: u64,
    value: Value<'a>,
    is_taken: Cell<bool>,
}

impl<'a> Source<'a> {
    /// What another object of the type holds.
    pub(super) fn copy(seen: &'a Seen<'a>) -> Self {
        Self(From::Copied(seen))
    }

    /// Fills the fields, which are blank and each of its name, and puts what none of them is for in `extra`. A field stays blank
    /// where there is none of its name, or one that stands for absence.
    pub fn fill(&mut self, names: &[&'static str], fields: &mut [&mut dyn Field], extra: &mut Extra) {
        match &self.0 {
            From::Nothing => {}
            From::Given(values) => {
                for (name, field) in names.iter().zip(fields) {
                    values.fill(name, *field);
                }
                *extra = values.extra();
            }
            From::Copied(others) => others.copy(fields, extra),
        }
    }

    /// An object of what it gives.
    #[inline]
    pub fn make<T: Object>(&mut self) -> T {
        let mut made = T::blank();
        made.fill(self);
        made
    }

    /// Refuses to go without these fields.
    pub fn require(&mut self, names: &[&'static str]) {
        if let From::Given(values) = &self.0 {
            for name in names {
                values.require(name);
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
            let mark = mark(name);
            marks |= mark;
            Given {
                name,
                mark,
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
        let made = self.source().make();
        self.finish().map(|()| made)
    }

    /// Reads the value of this name into the field. Of several values of one name, the last counts.
    fn fill(&self, name: &str, field: &mut dyn Field) {
        let mark = mark(name);
        if self.marks & mark == 0 {
            return;
        }
        // Marks are quicker to compare than names.
        let is_it = |given: &&Given<'_>| given.mark == mark && given.name == name;
        if let Some(given) = self.given.iter().rev().find(is_it) {
            given.is_taken.set(true);
            if let Err(error) = field.read(given.value) {
                self.fail(name, error);
            }
        }
    }

    fn require(&self, name: &str) {
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
