//! A draft as text.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::catalogue::{Field, Method, Object};
use super::shared::Shared;

/// What a draft's fields can refer to.
struct Types<'t> {
    own: &'t BTreeMap<String, Object>,
    shared: &'t Shared,
}

impl Types<'_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.shared.types.contains(name)
    }
}

pub(super) fn method(method: &Method, own: &BTreeMap<String, Object>, shared: &Shared) -> String {
    let types = &Types { own, shared };
    let mut out = String::new();
    let kind = if method.files.is_empty() { "server" } else { "upload" };
    let retry = if is_reading(&method.name) {
        "read # guessed"
    } else {
        "never # guessed"
    };
    let _ = write!(
        out,
        "method: {}\ntitle: \"\"\ndoc: \"\"\nsource: \"\"\nkind: {kind}\nretry: {retry}\n",
        method.name
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
            .for_each(|field| line(&mut out, "  ", field, "", types));
        params.for_each(|field| line(&mut out, "  ", field, ", in: top_level", types));
        for name in &method.files {
            let _ = writeln!(out, "  {name}: {{ type: file, in: file, doc: \"\" }}");
        }
    }
    if !method.response.is_empty() {
        out.push_str("response:\n");
        method
            .response
            .iter()
            .for_each(|field| line(&mut out, "  ", field, "", types));
    }
    if !own.is_empty() {
        out.push_str("types:\n");
    }
    for (name, object) in own {
        let _ = writeln!(out, "  {name}:\n    doc: \"\"\n    fields:");
        object
            .fields
            .iter()
            .for_each(|field| line(&mut out, "      ", field, "", types));
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
        let _ = writeln!(out, "  {code}: {{ class: \"\", doc: \"\" }}");
    }
    out
}

fn line(out: &mut String, indent: &str, field: &Field, rest: &str, types: &Types<'_>) {
    let (ty, guessed) = ty(field, types);
    let ty = if field.list {
        format!("\"{ty}[]\"")
    } else {
        ty.to_owned()
    };
    let note = if guessed { " # guessed" } else { "" };
    let _ = writeln!(out, "{indent}{}: {{ type: {ty}{rest}, doc: \"\" }}{note}", field.name);
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
