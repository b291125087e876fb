use super::{DecodeError, Extra, Field, FieldsRef, Object, Reading, Values};

/// Where the fields of an [`Object`] come from.
#[derive(Debug, Default)]
pub struct Source<'a> {
    from: From<'a>,
    reading: Reading<'a>,
    /// The first error.
    error: Option<DecodeError>,
}

#[derive(Debug, Default)]
enum From<'a> {
    /// No fields.
    #[default]
    Nothing,
    /// The wire.
    Given(&'a Values<'a>),
    /// Another object of the type.
    Copied(&'a FieldsRef<'a>),
}

impl<'a> Source<'a> {
    /// Fields from the wire. [`finish`](Self::finish) returns the first error.
    pub(super) fn of(values: &'a Values<'a>, reading: Reading<'a>) -> Self {
        Self {
            from: From::Given(values),
            reading,
            error: None,
        }
    }

    /// Returns the first error, if there was one.
    ///
    /// # Errors
    /// A field is of another type, or a required one is missing.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// The fields of another object of the type.
    pub(super) fn copy(fields: &'a FieldsRef<'a>) -> Self {
        Self {
            from: From::Copied(fields),
            reading: Reading::Strict,
            error: None,
        }
    }

    /// Fills the empty fields, each by its name, and puts values without a field into `extra`. A field stays empty if there is no value of its
    /// name, if the value means that the field is absent, or, in an answer or a notification, if it can't be read.
    pub fn fill(&mut self, names: &[&'static str], fields: &mut [&mut dyn Field], extra: &mut Extra) {
        match &self.from {
            From::Nothing => {}
            From::Given(values) => {
                let error = values.fill(names, fields, extra, self.reading);
                self.error = self.error.take().or(error);
            }
            From::Copied(others) => others.copy(fields, extra),
        }
    }

    /// Makes an object of the fields.
    #[inline]
    pub fn make<T: Object>(&mut self) -> T {
        let mut made = T::empty();
        made.fill(self);
        made
    }

    /// Requires these fields, except in an answer or a notification.
    pub fn require(&mut self, names: &[&'static str]) {
        let (From::Given(values), Reading::Strict) = (&self.from, self.reading) else {
            return;
        };
        let is_given = |name: &&&str| values.get(name).is_some_and(|value| value.as_raw() != "null");
        if let Some(name) = names.iter().find(|name| !is_given(name)) {
            let missing = || DecodeError::new("required, but missing").within(name);
            self.error.get_or_insert_with(missing);
        }
    }
}
