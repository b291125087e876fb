//! Lists that come page by page.

use super::fields::Fields;
use super::reader::{Map, Reader, Text};
use crate::diagnostics::Code;
use crate::ir::{Field, Kind, Listing, Outcome, OutcomeMeaning, Page, Placement, Retry, Scalar, Type};
use crate::syntax::Node;

const KEYS: [&str; 8] = [
    "number",
    "size",
    "first",
    "max_items",
    "total",
    "pages",
    "more",
    "items",
];

pub(super) fn page(
    reader: Reader<'_>,
    method: &Map<'_>,
    (kind, retry, outcomes): (Kind, &Retry, &[Outcome]),
    request: &Fields<'_>,
    response: &Fields<'_>,
) -> Option<Page> {
    let at = method.key_span("page");
    let map = reader.map(method.get("page")?, at, &KEYS)?;
    if !kind.is_answered() {
        let message = "a page or an app gives no list";
        reader.add(Code::Page, at, message, "leave `page` out");
        return None;
    }
    let number = reader.required(&map, "number", "name the request's field for which page is wanted");
    let size = reader.required(&map, "size", "name the request's field for how many items a page has");
    let asked = |node| {
        let (text, field) = field(reader, node, request)?;
        if field.placement != Placement::Business {
            let message = format!("`{}` stands outside the content", field.name);
            reader.add(Code::Page, text.span, message, "name a field of the content");
        }
        Some(count(reader, text, field))
    };
    let (number, size) = (number.map(asked), size.map(asked));
    let counted = |key: &str| {
        let (text, field) = field(reader, map.get(key)?, response)?;
        Some(count(reader, text, field))
    };
    let (total, pages) = (counted("total"), counted("pages"));
    let (number, size) = (number.flatten(), size.flatten());
    for (one, other, named) in [
        ("number", "size", [&number, &size]),
        ("total", "pages", [&total, &pages]),
    ] {
        if let ([Some(field), Some(same)], Some(node)) = (named, map.get(other))
            && field == same
        {
            let message = format!("`{one}` and `{other}` both name `{field}`");
            reader.add(Code::Page, node.span, message, "name a field of its own for each");
        }
    }
    let more = map.get("more").and_then(|node| {
        let (text, field) = field(reader, node, response)?;
        if field.ty != Type::Scalar(Scalar::Bool) {
            let message = format!("`{}` is neither true nor false", field.name);
            reader.add(Code::Page, text.span, message, "name a `bool`");
        }
        Some(field.name.clone())
    });
    let (max_items, listing) = (
        reader.count(&map, "max_items"),
        listing(reader, &map, (retry, outcomes), response),
    );
    Some(Page {
        number: number?,
        size: size?,
        max_items,
        total,
        pages,
        more,
        listing,
    })
}

/// What reading the whole list takes, where `first` says that all of it is known.
fn listing(
    reader: Reader<'_>,
    map: &Map<'_>,
    (retry, outcomes): (&Retry, &[Outcome]),
    response: &Fields<'_>,
) -> Option<Listing> {
    let named = map.get("items").map(|node| (node, field(reader, node, response)));
    let Some(first) = map.get("first") else {
        if named.is_some() {
            let message = "`items` says nothing without `first`";
            let help = "say what number the first page has, or leave `items` out";
            reader.add(Code::SaysNothing, map.key_span("items"), message, help);
        }
        return None;
    };
    let first = reader.word(first, &[("0", 0), ("1", 1)]);
    if *retry != Retry::Read {
        let message = "all pages are read only of a method that changes nothing";
        let help = "say `retry: read`, or leave `first` out";
        reader.add(Code::Page, map.key_span("first"), message, help);
    }
    if outcomes
        .iter()
        .any(|outcome| outcome.meaning == OutcomeMeaning::Pending)
    {
        let message = "an answer that is pending is no page of a list";
        let help = "leave `first` or the pending outcome out";
        reader.add(Code::Page, map.key_span("first"), message, help);
    }
    let lists: Vec<&Field> = response.object.fields.iter().filter(|field| is_list(field)).collect();
    let items = match (named, lists.as_slice()) {
        (Some((_, None)), _) => return None,
        (Some((node, Some((_, field)))), [_]) if is_list(field) => {
            let message = "the answer has no other list";
            reader.add(Code::SaysNothing, node.span, message, "leave `items` out");
            field
        }
        (Some((node, Some((_, field)))), _) => {
            if !is_list(field) {
                let message = format!("`{}` is no list", field.name);
                reader.add(Code::Page, node.span, message, "name the answer's list");
            }
            field
        }
        (None, [only]) => only,
        (None, lists) => {
            let quoted: Vec<_> = lists.iter().map(|field| format!("`{}`", field.name)).collect();
            let message = if quoted.is_empty() {
                "the answer has no list".to_owned()
            } else {
                format!("the answer has several lists: {}", quoted.join(", "))
            };
            let help = "name the one that the pages are of with `items`, or leave `first` out";
            reader.add(Code::Page, map.key_span("first"), message, help);
            return None;
        }
    };
    Some(Listing {
        first: first?,
        items: items.name.clone(),
    })
}

fn is_list(field: &Field) -> bool {
    matches!(field.ty, Type::List(_))
}

/// The field that is named.
fn field<'a, 'f>(reader: Reader<'_>, node: &'a Node<'a>, fields: &'f Fields<'_>) -> Option<(Text<'a>, &'f Field)> {
    let text = reader.text(node)?;
    Some((text, fields.resolve(reader, text)?))
}

/// The name of a field that counts. Some methods count in text.
fn count(reader: Reader<'_>, text: Text<'_>, field: &Field) -> String {
    if !matches!(field.ty, Type::Scalar(Scalar::Int | Scalar::String)) {
        let message = format!("`{}` cannot count", field.name);
        let help = "name an `int`, or a `string` that holds a number";
        reader.add(Code::Page, text.span, message, help);
    }
    field.name.clone()
}
