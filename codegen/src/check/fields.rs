//! The fields of a request, a response or an object type.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::conditions;
use super::constructor::constructor;
use super::docs;
use super::limits;
use super::named;
use super::reader::{Map, Reader, Text};
use super::values::Values;
use super::{rust_names, suggest, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{Constructor, Field, GATEWAY_MEMBERS, Object, Placement, Scalar, Scope, Type, TypeRef};
use crate::names;
use crate::syntax::Node;

/// The type names that a file can refer to.
pub(super) struct Known<'k, 'a> {
    pub(super) own: &'k HashSet<&'a str>,
    /// Those of `types.yaml`: for `types.yaml` itself these are its own.
    pub(super) shared: &'k HashSet<&'a str>,
    /// `types.yaml` couldn't be read, so an unknown name may well be there.
    pub(super) shared_unreadable: bool,
}

/// Whose fields they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Request {
        upload: bool,
    },
    /// The answer to a server call or an upload.
    Answer,
    /// Else what Alipay gives: a page's or an app's result, a notification.
    Response,
    Type,
}

/// Fields that have been read.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) object: Object,
    /// Of each field, where its `implied` stands: the types it depends on are only known later.
    pub(super) implied: Vec<Option<Span>>,
    /// Of each field, where its `echo` stands: the request is read apart from the answer.
    pub(super) echo: Vec<Option<Span>>,
    pub(super) late: Late<'a>,
}

/// What can only be read when all types are known.
#[derive(Default)]
pub(super) struct Late<'a> {
    /// Of each field, its `example`.
    examples: Vec<Option<&'a Node<'a>>>,
    /// The order of the constructor's parameters.
    new: Option<&'a Node<'a>>,
}

/// What [`Late`] has to say.
pub(super) struct Resolved {
    examples: Vec<Option<Value>>,
    constructor: Constructor,
}

impl Late<'_> {
    /// Reads it, of an object whose fields these are.
    pub(super) fn resolve(&self, object: &Object, values: &Values<'_>) -> Resolved {
        let fields = object.fields.iter().zip(&self.examples);
        Resolved {
            examples: fields
                .map(|(field, node)| node.and_then(|node| values.example(field, node)))
                .collect(),
            constructor: constructor(values.reader, object, self.new, values.definitions),
        }
    }
}

impl Resolved {
    /// Gives it to the object.
    pub(super) fn apply(self, object: &mut Object) {
        for (field, example) in object.fields.iter_mut().zip(self.examples) {
            field.example = example;
        }
        object.constructor = self.constructor;
    }
}

impl Fields<'_> {
    /// Reads what waits for the types, now that they are known.
    pub(super) fn resolve_late(&mut self, values: &Values<'_>) {
        self.late.resolve(&self.object, values).apply(&mut self.object);
    }

    pub(super) fn find(&self, name: &str) -> Option<&Field> {
        named::find(&self.object, name)
    }

    /// The field that a text names; where there is none, says so.
    pub(super) fn resolve(&self, reader: Reader<'_>, name: Text<'_>) -> Option<&Field> {
        named::resolve(reader, &self.object, name)
    }
}

const KEYS: [&str; 23] = [
    "type",
    "label",
    "unlabelled",
    "doc",
    "deprecated",
    "example",
    "required",
    "required_unless",
    "max_length",
    "only",
    "without",
    "max_items",
    "range",
    "min_size",
    "max_size",
    "extensions",
    "in",
    "secret",
    "implied",
    "echo",
    "essential",
    "own",
    "rust_name",
];

/// Reads a mapping of fields. What `around` it says of them is `one_of`, the groups of which one must be given, and `new`.
pub(super) fn fields<'a>(
    reader: Reader<'_>,
    known: &Known<'_, '_>,
    node: Option<&'a Node<'a>>,
    around: Option<&Map<'a>>,
    site: Site,
) -> Fields<'a> {
    let of = |key| around.and_then(|map| map.get(key));
    let mut fields = Fields::default();
    fields.late.new = of("new");
    let mut unless = Vec::new();
    let mut rust_idents = HashMap::new();
    for (name, node) in node.and_then(|node| reader.entries(node)).unwrap_or_default() {
        let Some(map) = reader.map(node, name.span, &KEYS) else {
            continue;
        };
        let (field, implied) = field(reader, known, name, &map, site);
        let ident = field.rust_name.clone().unwrap_or_else(|| names::field(&field.name));
        rust_names::unique(reader, &mut rust_idents, ident, name.span);
        if let Some(node) = map.get("required_unless") {
            unless.push((fields.object.fields.len(), node));
        }
        fields.object.fields.push(field);
        fields.implied.push(implied);
        fields.echo.push(map.get("echo").map(|_| map.key_span("echo")));
        fields.late.examples.push(map.get("example"));
    }
    conditions::conditions(reader, &mut fields.object, of("one_of"), &unless);
    fields
}

