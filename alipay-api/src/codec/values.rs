use std::{borrow::Cow, fmt, num::NonZeroU32};

use serde_core::de::{Deserializer as _, MapAccess, Visitor};

use super::{
    DecodeError, Extra, Field, Object, Reading, Source, Value,
    value::{Name, malformed},
};

/// Named values from the wire, of which one [`Object`] is made: the members of a JSON object, or the parameters of a form.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    given: Vec<Given<'a>>,
    /// A bit for each mark of their names.
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
    /// The members of the JSON object that this text is; what they hold is this deep in it.
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

    /// Members in their order, each as it stands, their names unescaped.
    pub(crate) fn read<A: MapAccess<'a>>(mut map: A, depth: u8) -> Result<Self, A::Error> {
        let mut values = Self::with_capacity(16);
        while let Some(Name(name)) = map.next_key()? {
            values.push(name, Value::of(map.next_value()?, depth));
        }
        Ok(values)
    }

    /// Parameters of a form, by name: each name once.
    pub(crate) fn texts(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values = Self::with_capacity(texts.size_hint().1.unwrap_or_default());
        for (name, text) in texts {
            values.add(Cow::Borrowed(name), mark(name), Value::from_text(text));
        }
        values
    }

    /// Keeps those of these names, but for some, from the fields and from what no field is for.
    pub(crate) fn hide(&mut self, names: &[&str], but_for: &[&str]) {
        let is_meant = |name: &str| names.contains(&name) && !but_for.contains(&name);
        for given in self.given.iter_mut().filter(|given| is_meant(&given.name)) {
            given.is_hidden = true;
        }
    }

    /// Why they can't be read, if so: of two of one name nobody can tell which counts, and no object has members without end.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        self.flaw
    }

    /// The value of this name, hidden or not.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        let mut given = self.given.iter();
        given.find(|given| given.name == name).map(|given| given.value)
    }

    /// Refuses to go without values of these names: `null` and empty text are none.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), DecodeError> {
        for name in names {
            let value = self.get(name).map(|value| value.text()).transpose();
            let value = value.map_err(|error| error.within(name))?.flatten();
            if value.is_none_or(|value| value.trim().is_empty()) {
                return Err(DecodeError::new("an answer must have it, but it is missing").within(name));
            }
        }
        Ok(())
    }

    /// All of them in their order, hidden or not.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Value<'a>)> + DoubleEndedIterator {
        self.given.iter().map(|given| (&*given.name, given.value))
    }

    /// What one object is made of.
    pub(crate) fn source<'s>(&'s self, reading: Reading<'s>) -> Source<'s> {
        Source::of(self, reading)
    }

    /// The object that they make.
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

    /// Adds one; after a flaw, nothing is kept.
    pub(crate) fn push(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if self.flaw.is_some() {
            return;
        }
        let mark = mark(&name);
        let bit = 1 << mark;
        // Few share a mark.
        if self.marks & bit != 0 && self.given.iter().any(|given| given.name == name) {
            self.flaw = Some("it names a member twice");
        } else if self.given.len() == MAX_VALUES {
            self.flaw = Some("it has more members than any object of Alipay's");
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

    /// Reads each value into the field of its name, and those that none is for, or that can't be read, into `extra`; gives the first
    /// error where reading is strict.
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

/// Finds values by name. Most fields of most answers are absent, and fields to be so at once.
struct Index<'a> {
    /// Chains of values whose names have the same mark, by the mark.
    chains: [Option<Place>; MARKS],
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    given: &'a Given<'a>,
    is_taken: bool,
    next: Option<Place>,
}

/// One more than where an entry is.
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

    /// The one of this name.
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

    /// Those that nobody took, in their order.
    fn rest(&self) -> impl Iterator<Item = &'a Given<'a>> {
        self.entries
            .iter()
            .filter(|entry| !entry.is_taken)
            .map(|entry| entry.given)
    }
}

/// The largest object known has some eighty members.
const MAX_VALUES: usize = 1024;

const MARKS: usize = 64;

/// A number below [`MARKS`] for each name, which few share.
#[inline]
fn mark(name: &str) -> u8 {
    let name = name.as_bytes();
    let end = |byte: Option<&u8>| byte.copied().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "only its last bits are of use")]
    let length = name.len() as u8;
    (length.wrapping_mul(21) ^ end(name.first()).wrapping_mul(7) ^ end(name.last())) & 63
}

/// Reads the JSON object that this text is.
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
