use std::{borrow::Cow, fmt, num::NonZeroU32};

use serde_core::de::{Deserializer as _, MapAccess, Visitor};

use super::{
    DecodeError, Extra, Field, Object, Reading, Source, Value,
    value::{Name, malformed},
};

/// Named values from the wire that make one [`Object`]: the members of a JSON object, or the parameters of a form.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    given: Vec<Given<'a>>,
    /// A bit for each mark (see `mark`) of the names.
    marks: u64,
    flaw: Option<&'static str>,
}

#[derive(Debug)]
struct Given<'a> {
    name: Cow<'a, str>,
    value: Value<'a>,
    mark: u8,
    is_hidden: bool,
}

impl<'a> Values<'a> {
    /// The members of this JSON object. `depth` is the depth of their values.
    ///
    /// # Errors
    /// The text is not one JSON object, or has a [flaw](Self::flaw).
    pub(crate) fn parse(json: &'a str, depth: u8) -> Result<Self, DecodeError> {
        let values = read_object(json, ValuesVisitor { depth })?;
        match values.flaw {
            Some(flaw) => Err(DecodeError::new(flaw)),
            None => Ok(values),
        }
    }

    /// Reads the members in their order, with unescaped names and undecoded values.
    pub(crate) fn read<A: MapAccess<'a>>(mut map: A, depth: u8) -> Result<Self, A::Error> {
        let mut values = Self::with_capacity(16);
        while let Some(Name(name)) = map.next_key()? {
            values.push(name, Value::of(map.next_value()?, depth));
        }
        Ok(values)
    }

    /// The parameters of a form. Each name must occur once.
    pub(crate) fn texts(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values = Self::with_capacity(texts.size_hint().1.unwrap_or_default());
        for (name, text) in texts {
            values.add(Cow::Borrowed(name), mark(name), Value::from_text(text));
        }
        values
    }

    /// Hides the values of these names, except `but_for`: they become neither fields nor [`Extra`].
    pub(crate) fn hide(&mut self, names: &[&str], but_for: &[&str]) {
        let is_meant = |name: &str| names.contains(&name) && !but_for.contains(&name);
        for given in self.given.iter_mut().filter(|given| is_meant(&given.name)) {
            given.is_hidden = true;
        }
    }

    /// Why the values can't be used: a name occurs twice, so it is unclear which value counts, or there are too many values.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        self.flaw
    }

    /// The value of this name, hidden or not.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        let mut given = self.given.iter();
        given.find(|given| given.name == name).map(|given| given.value)
    }

    /// Checks that values of these names are there. `null` and empty text are not values.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), DecodeError> {
        for name in names {
            let value = self.get(name).map(|value| value.text()).transpose();
            let value = value.map_err(|error| error.within(name))?.flatten();
            if value.is_none_or(|value| value.trim().is_empty()) {
                return Err(DecodeError::new("missing, although every answer must have this field").within(name));
            }
        }
        Ok(())
    }

    /// All values in their order, hidden or not.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Value<'a>)> + DoubleEndedIterator {
        self.given.iter().map(|given| (&*given.name, given.value))
    }

    /// The source of an object's fields.
    pub(crate) fn source<'s>(&'s self, reading: Reading<'s>) -> Source<'s> {
        Source::of(self, reading)
    }

    /// Makes an object of the values.
    pub(crate) fn make<T: Object>(&self, reading: Reading<'_>) -> Result<T, DecodeError> {
        let mut source = self.source(reading);
        let made = source.make();
        source.finish().map(|()| made)
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            given: Vec::with_capacity(capacity),
            marks: 0,
            flaw: None,
        }
    }

    /// Adds a value. After a flaw, values are ignored.
    pub(crate) fn push(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if self.flaw.is_some() {
            return;
        }
        let mark = mark(&name);
        let bit = 1 << mark;
        // Few share a mark.
        if self.marks & bit != 0 && self.given.iter().any(|given| given.name == name) {
            self.flaw = Some("a member is named twice");
        } else if self.given.len() == MAX_VALUES {
            self.flaw = Some("the object has too many members");
        }
        self.marks |= bit;
        self.add(name, mark, value);
    }

    fn add(&mut self, name: Cow<'a, str>, mark: u8, value: Value<'a>) {
        self.given.push(Given {
            name,
            value,
            mark,
            is_hidden: false,
        });
    }

    /// Reads each value into the field of its name. Values without a field, and those that can't be read, go to `extra`. Returns the first
    /// error if reading is strict.
    pub(super) fn fill(
        &self,
        names: &[&str],
        fields: &mut [&mut dyn Field],
        extra: &mut Extra,
        reading: Reading<'_>,
    ) -> Option<DecodeError> {
        let mut error = None;
        let mut index = Index::of(&self.given);
        for (name, field) in names.iter().zip(fields) {
            let Some(given) = index.take(name) else { continue };
            let noted = reading.noted();
            let Err(wrong) = field.read(given.value, reading) else {
                reading.place(noted, |error| error.within(name));
                continue;
            };
            reading.take_back(noted);
            match reading.note(name, wrong) {
                Ok(()) => {
                    field.clear();
                    extra.push_unreadable(name, given.value);
                }
                Err(wrong) => {
                    error.get_or_insert(wrong);
                }
            }
        }
        for given in index.rest() {
            extra.push(&given.name, given.value);
        }
        error
    }
}

