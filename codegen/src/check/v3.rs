//! A method's place in the V3 interface.

use super::fields::Fields;
use super::reader::{Map, Reader, Text};
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
    let map = reader.map(node, at, &["verb", "path", "query", "multipart"])?;
    let verb = reader
        .required(&map, "verb", "name the HTTP method")
        .and_then(|node| reader.word(node, &VERBS));
    let path = reader
        .required(&map, "path", "give the path: `/v3/…`")
        .and_then(|node| reader.text(node));
    let placed = path.map(|path| parameters(reader, path, request)).unwrap_or_default();
    Some(V3 {
        verb: verb.unwrap_or("POST").to_owned(),
        path: path.map_or_else(String::new, |path| path.text.to_owned()),
        query: query(reader, &map, request, &placed),
        multipart: reader.flag(&map, "multipart"),
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
        reader.add(Code::V3, path.span, "this is not a V3 path", help);
    }
    parameters
}

fn query(reader: Reader<'_>, map: &Map<'_>, request: &Fields<'_>, placed: &[&str]) -> Vec<String> {
    let mut query: Vec<String> = Vec::new();
    for name in map.get("query").map(|node| reader.texts(node)).unwrap_or_default() {
        if request.resolve(reader, name).is_none() {
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
