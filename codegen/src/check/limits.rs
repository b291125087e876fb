//! Lengths and ranges.

use super::reader::{Map, Reader, Text};
use super::wellformed;
use crate::diagnostics::Code;
use crate::ir::{Characters, Range, Scalar, Type};

#[derive(Default)]
pub(super) struct Limits {
    pub(super) max_length: Option<u32>,
    pub(super) only: Vec<Characters>,
    pub(super) without: Vec<char>,
    pub(super) max_items: Option<u32>,
    pub(super) range: Option<Range>,
    pub(super) min_size: Option<u64>,
    pub(super) max_size: Option<u64>,
    pub(super) extensions: Vec<String>,
}

/// Reads them and compares them with the field's type, where that is known.
pub(super) fn limits(reader: Reader<'_>, map: &Map<'_>, ty: Option<&Type>) -> Limits {
    let scalar = match ty {
        Some(Type::Scalar(scalar)) => Some(*scalar),
        _ => None,
    };
    let misplaced = |key: &str, fits: bool, help: &str| {
        if map.get(key).is_some() && ty.is_some() && !fits {
            let message = format!("`{key}` does not apply to this type");
            reader.add(Code::MisplacedLimit, map.key_span(key), message, help);
        }
    };
    let textual = matches!(scalar, Some(Scalar::String | Scalar::Url | Scalar::Json));
    let numeric = matches!(scalar, Some(Scalar::Int | Scalar::Price));
    misplaced(
        "max_length",
        textual,
        "only `string`, `url` and `json` have a length; leave it out",
    );
    for key in ["only", "without"] {
        let is_text = scalar == Some(Scalar::String);
        misplaced(key, is_text, "only a `string` consists of characters; leave it out");
    }
    misplaced(
        "max_items",
        matches!(ty, Some(Type::List(_))),
        "only lists have items; leave it out",
    );
    misplaced("range", numeric, "only `int` and `price` have a range; leave it out");
    for key in ["min_size", "max_size", "extensions"] {
        misplaced(key, scalar == Some(Scalar::File), "only a `file` has it; leave it out");
    }
    let min_size = size(reader, map, "min_size");
    let max_size = size(reader, map, "max_size");
    if let (Some(min), Some(max)) = (min_size, max_size)
        && min > max
    {
        let message = "no file has such a size: `min_size` is larger than `max_size`";
        reader.add(Code::FileLimit, map.key_span("min_size"), message, "swap them");
    }
    Limits {
        min_size,
        max_size,
        extensions: extensions(reader, map),
        max_length: reader.count(map, "max_length"),
        only: only(reader, map),
        without: without(reader, map),
        max_items: reader.count(map, "max_items"),
        range: if numeric {
            range(reader, map, scalar == Some(Scalar::Price))
        } else {
            None
        },
    }
}

/// What a text may consist of.
fn only(reader: Reader<'_>, map: &Map<'_>) -> Vec<Characters> {
    let mut only = Vec::new();
    for text in map.get("only").map(|node| reader.texts(node)).unwrap_or_default() {
        let characters = match text.text {
            "letters" => Some(Characters::Letters),
            "digits" => Some(Characters::Digits),
            other => one(other).map(Characters::One),
        };
        match characters {
            Some(characters) if only.contains(&characters) => listed_twice(reader, text),
            Some(characters) => only.push(characters),
            None => {
                let message = format!("`{}` is no kind of characters", text.text);
                let help = "write `letters`, `digits` or a single character";
                reader.add(Code::Characters, text.span, message, help);
            }
        }
    }
    only
}

/// The characters that a text can't have.
fn without(reader: Reader<'_>, map: &Map<'_>) -> Vec<char> {
    let mut without = Vec::new();
    for text in map.get("without").map(|node| reader.texts(node)).unwrap_or_default() {
        match one(text.text) {
            Some(character) if without.contains(&character) => listed_twice(reader, text),
            Some(character) => without.push(character),
            None => {
                let message = format!("`{}` is no single character", text.text);
                reader.add(Code::Characters, text.span, message, "list the characters one by one");
            }
        }
    }
    without
}

fn one(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

fn listed_twice(reader: Reader<'_>, text: Text<'_>) {
    let message = format!("`{}` is listed twice", text.text);
    reader.add(Code::Characters, text.span, message, "name it once");
}

/// `500 KB`, `10 MB`: in bytes, a KB being 1024 of them.
fn size(reader: Reader<'_>, map: &Map<'_>, key: &str) -> Option<u64> {
    let text = reader.optional_text(map.get(key)?)?;
    let units = [(" KB", 1024), (" MB", 1024 * 1024)];
    let size = units.iter().find_map(|&(unit, bytes)| {
        let digits = text.text.strip_suffix(unit)?;
        let sound = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| sound)?.checked_mul(bytes)
    });
    if size.is_none() {
        let help = "write a whole number and its unit: `500 KB`, `10 MB`";
        reader.add(Code::FileLimit, text.span, "the size of a file is malformed", help);
    }
    size
}

/// What a file's name may end in.
fn extensions(reader: Reader<'_>, map: &Map<'_>) -> Vec<String> {
    let mut extensions: Vec<String> = Vec::new();
    for text in map.get("extensions").map(|node| reader.texts(node)).unwrap_or_default() {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !text.text.bytes().all(sound) {
            let help = "write it without the dot, in lower case: `jpg`";
            reader.add(
                Code::FileLimit,
                text.span,
                "the ending of a file's name is malformed",
                help,
            );
        } else if extensions.iter().any(|other| other == text.text) {
            let message = format!("`{}` is listed twice", text.text);
            reader.add(Code::FileLimit, text.span, message, "name each ending once");
        } else {
            extensions.push(text.text.to_owned());
        }
    }
    extensions
}

fn range(reader: Reader<'_>, map: &Map<'_>, price: bool) -> Option<Range> {
    let text = reader.optional_text(map.get("range")?)?;
    let number = |part: &str| {
        if price {
            wellformed::price(part)
        } else {
            part.parse::<i64>().ok().map(i128::from)
        }
    };
    let problem = |message: &str, help: &str| {
        reader.add(Code::MalformedRange, text.span, message, help);
        None
    };
    let example = if price { "`0.01..100000000.00`" } else { "`1..100`" };
    let Some((min, max)) = text.text.split_once("..") else {
        return problem(
            "the range lacks its two dots",
            &format!("write {example}; either end may be left out"),
        );
    };
    let (min, max) = (
        Some(min).filter(|part| !part.is_empty()),
        Some(max).filter(|part| !part.is_empty()),
    );
    let unreadable = |part: Option<&str>| part.is_some_and(|part| number(part).is_none());
    if unreadable(min) || unreadable(max) {
        let kind = if price {
            "amounts with at most two decimals"
        } else {
            "whole numbers"
        };
        return problem(
            &format!("the ends of this range are {kind}"),
            &format!("write it like {example}"),
        );
    }
    match (min.and_then(number), max.and_then(number)) {
        (None, None) => problem("a range without ends says nothing", "leave `range` out, or give an end"),
        (Some(min), Some(max)) if min > max => problem("the range is empty", "put the smaller end first"),
        _ => Some(Range {
            min: min.map(str::to_owned),
            max: max.map(str::to_owned),
        }),
    }
}
