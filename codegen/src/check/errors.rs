//! Error codes and their classes.

use std::collections::{HashMap, HashSet};

use super::reader::{Reader, Text};
use super::{docs, rust_names, suggest, usage, wellformed};
use crate::diagnostics::{Code, Span};
use crate::ir::{ErrorClass, ErrorCode, Gateway};
use crate::names;
use crate::syntax::Node;

const CLASSES: [(&str, ErrorClass); 6] = [
    ("retry", ErrorClass::Retry),
    ("unknown", ErrorClass::Unknown),
    ("done", ErrorClass::Done),
    ("request", ErrorClass::Request),
    ("declined", ErrorClass::Declined),
    ("setup", ErrorClass::Setup),
];

/// A described code, and where it stands.
pub(super) struct Described {
    pub(super) error: ErrorCode,
    pub(super) span: Span,
}

/// A mapping of codes to class and doc. A method's own may be bare: `{}`.
pub(super) fn described<'a>(reader: Reader<'_>, node: Option<&'a Node<'a>>, may_be_bare: bool) -> Vec<Described> {
    let mut described = Vec::new();
    for (code, node) in node.and_then(|node| reader.entries(node)).unwrap_or_default() {
        if !wellformed::code(code.text) {
            let message = format!("`{}` cannot be an error code", code.text);
            reader.add(
                Code::Malformed,
                code.span,
                message,
                "use letters, digits, `.`, `_` and `-`, as the gateway does",
            );
        }
        let Some(map) = reader.map(node, code.span, &["class", "doc"]) else {
            continue;
        };
        if may_be_bare && ["class", "doc"].iter().all(|key| map.get(key).is_none()) {
            let (code, span) = (code.text.to_owned(), code.span);
            let doc = String::new();
            described.push(Described {
                error: ErrorCode { code, class: None, doc },
                span,
            });
            continue;
        }
        let help = "say what a caller can do: `retry`, `unknown`, `done`, `request`, `declined` or `setup`";
        let class = reader
            .required(&map, "class", help)
            .and_then(|node| reader.word(node, &CLASSES));
        let doc = map.get("doc").and_then(|node| reader.optional_text(node));
        if let Some(doc) = doc {
            docs::no_filler(reader, doc, code.text, "or leave `doc` out");
        }
        let error = ErrorCode {
            code: code.text.to_owned(),
            class: Some(class.unwrap_or(ErrorClass::Request)),
            doc: doc.map_or_else(String::new, |doc| doc.text.to_owned()),
        };
        described.push(Described { error, span: code.span });
    }
    described
}

/// The codes that a product's `types.yaml` describes, and which of them a method lists.
#[derive(Default)]
pub(super) struct SharedErrors<'a> {
    pub(super) codes: &'a [Described],
    index: HashMap<&'a str, usize>,
    /// Of each, the methods that list it.
    listed: Vec<Vec<String>>,
    /// `types.yaml` couldn't be read.
    pub(super) unreadable: bool,
}

impl<'a> SharedErrors<'a> {
    pub(super) fn new(codes: &'a [Described], unreadable: bool) -> Self {
        let index = codes
            .iter()
            .enumerate()
            .map(|(at, code)| (code.error.code.as_str(), at))
            .collect();
        Self {
            codes,
            index,
            listed: vec![Vec::new(); codes.len()],
            unreadable,
        }
    }

    /// Complains about those that no method listed, or only one.
    pub(super) fn finish(&self, reader: Reader<'_>) {
        for (code, listed) in self.codes.iter().zip(&self.listed) {
            let name = &code.error.code;
            match listed.as_slice() {
                [] => {
                    let message = format!("no method lists `{name}` under `shared_errors`");
                    let help = "list it where it belongs, or delete it here";
                    reader.add(Code::UnlistedError, code.span, message, help);
                }
                [only] => usage::shared_by_one(reader, name, code.span, only),
                _ => {}
            }
        }
    }

    fn get(&self, code: &str) -> Option<&'a ErrorCode> {
        self.index.get(code).map(|&at| &self.codes[at].error)
    }

    fn list(&mut self, reader: Reader<'_>, method: &str, name: Text<'_>) -> Option<ErrorCode> {
        let Some(&at) = self.index.get(name.text) else {
            if !self.unreadable {
                let help = suggest::among(name.text, self.codes.iter().map(|code| code.error.code.as_str()));
                let message = format!("`types.yaml` has no error code `{}`", name.text);
                reader.add(Code::UnknownError, name.span, message, help);
            }
            return None;
        };
        let listed = &mut self.listed[at];
        if listed.last().is_none_or(|last| last != method) {
            listed.push(method.to_owned());
        }
        Some(self.codes[at].error.clone())
    }
}

/// A method's own and shared codes, by code.
pub(super) fn of_method<'a>(
    reader: Reader<'_>,
    method: &str,
    own: Option<&'a Node<'a>>,
    listed: Option<&'a Node<'a>>,
    shared: &mut SharedErrors<'_>,
    gateway: &Gateway,
) -> Vec<ErrorCode> {
    let mut errors: Vec<ErrorCode> = Vec::new();
    let mut seen = HashSet::new();
    let mut variants = HashMap::new();
    let mut note = |error: ErrorCode, span: Span| {
        if !seen.insert(error.code.clone()) {
            let message = format!("the error code `{}` is listed twice", error.code);
            reader.add(
                Code::RepeatedError,
                span,
                message,
                "keep it either under `errors` or under `shared_errors`, once",
            );
            return;
        }
        variant(reader, &mut variants, &error.code, span);
        errors.push(error);
    };
    for Described { error, span } in described(reader, own, true) {
        let is_bare = error.class.is_none();
        // What has no doc says its class alone.
        let says = |same: &ErrorCode| same.class == error.class && (error.doc.is_empty() || same.doc == error.doc);
        if shared.get(&error.code).is_some_and(|same| is_bare || says(same)) {
            let message = if is_bare {
                format!("`types.yaml` describes `{}`, and this does not", error.code)
            } else {
                format!("`{}` says here what `types.yaml` says", error.code)
            };
            reader.add(
                Code::RepeatedError,
                span,
                message,
                "list it under `shared_errors` instead",
            );
        } else if gateway
            .errors
            .iter()
            .any(|same| same.code == error.code && (is_bare || says(same)))
        {
            let message = if is_bare {
                format!("`gateway.yaml` describes `{}` for every method", error.code)
            } else {
                format!("`{}` says here what `gateway.yaml` says of every method", error.code)
            };
            reader.add(Code::RepeatedError, span, message, "leave it out");
        }
        note(error, span);
    }
    for name in listed.map(|node| reader.texts(node)).unwrap_or_default() {
        if let Some(error) = shared.list(reader, method, name) {
            note(error, name.span);
        }
    }
    errors.sort_by(|one, other| one.code.cmp(&other.code));
    errors
}

/// Notes the variant that a code becomes.
pub(super) fn variant(reader: Reader<'_>, variants: &mut HashMap<String, Span>, code: &str, span: Span) {
    if let Some(variant) = names::variant(code) {
        rust_names::unique(reader, variants, variant, span);
    }
}
