use serde_json::json;

use super::*;
use crate::protocol::fields::Fields;
use crate::specs::Specs;
use crate::specs::tests::{file, with};

const METHOD: &str = "alipay.test.thing.get";

fn now() -> Timestamp {
    "2026-03-20T04:00:00Z".parse().unwrap()
}

/// Specs with one method whose request is `id` and `number`.
fn specs(rest: &str) -> Specs {
    let request = "request:\n  id: { type: string, doc: Which one. }\n  number: { type: int, doc: How many. }\n\
        \x20 kind: { type: string, implied: USUAL, doc: Which sort. }\n";
    with(vec![file(
        METHOD,
        &format!("kind: server\nretry: read\n{request}{rest}"),
    )])
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else {
        panic!("{value}")
    };
    object
}

fn node(fields: &Fields) -> Value {
    Value::Object(
        fields
            .iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect(),
    )
}

fn answered(rest: &str, request: Value) -> Result<Value, Failure> {
    let specs = specs(rest);
    answer(specs.method(METHOD).unwrap(), &object(request), now()).map(|fields| node(&fields))
}

#[test]
fn every_field_has_its_example_or_a_value_of_its_type() {
    let response = "
response:
  id: { type: string, echo: true, doc: The same. }
  number: { type: int, echo: true, example: 7, doc: The same. }
  named: { type: string, example: 'as the spec says', doc: A name. }
  names: { type: 'string[]', example: one, doc: What people call it. }
  short: { type: string, max_length: 3, doc: My short one. }
  free: { type: string, doc: My free one. }
  whole: { type: int, range: 5..9, doc: A number. }
  small: { type: int, range: ..0, doc: A number. }
  any: { type: int, doc: A number. }
  flag: { type: bool, doc: Whether. }
  least: { type: price, range: 2.50..9.00, doc: An amount. }
  most: { type: price, range: 0.00..0.50, doc: An amount. }
  moment: { type: datetime, doc: When. }
  day: { type: date, doc: When. }
  link: { type: url, doc: Where. }
  text: { type: json, doc: More. }
  colour: { type: Colour, doc: My colour. }
  goods: { type: 'Goods[]', doc: Its parts. }
types:
  Colour:
    doc: How it looks.
    values:
      OLD: { doc: No more., deprecated: there is a better one }
      RED: As blood.
  Goods:
    doc: A thing.
    fields:
      price: { type: price, example: '9.90', doc: What it costs. }
      parts: { type: 'Goods[]', doc: What it is made of. }
      whole: { type: Goods, doc: What it is part of. }
";
    let expected = json!({
        "id": "x", "number": 7, "named": "as the spec says", "names": ["one"], "short": "exa", "free": "example",
        "whole": 5, "small": 0, "any": 1, "flag": true, "least": "2.50", "most": "0.50",
        "moment": "2026-03-20 12:00:00", "day": "2026-03-20", "link": "https://example.com/", "text": "{}",
        "colour": "RED", "goods": [{ "price": "9.90", "parts": [] }],
    });
    assert_eq!(answered(response, json!({ "id": "x" })).unwrap(), expected);
}

#[test]
fn a_request_that_is_an_example_has_its_answer() {
    let rest = "
response:
  id: { type: string, echo: true, doc: The same. }
  colour: { type: string, example: red, doc: My colour. }
  size: { type: int, example: 9, doc: My size. }
errors:
  THING_NOT_EXIST: { class: request, doc: There is none. }
examples:
  - title: A blue one
    request: { id: '1', number: 2 }
    response: { id: '1', colour: blue }
  - title: None
    request: { id: '3' }
    error: { code: '40004', sub_code: THING_NOT_EXIST }
";
    let blue = json!({ "id": "1", "colour": "blue", "size": 9 });
    assert_eq!(answered(rest, json!({ "id": "1", "number": 2 })).unwrap(), blue);
    assert_eq!(answered(rest, json!({ "id": "1", "number": "2" })).unwrap(), blue);
    // What a client adds by itself.
    let added = json!({ "id": "1", "number": 2, "kind": "USUAL" });
    assert_eq!(answered(rest, added).unwrap(), blue);
    let other = json!({ "id": "1", "number": 2, "kind": "OTHER" });
    assert_eq!(answered(rest, other).unwrap()["colour"], "red");
    let red = json!({ "id": "1", "colour": "red", "size": 9 });
    assert_eq!(answered(rest, json!({ "id": "1" })).unwrap(), red);
    let refused = answered(rest, json!({ "id": "3" })).unwrap_err();
    assert_eq!(
        (refused.code.as_ref(), refused.sub_code.as_ref()),
        ("40004", "THING_NOT_EXIST")
    );
}

#[test]
fn what_every_success_has_is_added_and_nothing_else() {
    let specs = specs(
        "response:\n  id: { type: string, echo: true, doc: The same. }\n  no: { type: string, essential: true, example: '7', doc: Its number. }\n\
         \x20 always: { type: string, required: true, doc: Always there. }\n  more: { type: string, doc: Something else. }\n",
    );
    let complete = |said: Value| {
        let request = object(json!({ "id": "x" }));
        node(&complete(specs.method(METHOD).unwrap(), object(said), &request, now()))
    };
    assert_eq!(
        complete(json!({})),
        json!({ "id": "x", "no": "7", "always": "example" })
    );
    let said = json!({ "id": "other", "no": "", "always": "1", "more": "2" });
    assert_eq!(complete(said.clone()), said);
}

#[test]
fn every_shipped_method_has_an_example_that_keeps_to_its_spec() {
    let specs = Specs::load(Vec::new()).unwrap();
    for name in specs.methods() {
        let described = specs.method(name).unwrap();
        let fields = node(&answer(described, &Map::new(), now()).unwrap());
        crate::validate::response(described, &object(fields.clone()))
            .unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        for field in &described.method.response.fields {
            assert!(fields.get(&field.name).is_some(), "{name}: no {}", field.name);
        }
    }
}
