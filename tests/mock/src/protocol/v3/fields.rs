//! Where the fields of a method stand in V3: in the path, in the query or in the body.

use alipay_codegen::ir::{Method, Placement, Type, V3};
use serde_json::{Map, Value};

use super::body::Body;
use crate::protocol::failure::Failure;
use crate::protocol::json;

/// A place of fields.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Path,
    Query,
    Body,
    File,
    /// V2 has the field, V3 has not.
    Nowhere,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Path => "must stand in the path",
            Self::Query => "must stand in the query",
            Self::Body => "must stand in the body",
            Self::File => "must be a file",
            Self::Nowhere => "V3 has no such field",
        }
    }
}

/// The content of a request for this method, as the gateway has it whatever the protocol. A field at another place than its own is refused; a name that
/// nobody knows is no field.
pub(super) fn content(
    method: &Method,
    v3: &V3,
    path: &[(String, String)],
    query: &[(String, String)],
    body: &Body,
) -> Result<Map<String, Value>, Failure> {
    let mut content = Map::new();
    for (name, value) in body.fields.clone()? {
        check(method, v3, &name, Place::Body)?;
        if !v3.only.contains(&name) {
            content.insert(name, value);
        } else if name == "biz_content" {
            // The whole content, as V2 has it.
            let text = value.as_str().unwrap_or_default();
            let inner = json::object(text)
                .map_err(|problem| Failure::invalid("isv.illegal-json", format!("biz_content: {problem}")))?;
            content.extend(inner);
        }
    }
    for (name, text) in query {
        check(method, v3, name, Place::Query)?;
        if !v3.only.contains(name) {
            let field = method.request.fields.iter().find(|field| field.name == *name);
            let value = field.map_or_else(|| Value::from(text.as_str()), |field| value(&field.ty, text));
            content.insert(name.clone(), value);
        }
    }
    for (name, text) in path {
        content.insert(name.clone(), Value::from(text.as_str()));
    }
    for (name, _) in &body.files {
        check(method, v3, name, Place::File)?;
    }
    for field in &method.request.fields {
        if field.placement == Placement::File && body.has_file(&field.name) {
            content.insert(field.name.clone(), Value::Bool(true));
        }
    }
    Ok(content)
}

/// Whether a field that came at this place stands there.
fn check(method: &Method, v3: &V3, name: &str, came: Place) -> Result<(), Failure> {
    match place(method, v3, name) {
        Some(own) if own != came => {
            let message = format!("参数无效: {name}: {}", own.name());
            Err(Failure::invalid("isv.invalid-parameter", message))
        }
        _ => Ok(()),
    }
}

/// The place of a field, if the method has it.
fn place(method: &Method, v3: &V3, name: &str) -> Option<Place> {
    let is = |listed: &[String]| listed.iter().any(|listed| listed == name);
    let in_path = |segment: &str| {
        let parameter = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        parameter == Some(name)
    };
    if v3.path.split('/').any(in_path) {
        return Some(Place::Path);
    }
    if is(&v3.query) {
        return Some(Place::Query);
    }
    if is(&v3.without) {
        return Some(Place::Nowhere);
    }
    if is(&v3.only) {
        return Some(Place::Body);
    }
    let field = method.request.fields.iter().find(|field| field.name == name)?;
    Some(match field.placement {
        Placement::File => Place::File,
        Placement::Business | Placement::TopLevel => Place::Body,
    })
}

/// A query carries lists and objects as JSON text.
fn value(ty: &Type, text: &str) -> Value {
    let is_plain = matches!(ty, Type::Scalar(_)) || !text.starts_with(['[', '{']);
    let read = || serde_json::from_str(text).ok();
    (!is_plain).then(read).flatten().unwrap_or_else(|| Value::from(text))
}
