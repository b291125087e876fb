use super::{Decode, DecodeError, Encode, Extra, JsonWriter, Members, Value};

/// A type that is a JSON object on the wire: a request, a response, a notification, or a type inside one.
pub trait Object {
    /// One with nothing read into it yet.
    fn blank() -> Self
    where
        Self: Sized;

    /// Gives every known field to `fields`, in the spec's order.
    fn write(&self, fields: &mut dyn Fields);

    /// Where the value of this name goes; `None` for a name that is not known.
    fn slot(&mut self, name: &str) -> Option<&mut dyn Slot>;

    /// The fields whose names are not known.
    fn extra(&self) -> &Extra;

    /// The fields whose names are not known, to add to.
    fn extra_mut(&mut self) -> &mut Extra;

    /// Names without which it can't be read.
    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    /// Groups of names of which at least one must be given.
    fn at_least_one(&self) -> &'static [&'static [&'static str]] {
        &[]
    }
}

/// Takes the fields of an [`Object`].
pub trait Fields {
    /// One field. It is left out where its value [is absent](Encode::is_absent).
    fn field(&mut self, name: &'static str, value: &dyn Encode);
}

/// A place for a value from the wire.
pub trait Slot {
    /// Reads the value; one that stands for absence leaves the slot as it is.
    ///
    /// # Errors
    /// The value is not of the slot's type.
    fn fill(&mut self, value: Value<'_>) -> Result<(), DecodeError>;
}

impl<T: Decode> Slot for T {
    fn fill(&mut self, value: Value<'_>) -> Result<(), DecodeError> {
        if let Some(read) = T::decode(value)? {
            *self = read;
        }
        Ok(())
    }
}

/// What a field holds before anything is read into it.
pub fn blank<T: Decode>() -> T {
    T::blank()
}

/// Writes an object as JSON.
pub fn encode_object(object: &dyn Object, out: &mut JsonWriter) {
    out.object(object);
}

/// Reads an object; `None` where the value stands for absence.
///
/// # Errors
/// The value is something else, or one of its fields is.
pub fn decode_object<T: Object>(value: Value<'_>) -> Result<Option<T>, DecodeError> {
    let mut object = T::blank();
    Ok(fill_object(&mut object, value)?.then_some(object))
}

/// Reads the fields of an object into `object`; `false` where the value stands for absence.
///
/// # Errors
/// The value is something else, one of its fields is, or a required one is missing.
pub fn fill_object(object: &mut dyn Object, value: Value<'_>) -> Result<bool, DecodeError> {
    value.object(&mut |members, depth| fill_members(object, members, depth, &[]))
}

/// Reads the members of an object into `object`, but for those that belong to the protocol.
pub(crate) fn fill_members(
    object: &mut dyn Object,
    members: &Members<'_>,
    depth: u8,
    protocol: &[&str],
) -> Result<(), DecodeError> {
    for (name, member) in members {
        if protocol.contains(&&**name) {
            continue;
        }
        match object.slot(name) {
            Some(slot) => slot
                .fill(Value::of(member, depth))
                .map_err(|error| error.within(name))?,
            None => object.extra_mut().push_raw(name, member.get()),
        }
    }
    match object.required().iter().find(|wanted| {
        !members
            .iter()
            .any(|(name, json)| name == *wanted && json.get() != "null")
    }) {
        Some(name) => Err(DecodeError::new("required, but missing").within(name)),
        None => Ok(()),
    }
}