fn field(
    reader: Reader<'_>,
    known: &Known<'_, '_>,
    name: Text<'_>,
    map: &Map<'_>,
    site: Site,
) -> (Field, Option<Span>) {
    if !wellformed::field(name.text) {
        let message = format!("`{}` cannot be a field's name", name.text);
        reader.add(
            Code::Malformed,
            name.span,
            message,
            "use letters, digits and `_`, as the gateway does",
        );
    }
    let ty = ty(reader, known, map);
    let required = reader.flag(map, "required");
    let limits = limits::limits(reader, map, ty.as_ref());
    let (implied, implied_span) = implied(reader, map, site, required);
    let field = Field {
        name: name.text.to_owned(),
        doc: docs::named(reader, map, name.text, "say in English what the field is"),
        deprecated: docs::deprecated(reader, map),
        example: None,
        required,
        required_unless: Vec::new(),
        max_length: limits.max_length,
        only: limits.only,
        without: limits.without,
        max_items: limits.max_items,
        range: limits.range,
        min_size: limits.min_size,
        max_size: limits.max_size,
        extensions: limits.extensions,
        placement: placement(reader, map, ty.as_ref(), site),
        secret: secret(reader, map, ty.as_ref()),
        implied,
        echo: answer_flag(reader, map, site, "echo"),
        essential: answer_flag(reader, map, site, "essential"),
        own: own(reader, name, map, site),
        rust_name: rust_names::field(reader, map, name.text),
        // A reference to nothing: of its values nothing is known.
        ty: ty.unwrap_or(Type::Named(TypeRef {
            scope: Scope::Own,
            name: String::new(),
        })),
    };
    if matches!(site, Site::Answer | Site::Response) && map.get("required_unless").is_some() {
        request_only(reader, map, "required_unless");
    }
    (field, implied_span)
}

const SCALARS: [(&str, Scalar); 9] = [
    ("string", Scalar::String),
    ("int", Scalar::Int),
    ("bool", Scalar::Bool),
    ("price", Scalar::Price),
    ("datetime", Scalar::DateTime),
    ("date", Scalar::Date),
    ("url", Scalar::Url),
    ("json", Scalar::Json),
    ("file", Scalar::File),
];

fn ty(reader: Reader<'_>, known: &Known<'_, '_>, map: &Map<'_>) -> Option<Type> {
    let help = "name a scalar, a type of this file or one of `types.yaml`, with `[]` for a list";
    let text = reader
        .required(map, "type", help)
        .and_then(|node| reader.text_or(node, help))?;
    let (name, list) = text
        .text
        .strip_suffix("[]")
        .map_or((text.text, false), |name| (name, true));
    let scalar = SCALARS
        .iter()
        .find(|(word, _)| *word == name)
        .map(|&(_, scalar)| Type::Scalar(scalar));
    let named = |scope| {
        Type::Named(TypeRef {
            scope,
            name: name.to_owned(),
        })
    };
    let item = match scalar {
        Some(scalar) => Some(scalar),
        None if known.own.contains(name) => Some(named(Scope::Own)),
        None if known.shared.contains(name) => Some(named(Scope::Shared)),
        None => {
            if !known.shared_unreadable {
                let scalars = SCALARS.iter().map(|(word, _)| *word);
                let mut types: Vec<&str> = known.own.iter().chain(known.shared).copied().collect();
                types.sort_unstable();
                let help = suggest::among(name, scalars.chain(types));
                reader.add(Code::UnknownType, text.span, format!("unknown type `{name}`"), help);
            }
            None
        }
    }?;
    Some(if list { Type::List(Box::new(item)) } else { item })
}

