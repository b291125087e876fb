//! One gateway method.

use std::collections::{HashMap, HashSet};

use super::errors::{self, SharedErrors};
use super::examples;
use super::fields::{Fields, Known, Site, fields};
use super::reader::{Map, Reader, Text};
use super::spec_file::SpecFile;
use super::types::{self, Types};
use super::usage::{self, Usage};
use super::values::{Definitions, Values, Way};
use super::{docs, page, rust_names, suggest, v3, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{Gateway, Kind, Method, Outcome, OutcomeMeaning, Placement, Repeat, Retry, Scalar, Type, TypeBody};
use crate::names;
use crate::syntax::Kind as NodeKind;

const KEYS: [&str; 23] = [
    "method",
    "title",
    "untitled",
    "doc",
    "deprecated",
    "source",
    "kind",
    "credentials",
    "encrypt",
    "retry",
    "v3",
    "one_of",
    "new",
    "request",
    "response",
    "page",
    "types",
    "outcomes",
    "without_code",
    "shared_errors",
    "errors",
    "examples",
    "rust_name",
];

/// What a method can refer to.
pub(super) struct Surroundings<'s> {
    pub(super) product: &'s str,
    pub(super) shared: &'s Types<'s>,
    pub(super) shared_names: &'s HashSet<&'s str>,
    pub(super) errors: SharedErrors<'s>,
    pub(super) gateway: &'s Gateway,
    /// The methods that have a spec, of all products.
    pub(super) methods: &'s [&'s str],
    /// The products that have a folder.
    pub(super) products: &'s [&'s str],
}

/// Reads a method's file; `None` where that says nothing at all.
pub(super) fn method(
    reader: Reader<'_>,
    file: SpecFile<'_>,
    around: &mut Surroundings<'_>,
    usage: &mut Usage,
) -> Option<Method> {
    let map = reader.map(file.tree.as_ref()?, file.at, &KEYS)?;
    let name = name(reader, &map, file, around);
    let (kind, kind_known) = kind(reader, &map);

    let declared = types::declared(reader, map.get("types"));
    check_shadows(reader, declared.iter().map(|(own, _)| *own), around.shared_names);
    let own_names = types::names_of(&declared);
    let known = Known {
        own: &own_names,
        shared: around.shared_names,
        shared_unreadable: around.errors.unreadable,
    };
    let rust_name = rust_name(reader, &map, &name, around.product);
    let mut idents = HashMap::new();
    // Of a method in the wrong folder nothing is known.
    let in_rust = names::method(&name, around.product, rust_name.as_deref());
    if let Some((request, _)) = &in_rust {
        rust_names::unique(reader, &mut idents, names::companion(request, "Response"), map.at);
        rust_names::unique(reader, &mut idents, names::companion(request, "ErrorCode"), map.at);
        rust_names::unique(reader, &mut idents, request.clone(), map.at);
    }
    let mut own = types::types(reader, &declared, &known, &mut idents);
    let upload = kind == Kind::Upload || !kind_known;
    let mut request = fields(reader, &known, map.get("request"), Some(&map), Site::Request { upload });
    let site = if kind.is_answered() {
        Site::Answer
    } else {
        Site::Response
    };
    let mut response = fields(reader, &known, map.get("response"), None, site);
    check_echoes(reader, &request, &response);
    let definitions = Definitions::new(&own.definitions, &around.shared.definitions);
    resolve_late(reader, &definitions, &mut request, &mut response);
    let late = own.late(&field_values(reader, &definitions, Way::Response));
    own.apply(reader, late, &mut idents);
    if let Some((ident, _)) = &in_rust {
        rust_names::required(reader, &mut idents, ident, &request.object, map.at);
    }
    let definitions = Definitions::new(&own.definitions, &around.shared.definitions);
    check_implied(reader, &request, &definitions);
    if kind_known {
        check_files(reader, &map, kind, &request);
    }
    usage.file(reader, file.name, [&request.object, &response.object], &own);
    usage::infinite(reader, &own);

    let retry = retry(
        reader,
        &map,
        &name,
        kind_known.then_some(kind),
        &request,
        around.methods,
    );
    let outcomes = outcomes(reader, &map, kind);
    let errors = errors::of_method(
        reader,
        file.name,
        map.get("errors"),
        map.get("shared_errors"),
        &mut around.errors,
        around.gateway,
    );
    let sides = examples::Sides {
        kind,
        request: &request.object,
        response: &response.object,
        errors: &errors,
        errors_known: !around.errors.unreadable,
    };
    let examples = examples::examples(reader, map.get("examples"), &sides, &definitions, around.gateway);
    Some(Method {
        product: around.product.to_owned(),
        file: file.path.to_owned(),
        title: docs::title(reader, &map, &name),
        doc: docs::required(
            reader,
            &map,
            &name,
            "say in English what the method does and when to use it",
        ),
        deprecated: docs::deprecated(reader, &map),
        source: reader.address(&map, "source"),
        kind,
        certificate_only: flag_word(reader, &map, "credentials", "certificate"),
        encrypted: flag_word(reader, &map, "encrypt", "required"),
        page: page::page(reader, &map, (kind, &retry, &outcomes), &request, &response),
        retry,
        v3: map
            .get("v3")
            .and_then(|node| v3::v3(reader, node, map.key_span("v3"), &request)),
        outcomes,
        without_code: without_code(reader, &map, kind),
        name,
        request: request.object,
        response: response.object,
        types: own.definitions,
        errors,
        examples,
        rust_name,
    })
}

