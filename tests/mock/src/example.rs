//! Answers of methods that have a spec and no behaviour: what the spec's examples say, and for the rest values that its types and limits allow.

use std::borrow::Cow;

use alipay_codegen::ir::{ExampleAnswer, Field, Method, Object, Range, Scalar, Scope, Type, TypeBody};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::{beijing, beijing_date};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::specs::Described;

/// The answer to a request by the spec alone.
///
/// An example of the spec whose request this is, field by field, gives what it says. What no example says is made up, so that every field of the
/// response is there.
pub(crate) fn answer(
    described: Described<'_>,
    request: &Map<String, Value>,
    now: Timestamp,
) -> Result<Fields, Failure> {
    let mut examples = described.method.examples.iter();
    let mut said = Map::new();
    if let Some(example) = examples.find(|example| is_asked(described.method, &example.request, request)) {
        match &example.answer {
            ExampleAnswer::Response(response) => said.clone_from(response),
            ExampleAnswer::Error { code, sub_code } => {
                return Err(Failure {
                    code: Cow::Owned(code.clone()),
                    ..Failure::business(sub_code.clone(), "spec 示例中的应答")
                });
            }
        }
    }
    let maker = Maker { described, now };
    Ok(maker.fields(said, request, |_| true))
}

/// An answer's fields, and beside them those that every success has and that were left out.
pub(crate) fn complete(
    described: Described<'_>,
    said: Map<String, Value>,
    request: &Map<String, Value>,
    now: Timestamp,
) -> Fields {
    let always = |field: &Field| field.required || field.echo || field.essential;
    Maker { described, now }.fields(said, request, always)
}

/// Whether a request is the one of an example: it says all that the example says, and beside that only what a client sends where its caller gives nothing.
fn is_asked(method: &Method, example: &Map<String, Value>, request: &Map<String, Value>) -> bool {
    // Numbers may come as text.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_implied = |name: &str, value: &Value| {
        let mut fields = method.request.fields.iter();
        let field = fields.find(|field| field.name == name);
        field.is_some_and(|field| field.implied.as_ref().is_some_and(|implied| *implied == text(value)))
    };
    let is_given = |(name, value): (&String, &Value)| {
        let given = request.get(name);
        given.is_some_and(|given| given == value || text(given) == text(value))
    };
    example.iter().all(is_given)
        && request
            .iter()
            .all(|(name, value)| example.contains_key(name) || is_implied(name, value))
}

/// Makes up values.
struct Maker<'s> {
    described: Described<'s>,
    now: Timestamp,
}

impl Maker<'_> {
    /// What was said, and a value for each other field that is wanted.
    fn fields(
        &self,
        mut said: Map<String, Value>,
        request: &Map<String, Value>,
        wants: impl Fn(&Field) -> bool,
    ) -> Fields {
        let mut fields = Fields::new();
        for field in &self.described.method.response.fields {
            let value = match said.remove(&field.name) {
                Some(said) => Some(said),
                // `code` and `msg` are the gateway's own.
                None if !wants(field) || matches!(field.name.as_str(), "code" | "msg") => None,
                None => {
                    let repeated = request.get(&field.name).filter(|_| field.echo);
                    repeated.cloned().or_else(|| self.value(field, &mut Vec::new()))
                }
            };
            if let Some(value) = value {
                fields = fields.with(field.name.clone(), value);
            }
        }
        said.into_iter()
            .fold(fields, |fields, (name, value)| fields.with(name, value))
    }

    /// A value of a field; `None` where it would have to hold itself.
    fn value(&self, field: &Field, inside: &mut Vec<(Scope, String)>) -> Option<Value> {
        match (&field.example, &field.ty) {
            // The example of a list is one of its items.
            (Some(example), Type::List(_)) if !example.is_array() => Some(json!([example])),
            (Some(example), _) => Some(example.clone()),
            (None, ty) => self.typed(ty, field, inside),
        }
    }

    fn typed(&self, ty: &Type, field: &Field, inside: &mut Vec<(Scope, String)>) -> Option<Value> {
        match ty {
            Type::Scalar(scalar) => Some(self.scalar(*scalar, field)),
            Type::List(inner) => Some(Value::Array(self.typed(inner, field, inside).into_iter().collect())),
            Type::Named(reference) => {
                let name = (reference.scope, reference.name.clone());
                let definition = self.described.spec.resolve(self.described.method, reference)?;
                match &definition.body {
                    TypeBody::Enum(values) => {
                        let usual = values.iter().find(|value| value.deprecated.is_none());
                        usual.or(values.first()).map(|value| Value::from(value.value.clone()))
                    }
                    TypeBody::Object(_) if inside.contains(&name) => None,
                    TypeBody::Object(object) => {
                        inside.push(name);
                        let value = self.object(object, inside);
                        inside.pop();
                        Some(value)
                    }
                }
            }
        }
    }

    fn object(&self, object: &Object, inside: &mut Vec<(Scope, String)>) -> Value {
        let fields = object.fields.iter();
        Value::Object(
            fields
                .filter_map(|field| Some((field.name.clone(), self.value(field, inside)?)))
                .collect(),
        )
    }

    fn scalar(&self, scalar: Scalar, field: &Field) -> Value {
        match scalar {
            Scalar::String => Value::from(shortened("example", field.max_length)),
            Scalar::Int => whole(field.range.as_ref()).into(),
            Scalar::Bool => Value::Bool(true),
            Scalar::Price => Value::from(amount(field.range.as_ref())),
            Scalar::DateTime => beijing(self.now).into(),
            Scalar::Date => beijing_date(self.now).into(),
            Scalar::Url => "https://example.com/".into(),
            // Only requests have files.
            Scalar::Json | Scalar::File => "{}".into(),
        }
    }
}

/// As much of a text as fits.
fn shortened(text: &str, max_length: Option<u32>) -> String {
    let most = max_length
        .and_then(|max| usize::try_from(max).ok())
        .unwrap_or(usize::MAX);
    text.chars().take(most).collect()
}

/// A whole number within the limits: 1, or the limit that is nearest to it.
fn whole(range: Option<&Range>) -> i64 {
    let limit = |limit: Option<&String>| limit.and_then(|limit| limit.parse::<i64>().ok());
    let number = limit(range.and_then(|range| range.min.as_ref())).unwrap_or(1).max(1);
    limit(range.and_then(|range| range.max.as_ref())).map_or(number, |max| number.min(max))
}

/// An amount within the limits: 1.00, or the limit that is nearest to it.
fn amount(range: Option<&Range>) -> String {
    let limit = |limit: Option<&String>| limit.and_then(|limit| Money::parse(limit));
    let one = Money::yuan(1);
    let amount = limit(range.and_then(|range| range.min.as_ref())).map_or(one, |min| min.max(one));
    let max = limit(range.and_then(|range| range.max.as_ref()));
    max.map_or(amount, |max| amount.min(max)).to_string()
}

#[cfg(test)]
mod tests;
