//! The digest of a catalogue: its names, types and places as lines of text, sorted, so that what changes in the catalogue is seen in a diff.
//!
//! ```text
//! method alipay.trade.close server      a method and its kind; behind that `deprecated`, if it is
//!   v3 POST /v3/alipay/trade/close      its place in V3; below it `v3-query`, `v3-only` and `v3-without` with names, and `v3-multipart`
//!   > out_trade_no max_length=64        what it takes: text, if no type is said
//!   > image:file file                   with its place, if that is not the content: `top_level` or `file`
//!   < items:Item[]                      what it gives
//!   ! ACQ.TRADE_NOT_EXIST               an error code that it documents
//! type Item                             an object
//!   - item_id required                  a field of it
//! ```
//!
//! What is not said of a field is unknown: `deprecated`, `required`, `max_length`, `max_items`. So are the codes of a method that has none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use alipay_codegen::ir::{Kind, Placement, V3};
use alipay_codegen::{FieldOutline, MethodOutline, Outline};

const HEAD: &str = "\
# What the catalogue of the gateway's methods says, as far as `cargo xtask catalogue --check` compares the specs with it.
# Written by `cargo xtask catalogue --write`, and not by hand. xtask/src/catalogue/digest.rs explains the lines.
";

const KINDS: [(&str, Kind); 5] = [
    ("server", Kind::Server),
    ("page", Kind::Page),
    ("app", Kind::App),
    ("upload", Kind::Upload),
    ("page,app", Kind::PageOrApp),
];

/// A kind's word.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    KINDS
        .iter()
        .find(|(_, other)| *other == kind)
        .map_or("", |(word, _)| word)
}

/// The digest's text.
pub(super) fn write(outline: &Outline) -> String {
    let mut out = HEAD.to_owned();
    for (name, method) in &outline.methods {
        let deprecated = if method.deprecated { " deprecated" } else { "" };
        let _ = writeln!(out, "method {name} {}{deprecated}", kind_word(method.kind));
        if let Some(v3) = &method.v3 {
            let _ = writeln!(out, "  v3 {} {}", v3.verb, v3.path);
            for (key, names) in [("query", &v3.query), ("only", &v3.only), ("without", &v3.without)] {
                if !names.is_empty() {
                    let _ = writeln!(out, "  v3-{key} {}", names.join(" "));
                }
            }
            if v3.multipart {
                out.push_str("  v3-multipart\n");
            }
        }
        fields(&mut out, '>', &method.request);
        fields(&mut out, '<', &method.response);
        for code in &method.errors {
            let _ = writeln!(out, "  ! {code}");
        }
    }
    for (name, object) in &outline.types {
        let _ = writeln!(out, "type {name}");
        fields(&mut out, '-', object);
    }
    out
}

fn fields(out: &mut String, mark: char, fields: &BTreeMap<String, FieldOutline>) {
    for (name, field) in fields {
        let _ = write!(out, "  {mark} {name}");
        let list = if field.list { "[]" } else { "" };
        if field.ty != "string" || field.list {
            let _ = write!(out, ":{}{list}", field.ty);
        }
        out.push_str(match field.placement {
            Placement::Business => "",
            Placement::TopLevel => " top_level",
            Placement::File => " file",
        });
        for (word, _) in [("deprecated", field.deprecated), ("required", field.required)]
            .iter()
            .filter(|(_, holds)| *holds)
        {
            let _ = write!(out, " {word}");
        }
        for (key, limit) in [("max_length", field.max_length), ("max_items", field.max_items)] {
            if let Some(limit) = limit {
                let _ = write!(out, " {key}={limit}");
            }
        }
        out.push('\n');
    }
}

/// What a digest says.
pub(super) fn read(text: &str) -> Result<Outline, String> {
    let mut outline = Outline::default();
    let mut about = About::Nothing;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
        read_line(&mut outline, &mut about, line).ok_or_else(|| format!("line {number} is not understood: {line}"))?;
    }
    Ok(outline)
}

/// What the lines that follow belong to.
enum About {
    Nothing,
    Method(String),
    Type(String),
}

fn read_line(outline: &mut Outline, about: &mut About, line: &str) -> Option<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["method", name, kind, rest @ ..] => {
            let &(_, kind) = KINDS.iter().find(|(word, _)| word == kind)?;
            let method = MethodOutline {
                kind,
                deprecated: match rest {
                    [] => false,
                    ["deprecated"] => true,
                    _ => return None,
                },
                v3: None,
                request: BTreeMap::new(),
                response: BTreeMap::new(),
                errors: BTreeSet::new(),
            };
            *about = About::Method((*name).to_owned());
            return insert(&mut outline.methods, name, method);
        }
        ["type", name] => {
            *about = About::Type((*name).to_owned());
            return insert(&mut outline.types, name, BTreeMap::new());
        }
        _ => {}
    }
    let name = match about {
        About::Nothing => return None,
        About::Method(name) => name,
        About::Type(name) => {
            let object = outline.types.get_mut(name)?;
            return match words.as_slice() {
                ["-", field, rest @ ..] => add_field(object, field, rest),
                _ => None,
            };
        }
    };
    let method = outline.methods.get_mut(name)?;
    match words.as_slice() {
        ["v3", verb, path] if method.v3.is_none() => {
            method.v3 = Some(V3 {
                verb: (*verb).to_owned(),
                path: (*path).to_owned(),
                query: Vec::new(),
                multipart: false,
                only: Vec::new(),
                without: Vec::new(),
            });
        }
        ["v3-query", names @ ..] => method.v3.as_mut()?.query = owned(names),
        ["v3-only", names @ ..] => method.v3.as_mut()?.only = owned(names),
        ["v3-without", names @ ..] => method.v3.as_mut()?.without = owned(names),
        ["v3-multipart"] => method.v3.as_mut()?.multipart = true,
        [">", field, rest @ ..] => add_field(&mut method.request, field, rest)?,
        ["<", field, rest @ ..] => add_field(&mut method.response, field, rest)?,
        ["!", code] => return method.errors.insert((*code).to_owned()).then_some(()),
        _ => return None,
    }
    Some(())
}

/// `None` where the name is there already.
fn insert<T>(map: &mut BTreeMap<String, T>, name: &str, value: T) -> Option<()> {
    map.insert(name.to_owned(), value).is_none().then_some(())
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn add_field(fields: &mut BTreeMap<String, FieldOutline>, field: &str, rest: &[&str]) -> Option<()> {
    let (name, ty) = field.split_once(':').unwrap_or((field, "string"));
    let mut outline = FieldOutline {
        ty: ty.trim_end_matches("[]").to_owned(),
        list: ty.ends_with("[]"),
        placement: Placement::Business,
        deprecated: false,
        required: false,
        max_length: None,
        max_items: None,
    };
    for word in rest {
        match *word {
            "top_level" => outline.placement = Placement::TopLevel,
            "file" => outline.placement = Placement::File,
            "deprecated" => outline.deprecated = true,
            "required" => outline.required = true,
            _ => match word.split_once('=')? {
                ("max_length", limit) => outline.max_length = Some(limit.parse().ok()?),
                ("max_items", limit) => outline.max_items = Some(limit.parse().ok()?),
                _ => return None,
            },
        }
    }
    insert(fields, name, outline)
}
