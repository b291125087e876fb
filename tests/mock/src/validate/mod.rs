//! Whether a request is what its method's spec asks for.

mod json;
pub(crate) mod scalar;

use alipay_codegen::ir::{Field, Method, Object, Placement, Spec, Type, TypeBody};
use serde_json::{Map, Value};

use crate::protocol::failure::Failure;
use crate::protocol::parameters::Parameters;

/// How methods say that a parameter is wrong; the first that a method's spec lists is its way.
const INVALID_PARAMETER: [&str; 4] = [
    "ACQ.INVALID_PARAMETER",
    "INVALID_PARAMETER",
    "PARAMETER_ILLEGAL",
    "ILLEGAL_PARAM",
];

/// What is wrong with a request: where, and by which rule.
#[derive(Debug, PartialEq)]
struct Problem {
    path: String,
    rule: String,
}

impl Problem {
    fn new(path: &str, rule: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            rule: rule.into(),
        }
    }
}

/// The request's business fields, from wherever the spec puts them, if they keep to it.
pub(crate) fn request(spec: &Spec, method: &Method, parameters: &Parameters) -> Result<Map<String, Value>, Failure> {
    let mut request = match parameters.get("biz_content") {
        Some(text) => json::object(text)
            .map_err(|problem| Failure::invalid("isv.illegal-json", format!("biz_content: {problem}")))?,
        None => Map::new(),
    };
    for field in &method.request.fields {
        match field.placement {
            Placement::Business => {}
            Placement::TopLevel => {
                request.remove(&field.name);
                if let Some(text) = parameters.get(&field.name) {
                    request.insert(field.name.clone(), top_level(&field.ty, text));
                }
            }
            Placement::File => {
                request.remove(&field.name);
                if parameters.has_file(&field.name) {
                    request.insert(field.name.clone(), Value::Bool(true));
                }
            }
        }
    }
    match object(&Types { spec, method }, &method.request, &request, "") {
        Ok(()) => Ok(request),
        Err(problem) => Err(refusal(method, &problem)),
    }
}

/// A parameter of its own carries lists and objects as JSON text.
fn top_level(ty: &Type, text: &str) -> Value {
    match ty {
        Type::Scalar(_) => Value::from(text),
        Type::Named(_) | Type::List(_) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
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

/// What type references of a method mean.
struct Types<'a> {
    spec: &'a Spec,
    method: &'a Method,
}

fn object(types: &Types<'_>, definition: &Object, value: &Map<String, Value>, path: &str) -> Result<(), Problem> {
    let given = |name: &str| value.get(name).is_some_and(|value| !is_blank(value));
    for definition in &definition.fields {
        let path = if path.is_empty() {
            definition.name.clone()
        } else {
            format!("{path}.{}", definition.name)
        };
        match value.get(&definition.name).filter(|value| !is_blank(value)) {
            Some(value) => field(types, definition, value, &path)?,
            None if definition.required => return Err(Problem::new(&path, "required")),
            None => {}
        }
    }
    for group in &definition.at_least_one {
        if !group.iter().any(|name| given(name)) {
            let place = if path.is_empty() { "request" } else { path };
            return Err(Problem::new(
                place,
                format!("at least one of {} is required", group.join(", ")),
            ));
        }
    }
    Ok(())
}

/// The gateway takes an empty value for an absent one.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn field(types: &Types<'_>, definition: &Field, value: &Value, path: &str) -> Result<(), Problem> {
    if let (Some(max), Value::Array(items)) = (definition.max_items, value)
        && items.len() > usize::try_from(max).unwrap_or(usize::MAX)
    {
        return Err(Problem::new(path, format!("at most {max} items")));
    }
    typed(types, &definition.ty, definition, value, path)
}

fn typed(types: &Types<'_>, ty: &Type, definition: &Field, value: &Value, path: &str) -> Result<(), Problem> {
    match ty {
        Type::Scalar(scalar) => scalar::check(*scalar, definition, value).map_err(|rule| Problem::new(path, rule)),
        Type::List(inner) => match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| typed(types, inner, definition, item, &format!("{path}[{index}]"))),
            _ => Err(Problem::new(path, "must be a list")),
        },
        Type::Named(reference) => match types
            .spec
            .resolve(types.method, reference)
            .map(|definition| &definition.body)
        {
            Some(TypeBody::Object(inner)) => match value {
                Value::Object(value) => object(types, inner, value, path),
                _ => Err(Problem::new(path, "must be an object")),
            },
            // Enums are open: the gateway knows values that the documentation doesn't.
            Some(TypeBody::Enum(_)) => scalar::check(alipay_codegen::ir::Scalar::String, definition, value)
                .map_err(|rule| Problem::new(path, rule)),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests;
