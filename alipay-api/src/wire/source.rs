use std::any::Any;

use super::{Decode, DecodeError, Extra, Field, Members, Object, Value};

/// Where the fields of an [`Object`] come from when it is made.
#[derive(Debug, Default)]
pub struct Source<'a> {
    fields: From<'a>,
    error: Option<DecodeError>,
}

#[derive(Debug, Default)]
enum From<'a> {
    /// There are none.
    #[default]
    Nothing,
    /// The wire.
    Given {
        values: Vec<Given<'a>>,
        /// The marks of their names: most fields of most answers are absent, and seen to be so at once.
        marks: u64,
    },
    /// Another object of the type.
    Copied {
        fields: std::slice::Iter<'a, &'a dyn Field>,
        extra: &'a Extra,
    },
}

#[derive(Debug)]
struct Given<'a> {
    name: &'a str,
    value: Value<'a>,
    is_taken: bool,
}

/// What can be made from a [`Source`]: every [`Field`].
pub trait Made: Field + Decode + Clone {}

impl<T: Field + Decode + Clone> Made for T {}

impl<'a> Source<'a> {
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
                is_taken: false,
            }
        }));
        Self {
            fields: From::Given { values: given, marks },
            error: None,
        }
    }

    /// What another object of the type holds.
    pub(super) fn copy(fields: &'a [&'a dyn Field], extra: &'a Extra) -> Self {
        let fields = fields.iter();
        Self {
            fields: From::Copied { fields, extra },
            error: None,
        }
    }

    // Out of line, here and below: one copy for each type of field, and not for each field.
    /// The next field; blank where there is none of this name, or one that stands for absence.
    #[inline(never)]
    pub fn field<T: Made>(&mut self, name: &'static str) -> T {
        let made = match &mut self.fields {
            From::Nothing => None,
            From::Given { .. } => match self.take(name).map(T::decode) {
                Some(Ok(made)) => made,
                Some(Err(error)) => {
                    self.fail(name, error);
                    None
                }
                None => None,
            },
            From::Copied { fields, .. } => fields
                .next()
                .and_then(|field| (*field as &dyn Any).downcast_ref())
                .cloned(),
        };
        made.unwrap_or_else(T::blank)
    }

    /// The next field, which must be there.
    #[inline(never)]
    pub fn required<T: Made>(&mut self, name: &'static str) -> T {
        self.require(name);
        self.field(name)
    }

    /// All that no field was made of.
    #[inline(never)]
    pub fn extra(&mut self) -> Extra {
        let mut extra = Extra::EMPTY;
        match &self.fields {
            From::Nothing => {}
            From::Given { values, .. } => values
                .iter()
                .filter(|given| !given.is_taken)
                .for_each(|given| extra.push(given.name, given.value)),
            From::Copied { extra: copied, .. } => extra.clone_from(copied),
        }
        extra
    }

    /// Whether all went well.
    ///
    /// # Errors
    /// A field is of another type, or a required one is missing.
    pub fn finish(self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// What makes a whole object.
    pub(crate) fn make<T: Object>(mut self) -> Result<T, DecodeError> {
        let made = T::make(&mut self);
        self.finish().map(|()| made)
    }

    /// Of several values of one name, the last counts.
    fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let From::Given { values, marks } = &mut self.fields else {
            return None;
        };
        if *marks & mark(name) == 0 {
            return None;
        }
        let found = values.iter_mut().rev().find(|given| given.name == name)?;
        found.is_taken = true;
        Some(found.value)
    }

    fn require(&mut self, name: &'static str) {
        if let From::Given { values, .. } = &self.fields
            && !values
                .iter()
                .any(|given| given.name == name && given.value.as_raw() != "null")
        {
            self.fail(name, DecodeError::new("required, but missing"));
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, name: &str, error: DecodeError) {
        self.error.get_or_insert_with(|| error.within(name));
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
