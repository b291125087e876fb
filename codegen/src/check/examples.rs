//! Examples: each is a test, so each must be one that the gateway could have seen.

use super::reader::{Map, Reader};
use super::suggest;
use super::values::{Definitions, Values, Way};
use crate::diagnostics::Code;
use crate::ir::{ErrorCode, Example, ExampleAnswer, Gateway, Kind, Object};
use crate::syntax::Node;

/// What a method's examples are about.
pub(super) struct Sides<'s> {
    pub(super) kind: Kind,
    pub(super) request: &'s Object,
    pub(super) response: &'s Object,
    pub(super) errors: &'s [ErrorCode],
    /// Whether `errors` are all: `types.yaml` could be read.
    pub(super) errors_known: bool,
}

pub(super) fn examples<'a>(
    reader: Reader<'_>,
    node: Option<&'a Node<'a>>,
    sides: &Sides<'_>,
    definitions: &Definitions<'_>,
    gateway: &Gateway,
) -> Vec<Example> {
    let mut examples = Vec::new();
    for node in node.map(|node| reader.list(node)).unwrap_or_default() {
        let Some(map) = reader.map(node, node.span, &["title", "request", "response", "error"]) else {
            continue;
        };
        let values = |way| Values {
            reader,
            definitions,
            way,
            misfit: Code::ExampleValue,
        };
        let request = reader.required(&map, "request", "give the request's fields; `{}` where there are none");
        let answer = match (map.get("response"), map.get("error")) {
            (Some(node), None) => {
                let at = map.key_span("response");
                Some(ExampleAnswer::Response(values(Way::Response).object(
                    sides.response,
                    node,
                    at,
                )))
            }
            (None, Some(node)) => error(reader, &map, node, sides, gateway),
            // What comes back from a page or an app comes by another way.
            (None, None) if !sides.kind.is_answered() => Some(ExampleAnswer::Response(serde_json::Map::new())),
            _ => {
                let help = "give either `response`, or `error` with `code` and `sub_code`";
                reader.add(Code::ExampleAnswer, map.at, "an example has one answer", help);
                None
            }
        };
        let title = reader.required_text(&map, "title", "say what the example shows");
        let way = if map.get("error").is_some() {
            Way::Refused
        } else {
            Way::Request
        };
        let request = request.map(|node| values(way).object(sides.request, node, map.key_span("request")));
        if let (Some(request), Some(answer)) = (request, answer) {
            examples.push(Example { title, request, answer });
        }
    }
    examples
}

fn error<'a>(
    reader: Reader<'_>,
    example: &Map<'a>,
    node: &'a Node<'a>,
    sides: &Sides<'_>,
    gateway: &Gateway,
) -> Option<ExampleAnswer> {
    let map = reader.map(node, example.key_span("error"), &["code", "sub_code"])?;
    let code = reader.required_text(&map, "code", "give the gateway's code: `\"40004\"`");
    let sub_code = reader
        .required(&map, "sub_code", "give the business error's code")
        .and_then(|node| reader.text(node))?;
    let known = || {
        sides
            .errors
            .iter()
            .chain(&gateway.errors)
            .map(|error| error.code.as_str())
    };
    if sides.errors_known && !known().any(|code| code == sub_code.text) {
        let message = format!("the method has no error code `{}`", sub_code.text);
        reader.add(
            Code::ExampleAnswer,
            sub_code.span,
            message,
            suggest::among(sub_code.text, known()),
        );
    }
    Some(ExampleAnswer::Error {
        code,
        sub_code: sub_code.text.to_owned(),
    })
}