/// How a field's example is read.
fn field_values<'v>(reader: Reader<'v>, definitions: &'v Definitions<'v>, way: Way) -> Values<'v> {
    Values {
        reader,
        definitions,
        way,
        misfit: Code::FieldExample,
    }
}

fn resolve_late(
    reader: Reader<'_>,
    definitions: &Definitions<'_>,
    request: &mut Fields<'_>,
    response: &mut Fields<'_>,
) {
    request.resolve_late(&field_values(reader, definitions, Way::Request));
    response.resolve_late(&field_values(reader, definitions, Way::Response));
}

/// A method's types are not called as shared ones.
fn check_shadows<'a>(reader: Reader<'_>, declared: impl Iterator<Item = Text<'a>>, shared: &HashSet<&str>) {
    for own in declared.filter(|own| shared.contains(own.text)) {
        let message = format!("`types.yaml` defines a type `{}` too", own.text);
        let help = "use the shared one, or tell them apart by another name and a `rust_name`";
        reader.add(Code::ShadowedType, own.span, message, help);
    }
}

/// An upload has a file at least.
fn check_files(reader: Reader<'_>, map: &Map<'_>, kind: Kind, request: &Fields<'_>) {
    if kind == Kind::Upload && request.object.fields.iter().all(|f| f.placement != Placement::File) {
        let help = "give it a field with `type: file` and `in: file`, or make it `kind: server`";
        reader.add(
            Code::UploadWithoutFile,
            map.key_span("kind"),
            "the upload has no file",
            help,
        );
    }
}

fn name(reader: Reader<'_>, map: &Map<'_>, file: SpecFile<'_>, around: &Surroundings<'_>) -> String {
    let help = format!("name the method: `method: {}`", file.name);
    let Some(name) = reader.required(map, "method", &help).and_then(|node| reader.text(node)) else {
        return file.name.to_owned();
    };
    method_name(reader, name);
    if name.text != file.name {
        let message = format!("the file's name is `{}.yaml`", file.name);
        reader.add(
            Code::FileName,
            name.span,
            message,
            format!("rename the file to `{}.yaml`", name.text),
        );
    } else if wellformed::method(name.text) {
        folder(reader, name, around);
    }
    name.text.to_owned()
}

/// A method stands in the folder of the product that most of its name belongs to.
fn folder(reader: Reader<'_>, name: Text<'_>, around: &Surroundings<'_>) {
    let product = around.product;
    let belongs = names::product_among(name.text, around.products.iter().copied());
    if belongs == Some(product) {
        return;
    }
    let folder = belongs.unwrap_or_else(|| names::first_segment(name.text));
    let message = format!("`{}` belongs to `{folder}`, not to `{product}`", name.text);
    let help = format!("move the file to `{folder}/`");
    reader.add(Code::WrongFolder, name.span, message, help);
}