/// Finds values by name. It is fast for absent fields, which most fields of most answers are.
struct Index<'a> {
    /// For each mark, the chain of values whose names have it.
    chains: [Option<Place>; MARKS],
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    given: &'a Given<'a>,
    is_taken: bool,
    next: Option<Place>,
}

/// The index of an entry, plus one.
type Place = NonZeroU32;

impl<'a> Index<'a> {
    fn of(given: &'a [Given<'a>]) -> Self {
        let mut chains = [None; MARKS];
        let mut entries = Vec::with_capacity(given.len());
        for given in given.iter().filter(|given| !given.is_hidden) {
            let chain = &mut chains[usize::from(given.mark)];
            entries.push(Entry {
                given,
                is_taken: false,
                next: *chain,
            });
            *chain = u32::try_from(entries.len()).ok().and_then(Place::new);
        }
        Self { chains, entries }
    }

    /// The value of this name.
    #[inline]
    fn take(&mut self, name: &str) -> Option<&'a Given<'a>> {
        let mut place = self.chains[usize::from(mark(name))]?;
        loop {
            let entry = self.entries.get_mut(place.get() as usize - 1)?;
            if entry.given.name == name {
                entry.is_taken = true;
                return Some(entry.given);
            }
            place = entry.next?;
        }
    }

    /// The values that were not taken, in their order.
    fn rest(&self) -> impl Iterator<Item = &'a Given<'a>> {
        self.entries
            .iter()
            .filter(|entry| !entry.is_taken)
            .map(|entry| entry.given)
    }
}

/// The largest known object has about eighty members.
const MAX_VALUES: usize = 1024;

const MARKS: usize = 64;

/// A cheap hash of a name, below [`MARKS`].
#[inline]
fn mark(name: &str) -> u8 {
    let name = name.as_bytes();
    let end = |byte: Option<&u8>| byte.copied().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "only its last bits are of use")]
    let length = name.len() as u8;
    (length.wrapping_mul(21) ^ end(name.first()).wrapping_mul(7) ^ end(name.last())) & 63
}

/// Reads this text as a JSON object.
pub(crate) fn read_object<'a, V: Visitor<'a>>(json: &'a str, visitor: V) -> Result<V::Value, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = deserializer
        .deserialize_map(visitor)
        .map_err(|error| malformed(&error))?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(read)
}

struct ValuesVisitor {
    depth: u8,
}

impl<'a> Visitor<'a> for ValuesVisitor {
    type Value = Values<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Values<'a>, A::Error> {
        Values::read(map, self.depth)
    }
}
