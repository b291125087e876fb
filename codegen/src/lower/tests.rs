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

fn by_name<'s>(object: &'s Struct<'_>) -> Option<(&'s str, &'s [usize])> {
    let by_name = object.by_name.as_ref()?;
    Some((by_name.ident.as_str(), by_name.fields.as_slice()))
}

#[test]
fn requests_are_strict_and_responses_lenient() {
    let fields = "
  a: { type: string, required: true, doc: It is A. }
  b: { type: int, required: true, doc: It was B. }
  c: { type: string, doc: It was C. }
  d: { type: 'int[]', doc: It was D. }
";
    let spec = method(&format!("request:{fields}response:{fields}"));
    let library = lower(&spec, "crate::guide");
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
    // Without `new`, what must be given is given by name.
    assert_eq!(constructors(request), [("new", [].as_slice())]);
    assert_eq!(by_name(request), Some(("CallRequired", [0, 1].as_slice())));
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
  asked: { type: Asked, doc: It was Asked. }
  both: { type: Both, doc: It was Both. }
response:
  both: { type: Both, doc: It was Both. }
types:
  Asked: { doc: It was Asked., fields: { a: { type: int, required: true, doc: It is A. } } }
  Both: { doc: It was Both., fields: { a: { type: int, required: true, doc: It is A. }, inner: { type: Inner, doc: It was Inner. } } }
  Inner: { doc: It was Inner., fields: { a: { type: int, required: true, doc: It is A. } } }
",
    );
    let library = lower(&spec, "crate::guide");
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
fn the_order_of_parameters_is_not_that_of_the_file() {
    let new = "new: [no, amount, kind]\n";
    let fields = [
        "  kind: { type: Kind, required: true, doc: Which. }\n",
        "  amount: { type: price, required: true, doc: How much. }\n",
        "  no: { type: string, required: true, doc: Of what. }\n",
    ];
    let types = "types: { Kind: { doc: Which., values: { A: One. } } }\n";
    for order in [[0, 1, 2], [2, 0, 1]] {
        let request: String = order.map(|at| fields[at]).concat();
        let spec = method(&format!("{new}request:\n{request}{types}"));
        let library = lower(&spec, "crate::guide");
        let request = objects(&library)[0];
        let [new] = request.constructors.as_slice() else {
            panic!("there is one")
        };
        let names: Vec<_> = new.parameters.iter().map(|&at| request.fields[at].wire).collect();
        assert_eq!(names, ["no", "amount", "kind"]);
        assert!(by_name(request).is_none());
    }
}

#[test]
fn a_single_choice_makes_a_constructor_for_each_way() {
    let fields = "
request:
  a: { type: string, doc: It is A. }
  b: { type: string, doc: It was B. }
  c: { type: string, doc: It was C. }
  with_a: { type: string, required: true, doc: It is D. }
  new: { type: string, doc: It is E. }
";
    let spec = method(&format!("one_of: [[b, a]]{fields}"));
    let library = lower(&spec, "crate::guide");
    let request = objects(&library)[0];
    assert_eq!(
        constructors(request),
        [("with_a", [0].as_slice()), ("with_b", [1].as_slice())]
    );
    // Text beside text is not told apart.
    assert_eq!(by_name(request), Some(("CallRequired", [3].as_slice())));

    let spec = method(&format!("one_of: [[b, a], [b, c]]{fields}"));
    let library = lower(&spec, "crate::guide");
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
  a: { type: A, doc: It is A. }
types:
  A: { doc: It is A., fields: { b: { type: B, doc: It was B. }, all: { type: 'A[]', doc: It was All. } } }
  B: { doc: It was B., fields: { a: { type: A, doc: It is A. }, b: { type: B, doc: It was B. }, c: { type: C, doc: It was C. } } }
  C: { doc: It was C., fields: { c: { type: int, doc: It was C. } } }
",
    );
    let library = lower(&spec, "crate::guide");
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
  type: { type: string, secret: true, doc: It is A. }
  self: { type: Kind, doc: It is B. }
  shown: { type: url, rust_name: displayed, doc: It is C. }
types:
  Kind: { doc: My kind., rust_name: Sort, values: { A: A. } }
",
    );
    let library = lower(&spec, "crate::guide");
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
    assert_eq!(
        lower(&spec, "crate::guide").products[0].methods[0].info.secret,
        ["code", "number"]
    );
}
