use std::fmt;

use super::{
    AnyOpenEnum, AnyScalar, DecodeError, JsonWriter, Object, Reading, Value, debug_object, object::copy_object,
    same_object,
};

/// The content of a field: a scalar, a value of an enum, an object, a list, or an optional one.
///
/// A type only says which of these it is. The functions of `dyn Field` do everything else, and are compiled once for all types.
pub trait Field: 'static {
    /// The value of a field before anything is read into it.
    fn empty() -> Self
    where
        Self: Sized;

    /// The content.
    fn view(&self) -> View<'_>;

    /// The place for new content.
    fn slot(&mut self) -> Slot<'_>;
}

/// The content of a [`Field`].
pub enum View<'a> {
    /// A value.
    Scalar(&'a dyn AnyScalar),
    /// A value of an enum.
    Enum(&'a dyn AnyOpenEnum),
    /// An object.
    Object(&'a dyn Object),
    /// An optional value of another type.
    Option(Option<&'a dyn Field>),
    /// Items of one type.
    List(&'a dyn List),
}

/// The place for the content of a [`Field`].
pub enum Slot<'a> {
    /// A value.
    Scalar(&'a mut dyn AnyScalar),
    /// A value of an enum.
    Enum(&'a mut dyn AnyOpenEnum),
    /// An object.
    Object(&'a mut dyn Object),
    /// An optional value of another type.
    Option(&'a mut dyn Container),
    /// Items of one type.
    List(&'a mut dyn Container),
}

/// A list as a field.
pub trait List {
    /// The item at this place; `None` after the last.
    fn item(&self, at: usize) -> Option<&dyn Field>;
}

/// A container of items of one type: a list or an option.
pub trait Container {
    /// Adds an empty item. An option replaces the one that it has. Always `Some`.
    fn add(&mut self) -> Option<&mut dyn Field>;

    /// Removes the last item. Returns `false` if there is none.
    fn remove_last(&mut self) -> bool;
}

impl dyn Field + '_ {
    /// Whether the field has no value, or empty text.
    pub fn is_absent(&self) -> bool {
        match self.view() {
            View::Option(held) => held.is_none_or(Self::is_absent),
            View::List(list) => list.item(0).is_none(),
            View::Scalar(scalar) => scalar.is_empty(),
            View::Enum(value) => value.text().is_empty(),
            View::Object(_) => false,
        }
    }

    /// Writes the content as JSON.
    pub fn encode(&self, out: &mut JsonWriter) {
        match self.view() {
            View::Scalar(scalar) => scalar.encode(out),
            View::Enum(value) => out.string(value.text()),
            View::Object(object) => out.object(object),
            View::Option(Some(held)) => held.encode(out),
            View::Option(None) => out.raw("null"),
            View::List(list) => out.list(items(list)),
        }
    }

    /// Reads the value into the empty field. Returns `false`, and leaves the field empty, if the value means that the field is absent: `null`,
    /// or `""` for any type but text.
    ///
    /// # Errors
    /// The value is not of this type. Of a list, items may have been read before that: see [`clear`](Self::clear).
    pub(crate) fn read(&mut self, value: Value<'_>, reading: Reading<'_>) -> Result<bool, DecodeError> {
        match self.slot() {
            Slot::Scalar(scalar) => scalar.read(value),
            Slot::Enum(read) => {
                let text = value.text()?;
                if let Some(text) = &text {
                    read.set_text(text);
                }
                Ok(text.is_some())
            }
            Slot::Object(object) => value.object(&mut |values| {
                let mut source = values.source(reading);
                object.fill(&mut source);
                source.finish()
            }),
            Slot::Option(option) => fill_item(option, |held| held.read(value, reading)),
            Slot::List(list) => value.list(&mut |index, item| {
                let noted = reading.noted();
                fill_item(list, |held| held.read(item, reading))?;
                reading.place(noted, |error| error.at(index));
                Ok(())
            }),
        }
    }

    /// Makes the field empty again after a value was only read in part.
    pub(super) fn clear(&mut self) {
        if let Slot::List(list) = self.slot() {
            while list.remove_last() {}
        }
    }

    /// Copies the content of another field of the same type into this empty one.
    pub(super) fn copy(&mut self, other: &dyn Field) {
        let hold = |holder: &mut dyn Container, other: &dyn Field| {
            if let Some(held) = holder.add() {
                held.copy(other);
            }
        };
        match (self.slot(), other.view()) {
            (Slot::Scalar(scalar), View::Scalar(other)) => scalar.copy(other),
            (Slot::Enum(value), View::Enum(other)) => value.set_text(other.text()),
            (Slot::Object(object), View::Object(other)) => copy_object(object, other),
            (Slot::Option(option), View::Option(Some(other))) => hold(option, other),
            (Slot::List(list), View::List(others)) => items(others).for_each(|other| hold(list, other)),
            _ => {}
        }
    }

    /// Whether another field of the same type has equal content.
    pub(super) fn is_same(&self, other: &dyn Field) -> bool {
        match (self.view(), other.view()) {
            (View::Scalar(scalar), View::Scalar(other)) => scalar.is_same(other),
            (View::Enum(value), View::Enum(other)) => value.text() == other.text(),
            (View::Object(object), View::Object(other)) => same_object(object, other),
            (View::Option(Some(held)), View::Option(Some(other))) => held.is_same(other),
            (View::Option(None), View::Option(None)) => true,
            (View::List(list), View::List(other)) => {
                let (mut items, mut others) = (items(list), items(other));
                items.all(|item| others.next().is_some_and(|other| item.is_same(other))) && others.next().is_none()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for dyn Field + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.view() {
            View::Scalar(scalar) => scalar.show(formatter),
            View::Enum(value) => fmt::Debug::fmt(value.text(), formatter),
            View::Object(object) => debug_object(object, formatter),
            View::Option(Some(held)) => formatter.debug_tuple("Some").field(&held).finish(),
            View::Option(None) => formatter.write_str("None"),
            View::List(list) => formatter.debug_list().entries(items(list)).finish(),
        }
    }
}

fn items(list: &dyn List) -> impl Iterator<Item = &dyn Field> {
    (0..).map_while(|at| list.item(at))
}

/// Adds an item, and keeps it if `fill` returns `true`.
fn fill_item(
    container: &mut dyn Container,
    fill: impl FnOnce(&mut dyn Field) -> Result<bool, DecodeError>,
) -> Result<bool, DecodeError> {
    let filled = container.add().map_or(Ok(false), fill);
    if !matches!(filled, Ok(true)) {
        container.remove_last();
    }
    filled
}

impl<T: Field> Field for Option<T> {
    fn empty() -> Self {
        None
    }

    fn view(&self) -> View<'_> {
        View::Option(match self {
            Some(held) => Some(held),
            None => None,
        })
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Option(self)
    }
}

impl<T: Field> Container for Option<T> {
    #[inline]
    fn add(&mut self) -> Option<&mut dyn Field> {
        *self = Some(T::empty());
        match self {
            Some(held) => Some(held),
            None => None,
        }
    }

    #[inline]
    fn remove_last(&mut self) -> bool {
        let had = self.is_some();
        *self = None;
        had
    }
}

impl<T: Field> Field for Vec<T> {
    fn empty() -> Self {
        Self::new()
    }

    fn view(&self) -> View<'_> {
        View::List(self)
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }
}

impl<T: Field> List for Vec<T> {
    fn item(&self, at: usize) -> Option<&dyn Field> {
        match self.get(at) {
            Some(item) => Some(item),
            None => None,
        }
    }
}

impl<T: Field> Container for Vec<T> {
    #[inline]
    fn add(&mut self) -> Option<&mut dyn Field> {
        self.push(T::empty());
        match self.last_mut() {
            Some(held) => Some(held),
            None => None,
        }
    }

    #[inline]
    fn remove_last(&mut self) -> bool {
        self.pop().is_some()
    }
}

impl<T: Object> Field for T {
    fn empty() -> Self {
        <Self as Object>::empty()
    }

    fn view(&self) -> View<'_> {
        View::Object(self)
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Object(self)
    }
}
