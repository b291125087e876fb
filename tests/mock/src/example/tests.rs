use serde_json::json;

use super::*;
use crate::protocol::json;
use crate::protocol::v2::answer::Answer;
use crate::specs::Specs;
use crate::specs::tests::{file, with};

const METHOD: &str = "alipay.test.thing.get";

fn now() -> Timestamp {
    "2026-03-20T04:00:00Z".parse().unwrap()
}

/// A request of a method with every field.
pub(crate) fn asked(described: Described<'_>) -> Map<String, Value> {
    let maker = Maker {
        types: Types::Method(described),
        now: now(),
        app_id: None,
    };
    object(maker.object(&described.method.request, &mut Vec::new()))
}

/// Specs with one method whose request is `id` and `number`.
fn specs(rest: &str) -> Specs {
    let request = "request:\n  colour: { type: string, doc: Which colour. }\n  id: { type: string, doc: Which one. }\n  number: { type: int, doc: How many. }\n\
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
fn a_field_of_the_requests_name_has_its_value() {
    let rest = "
response:
  id: { type: string, example: '7', doc: The same. }
  number: { type: string, max_length: 2, example: '9', doc: How many. }
  kind: { type: int, example: 5, doc: Another sort. }
  colour: { type: Colour, doc: What it looks like. }
types:
  Colour:
    doc: How it looks.
    values: { RED: As fire is., BLUE: As the sky is. }
";
    let answered = |request: Value| answered(rest, request).unwrap();
    assert_eq!(
        answered(json!({ "id": "x", "number": 12, "kind": "4", "colour": "BLUE" })),
        json!({ "id": "x", "number": 12, "kind": "4", "colour": "BLUE" })
    );
    // Unless the response's field can't have it, or the request's has none.
    assert_eq!(
        answered(json!({ "id": "", "number": 123, "kind": "USUAL", "colour": "GREY" })),
        json!({ "id": "7", "number": "9", "kind": 5, "colour": "RED" })
    );
}

#[test]
fn what_is_always_there_is_added_at_every_depth() {
    let specs = specs(
        "response:\n  goods: { type: 'Goods[]', doc: Its parts. }\n  more: { type: Goods, doc: Another. }\n\
         types:\n  Goods:\n    doc: A thing.\n    fields:\n      id: { type: string, required: true, example: '7', doc: Which. }\n\
         \x20     name: { type: string, doc: What it is called. }\n      part: { type: Part, doc: What is in it. }\n\
         \x20 Part:\n    doc: One of those that it consists of.\n    fields:\n      size: { type: int, required: true, doc: How large. }\n",
    );
    let said = json!({ "goods": [{ "name": "a", "part": {} }, { "id": "8" }] });
    assert_eq!(
        node(&complete(
            specs.method(METHOD).unwrap(),
            object(said),
            &Map::new(),
            now()
        )),
        json!({ "goods": [{ "id": "7", "name": "a", "part": { "size": 1 } }, { "id": "8" }] })
    );
}

#[test]
fn a_method_with_codes_of_its_own_succeeds_with_one() {
    let code = |rest: &str| {
        let specs = specs(rest);
        success_code(specs.method(METHOD).unwrap().method).into_owned()
    };
    let response = "response:\n  code: { type: string, own: true, example: '200', doc: How it went. }\n";
    assert_eq!(code(&format!("outcomes: {{ \"200\": done }}\n{response}")), "200");
    // Whether 200 is a success, nothing says.
    assert_eq!(code(response), "10000");
    assert_eq!(code("outcomes: { \"10003\": pending }\n"), "10000");
}

/// What is wrong with a value that has to have all that its type has, and with every part of it.
fn flaw(types: Types<'_>, ty: &Type, value: &Value, inside: &mut Vec<TypeRef>) -> Option<String> {
    let is_recursive = |ty: &Type| match ty {
        Type::Named(reference) => inside.contains(reference),
        Type::Scalar(_) | Type::List(_) => false,
    };
    match (ty, value) {
        (Type::List(item), Value::Array(items)) if items.is_empty() => {
            (!is_recursive(item)).then(|| "the list is empty".to_owned())
        }
        (Type::List(_), Value::Array(items)) if items.iter().any(is_list_as_text) => {
            Some(format!("{value} has a whole list as one item"))
        }
        (Type::List(item), Value::Array(items)) => items.iter().find_map(|value| flaw(types, item, value, inside)),
        (Type::List(_), _) => Some("no list".to_owned()),
        (Type::Named(reference), value) => match &types.resolve(reference)?.body {
            TypeBody::Enum(values) => {
                let is_listed = values.iter().any(|listed| listed.value == *value);
                (!is_listed).then(|| format!("{value} is not listed"))
            }
            TypeBody::Object(object) => {
                inside.push(reference.clone());
                let found = flaw_of_object(types, object, value, inside);
                inside.pop();
                found
            }
        },
        (Type::Scalar(_), value) => validate::is_blank(value).then(|| "blank".to_owned()),
    }
}

/// Whether a text is a JSON list, which an item of a list never is.
fn is_list_as_text(value: &Value) -> bool {
    let list = value.as_str().map(serde_json::from_str::<Vec<Value>>);
    list.is_some_and(|list| list.is_ok())
}

fn flaw_of_object(types: Types<'_>, object: &Object, value: &Value, inside: &mut Vec<TypeRef>) -> Option<String> {
    let Some(members) = value.as_object() else {
        return Some(format!("{value} is no object"));
    };
    let stranger = members
        .keys()
        .find(|name| object.fields.iter().all(|field| field.name != **name));
    if let Some(stranger) = stranger {
        return Some(format!("{stranger}: not in the spec"));
    }
    object.fields.iter().find_map(|field| {
        let found = match members.get(&field.name) {
            Some(value) => flaw(types, &field.ty, value, inside),
            None => match &field.ty {
                Type::Named(reference) if inside.contains(reference) => None,
                _ => Some("missing".to_owned()),
            },
        };
        found.map(|found| format!("{}: {found}", field.name))
    })
}

#[test]
fn every_method_is_answered_with_every_field_at_every_depth() {
    let specs = Specs::load(Vec::new()).unwrap();
    let (mut count, mut flaws) = (0, Vec::new());
    for name in specs.methods() {
        let described = specs.method(name).unwrap();
        let method = described.method;
        let types = Types::Method(described);
        for request in [Map::new(), asked(described)] {
            // An example of the spec may be an error.
            let Ok(fields) = answer(described, &request, now()) else {
                continue;
            };
            // As it goes out, where no name may come twice.
            let code = success_code(method);
            let text = Answer::success(&code, &fields);
            let mut node = json::object(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"));
            assert_eq!(node["code"], code.as_ref(), "{name}");
            for member in alipay_codegen::ir::GATEWAY_MEMBERS {
                if !method.response.fields.iter().any(|field| field.name == member) {
                    node.remove(member);
                }
            }
            if let Err(problem) = validate::response(described, &node) {
                flaws.push(format!("{name}: {problem:?}"));
            }
            for field in method.response.fields.iter().filter(|field| field.echo) {
                if let Some(asked) = request.get(&field.name) {
                    assert_eq!(node[&field.name], *asked, "{name}");
                }
            }
            if let Some(flaw) = flaw_of_object(types, &method.response, &node.into(), &mut Vec::new()) {
                flaws.push(format!("{name}: {flaw}"));
            }
            count += 1;
        }
    }
    assert!(flaws.is_empty(), "{}:\n{}", flaws.len(), flaws.join("\n"));
    assert!(count >= 2 * 950 - 10, "{count}");
}
