//! Open enums and error codes.

use super::docs;
use super::model::{Doc, Enum, ErrorEnum, Variant};
use crate::ir::{EnumValue, ErrorClass, ErrorCode};
use crate::names;

pub(super) fn open<'a>(ident: String, doc: Doc, values: &'a [EnumValue]) -> Enum<'a> {
    let variant = |value: &'a EnumValue| Variant {
        wire: &value.value,
        ident: value.rust_name.clone().unwrap_or_else(|| variant(&value.value)),
        doc: docs::labelled(&value.doc),
        deprecated: docs::deprecated(value.deprecated.as_ref()),
    };
    Enum {
        ident,
        doc,
        variants: values.iter().map(variant).collect(),
    }
}

/// `check` has asked for a name where none can be derived.
fn variant(value: &str) -> String {
    names::variant(value).unwrap_or_else(|| "Unnamed".to_owned())
}

const CLASSES: [Option<ErrorClass>; 7] = [
    Some(ErrorClass::Retry),
    Some(ErrorClass::Unknown),
    Some(ErrorClass::Done),
    Some(ErrorClass::Request),
    Some(ErrorClass::Declined),
    Some(ErrorClass::Setup),
    None,
];

fn code(error: &ErrorCode) -> Variant<'_> {
    Variant {
        wire: &error.code,
        ident: variant(&error.code),
        doc: match error.class {
            Some(_) if error.doc.is_empty() => vec!["The documentation says no more than the name.".to_owned()],
            Some(_) => docs::text(&error.doc),
            None => vec!["The documentation names this code and does not say what it means.".to_owned()],
        },
        deprecated: None,
    }
}

pub(super) fn errors(ident: String, doc: Doc, errors: &[ErrorCode]) -> ErrorEnum<'_> {
    let of_class = |class| {
        let codes = errors.iter().filter(move |error| error.class == class);
        (class, codes.map(|error| variant(&error.code)).collect::<Vec<_>>())
    };
    ErrorEnum {
        classes: CLASSES
            .into_iter()
            .map(of_class)
            .filter(|(_, codes)| !codes.is_empty())
            .collect(),
        codes: Enum {
            ident,
            doc,
            variants: errors.iter().map(code).collect(),
        },
    }
}
