//! Whether requests, and the answers and notifications that a test orders, are what their specs ask for.

pub(crate) mod scalar;

use alipay_codegen::ir::{Field, Method, Notification, Object, Scalar, Type, TypeBody};
use serde_json::{Map, Value};

use crate::protocol::failure::Failure;
use crate::specs::{Described, Types};
use crate::strictness::Strictness;

/// How methods say that a parameter is wrong; the first that a method's spec lists is its way.
const INVALID_PARAMETER: [&str; 6] = [
    "ACQ.INVALID_PARAMETER",
    "INVALID_PARAMETER",
    "PARAMETER_ILLEGAL",
    "PARAM_ILLEGAL",
    "ILLEGAL_PARAM",
    "MERCHANT_ILLEGAL_ARGUMENT",
];

/// What is wrong with a value: where, and by which rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) rule: String,
}

impl Problem {
    fn new(path: &str, rule: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            rule: rule.into(),
        }
    }
}

/// Whether a request keeps to its method's spec.
pub(crate) fn request(
    described: Described<'_>,
    request: &Map<String, Value>,
    strictness: Strictness,
) -> Result<(), Failure> {
    let rules = Rules {
        types: Types::Method(described),
        side: Side::Request,
        only_listed: false,
        strictness,
    };
    object(rules, &described.method.request, request, "").map_err(|problem| refusal(described.method, &problem))
}

/// Whether these are fields of the method's response, with values of their types. None has to be there.
pub(crate) fn response(described: Described<'_>, response: &Map<String, Value>) -> Result<(), Problem> {
    object(Rules::of_response(described), &described.method.response, response, "")
}

/// Whether a value is one that the spec names or allows for a field of the method's response.
pub(crate) fn fits(described: Described<'_>, definition: &Field, value: &Value) -> bool {
    let rules = Rules {
        only_listed: true,
        ..Rules::of_response(described)
    };
    field(rules, definition, value, "").is_ok()
}

/// Whether these are fields of the notification, with values of their types. None has to be there.
pub(crate) fn notification(notification: &Notification, fields: &Map<String, Value>) -> Result<(), Problem> {
    let rules = Rules {
        types: Types::Notification(notification),
        side: Side::Notification,
        only_listed: false,
        strictness: Strictness::default(),
    };
    object(rules, &notification.body, fields, "")
}

/// Methods have their own code for wrong parameters; what has none is refused by the gateway.
fn refusal(method: &Method, problem: &Problem) -> Failure {
    let message = format!("参数无效: {}: {}", problem.path, problem.rule);
    let own = INVALID_PARAMETER
        .into_iter()
        .find(|code| method.errors.iter().any(|error| error.code == *code));
    match own {
        Some(code) => Failure::business(code, message),
        None => Failure::invalid("isv.invalid-parameter", message),
    }
}

/// By what values are measured.
#[derive(Clone, Copy)]
struct Rules<'a> {
    types: Types<'a>,
    side: Side,
    /// Enums are open: the gateway knows values that the documentation doesn't. Unless only those that it lists are wanted.
    only_listed: bool,
    /// Whether what a caller writes may only consist of what the spec says.
    strictness: Strictness,
}

impl<'a> Rules<'a> {
    fn of_response(described: Described<'a>) -> Self {
        Self {
            types: Types::Method(described),
            side: Side::Response,
            only_listed: false,
            strictness: Strictness::default(),
        }
    }
}

/// Whose fields they are.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// The caller's: the gateway ignores unknown fields, and refuses a request without the required ones.
    Request,
    /// The gateway's own, as a test sets them: an unknown field is a mistake, and any field may be missing.
    Response,
    /// The same of a notification.
    Notification,
}

impl Side {
    /// What an unknown field is told with, where it is a mistake.
    fn stranger(self) -> Option<&'static str> {
        match self {
            Self::Request => None,
            Self::Response => Some("the response has no such field"),
            Self::Notification => Some("the notification has no such field"),
        }
    }
}

fn object(rules: Rules<'_>, definition: &Object, value: &Map<String, Value>, path: &str) -> Result<(), Problem> {
    if let Some(stranger) = rules.side.stranger() {
        let is_known = |name: &str| definition.fields.iter().any(|field| field.name == name);
        if let Some(name) = value.keys().find(|name| !is_known(name)) {
            return Err(Problem::new(&join(path, name), stranger));
        }
    }
    let given = |name: &str| value.get(name).is_some_and(|value| !is_blank(value));
    for definition in &definition.fields {
        let path = join(path, &definition.name);
        match value.get(&definition.name).filter(|value| !is_blank(value)) {
            Some(value) => field(rules, definition, value, &path)?,
            None if definition.required && rules.side == Side::Request => return Err(Problem::new(&path, "required")),
            None => {}
        }
    }
    for group in &definition.at_least_one {
        if rules.side == Side::Request && !group.iter().any(|name| given(name)) {
            let place = if path.is_empty() { "request" } else { path };
            return Err(Problem::new(
                place,
                format!("at least one of {} is required", group.join(", ")),
            ));
        }
    }
    Ok(())
}

/// The path of a field inside the object at `path`.
fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// The gateway takes an empty value for an absent one.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn field(rules: Rules<'_>, definition: &Field, value: &Value, path: &str) -> Result<(), Problem> {
    if let (Some(max), Value::Array(items)) = (definition.max_items, value)
        && items.len() > usize::try_from(max).unwrap_or(usize::MAX)
    {
        return Err(Problem::new(path, format!("at most {max} items")));
    }
    typed(rules, &definition.ty, definition, value, path)
}

fn typed(rules: Rules<'_>, ty: &Type, definition: &Field, value: &Value, path: &str) -> Result<(), Problem> {
    match ty {
        Type::Scalar(scalar) => scalar::check(*scalar, definition, value)
            .and_then(|()| match value {
                Value::String(text) => rules.strictness.characters(definition, text),
                _ => Ok(()),
            })
            .map_err(|rule| Problem::new(path, rule)),
        Type::List(inner) => match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| typed(rules, inner, definition, item, &format!("{path}[{index}]"))),
            _ => Err(Problem::new(path, "must be a list")),
        },
        Type::Named(reference) => match rules.types.resolve(reference).map(|definition| &definition.body) {
            Some(TypeBody::Object(inner)) => match value {
                Value::Object(value) => object(rules, inner, value, path),
                _ => Err(Problem::new(path, "must be an object")),
            },
            Some(TypeBody::Enum(values)) if rules.only_listed && values.iter().all(|listed| listed.value != *value) => {
                Err(Problem::new(path, "must be a listed value"))
            }
            Some(TypeBody::Enum(_)) => {
                scalar::check(Scalar::String, definition, value).map_err(|rule| Problem::new(path, rule))
            }
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
