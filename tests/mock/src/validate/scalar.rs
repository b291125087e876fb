//! Single values. Numbers sent as text and text sent as numbers are taken, as the gateway takes them.

use alipay_codegen::ir::{Field, Scalar};
use serde_json::Value;

use crate::clock;
use crate::money::Money;

/// The rule that a value breaks, if it breaks one.
pub(super) fn check(scalar: Scalar, definition: &Field, value: &Value) -> Result<(), String> {
    let Some(text) = text(value) else {
        return Err("must be a single value".to_owned());
    };
    match scalar {
        Scalar::String | Scalar::File => Ok(()),
        Scalar::Int => match text.parse::<i64>() {
            Ok(number) => in_range(definition, &number, |limit| limit.parse().ok()),
            Err(_) => Err("must be a whole number".to_owned()),
        },
        Scalar::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "false" | "t" | "f" | "y" | "n" | "yes" | "no" | "1" | "0" => Ok(()),
            _ => Err("must be true or false".to_owned()),
        },
        Scalar::Price => match Money::parse(&text) {
            Some(price) => in_range(definition, &price, Money::parse),
            None => Err("must be an amount with at most two decimals".to_owned()),
        },
        Scalar::DateTime => clock::parse(&text)
            .map(|_| ())
            .ok_or_else(|| "must be yyyy-MM-dd HH:mm:ss".to_owned()),
        Scalar::Date => clock::is_date(&text)
            .then_some(())
            .ok_or_else(|| "must be yyyy-MM-dd".to_owned()),
        Scalar::Url => is_url(&text)
            .then_some(())
            .ok_or_else(|| "must be an absolute http or https URL".to_owned()),
        Scalar::Json => {
            let is_json = value.is_string()
                && serde_json::from_str::<Value>(&text).is_ok_and(|inner| inner.is_object() || inner.is_array());
            is_json.then_some(()).ok_or_else(|| "must be JSON as text".to_owned())
        }
    }?;
    match definition.max_length {
        Some(max) if text.chars().count() > usize::try_from(max).unwrap_or(usize::MAX) => {
            Err(format!("at most {max} characters"))
        }
        _ => Ok(()),
    }
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn in_range<T: PartialOrd>(definition: &Field, value: &T, read: impl Fn(&str) -> Option<T>) -> Result<(), String> {
    let Some(range) = &definition.range else { return Ok(()) };
    let limit = |limit: &Option<String>| limit.as_deref().and_then(&read);
    let below = limit(&range.min).is_some_and(|min| *value < min);
    let above = limit(&range.max).is_some_and(|max| *value > max);
    if below || above {
        let show = |limit: &Option<String>| limit.clone().unwrap_or_default();
        return Err(format!("must be in {}..{}", show(&range.min), show(&range.max)));
    }
    Ok(())
}

/// Whether this is an absolute `http` or `https` URL, as far as the gateway cares.
pub(crate) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with(['/', '?', '#', ':'])
            && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    })
}