fn method_name(reader: Reader<'_>, name: Text<'_>) {
    if !wellformed::method(name.text) {
        let message = format!("`{}` cannot be a method's name", name.text);
        reader.add(
            Code::Malformed,
            name.span,
            message,
            "write it as the gateway does: `alipay.trade.pay`",
        );
    }
}

fn rust_name(reader: Reader<'_>, map: &Map<'_>, name: &str, product: &str) -> Option<String> {
    let derived = names::stem(name, product).map(names::type_of);
    rust_names::camel(reader, map, derived.as_deref())
}

/// The kind, and whether it is known or only assumed.
fn kind(reader: Reader<'_>, map: &Map<'_>) -> (Kind, bool) {
    let kinds = [
        ("server", Kind::Server),
        ("page", Kind::Page),
        ("app", Kind::App),
        ("upload", Kind::Upload),
    ];
    let help = "say how it is called: `server`, `page`, `app`, `upload` or `[page, app]`";
    let kind = reader.required(map, "kind", help).and_then(|node| {
        let NodeKind::Sequence(items) = &node.kind else {
            return reader.word(node, &kinds);
        };
        let found: Option<Vec<Kind>> = items.iter().map(|item| reader.word(item, &kinds)).collect();
        let both = matches!(found?.as_slice(), [Kind::Page, Kind::App] | [Kind::App, Kind::Page]);
        if !both {
            let help = "write `[page, app]`, or one word";
            reader.add(Code::Kinds, node.span, "a method cannot be called in these ways", help);
        }
        both.then_some(Kind::PageOrApp)
    });
    (kind.unwrap_or(Kind::Server), kind.is_some())
}

/// Whether a key says the only word that it can say.
fn flag_word(reader: Reader<'_>, map: &Map<'_>, key: &str, word: &str) -> bool {
    map.get(key)
        .and_then(|node| reader.word(node, &[(word, true)]))
        .unwrap_or(false)
}

fn retry(
    reader: Reader<'_>,
    map: &Map<'_>,
    name: &str,
    kind: Option<Kind>,
    request: &Fields<'_>,
    methods: &[&str],
) -> Retry {
    let node = match (map.get("retry"), kind) {
        (None, Some(kind)) if kind.is_answered() => {
            let help = "add `retry: read`, `retry: never` or `retry: { key: FIELD, ask: METHOD }`";
            reader.add(Code::Retry, map.at, "`retry` is missing", help);
            return Retry::Never;
        }
        (Some(_), Some(kind)) if !kind.is_answered() => {
            let message = "`retry` applies to server calls and uploads only";
            reader.add(Code::Retry, map.key_span("retry"), message, "leave `retry` out");
            return Retry::Never;
        }
        (None, _) => return Retry::Never,
        (Some(node), _) => node,
    };
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        let reads = reader.word(node, &[("read", true), ("never", false)]);
        return if reads == Some(true) { Retry::Read } else { Retry::Never };
    }
    let Some(keyed) = reader.map(node, map.key_span("retry"), &["key", "ask", "repeat"]) else {
        return Retry::Never;
    };
    let help = "name the field of the request that is carried out once";
    let key = reader.required(&keyed, "key", help).and_then(|node| reader.text(node));
    let repeats = [("same", Repeat::Same), ("refused", Repeat::Refused)];
    let repeat = keyed.get("repeat").and_then(|node| reader.word(node, &repeats));
    let help = "name the method that tells what became of it; only with `repeat: same` a repeat tells it too";
    let ask = match keyed.get("ask") {
        // The same request again tells it.
        None if repeat == Some(Repeat::Same) => Some(Text {
            text: name,
            span: keyed.at,
        }),
        _ => reader.required(&keyed, "ask", help).and_then(|node| reader.text(node)),
    };
    if let Some(key) = key {
        request.resolve(reader, key);
    }
    if let Some(ask) = ask {
        method_name(reader, ask);
        // Methods that have no spec can be asked as well, but a slip is likelier than such a neighbour.
        if let Some(meant) = suggest::slip(ask.text, methods.iter().copied()) {
            let message = format!("no spec describes `{}`, but one describes `{meant}`", ask.text);
            reader.add(Code::AskedMethod, ask.span, message, format!("did you mean `{meant}`?"));
        }
    }
    let owned = |text: Option<Text<'_>>| text.map_or_else(String::new, |text| text.text.to_owned());
    Retry::Keyed {
        key: owned(key),
        ask: owned(ask),
        repeat,
    }
}

