//! A draft as text.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::catalogue::{Field, Method, Object};
use super::product_of;
use super::shared::Shared;
use crate::names;

/// What a draft's fields can refer to.
struct Types<'t> {
    own: &'t BTreeMap<&'t str, &'t Object>,
    shared: &'t Shared,
}

impl Types<'_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.shared.types.contains(name)
    }
}

/// What a draft says where the catalogue knows nothing.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) doc: &'static str,
    pub(super) source: &'static str,
    pub(super) class: &'static str,
}

/// Nothing: the checker refuses it, so that nobody forgets to say it.
pub(super) const UNSAID: Words = Words {
    title: "\"\"",
    doc: "\"\"",
    source: "\"\"",
    class: "\"\"",
};

/// Something that says nothing, but can be generated from.
pub(super) const MADE_UP: Words = Words {
    title: "接口",
    doc: "What it is and when it is given.",
    source: "https://opendocs.alipay.com/",
    class: "request",
};

/// A product's `types.yaml`.
pub(super) fn types(shared: &BTreeMap<&str, &Object>, known: &Shared, words: &Words) -> String {
    let own = BTreeMap::new();
    let types = &Types {
        own: &own,
        shared: known,
    };
    let mut out = "types:\n".to_owned();
    for (name, object) in shared {
        definition(&mut out, name, "", object, types, words);
    }
    out
}

pub(super) fn method(method: &Method, own: &BTreeMap<&str, &Object>, shared: &Shared, words: &Words) -> String {
    let types = &Types { own, shared };
    let product = product_of(&method.name);
    let mut out = String::new();
    let kind = if method.files.is_empty() { "server" } else { "upload" };
    let retry = if is_reading(&method.name) {
        "read # guessed"
    } else {
        "never # guessed"
    };
    let _ = write!(
        out,
        "method: {}\ntitle: {}\ndoc: {}\nsource: {}\nkind: {kind}\nretry: {retry}\n",
        method.name, words.title, words.doc, words.source
    );
    if let Some(v3) = &method.v3 {
        let _ = write!(out, "v3: {{ verb: {}, path: \"{}\"", v3.verb, v3.path);
        if !v3.query.is_empty() {
            let _ = write!(out, ", query: [{}]", v3.query.join(", "));
        }
        out.push_str(if v3.multipart { ", multipart: true }\n" } else { " }\n" });
    }
    if method.biz_content.len() + method.params.len() + method.files.len() > 0 {
        out.push_str("request:\n");
        let files: HashSet<&str> = method.files.iter().map(String::as_str).collect();
        let params = method
            .params
            .iter()
            .filter(|field| !files.contains(field.name.as_str()));
        method
            .biz_content
            .iter()
            .for_each(|field| line(&mut out, "  ", field, "", types, words));
        params.for_each(|field| line(&mut out, "  ", field, ", in: top_level", types, words));
        for name in &method.files {
            let _ = writeln!(out, "  {name}: {{ type: file, in: file, doc: {} }}", words.doc);
        }
    }
    if !method.response.is_empty() {
        out.push_str("response:\n");
        method
            .response
            .iter()
            .for_each(|field| line(&mut out, "  ", field, "", types, words));
    }
    if !own.is_empty() {
        out.push_str("types:\n");
    }
    let taken = names::method(&method.name, product, None).map_or_else(Vec::new, |(request, _)| {
        vec![
            names::companion(&request, "Response"),
            names::companion(&request, "ErrorCode"),
            request,
        ]
    });
    for (name, object) in own {
        let rust_name = if taken.contains(&names::named_type(name)) {
            format!("    rust_name: {name}Data # the method's own types take its name\n")
        } else {
            String::new()
        };
        definition(&mut out, name, &rust_name, object, types, words);
    }
    let (listed, described): (Vec<&String>, Vec<&String>) = method
        .error_codes
        .iter()
        .partition(|code| shared.errors.contains(*code));
    if !listed.is_empty() {
        out.push_str("shared_errors:\n");
    }
    for code in listed {
        let _ = writeln!(out, "  - {code}");
    }
    if !described.is_empty() {
        out.push_str("errors:\n");
    }
    for code in described {
        let _ = writeln!(out, "  {code}: {{ class: {}, doc: {} }}", words.class, words.doc);
    }
    out
}

fn definition(out: &mut String, name: &str, rust_name: &str, object: &Object, types: &Types<'_>, words: &Words) {
    let _ = writeln!(
        out,
        "  {name}:\n    doc: {}\n{rust_name}    fields:{}",
        words.doc,
        if object.fields.is_empty() { " {}" } else { "" }
    );
    let fields = object.fields.iter();
    fields.for_each(|field| line(out, "      ", field, "", types, words));
}

fn line(out: &mut String, indent: &str, field: &Field, rest: &str, types: &Types<'_>, words: &Words) {
    let (ty, guessed) = ty(field, types);
    let ty = if field.list {
        format!("\"{ty}[]\"")
    } else {
        ty.to_owned()
    };
    let note = if guessed { " # guessed" } else { "" };
    let _ = writeln!(
        out,
        "{indent}{}: {{ type: {ty}{rest}, doc: {} }}{note}",
        field.name, words.doc
    );
}

/// The type, and whether that is a guess: the wire's own types don't tell money and time from text.
fn ty<'a>(field: &'a Field, types: &Types<'_>) -> (&'a str, bool) {
    let name = field.name.as_str();
    match field.ty.as_str() {
        "string" | "float" | "datetime" if is_price(name) => ("price", true),
        "string" if is_time(name) => ("datetime", true),
        "string" if name.ends_with("_date") => ("date", true),
        "string" if name.ends_with("_url") => ("url", true),
        "float" => ("price", true),
        known @ ("string" | "int" | "bool" | "datetime" | "file") => (known, false),
        named if types.has(named) => (named, false),
        _ => ("string", true),
    }
}

fn is_price(name: &str) -> bool {
    ["amount", "price", "fee"]
        .iter()
        .any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

fn is_time(name: &str) -> bool {
    name.starts_with("gmt_") || name.ends_with("_time") || name == "time"
}

fn is_reading(method: &str) -> bool {
    let verb = method.rsplit('.').next();
    verb.is_some_and(|verb| ["query", "batchquery", "get"].contains(&verb))
}
