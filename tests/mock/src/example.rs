//! What the gateway says where no behaviour of its own does: what the spec's examples say, and for the rest values that its types and limits allow.

use std::borrow::Cow;

use alipay_codegen::ir::{
    ExampleAnswer, Field, Method, Notification, Object, OutcomeMeaning, Placement, Range, Scalar, Type, TypeBody,
    TypeRef,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::{beijing, beijing_date};
use crate::money::Money;
use crate::protocol::Outcome;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::specs::{Described, Types};
use crate::validate;

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
    let maker = Maker {
        types: Types::Method(described),
        now,
        app_id: None,
    };
    Ok(response(described, said, request, &maker, |_| true))
}

/// What a call comes to by the spec alone.
pub(crate) fn outcome(described: Described<'_>, request: &Map<String, Value>, now: Timestamp) -> Outcome {
    match answer(described, request, now) {
        Ok(fields) if described.method.without_code => Outcome::Bare(fields),
        Ok(fields) => Outcome::Success(success_code(described.method), fields),
        Err(failure) => Outcome::Failure { failure, signed: true },
    }
}

/// An answer's fields, and beside them, at every depth, those that every success has and that were left out.
pub(crate) fn complete(
    described: Described<'_>,
    said: Map<String, Value>,
    request: &Map<String, Value>,
    now: Timestamp,
) -> Fields {
    let maker = Maker {
        types: Types::Method(described),
        now,
        app_id: None,
    };
    response(described, said, request, &maker, is_always_there)
}

/// The fields of a notification for an app, and beside them, at every depth, the required ones that were left out.
pub(crate) fn notification(
    notification: &Notification,
    said: Map<String, Value>,
    app_id: &str,
    now: Timestamp,
) -> Map<String, Value> {
    let maker = Maker {
        types: Types::Notification(notification),
        now,
        app_id: Some(app_id),
    };
    maker.completed_object(&notification.body, said, is_always_there)
}

/// The `code` of the method's successes.
pub(crate) fn success_code(method: &Method) -> Cow<'static, str> {
    let mut outcomes = method.outcomes.iter();
    let own = outcomes.find(|outcome| outcome.meaning == OutcomeMeaning::Done);
    own.filter(|_| method.response.fields.iter().any(|field| field.name == "code"))
        .map_or("10000".into(), |own| own.code.clone().into())
}

/// What was said, and a value for each other field that is wanted.
fn response(
    described: Described<'_>,
    mut said: Map<String, Value>,
    request: &Map<String, Value>,
    maker: &Maker<'_>,
    wants: fn(&Field) -> bool,
) -> Fields {
    let mut fields = Fields::new();
    for field in &described.method.response.fields {
        let value = match said.remove(&field.name) {
            // An example says all that it shows.
            Some(said) => Some(maker.completed(&field.ty, said, is_always_there)),
            // The gateway writes it, also where the method has codes of its own.
            None if !wants(field) || field.name == "code" => None,
            None => match repeated(described, field, request) {
                Some(repeated) => Some(maker.completed(&field.ty, repeated, wants)),
                None => maker.value(field, &mut Vec::new()),
            },
        };
        if let Some(value) = value {
            fields = fields.with(field.name.clone(), value);
        }
    }
    said.into_iter()
        .fold(fields, |fields, (name, value)| fields.with(name, value))
}

/// What the request has under the same name, if the response's field may have that value.
fn repeated(described: Described<'_>, field: &Field, request: &Map<String, Value>) -> Option<Value> {
    let mut fields = described.method.request.fields.iter();
    fields.find(|asked| asked.name == field.name && asked.placement != Placement::File)?;
    let value = request.get(&field.name).filter(|value| !validate::is_blank(value))?;
    validate::fits(described, field, value).then(|| value.clone())
}

/// Whether every success or notification has the field.
fn is_always_there(field: &Field) -> bool {
    field.required || field.echo || field.essential
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
    types: Types<'s>,
    now: Timestamp,
    /// The app that a notification is for.
    app_id: Option<&'s str>,
}

impl Maker<'_> {
    /// A value, with the fields that are wanted in each object of it.
    fn completed(&self, ty: &Type, said: Value, wants: fn(&Field) -> bool) -> Value {
        match (ty, said) {
            (Type::List(item), Value::Array(items)) => items
                .into_iter()
                .map(|said| self.completed(item, said, wants))
                .collect(),
            (Type::Named(reference), Value::Object(said)) => match self.types.resolve(reference).map(|ty| &ty.body) {
                Some(TypeBody::Object(object)) => self.completed_object(object, said, wants).into(),
                Some(TypeBody::Enum(_)) | None => said.into(),
            },
            (_, said) => said,
        }
    }

    fn completed_object(
        &self,
        object: &Object,
        mut said: Map<String, Value>,
        wants: fn(&Field) -> bool,
    ) -> Map<String, Value> {
        let mut completed = Map::new();
        for field in &object.fields {
            let value = match said.remove(&field.name) {
                Some(said) => Some(self.completed(&field.ty, said, wants)),
                None if wants(field) => self.value(field, &mut Vec::new()),
                None => None,
            };
            if let Some(value) = value {
                completed.insert(field.name.clone(), value);
            }
        }
        completed.extend(said);
        completed
    }

    /// A value of a field; `None` where it would have to hold itself.
    fn value(&self, field: &Field, inside: &mut Vec<TypeRef>) -> Option<Value> {
        if let ("app_id", Type::Scalar(Scalar::String), Some(app_id)) = (field.name.as_str(), &field.ty, self.app_id) {
            return Some(app_id.into());
        }
        match (&field.example, &field.ty) {
            // The example of a list is one of its items.
            (Some(example), Type::List(_)) if !example.is_array() => Some(json!([example])),
            (Some(example), _) => Some(example.clone()),
            (None, ty) => self.typed(ty, field, inside),
        }
    }

    fn typed(&self, ty: &Type, field: &Field, inside: &mut Vec<TypeRef>) -> Option<Value> {
        match ty {
            Type::Scalar(scalar) => Some(self.scalar(*scalar, field)),
            Type::List(inner) => Some(Value::Array(self.typed(inner, field, inside).into_iter().collect())),
            Type::Named(reference) => match &self.types.resolve(reference)?.body {
                TypeBody::Enum(values) => {
                    let usual = values.iter().find(|value| value.deprecated.is_none());
                    usual.or(values.first()).map(|value| Value::from(value.value.clone()))
                }
                TypeBody::Object(_) if inside.contains(reference) => None,
                TypeBody::Object(object) => {
                    inside.push(reference.clone());
                    let value = self.object(object, inside);
                    inside.pop();
                    Some(value)
                }
            },
        }
    }

    fn object(&self, object: &Object, inside: &mut Vec<TypeRef>) -> Value {
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
pub(crate) mod tests;
