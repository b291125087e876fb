use super::{DecodeError, Extra, Field, FieldsRef, Object, Reading, Values};

/// Where the fields of an [`Object`] come from.
#[derive(Debug, Default)]
pub struct Source<'a> {
    from: From<'a>,
    reading: Reading<'a>,
    /// What was wrong first.
    error: Option<DecodeError>,
}

#[derive(Debug, Default)]
enum From<'a> {
    /// There are none.
    #[default]
    Nothing,
    /// The wire.
    Given(&'a Values<'a>),
    /// Another object of the type.
    Copied(&'a FieldsRef<'a>),
}

impl<'a> Source<'a> {
    /// What the wire gives. Whether all went well, [`finish`](Self::finish) tells.
    pub(super) fn of(values: &'a Values<'a>, reading: Reading<'a>) -> Self {
        Self {
            from: From::Given(values),
            reading,
            error: None,
        }
    }

    /// Whether all went well.
    ///
    /// # Errors
    /// A field is of another type, or a required one is missing.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// What another object of the type holds.
    pub(super) fn copy(fields: &'a FieldsRef<'a>) -> Self {
        Self {
            from: From::Copied(fields),
            reading: Reading::Strict,
            error: None,
        }
    }

    /// Fills the fields, which are empty and each of its name, and puts what none of them is for in `extra`. A field stays empty
    /// where there is none of its name, or one that stands for absence, or, in an answer or a notification, one that can't be read.
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

    /// An object of what it gives.
    #[inline]
    pub fn make<T: Object>(&mut self) -> T {
        let mut made = T::empty();
        made.fill(self);
        made
    }

    /// Refuses to go without these fields, but in an answer or a notification.
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
