//! What the gateway's answers look like in the wild, read by one small type.
#![expect(unreachable_pub, reason = "what `listed!` adds is public")]

use super::{Extra, Field, FieldsRef, KnownValue, Object, OpenEnum, Reading, Source, Unreadable, Values, to_json};
use crate::types::{Date, DateTime, File, Json, Price, Secret};

struct Order {
    number: String,
    note: Option<String>,
    count: Option<i64>,
    open: Option<bool>,
    amount: Option<Price>,
    paid_at: Option<DateTime>,
    day: Option<Date>,
    token: Option<Secret>,
    passed_on: Option<Json>,
    names: Vec<String>,
    parts: Vec<Order>,
    whole: Option<Box<Order>>,
    state: OpenEnum<State>,
    file: Option<File>,
    extra: Extra,
}

/// Of two fields it needs one.
struct Query {
    number: Option<String>,
    note: Option<String>,
    extra: Extra,
}

impl Object for Query {
    fn empty() -> Self {
        Self {
            number: None,
            note: None,
            extra: Extra::EMPTY,
        }
    }

    fn fill(&mut self, source: &mut Source<'_>) {
        source.fill(
            &["number", "note"],
            &mut [&mut self.number, &mut self.note],
            &mut self.extra,
        );
    }

    fn fields(&self) -> FieldsRef<'_> {
        FieldsRef::new("Query", &["number", "note"], &[&self.number, &self.note], &self.extra)
            .with_groups(&[&["number", "note"]])
    }
}

super::object!(Query);

enum State {
    Paid,
    Moved,
}

impl KnownValue for State {
    fn listed() -> (&'static [&'static str], &'static [Self]) {
        (&["PAID", "MOVED"], &[Self::Paid, Self::Moved])
    }

    fn place(self) -> usize {
        self as usize
    }
}

const NAMES: &[&str] = &[
    "number",
    "note",
    "count",
    "open",
    "amount",
    "paid_at",
    "day",
    "token",
    "passed_on",
    "names",
    "parts",
    "whole",
    "state",
    "file",
];

impl Object for Order {
    fn empty() -> Self {
        Self {
            number: String::new(),
            note: None,
            count: None,
            open: None,
            amount: None,
            paid_at: None,
            day: None,
            token: None,
            passed_on: None,
            names: Vec::new(),
            parts: Vec::new(),
            whole: None,
            state: Field::empty(),
            file: None,
            extra: Extra::EMPTY,
        }
    }

    fn fill(&mut self, source: &mut Source<'_>) {
        source.require(&["number"]);
        source.fill(
            NAMES,
            &mut [
                &mut self.number,
                &mut self.note,
                &mut self.count,
                &mut self.open,
                &mut self.amount,
                &mut self.paid_at,
                &mut self.day,
                &mut self.token,
                &mut self.passed_on,
                &mut self.names,
                &mut self.parts,
                &mut self.whole,
                &mut self.state,
                &mut self.file,
            ],
            &mut self.extra,
        );
    }

    fn fields(&self) -> FieldsRef<'_> {
        FieldsRef::new(
            "Order",
            NAMES,
            &[
                &self.number,
                &self.note,
                &self.count,
                &self.open,
                &self.amount,
                &self.paid_at,
                &self.day,
                &self.token,
                &self.passed_on,
                &self.names,
                &self.parts,
                &self.whole,
                &self.state,
                &self.file,
            ],
            &self.extra,
        )
    }
}

super::object!(Order);
super::listed!(State);

fn read(json: &str) -> Result<Order, String> {
    super::from_json(json)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "absent".to_owned())
}

