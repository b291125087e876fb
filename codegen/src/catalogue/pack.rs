//! A catalogue as one compressed file: what drafts are made of, and none of the documentation's sentences.
//!
//! Packed are the texts of a [`Catalogue`], each below a line with its name, reduced to what is read of them: names, types, places, titles and labels that
//! are names, values, limits, and examples that are values. Retry keys are left out, since only a reader of the documentation can tell that they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::ops::Range;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};

use super::error::CatalogueError;
use super::facts::{Facts, Json};
use super::read::{Field, Lines, Method, Object, Place, page_of, parse, title_of};
use super::texts::Catalogue;

/// The first line of what is packed, with the number of the format.
const HEAD: &str = "alipay-codegen catalogue 1\n";
/// What stands before a section's name. No line of JSON begins so, and none of a table.
const MARK: &str = "# ";
/// The sections, in their order.
const SECTIONS: [&str; 6] = ["methods", "types", "fields", "type_facts", "kinds", "differences"];
/// In bytes; what all of today's methods take is a quarter of it. Whoever unpacks more has something else.
const LONGEST: u64 = 48 << 20;

/// Packs what a catalogue says of all its methods and types.
///
/// # Errors
/// When the catalogue is malformed.
pub fn pack(catalogue: &Catalogue<'_>) -> Result<Vec<u8>, CatalogueError> {
    let names = catalogue.names()?;
    let (methods, fields) = methods(catalogue, &names)?;
    let (types, type_facts) = types(catalogue)?;
    let sections = [
        methods,
        types,
        fields,
        type_facts,
        table(catalogue.kinds, 2),
        table(catalogue.differences, 5),
    ];
    let mut text = HEAD.to_owned();
    for (name, section) in SECTIONS.iter().zip(sections) {
        text.extend([MARK, name, "\n", &section]);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed
        .write_all(text.as_bytes())
        .and_then(|()| packed.finish())
        .map_err(damaged)
}

/// Lines of methods, and lines of facts on them.
fn methods(catalogue: &Catalogue<'_>, names: &BTreeSet<String>) -> Result<(String, String), CatalogueError> {
    let lines = Lines::read("methods", catalogue.methods, "method", None)?;
    let facts = Lines::read("fields", catalogue.fields, "method", None)?;
    let (mut bare, mut known) = (String::new(), String::new());
    for name in names {
        let Some((place, text)) = lines.get(name) else { continue };
        let method = Method::read(place, &parse(place, text)?)?;
        push(&mut bare, outline(&method));
        let Some((place, text)) = facts.get(name) else { continue };
        let said = parse(place, text)?;
        let mut line = Json::new();
        if let Some(title) = title_of(&said) {
            line.insert("title_zh".to_owned(), title.into());
        }
        if said.get("deprecated") == Some(&Value::Bool(true)) {
            line.insert("deprecated".to_owned(), true.into());
        }
        if let Some(page) = page_of(&said) {
            line.insert("doc_url_peer".to_owned(), object([("v2", page.into())]).into());
        }
        let mut sides = Json::new();
        for side in ["request", "response"] {
            let fields = said.get("fields").and_then(|fields| fields.get(side)?.as_object());
            let is_field = |name: &str, facts: &Facts| {
                let request = || method.biz_content.iter().chain(&method.params);
                match side {
                    "request" => {
                        facts.v3_only.is_some()
                            || method.files.iter().any(|file| file == name)
                            || request().any(|field| field.name == name)
                    }
                    _ => method.response.iter().any(|field| field.name == name),
                }
            };
            let facts = facts_of(fields, is_field);
            if !facts.is_empty() {
                sides.insert(side.to_owned(), facts.into());
            }
        }
        if !sides.is_empty() {
            line.insert("fields".to_owned(), sides.into());
        }
        if !line.is_empty() {
            push(&mut known, named("method", name, line));
        }
    }
    Ok((bare, known))
}

/// Lines of types, and lines of facts on their fields.
fn types(catalogue: &Catalogue<'_>) -> Result<(String, String), CatalogueError> {
    let lines = Lines::read("types", catalogue.types, "type", None)?;
    let facts = Lines::read("type_facts", catalogue.type_facts, "type", None)?;
    let sorted: BTreeMap<&str, (Place, &str)> = lines.iter().map(|(name, place, text)| (name, (place, text))).collect();
    let (mut bare, mut known) = (String::new(), String::new());
    for (name, (place, text)) in sorted {
        let Object { fields } = Object::read(place, text)?;
        push(&mut bare, named("type", name, object([("fields", list(&fields))])));
        let Some((place, text)) = facts.get(name) else { continue };
        let said = parse(place, text)?;
        let is_field = |name: &str, _: &Facts| fields.iter().any(|field| field.name == name);
        let facts = facts_of(said.get("fields").and_then(Value::as_object), is_field);
        if !facts.is_empty() {
            push(&mut known, named("type", name, object([("fields", facts.into())])));
        }
    }
    Ok((bare, known))
}

/// A method's line without its facts.
fn outline(method: &Method) -> Json {
    let texts = |texts: &[String]| texts.iter().map(String::as_str).collect::<Value>();
    let v3 = method.v3.as_ref().map(|v3| {
        let mut line = object([("verb", v3.verb.as_str().into()), ("path", v3.path.as_str().into())]);
        if !v3.query.is_empty() {
            line.insert("query".to_owned(), texts(&v3.query));
        }
        if v3.multipart {
            line.insert("multipart".to_owned(), true.into());
        }
        Value::from(line)
    });
    let members = [
        ("biz_content", list(&method.biz_content)),
        ("params", list(&method.params)),
        ("files", texts(&method.files)),
        ("response", list(&method.response)),
        ("error_codes", texts(&method.error_codes)),
    ];
    let members = members
        .into_iter()
        .filter(|(_, value)| value.as_array().is_some_and(|list| !list.is_empty()));
    let members = members.chain(v3.map(|v3| ("v3", v3)));
    named("method", &method.name, object(members))
}

fn list(fields: &[Field]) -> Value {
    let field = |field: &Field| {
        let list = field.list.then_some(("list", Value::Bool(true)));
        let members = [("name", field.name.as_str().into()), ("type", field.ty.as_str().into())];
        Value::from(object(members.into_iter().chain(list)))
    };
    fields.iter().map(field).collect()
}

/// What is known of fields, without the documentation's texts.
fn facts_of(fields: Option<&Json>, is_field: impl Fn(&str, &Facts) -> bool) -> Json {
    let mut known = Json::new();
    for (name, said) in fields.into_iter().flatten() {
        let Some(said) = said.as_object() else { continue };
        // A description that happens to be short is one all the same.
        let without = said.iter().filter(|(key, _)| *key != "zh");
        let mut facts = Facts::read(&without.map(|(key, value)| (key.clone(), value.clone())).collect());
        if facts.values.iter().any(|(value, _)| !value.is_ascii()) {
            facts.values.clear();
        }
        let is_known = is_field(name, &facts);
        let facts = facts.write();
        if is_known && !facts.is_empty() {
            known.insert(name.clone(), facts.into());
        }
    }
    known
}

fn object<'k>(members: impl IntoIterator<Item = (&'k str, Value)>) -> Json {
    let members = members.into_iter();
    members.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A line about something, whose name comes first.
fn named(key: &str, name: &str, rest: Json) -> Json {
    let mut line = Map::new();
    line.insert(key.to_owned(), name.into());
    line.extend(rest);
    line
}

fn push(lines: &mut String, line: Json) {
    lines.push_str(&Value::from(line).to_string());
    lines.push('\n');
}

/// The first columns of a table's rows.
fn table(table: &str, columns: usize) -> String {
    let row = |row: &str| row.split('\t').take(columns).collect::<Vec<_>>().join("\t") + "\n";
    table.lines().map(row).collect()
}

fn damaged(problem: impl std::fmt::Display) -> CatalogueError {
    CatalogueError::Damaged(problem.to_string())
}

/// A catalogue that was [packed](pack()), in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    text: String,
    /// Where each section's text is.
    sections: [Range<usize>; SECTIONS.len()],
}

