//! A method's place in the V3 interface.

use super::fields::Fields;
use super::reader::{Map, Reader, Text};
use super::wellformed;
use crate::diagnostics::{Code, Span};
use crate::ir::V3;
use crate::syntax::Node;

const VERBS: [(&str, &str); 5] = [
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
];

pub(super) fn v3<'a>(reader: Reader<'_>, node: &'a Node<'a>, at: Span, request: &Fields<'_>) -> Option<V3> {
    let map = reader.map(node, at, &["verb", "path", "query", "multipart", "only", "without"])?;
    let verb = reader
        .required(&map, "verb", "name the HTTP method")
        .and_then(|node| reader.word(node, &VERBS));
    let path = reader
        .required(&map, "path", "give the path: `/v3/…`")
        .and_then(|node| reader.text(node));
    let placed = path.map(|path| parameters(reader, path, request)).unwrap_or_default();
    let only = only(reader, &map, request);
    let query = query(reader, &map, request, &placed, &only);
    let without = without(reader, &map, request, &placed, &query);
    Some(V3 {
        verb: verb.unwrap_or("POST").to_owned(),
        path: path.map_or_else(String::new, |path| path.text.to_owned()),
        query,
        multipart: reader.flag(&map, "multipart"),
        only,
        without,
    })
}

/// The names in `{}`.
fn parameters<'a>(reader: Reader<'_>, path: Text<'a>, request: &Fields<'_>) -> Vec<&'a str> {
    let mut parameters = Vec::new();
    let mut sound = path.text.starts_with("/v3/");
    for segment in path.text.split('/').skip(1) {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            request.resolve(
                reader,
                Text {
                    text: name,
                    span: path.span,
                },
            );
            sound &= !parameters.contains(&name);
            parameters.push(name);
        } else {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            sound &= !segment.is_empty() && segment.bytes().all(plain);
        }
    }
    if !sound {
        let help = "write it as `/v3/alipay/trade/close`, each parameter once, as a segment of its own: `{trade_no}`";
        reader.add(Code::V3, path.span, "the V3 path is malformed", help);
    }
    parameters
}

fn query(reader: Reader<'_>, map: &Map<'_>, request: &Fields<'_>, placed: &[&str], only: &[String]) -> Vec<String> {
    let mut query: Vec<String> = Vec::new();
    for name in map.get("query").map(|node| reader.texts(node)).unwrap_or_default() {
        let is_only = only.iter().any(|only| only == name.text);
        if !is_only && request.resolve(reader, name).is_none() {
            continue;
        }
        if placed.contains(&name.text) || query.iter().any(|other| other == name.text) {
            let message = format!("`{}` has its place in the path or the query already", name.text);
            reader.add(Code::V3, name.span, message, "name it once");
        } else {
            query.push(name.text.to_owned());
        }
    }
    query
}

/// What V3 has beside the request's fields.
fn only(reader: Reader<'_>, map: &Map<'_>, request: &Fields<'_>) -> Vec<String> {
    let mut only: Vec<String> = Vec::new();
    for name in map.get("only").map(|node| reader.texts(node)).unwrap_or_default() {
        if !wellformed::field(name.text) {
            let message = format!("`{}` cannot be a field's name", name.text);
            let help = "use letters, digits and `_`, as the gateway does";
            reader.add(Code::Malformed, name.span, message, help);
        } else if request.find(name.text).is_some() {
            let message = format!("`{}` is a field of the request, which V2 has too", name.text);
            let help = "leave it out here: V3 has it without being told";
            reader.add(Code::V3, name.span, message, help);
        } else if only.iter().any(|other| other == name.text) {
            let message = format!("`{}` is listed twice", name.text);
            reader.add(Code::V3, name.span, message, "name it once");
        } else {
            only.push(name.text.to_owned());
        }
    }
    only
}

/// The request's fields that V3 has not.
fn without(reader: Reader<'_>, map: &Map<'_>, request: &Fields<'_>, placed: &[&str], query: &[String]) -> Vec<String> {
    let mut without: Vec<String> = Vec::new();
    for name in map.get("without").map(|node| reader.texts(node)).unwrap_or_default() {
        let Some(field) = request.resolve(reader, name) else {
            continue;
        };
        if placed.contains(&name.text) || query.iter().any(|other| other == name.text) {
            let message = format!("`{}` has its place in the path or the query", name.text);
            reader.add(Code::V3, name.span, message, "name it in one of the two");
        } else if field.required {
            let message = format!("`{}` must be given, and V3 has no place for it", name.text);
            let help = "leave `v3` out where the method cannot be called by V3, or don't require the field";
            reader.add(Code::V3, name.span, message, help);
        } else if without.iter().any(|other| other == name.text) {
            let message = format!("`{}` is listed twice", name.text);
            reader.add(Code::V3, name.span, message, "name it once");
        } else {
            without.push(name.text.to_owned());
        }
    }
    without
}
