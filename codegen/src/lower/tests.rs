//! What is optional, boxed, constructed and set.

use super::{Base, Holder, Item, Library, Struct, lower};
use crate::tests::method;

fn objects<'l, 'a>(library: &'l Library<'a>) -> Vec<&'l Struct<'a>> {
    let method = &library.products[0].methods[0];
    let types = method.types.iter().filter_map(|item| match item {
        Item::Struct(object) => Some(object),
        Item::Enum(_) => None,
    });
    [&method.request, &method.response].into_iter().chain(types).collect()
}

fn holders(object: &Struct<'_>) -> Vec<Holder> {
    object.fields.iter().map(|field| field.holder).collect()
}

fn constructors<'s>(object: &'s Struct<'_>) -> Vec<(&'s str, &'s [usize])> {
    object
        .constructors
        .iter()
        .map(|one| (one.ident.as_str(), one.parameters.as_slice()))
        .collect()
}

#[test]
fn requests_are_strict_and_responses_lenient() {
    let fields = "
  a: { type: string, required: true, doc: A. }
  b: { type: int, required: true, doc: B. }
  c: { type: string, doc: C. }
  d: { type: 'int[]', doc: D. }
";
    let spec = method(&format!("request:{fields}response:{fields}"));
    let library = lower(&spec);
    let [request, response] = objects(&library)[..] else {
        panic!("there are two")
    };
    assert_eq!(
        holders(request),
        [Holder::Plain, Holder::Plain, Holder::Option, Holder::Vec]
    );
    assert_eq!(
        holders(response),
        [Holder::Plain, Holder::Option, Holder::Option, Holder::Vec]
    );
    assert_eq!(constructors(request), [("new", [0, 1].as_slice())]);
    assert_eq!(
        request.setters.iter().map(|setter| setter.field).collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(request.required, ["a", "b"]);
    assert!(!request.default && response.default);
    assert!(response.constructors.is_empty() && response.setters.is_empty() && response.required.is_empty());
}

#[test]
fn a_type_is_as_strict_as_its_users_allow() {
    let spec = method(
        "
request:
  asked: { type: Asked, doc: Asked. }
  both: { type: Both, doc: Both. }
response:
  both: { type: Both, doc: Both. }
types:
  Asked: { doc: Asked., fields: { a: { type: int, required: true, doc: A. } } }
  Both: { doc: Both., fields: { a: { type: int, required: true, doc: A. }, inner: { type: Inner, doc: Inner. } } }
  Inner: { doc: Inner., fields: { a: { type: int, required: true, doc: A. } } }
",
    );
    let library = lower(&spec);
    let [_, _, asked, both, inner] = objects(&library)[..] else {
        panic!("there are five")
    };
    assert_eq!(
        (holders(asked), asked.default, asked.required.as_slice()),
        (vec![Holder::Plain], false, ["a"].as_slice())
    );
    for object in [both, inner] {
        assert_eq!(holders(object)[0], Holder::Option);
        assert_eq!(constructors(object), [("new", [0].as_slice())]);
        assert!(object.default && object.required.is_empty());
    }
}

#[test]
fn a_single_choice_makes_a_constructor_for_each_way() {
    let fields = "
request:
  a: { type: string, doc: A. }
  b: { type: string, doc: B. }
  c: { type: string, doc: C. }
  with_a: { type: string, required: true, doc: D. }
  new: { type: string, doc: E. }
";
    let spec = method(&format!("one_of: [[b, a]]{fields}"));
    let library = lower(&spec);
    let request = objects(&library)[0];
    assert_eq!(
        constructors(request),
        [("with_a", [0, 3].as_slice()), ("with_b", [1, 3].as_slice())]
    );

    let spec = method(&format!("one_of: [[b, a], [b, c]]{fields}"));
    let library = lower(&spec);
    let request = objects(&library)[0];
    assert_eq!(constructors(request), [("new", [3].as_slice())]);
    let setters: Vec<_> = request.setters.iter().map(|setter| setter.ident.as_str()).collect();
    assert_eq!(setters, ["a", "b", "c", "new_"]);
    assert!(!request.default);
}

#[test]
fn a_circle_is_broken_once_and_lists_need_no_box() {
    let spec = method(
        "
response:
  a: { type: A, doc: A. }
types:
  A: { doc: A., fields: { b: { type: B, doc: B. }, all: { type: 'A[]', doc: All. } } }
  B: { doc: B., fields: { a: { type: A, doc: A. }, b: { type: B, doc: B. }, c: { type: C, doc: C. } } }
  C: { doc: C., fields: { c: { type: int, doc: C. } } }
",
    );
    let library = lower(&spec);
    let [_, _, a, b, c] = objects(&library)[..] else {
        panic!("there are five")
    };
    assert_eq!(holders(a), [Holder::Option, Holder::Vec]);
    assert_eq!(holders(b), [Holder::OptionBox, Holder::OptionBox, Holder::Option]);
    assert_eq!(holders(c), [Holder::Option]);
}

#[test]
fn names_and_types_are_rusts() {
    let spec = method(
        "
request:
  type: { type: string, secret: true, doc: A. }
  self: { type: Kind, doc: B. }
  shown: { type: url, rust_name: displayed, doc: C. }
types:
  Kind: { doc: A kind., rust_name: Sort, values: { A: A. } }
",
    );
    let library = lower(&spec);
    let request = objects(&library)[0];
    let fields: Vec<_> = request
        .fields
        .iter()
        .map(|field| (field.ident.as_str(), field.wire, &field.base))
        .collect();
    let kind = Base::Here {
        ident: "Sort".to_owned(),
        is_enum: true,
    };
    let expected = [
        ("r#type", "type", &Base::Secret),
        ("self_", "self", &kind),
        ("displayed", "shown", &Base::String),
    ];
    assert_eq!(fields, expected);
    assert_eq!(library.products[0].methods[0].info.secret, ["type"]);
}

#[test]
fn secrets_are_known_at_any_depth() {
    let spec = method(
        "
request:
  holder: { type: Holder, doc: A. }
  code: { type: string, secret: true, doc: B. }
types:
  Holder:
    doc: Holds.
    fields:
      again: { type: \"Holder[]\", doc: A. }
      number: { type: string, secret: true, doc: B. }
      code: { type: string, secret: true, doc: C. }
      shown: { type: string, doc: D. }
",
    );
    assert_eq!(lower(&spec).products[0].methods[0].info.secret, ["code", "number"]);
}
