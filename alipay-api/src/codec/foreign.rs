//! Reads JSON as a type of the caller's, by serde.

use serde_core::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::DecodeError;

/// Reads JSON as any type that serde can read.
pub(crate) fn read_json<T: DeserializeOwned>(json: &str) -> Result<T, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| within(error.path(), DecodeError::new(problem(error.inner()))))?;
    deserializer.end().map_err(|error| super::value::malformed(&error))?;
    Ok(read)
}

fn within(path: &Path, error: DecodeError) -> DecodeError {
    let segments: Vec<_> = path.iter().collect();
    segments.iter().rev().fold(error, |error, segment| match segment {
        Segment::Seq { index } => error.at(*index),
        Segment::Map { key } => error.within(key),
        Segment::Enum { variant } => error.within(variant),
        Segment::Unknown => error,
    })
}

/// The problem, without the value that was found: it may be a secret.
fn problem(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return super::value::malformed(error).problem().to_owned();
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
    // The messages of other types may quote the value. serde's own begin with what was found and end with what was expected.
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if text.starts_with("missing field `") => text.to_owned(),
        None => "the value is not one that its type takes".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::types::Price;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Paid,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        amount: Price,
        count: u8,
        state: Option<State>,
    }

    #[derive(Debug, Deserialize)]
    struct Bill {
        items: Vec<Item>,
        #[serde(default)]
        more: BTreeMap<String, bool>,
    }

    fn read(json: &str) -> Result<Bill, String> {
        read_json(json).map_err(|error| error.to_string())
    }

    #[test]
    fn any_type_of_serde_is_read() {
        let bill = read(r#"{"code":"10000","items":[{"amount":"0.10","count":7,"state":"paid"}],"more":{"a":true}}"#);
        let bill = bill.unwrap();
        let Item { amount, count, state } = &bill.items[0];
        assert_eq!((*amount, *count, bill.more["a"]), (Price::from_cents(10), 7, true));
        assert!(matches!(state, Some(State::Paid)));
        let any: serde_json::Value = read_json(r#"{"a":[1]}"#).unwrap();
        assert_eq!(any["a"][0], 1);
    }

    #[test]
    fn errors_name_the_field_and_never_what_it_holds() {
        for (json, error) in [
            (r#"{"code":"1"}"#, "missing field `items`"),
            (r#"{"items":[{"amount":"1"}]}"#, "`items[0]`: missing field `count`"),
            (
                r#"{"items":[{"amount":"1","count":"secret, expected 7 at line 1"}]}"#,
                "`items[0].count`: expected u8",
            ),
            (
                r#"{"items":[{"amount":"1","count":4711}]}"#,
                "`items[0].count`: expected u8",
            ),
            (
                r#"{"items":[{"amount":"secret","count":1}]}"#,
                "`items[0].amount`: the value is not one that its type takes",
            ),
            (
                r#"{"items":[{"amount":"1","count":1,"state":"secret"}]}"#,
                "`items[0].state`: expected `paid`",
            ),
            (r#"{"items":[],"more":{"x":"secret"}}"#, "`more.x`: expected a boolean"),
            (r#"{"items":"secret"}"#, "`items`: expected a sequence"),
            (
                r#"{"items":["#,
                "`items`: malformed JSON: the text ends too early at line 1, column 10",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), error, "{json}");
        }
    }
}
