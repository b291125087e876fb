//! The fields that texts name.

use super::reader::{Reader, Text};
use super::suggest;
use crate::diagnostics::Code;
use crate::ir::{Field, Object};

/// The field of this name.
pub(super) fn find<'o>(object: &'o Object, name: &str) -> Option<&'o Field> {
    object.fields.iter().find(|field| field.name == name)
}

/// The field that a text names; where there is none, says so.
pub(super) fn resolve<'o>(reader: Reader<'_>, object: &'o Object, name: Text<'_>) -> Option<&'o Field> {
    let found = find(object, name.text);
    if found.is_none() {
        let help = suggest::among(name.text, object.fields.iter().map(|field| field.name.as_str()));
        let message = format!("unknown field `{}`", name.text);
        reader.add(Code::UnknownField, name.span, message, help);
    }
    found
}