fn placement(reader: Reader<'_>, map: &Map<'_>, ty: Option<&Type>, site: Site) -> Placement {
    let words = [
        ("business", Some(Placement::Business)),
        ("top_level", Some(Placement::TopLevel)),
        ("file", Some(Placement::File)),
    ];
    let placement = match map.get("in").map(|node| (node, reader.word(node, &words).flatten())) {
        None => Placement::Business,
        Some((node, placement)) => {
            if !matches!(site, Site::Request { .. }) {
                request_only(reader, map, "in");
            } else if placement == Some(Placement::Business) {
                let message = "`in: business` is the default";
                reader.add(Code::SaysNothing, node.span, message, "leave `in` out");
            }
            placement.unwrap_or(Placement::Business)
        }
    };
    let (holds_file, is_list) = match ty {
        Some(Type::Scalar(scalar)) => (*scalar == Scalar::File, false),
        Some(Type::List(item)) => (**item == Type::Scalar(Scalar::File), true),
        _ => (false, false),
    };
    let problem = match (holds_file, placement == Placement::File) {
        (true, _) if is_list => Some(("files cannot be listed", "give each file a field of its own")),
        (true, _) if site != (Site::Request { upload: true }) => Some((
            "only the request of an upload has files",
            "make the method `kind: upload`, or take another type",
        )),
        (true, false) => Some(("a file goes into a part of its own", "add `in: file`")),
        (false, true) if ty.is_some() => Some(("only a file goes `in: file`", "make it `type: file`")),
        _ => None,
    };
    if let Some((message, help)) = problem {
        reader.add(Code::Placement, map.at, message, help);
    }
    placement
}

fn secret(reader: Reader<'_>, map: &Map<'_>, ty: Option<&Type>) -> bool {
    let secret = reader.flag(map, "secret");
    if secret && !matches!(ty, None | Some(Type::Scalar(Scalar::String))) {
        let help = "only `type: string` can be secret";
        reader.add(
            Code::MisplacedSecret,
            map.key_span("secret"),
            "a field of this type cannot be secret",
            help,
        );
    }
    secret
}

fn implied(reader: Reader<'_>, map: &Map<'_>, site: Site, required: bool) -> (Option<String>, Option<Span>) {
    let Some(text) = map.get("implied").and_then(|node| reader.optional_text(node)) else {
        return (None, None);
    };
    let span = map.key_span("implied");
    if !matches!(site, Site::Request { .. }) {
        request_only(reader, map, "implied");
    } else if required || map.get("required_unless").is_some() {
        let help = "leave out either: a caller need not give what is implied";
        reader.add(
            Code::MisplacedImplied,
            span,
            "a field that must be given cannot be implied",
            help,
        );
    }
    (Some(text.text.to_owned()), Some(text.span))
}

fn answer_flag(reader: Reader<'_>, map: &Map<'_>, site: Site, key: &str) -> bool {
    let flag = reader.flag(map, key);
    if flag && site != Site::Answer {
        let message = format!("`{key}` applies to fields of the answer to a server call only");
        reader.add(
            Code::AnswerOnly,
            map.key_span(key),
            message,
            format!("leave `{key}` out"),
        );
    }
    flag
}

/// A field that is called as one of the gateway's members is the method's own, or stands in no spec.
fn own(reader: Reader<'_>, name: Text<'_>, map: &Map<'_>, site: Site) -> bool {
    let own = reader.flag(map, "own");
    let is_member = site == Site::Answer && GATEWAY_MEMBERS.contains(&name.text);
    if is_member && !own {
        let message = format!("the gateway itself writes `{}` into every answer", name.text);
        let help =
            "leave the field out where it is the gateway's; where the method has one of its own, say `own: true`";
        reader.add(Code::OwnMember, name.span, message, help);
    } else if own && !is_member {
        let message = "`own` applies to `code`, `msg`, `sub_code` and `sub_msg` in the answer to a server call only";
        reader.add(Code::OwnMember, map.key_span("own"), message, "leave `own` out");
    }
    own
}

fn request_only(reader: Reader<'_>, map: &Map<'_>, key: &str) {
    let message = format!("`{key}` applies to a request's own fields only");
    reader.add(
        Code::RequestOnly,
        map.key_span(key),
        message,
        format!("leave `{key}` out"),
    );
}