#[test]
fn numbers_come_as_strings_and_strings_as_numbers() {
    let order =
        read(r#"{"number":2013112111001004500000675971,"count":"7","amount":0.10,"names":[1,true,null]}"#).unwrap();
    assert_eq!(order.number, "2013112111001004500000675971");
    assert_eq!(order.count, Some(7));
    assert_eq!(order.amount, Some(Price::from_cents(10)));
    assert_eq!(order.names, ["1", "true"]);
    assert_eq!(read(r#"{"number":"1","count":7.0}"#).unwrap().count, Some(7));
}

#[test]
fn booleans_come_in_many_spellings() {
    for (json, open) in [
        ("true", true),
        (r#""T""#, true),
        (r#""Y""#, true),
        ("\"false\"", false),
        (r#""N""#, false),
        ("1", true),
    ] {
        assert_eq!(
            read(&format!(r#"{{"number":"1","open":{json}}}"#)).unwrap().open,
            Some(open),
            "{json}"
        );
    }
}

#[test]
fn blanks_stand_for_absence() {
    let order = read(
        r#"{"number":"","note":"","count":"","open":" ","amount":"","paid_at":"","names":"","parts":"","whole":"","passed_on":null}"#,
    )
    .unwrap();
    let empty = Order {
        note: Some(String::new()),
        ..<Order as Object>::empty()
    };
    assert_eq!(order, empty);
    assert_eq!(read("\"\"").unwrap_err(), "absent");
    assert_eq!(read("null").unwrap_err(), "absent");
}

#[test]
fn objects_and_lists_come_as_text() {
    let order =
        read(r#"{"number":"1","parts":"[{\"number\":\"2\",\"amount\":\"0.01\"}]","whole":"{\"number\":3}"}"#).unwrap();
    assert_eq!(order.parts[0].amount, Some(Price::from_cents(1)));
    assert_eq!(order.whole.unwrap().number, "3");
    assert_eq!(read(r#"{"number":"1","parts":{"number":"2"}}"#).unwrap().parts.len(), 1);
    assert_eq!(
        read(r#"{"number":"1","passed_on":{"a":[1, 2]}}"#)
            .unwrap()
            .passed_on
            .unwrap()
            .as_str(),
        r#"{"a":[1, 2]}"#
    );
}

#[test]
fn unknown_values_and_fields_are_kept() {
    let order = read(r#"{"number":"1","state":"LOST","new":{"a": 1},"token":"t"}"#).unwrap();
    assert_eq!(order.state.as_str(), "LOST");
    assert_eq!(order.extra.get("new"), Some(r#"{"a": 1}"#));
    assert_eq!(
        to_json(&order).unwrap(),
        r#"{"number":"1","token":"t","state":"LOST","new":{"a": 1}}"#
    );
    assert_eq!(
        format!("{:?} {:?}", order.extra, order.token),
        r#"{"new"} Some(Secret(..))"#
    );
}

#[test]
fn errors_say_where_and_never_what() {
    for (json, error) in [
        (
            r#"{"number":"1","amount":"0.001"}"#,
            "`amount`: expected an amount with at most two decimals",
        ),
        (
            r#"{"number":"1","parts":[{"number":"1"},{"number":"2","count":"x"}]}"#,
            "`parts[1].count`: expected a whole number of at most 64 bits",
        ),
        (
            r#"{"number":"1","whole":"{\"number\":\"2\",\"day\":\"secret\"}"}"#,
            "`whole.day`: expected a day of the form yyyy-MM-dd",
        ),
        (r#"{"number":"1","parts":7}"#, "`parts`: expected a list"),
        (
            r#"{"number":"1","parts":"secret"}"#,
            "`parts`: expected a list, found text that is not JSON",
        ),
        (
            r#"{"number":"1","count":{}}"#,
            "`count`: expected a whole number, found an object",
        ),
        (r#"{"note":"secret"}"#, "`number`: required, but missing"),
        (
            r#"{"number":"\ud800"}"#,
            "`number`: malformed JSON: a syntax error at line 1, column 8",
        ),
        ("[]", "absent"),
        ("7", "expected an object"),
        ("{", "not one JSON value: the text ends too early at line 1, column 1"),
        (
            r#"{"number":"1"} {}"#,
            "not one JSON value: a syntax error at line 1, column 16",
        ),
    ] {
        assert_eq!(read(json).unwrap_err(), error, "{json}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}null{}", r#"{"number":"1","whole":"#.repeat(depth), "}".repeat(depth));
    assert!(read(&nested(30)).is_ok());
    assert!(read(&nested(40)).unwrap_err().ends_with("nested more than 32 deep"));
    // Deep text that no type asks for costs no stack.
    let ignored = format!(
        r#"{{"number":"1","new":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(read(&ignored).unwrap().extra.len(), 1);
}

#[test]
fn a_missing_group_is_an_error() {
    let mut query = <Query as Object>::empty();
    assert_eq!(
        to_json(&vec![query.clone()]).unwrap_err().to_string(),
        "one of `number`, `note` must be given, and not be empty"
    );
    query.note = Some("x".to_owned());
    assert_eq!(to_json(&query).unwrap(), r#"{"note":"x"}"#);
}

#[test]
fn empty_text_is_nothing() {
    let query = Query {
        number: Some(String::new()),
        ..<Query as Object>::empty()
    };
    assert!(to_json(&query).is_err());
    let query = Query {
        note: Some("x".to_owned()),
        ..query
    };
    assert_eq!(to_json(&query).unwrap(), r#"{"note":"x"}"#);
    let order = Order {
        token: Some("".into()),
        passed_on: Some(Json::default()),
        ..<Order as Object>::empty()
    };
    assert_eq!(to_json(&order).unwrap(), "{}");
}

/// Read as an answer is: what can't be read stays empty.
fn read_leniently(json: &str) -> (Order, Vec<String>) {
    let unreadable = Unreadable::default();
    let values = Values::parse(json, 0).expect("a JSON object");
    let order = values.make(Reading::Lenient(&unreadable)).expect("an order");
    let errors = unreadable.into_errors();
    (order, errors.iter().map(ToString::to_string).collect())
}

#[test]
fn one_field_that_cannot_be_read_leaves_the_others() {
    let (order, errors) = read_leniently(
        r#"{"number":"1","note":"x\ud83d","count":"many","open":"perhaps","amount":"0.005","paid_at":"0000-00-00 00:00:00",
            "day":"yesterday","names":["a","\ud800"],"state":"PAID",
            "parts":[{"number":"2","amount":"1.00"},{"number":"3","amount":"1,00","parts":[{"count":1.5}]}],
            "whole":{"number":"4","parts":[{},7]}}"#,
    );
    assert_eq!(
        errors,
        [
            "`note`: malformed JSON: a syntax error at line 1, column 9",
            "`count`: expected a whole number of at most 64 bits",
            "`open`: expected true or false",
            "`amount`: expected an amount with at most two decimals",
            "`paid_at`: expected a time of the form yyyy-MM-dd HH:mm:ss",
            "`day`: expected a day of the form yyyy-MM-dd",
            "`names`: at `[1]`: malformed JSON: a syntax error at line 1, column 8",
            "`parts[1].amount`: expected an amount with at most two decimals",
            "`parts[1].parts[0].count`: expected a whole number of at most 64 bits",
            "`whole.parts`: at `[1]`: expected an object",
        ]
    );
    assert_eq!((order.number.as_str(), &order.state), ("1", &State::Paid.into()));
    assert!(order.note.is_none() && order.count.is_none() && order.open.is_none() && order.amount.is_none());
    // Of a list that can't be read as a whole, nothing is kept in its place.
    assert!(order.names.is_empty());
    assert_eq!(order.extra.get("names"), Some(r#"["a","\ud800"]"#));
    assert_eq!(order.parts[0].amount, Some(Price::from_cents(100)));
    assert_eq!((order.parts[1].number.as_str(), order.parts[1].amount), ("3", None));
    assert_eq!(order.parts[1].extra.unreadable().collect::<Vec<_>>(), ["amount"]);
    let whole = order.whole.as_ref().expect("the part that can be read");
    assert!(whole.number == "4" && whole.parts.is_empty());
    assert_eq!(
        order.extra.unreadable().collect::<Vec<_>>(),
        ["note", "count", "open", "amount", "paid_at", "day", "names"]
    );
    assert_eq!(order.clone().extra.unreadable().count(), 7);
}

#[cfg(feature = "serde")]
#[test]
fn serde_keeps_every_digit_of_what_is_unknown() {
    for (number, written) in [
        ("0.1", "0.1"),
        ("-0.25", "-0.25"),
        ("1.50", "1.5"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551616", r#""18446744073709551616""#),
        (
            "0.1000000000000000055511151231257827",
            r#""0.1000000000000000055511151231257827""#,
        ),
        ("123456789012345678.01", r#""123456789012345678.01""#),
        ("1e999", r#""1e999""#),
        ("-0", r#""-0""#),
    ] {
        let json = |value: &str| format!(r#"{{"number":"1","new":[{value},true,null,{{"a":"b"}}]}}"#);
        let (order, _) = read_leniently(&json(number));
        assert_eq!(serde_json::to_string(&order).unwrap(), json(written), "{number}");
    }
}

#[test]
fn debug_shows_what_is_given_and_no_secret() {
    let mut order = Order {
        number: "1".to_owned(),
        token: Some("secret".into()),
        ..<Order as Object>::empty()
    };
    order.extra.insert("new", &"secret".into());
    assert_eq!(
        format!("{order:?}"),
        r#"Order { number: "1", token: Some(Secret(..)), extra: {"new"} }"#
    );
}

#[test]
fn copies_are_equal_and_changed_ones_are_not() {
    let order = read(r#"{"number":"1","count":7,"names":["a"],"parts":[{"number":"2"}],"whole":{"number":"3"},"state":"PAID","new":1}"#).unwrap();
    assert_eq!(order.clone(), order);
    let part = Order {
        count: Some(8),
        ..order.clone()
    };
    let whole = Order {
        whole: None,
        ..order.clone()
    };
    let mut extra = order.clone();
    extra.extra.insert("newer", &1.into());
    for other in [part, whole, extra] {
        assert_ne!(other, order);
    }
}

#[test]
fn an_open_value_is_its_text() {
    let (listed, other) = (OpenEnum::from(State::Paid), OpenEnum::<State>::from("X"));
    assert_eq!((listed.known(), other.known()), (Some(State::Paid), None));
    assert_eq!((listed.as_str(), other.as_str()), ("PAID", "X"));
    assert_eq!(listed, State::Paid);
    assert_ne!(other, State::Paid);
    assert_eq!(OpenEnum::Other("PAID".into()), listed);
    assert_eq!("PAID".parse(), Ok(listed.clone()));
    assert_eq!(
        format!("{:?} {listed:?} {other} {other:>3}", State::Paid),
        r#""PAID" "PAID" X   X"#
    );
    assert_eq!(
        std::collections::HashSet::from([listed, OpenEnum::Other("PAID".into()), other]).len(),
        2
    );
}

#[test]
fn a_listed_value_is_its_text() {
    assert_eq!((State::Paid.as_str(), "PAID".parse()), ("PAID", Ok(State::Paid)));
    assert_eq!(format!("{} {:>5}", State::Paid, State::Paid), "PAID  PAID");
    assert_eq!(
        std::collections::HashSet::from([State::Paid, State::Paid, State::Moved]).len(),
        2
    );
    let unknown = "secret".parse::<State>().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the text is not a value that this version of the library lists: `PAID`, `MOVED`"
    );
    assert!("paid".parse::<State>().is_err() && "".parse::<State>().is_err());
    assert_eq!(
        "X".parse::<crate::method::NoErrorCode>().unwrap_err().to_string(),
        "the text is not a value that this version of the library lists"
    );
    let many = "X".parse::<crate::gateway::GatewayErrorCode>().unwrap_err().to_string();
    assert!(many.contains(" and ") && many.ends_with(" more"), "{many}");
}

#[cfg(feature = "serde")]
#[test]
fn serde_writes_a_listed_value_as_its_text() {
    assert_eq!(
        serde_json::to_string(&[State::Paid, State::Moved]).unwrap(),
        r#"["PAID","MOVED"]"#
    );
    assert_eq!(serde_json::from_str::<State>(r#""MOVED""#).unwrap(), State::Moved);
    for json in [r#""secret""#, r#""""#, "null", "{}"] {
        let error = serde_json::from_str::<State>(json).unwrap_err().to_string();
        assert!(
            error.contains("`PAID`, `MOVED`") && !error.contains("secret"),
            "{error}"
        );
        let other = serde_json::from_str::<OpenEnum<State>>(json);
        assert!(other.is_ok(), "{json}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_keeps_an_outcome() {
    use crate::Outcome;
    for (outcome, json) in [
        (Outcome::Done(State::Paid), r#"{"done":"PAID"}"#),
        (Outcome::Pending(State::Moved), r#"{"pending":"MOVED"}"#),
    ] {
        assert_eq!(serde_json::to_string(&outcome).unwrap(), json);
        assert_eq!(serde_json::from_str::<Outcome<State>>(json).unwrap(), outcome);
        assert_eq!(
            outcome.as_ref().map(|state| state.as_str().len()).is_pending(),
            outcome.is_pending()
        );
    }
    for json in [
        r#"{"failed":"PAID"}"#,
        r#"{"done":"PAID","pending":"PAID"}"#,
        "{}",
        r#""done""#,
    ] {
        assert!(serde_json::from_str::<Outcome<State>>(json).is_err(), "{json}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_keeps_unknown_fields() {
    let json = r#"{"z":{"a":[1,true,null]},"b":"x\u0001","n":18446744073709551615}"#;
    let extra: Extra = serde_json::from_str(json).unwrap();
    assert_eq!((extra.get("z"), extra.len()), (Some(r#"{"a":[1,true,null]}"#), 3));
    assert_eq!(serde_json::to_string(&extra).unwrap(), json);
    let (order, _) = read_leniently(r#"{"number":"1","count":"many","new":0.10}"#);
    assert_eq!(
        serde_json::to_string(&order.extra).unwrap(),
        r#"{"count":"many","new":0.1}"#
    );
    let (order, _) = read_leniently(r#"{"number":"1","note":"x\ud83d"}"#);
    assert!(serde_json::to_string(&order.extra).is_err());
    assert!(serde_json::from_str::<Extra>("[]").is_err());
}

#[cfg(feature = "serde")]
#[test]
fn serde_goes_through_the_wire() {
    let order = Order {
        number: "1".to_owned(),
        amount: Some(Price::from_cents(8880)),
        state: State::Paid.into(),
        file: Some(File::new("a.png", vec![1, 2, 3])),
        ..<Order as Object>::empty()
    };
    let json = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    assert!(
        serde_json::from_str::<Order>(r#"{"count":1}"#)
            .unwrap_err()
            .to_string()
            .contains("`number`")
    );
}

proptest::proptest! {
    #[test]
    fn any_text_survives(number: String, note: Option<String>, name: String, names: Vec<String>) {
        // Empty text is nothing.
        let note = note.map(|note| format!("n{note}"));
        let mut order = Order { number: format!("n{number}"), note, names, ..<Order as Object>::empty() };
        order.extra.insert(format!("x{name}"), &serde_json::Value::from(name));
        let json = to_json(&order).unwrap();
        proptest::prop_assert_eq!(read(&json).unwrap(), order);
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = read(&text);
        let _ = read(&format!(r#"{{"number":"1","amount":{text},"parts":[{text}]}}"#));
        let quoted = serde_json::Value::from(text).to_string();
        let _ = read(&format!(r#"{{"number":{quoted},"paid_at":{quoted},"whole":{quoted}}}"#));
    }
}