impl Unpacked {
    /// The catalogue that this crate has: what the official SDKs know of all methods of the gateway.
    ///
    /// # Errors
    /// When the program's own file is damaged.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::read(include_bytes!("../../catalogue.gz"))
    }

    /// Unpacks a file.
    ///
    /// # Errors
    /// When it is damaged, no packed catalogue, one of another format, or of more than 48 MiB.
    pub fn read(packed: &[u8]) -> Result<Self, CatalogueError> {
        let mut text = String::new();
        let mut decoder = GzDecoder::new(packed).take(LONGEST + 1);
        decoder.read_to_string(&mut text).map_err(damaged)?;
        if text.len() as u64 > LONGEST {
            return Err(damaged(format_args!("more than {LONGEST} bytes are in it")));
        }
        if !text.starts_with(HEAD) {
            return Err(damaged(format_args!("the first line is not `{}`", HEAD.trim_end())));
        }
        let mut starts = Vec::new();
        let mut at = HEAD.len();
        for section in SECTIONS {
            let head = format!("{MARK}{section}\n");
            let found = if text[at..].starts_with(&head) {
                at
            } else {
                let next = text[at..].find(&format!("\n{head}"));
                at + 1 + next.ok_or_else(|| damaged(format_args!("the section `{section}` is missing")))?
            };
            at = found + head.len();
            starts.push((found, at));
        }
        let section = |index: usize| {
            let (_, start) = starts[index];
            start..starts.get(index + 1).map_or(text.len(), |(end, _)| *end)
        };
        let sections = std::array::from_fn(section);
        Ok(Self { text, sections })
    }

    /// What it says.
    pub fn catalogue(&self) -> Catalogue<'_> {
        let [methods, types, fields, type_facts, kinds, differences] =
            self.sections.each_ref().map(|range| &self.text[range.clone()]);
        Catalogue {
            methods,
            types,
            fields,
            type_facts,
            kinds,
            keys: "",
            differences,
        }
    }
}