fn outcomes(reader: Reader<'_>, map: &Map<'_>, kind: Kind) -> Vec<Outcome> {
    let Some(node) = map.get("outcomes") else {
        return Vec::new();
    };
    if !kind.is_answered() {
        let message = "a page or an app is not answered with a code";
        reader.add(Code::Outcome, map.key_span("outcomes"), message, "leave `outcomes` out");
    }
    let mut outcomes = Vec::new();
    for (code, node) in reader.entries(node).unwrap_or_default() {
        let meanings = [("done", OutcomeMeaning::Done), ("pending", OutcomeMeaning::Pending)];
        if let Some(meaning) = reader.word(node, &meanings) {
            let (sound, help) = match meaning {
                OutcomeMeaning::Pending => (
                    wellformed::gateway_code(code.text),
                    "name a gateway code of five digits other than `10000`",
                ),
                OutcomeMeaning::Done => (
                    wellformed::own_code(code.text),
                    "name a code of the method's own, such as `200`: those of five digits are the gateway's",
                ),
            };
            if !sound {
                let message = format!("`{}` cannot be an outcome's code", code.text);
                reader.add(Code::Outcome, code.span, message, help);
            }
            outcomes.push(Outcome {
                code: code.text.to_owned(),
                meaning,
            });
        }
    }
    outcomes
}

fn without_code(reader: Reader<'_>, map: &Map<'_>, kind: Kind) -> bool {
    let without_code = reader.flag(map, "without_code");
    if without_code && !kind.is_answered() {
        let message = "a page or an app is not answered with a code";
        reader.add(
            Code::Outcome,
            map.key_span("without_code"),
            message,
            "leave `without_code` out",
        );
    }
    without_code
}

/// What an answer repeats, the request has to ask for.
fn check_echoes(reader: Reader<'_>, request: &Fields<'_>, response: &Fields<'_>) {
    for (field, span) in response.object.fields.iter().zip(&response.echo) {
        if let (true, Some(span)) = (field.echo, *span) {
            let name = Text {
                text: &field.name,
                span,
            };
            request.resolve(reader, name);
        }
    }
}

/// Only strings and enums are implied: a product code, a scene.
fn check_implied(reader: Reader<'_>, request: &Fields<'_>, definitions: &Definitions<'_>) {
    for (field, span) in request.object.fields.iter().zip(&request.implied) {
        let (Some(implied), &Some(span)) = (&field.implied, span) else {
            continue;
        };
        match &field.ty {
            Type::Scalar(Scalar::String) => {
                let length = u32::try_from(implied.chars().count()).unwrap_or(u32::MAX);
                if field.max_length.is_some_and(|max| length > max) {
                    let message = "what is implied is longer than `max_length`";
                    reader.add(Code::MisplacedImplied, span, message, "correct either");
                }
            }
            Type::Named(reference) => match definitions.get(reference).map(|definition| &definition.body) {
                Some(TypeBody::Enum(values)) if values.iter().all(|value| value.value != *implied) => {
                    let message = format!("`{}` has no value `{implied}`", reference.name);
                    let help = suggest::among(implied, values.iter().map(|value| value.value.as_str()));
                    reader.add(Code::MisplacedImplied, span, message, help);
                }
                Some(TypeBody::Object(_)) => not_implied(reader, span),
                _ => {}
            },
            _ => not_implied(reader, span),
        }
    }
}

fn not_implied(reader: Reader<'_>, span: Span) {
    let help = "only a `string` or an enum can be implied; leave `implied` out";
    reader.add(
        Code::MisplacedImplied,
        span,
        "a value of this type cannot be implied",
        help,
    );
}
