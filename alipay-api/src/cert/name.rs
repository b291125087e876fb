//! Distinguished names, in the form that Java's `X500Principal.getName()` writes.
//!
//! Alipay takes the MD5 of that text, so every detail counts, including Java's peculiarities:
//!
//! * Only the nine attribute types of [`KEYWORDS`] are written by name. All others, such as e-mail addresses, are written as an OID with
//!   `=#` and the DER of the value in hexadecimal.
//! * Values of types that Java does not treat as text are written in hexadecimal, too, such as `NumericString` and `UniversalString`.
//! * The bytes of a text are read as UTF-8, whatever its type. For a `TeletexString` in Latin-1 or a `BMPString` the result is wrong, but it is
//!   wrong in the same way as in Java. (Bytes that are not UTF-8 become U+FFFD. Java makes one of an encoded surrogate, and Rust three.)
//! * `, = + < > # ; " \` are escaped everywhere, and spaces and carriage returns at both ends.
//! * The parts of an RDN with several values keep their order.

use std::fmt::Write as _;

use super::{
    element::Element,
    oid,
    tag::{
        BMP_STRING, GENERAL_STRING, IA5_STRING, OBJECT_IDENTIFIER, PRINTABLE_STRING, SEQUENCE, SET, TELETEX_STRING,
        UTF8_STRING,
    },
};

/// The attribute types that have a name in RFC 2253.
const KEYWORDS: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// The types that Java treats as text.
const TEXTS: [u8; 6] = [
    UTF8_STRING,
    PRINTABLE_STRING,
    TELETEX_STRING,
    IA5_STRING,
    GENERAL_STRING,
    BMP_STRING,
];

/// Writes a `Name`; `None` if it is malformed.
pub(super) fn rfc2253(name: Element<'_>) -> Option<String> {
    let rdns: Option<Vec<_>> = name.children(SEQUENCE)?.into_iter().rev().map(relative).collect();
    Some(rdns?.join(","))
}

/// The parts of a holder's name that stay the same from one certificate to the next.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// The whole name unless there is exactly one common name.
    common_name: Vec<u8>,
    organisations: Vec<Vec<u8>>,
    countries: Vec<Vec<u8>>,
}

impl Holder {
    /// The holder of this name; `None` if the name is malformed.
    pub(super) fn new(name: Element<'_>) -> Option<Self> {
        const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
        const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
        const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0A];

        let mut attributes = Vec::new();
        for rdn in name.children(SEQUENCE)? {
            for attribute in rdn.children(SET)? {
                let [oid, value] = *attribute.children(SEQUENCE)? else {
                    return None;
                };
                attributes.push((oid.value, value));
            }
        }
        let all = |wanted: &[u8]| -> Vec<Vec<u8>> {
            let values = attributes.iter().filter(|(oid, _)| *oid == wanted);
            values.map(|(_, value)| typed(*value)).collect()
        };
        Some(Self {
            common_name: match <[Vec<u8>; 1]>::try_from(all(COMMON_NAME)) {
                Ok([common_name]) => common_name,
                Err(_) => name.encoded.to_vec(),
            },
            organisations: all(ORGANISATION),
            countries: all(COUNTRY),
        })
    }

    /// Whether both are the same holder. Bytes are compared, because different names may look the same when they are written out.
    pub(super) fn is(&self, other: &Self) -> bool {
        let is_same_country =
            self.countries.is_empty() || other.countries.is_empty() || self.countries == other.countries;
        self.common_name == other.common_name && self.organisations == other.organisations && is_same_country
    }
}

/// A value and its type. Types that encode text in the same bytes count as one type.
fn typed(value: Element<'_>) -> Vec<u8> {
    let tag = match value.tag {
        PRINTABLE_STRING | IA5_STRING => UTF8_STRING,
        tag => tag,
    };
    [&[tag], value.value].concat()
}

fn relative(rdn: Element<'_>) -> Option<String> {
    let attributes: Option<Vec<_>> = rdn.children(SET)?.into_iter().map(attribute).collect();
    Some(attributes?.join("+"))
}

fn attribute(attribute: Element<'_>) -> Option<String> {
    let [oid, value] = *attribute.children(SEQUENCE)? else {
        return None;
    };
    if oid.tag != OBJECT_IDENTIFIER {
        return None;
    }
    let oid = oid::dotted(oid.value)?;
    Some(match KEYWORDS.iter().find(|(known, _)| *known == oid) {
        Some((_, keyword)) if TEXTS.contains(&value.tag) => format!("{keyword}={}", escaped(value.value)),
        Some((_, keyword)) => format!("{keyword}=#{}", hexadecimal(value.encoded)),
        None => format!("{oid}=#{}", hexadecimal(value.encoded)),
    })
}

fn escaped(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let is_blank = |character| matches!(character, ' ' | '\r');
    let start = value.len() - value.trim_start_matches(is_blank).len();
    let end = value.trim_end_matches(is_blank).len();
    let mut text = String::with_capacity(value.len());
    for (index, character) in value.char_indices() {
        match character {
            '\0' => {
                text.push_str("\\00");
                continue;
            }
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => text.push('\\'),
            _ if index < start || index >= end => text.push('\\'),
            _ => {}
        }
        text.push(character);
    }
    text
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
