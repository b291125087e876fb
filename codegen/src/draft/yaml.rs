//! A draft as text.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::shared::Shared;
use super::types::{Drafted, Enums, Types, drafted};
use crate::catalogue::{Facts, Field, Method, Object, Objects};
use crate::check::wellformed;
use crate::ir::GATEWAY_MEMBERS;
use crate::names;

/// What a draft says where the catalogue knows nothing.
pub(super) struct Words {
    /// The line of the method's title.
    pub(super) title: &'static str,
    /// Of a method.
    pub(super) about: &'static str,
    /// Of a field, a type or a value.
    pub(super) doc: &'static str,
    pub(super) source: &'static str,
    /// Of an error code.
    pub(super) error: &'static str,
    /// Whether guesses stand in the draft, because somebody checks them before anything is called.
    pub(super) guesses: bool,
}

/// Nothing: the checker refuses it, so that nobody forgets to say it. A code may say nothing.
pub(super) const UNSAID: Words = Words {
    title: "title: \"\"",
    about: "\"\"",
    doc: "\"\"",
    source: "\"\"",
    error: "{}",
    guesses: true,
};

/// Something that says nothing, but can be generated from.
pub(super) const MADE_UP: Words = Words {
    title: "title: 接口",
    about: "What it is and when it is given.",
    doc: "What it is and when it is given.",
    source: "https://opendocs.alipay.com/",
    error: "{ class: request, doc: What it is and when it is given. }",
    guesses: true,
};

/// The `doc` of what a draft for a user's crate can say nothing of.
pub(crate) const NOT_DESCRIBED: &str = "Not described yet.";

/// That nobody has read it beside the documentation, which readers of the generated code see too.
pub(super) const UNREAD: Words = Words {
    title: "untitled: true",
    about: "Drafted from the official SDKs, and not compared with the documentation yet.",
    doc: NOT_DESCRIBED,
    source: "https://opendocs.alipay.com/ # the page of the method, once it is read",
    error: "{}",
    guesses: false,
};

/// The retry of a method that nobody has read about.
const NEVER: &str = "never # until the documentation says that it may be sent again";

/// A text as a YAML scalar in quotes: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text as a YAML scalar.
fn scalar(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_.-（）《》/".contains(letter);
    let is_text = text.starts_with(char::is_alphabetic) && !["true", "false", "null"].contains(&text);
    if is_text && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Types that several methods share.
pub(super) struct SharedTypes {
    /// Their definitions, as they stand below `types:`.
    pub(super) text: String,
    /// The names of the enums among them that their fields have turned out to be.
    pub(super) enums: Vec<String>,
}

/// The types that these methods of a product share. No enum among them has a name that is `taken` by a type of another method.
pub(super) fn types(
    shared: &BTreeMap<&str, &Object>,
    methods: &[Method],
    known: &Shared,
    taken: &HashSet<String>,
    objects: &Objects,
    words: &Words,
) -> SharedTypes {
    let own = BTreeMap::new();
    let types = Types {
        own: &own,
        shared: known,
        objects,
        taken: taken.iter().cloned().collect(),
    };
    let labels = labels(
        methods
            .iter()
            .flat_map(Method::fields)
            .chain(shared.values().flat_map(|object| &object.fields)),
    );
    let mut draft = Draft::new(&types, words);
    for (&name, object) in shared {
        draft.definition(name, "", labels.get(name).copied(), object);
    }
    let enums = draft.enums.0.keys().cloned().collect();
    draft.enums();
    SharedTypes { text: draft.out, enums }
}

/// What objects may be called: the first of these fields that holds one is mostly called as the object is.
fn labels<'f>(fields: impl Iterator<Item = &'f Field>) -> HashMap<&'f str, &'f str> {
    let mut labels = HashMap::new();
    for field in fields {
        if let Some(label) = &field.facts.label {
            labels.entry(field.ty.as_str()).or_insert(label.as_str());
        }
    }
    labels
}

pub(super) fn method(
    method: &Method,
    product: &str,
    own: &BTreeMap<&str, &Object>,
    shared: &Shared,
    objects: &Objects,
    words: &Words,
) -> String {
    let request = names::method(&method.name, product, None).map_or_else(String::new, |(request, _)| request);
    let companions = ["Response", "ErrorCode", "Required"].map(|suffix| names::companion(&request, suffix));
    let types = Types {
        own,
        shared,
        objects,
        taken: companions.into_iter().chain([request.clone()]).collect(),
    };
    let mut draft = Draft::new(&types, words);
    draft.head(method);
    draft.fields(method, &request);
    draft.types(method);
    draft.errors(method);
    draft.out
}

struct Draft<'d> {
    out: String,
    types: &'d Types<'d>,
    words: &'d Words,
    enums: Enums,
}

impl<'d> Draft<'d> {
    fn new(types: &'d Types<'d>, words: &'d Words) -> Self {
        Self {
            out: String::new(),
            types,
            words,
            enums: Enums::default(),
        }
    }

    fn head(&mut self, method: &Method) {
        let Words {
            title,
            about,
            source: source_unsaid,
            guesses,
            ..
        } = self.words;
        let facts = &method.facts;
        let title = match &facts.title {
            Some(known) => format!("title: {}", scalar(known)),
            None => (*title).to_owned(),
        };
        let source = facts.source.as_ref().map(|page| format!("{} # guessed", quoted(page)));
        let source = source.as_deref().unwrap_or(source_unsaid);
        let kind = match (facts.is_page, facts.is_app) {
            (true, true) => "[page, app]",
            (true, false) => "page",
            (false, true) => "app",
            (false, false) if method.files.is_empty() => "server",
            (false, false) => "upload",
        };
        let deprecated = if facts.deprecated {
            "deprecated: Alipay says that it is deprecated.\n"
        } else {
            ""
        };
        let _ = write!(
            self.out,
            "method: {}\n{title}\ndoc: {about}\n{deprecated}source: {source}\nkind: {kind}\n",
            method.name
        );
        if !facts.is_page && !facts.is_app {
            let retry = if *guesses { retry(method) } else { NEVER.to_owned() };
            let _ = writeln!(self.out, "retry: {retry}");
            if let Some(code) = method.code().filter(|code| wellformed::own_code(code)) {
                self.guess(&format!("outcomes: {{ \"{code}\": done }}"));
            }
        }
        self.v3(method);
        if let Some((number, size)) = pages(method) {
            let total = total(method).map_or_else(String::new, |total| format!(", total: {total}"));
            self.guess(&format!("page: {{ number: {number}, size: {size}{total} }}"));
        }
    }

    /// A line that decides what the library does, and is guessed: where nobody checks it, a comment that proposes it.
    fn guess(&mut self, line: &str) {
        let _ = if self.words.guesses {
            writeln!(self.out, "{line} # guessed")
        } else {
            writeln!(self.out, "# perhaps {line}")
        };
    }

    fn v3(&mut self, method: &Method) {
        let Some(v3) = &method.v3 else { return };
        let list = |key: &str, names: &[&str]| match names {
            [] => String::new(),
            names => format!(", {key}: [{}]", names.join(", ")),
        };
        let only: Vec<&str> = method.facts.v3_only.iter().map(|(name, _)| name.as_str()).collect();
        let in_query = method.facts.v3_only.iter().filter(|(_, place)| place == "query");
        let query = v3.query.iter().chain(in_query.map(|(name, _)| name));
        let query: Vec<&str> = query.map(String::as_str).collect();
        let without: Vec<&str> = method.v3_without().map(String::as_str).collect();
        let _ = writeln!(
            self.out,
            "v3: {{ verb: {}, path: \"{}\"{}{}{}{} }}",
            v3.verb,
            v3.path,
            list("query", &query),
            if v3.multipart { ", multipart: true" } else { "" },
            list("only", &only),
            list("without", &without),
        );
    }

    fn fields(&mut self, method: &Method, request: &str) {
        if method.biz_content.len() + method.params.len() + method.files.len() > 0 {
            self.out.push_str("request:\n");
            let files: HashSet<&str> = method.files.iter().map(String::as_str).collect();
            let params = method
                .params
                .iter()
                .filter(|field| !files.contains(field.name.as_str()));
            for field in &method.biz_content {
                self.line("  ", request, field, "", true);
            }
            for field in params {
                self.line("  ", request, field, ", in: top_level", true);
            }
            let nothing = Facts::default();
            for name in &method.files {
                let facts = method.facts.files.get(name).unwrap_or(&nothing);
                let required = if facts.required { ", required: true" } else { "" };
                let said = self.said(facts, "");
                let _ = writeln!(self.out, "  {name}: {{ type: file{required}, in: file{said} }}");
            }
        }
        if !method.facts.gateways.is_empty() {
            let _ = writeln!(
                self.out,
                "# left out, since it is the gateway's: {}",
                method.facts.gateways.join(", ")
            );
        }
        if !method.response.is_empty() {
            self.out.push_str("response:\n");
            let is_answered = !method.facts.is_page && !method.facts.is_app;
            for field in &method.response {
                let is_own = is_answered && GATEWAY_MEMBERS.contains(&field.name.as_str());
                self.line("  ", request, field, if is_own { ", own: true" } else { "" }, false);
            }
        }
    }

    fn types(&mut self, method: &Method) {
        let own = self.types.own;
        let labels = labels(method.fields().chain(own.values().flat_map(|object| &object.fields)));
        let before = self.out.len();
        for (&name, &object) in own {
            let rust_name = if self.types.takes(&names::named_type(name)) {
                format!("    rust_name: {name}Data # the method's own types take its name\n")
            } else {
                String::new()
            };
            let label = labels.get(name).copied();
            self.definition(name, &rust_name, label, object);
        }
        self.enums();
        if self.out.len() > before {
            self.out.insert_str(before, "types:\n");
        }
    }

    fn definition(&mut self, name: &str, rust_name: &str, label: Option<&str>, object: &Object) {
        let said = match label {
            Some(label) => format!("label: {} # a field's", scalar(label)),
            None => format!("doc: {}", self.words.doc),
        };
        let empty = if object.fields.is_empty() { " {}" } else { "" };
        let _ = writeln!(self.out, "  {name}:\n    {said}\n{rust_name}    fields:{empty}");
        for field in &object.fields {
            self.line("      ", name, field, "", true);
        }
    }

    /// The enums that fields have turned out to be.
    fn enums(&mut self) {
        let enums = std::mem::take(&mut self.enums);
        for (name, one) in &enums.0 {
            let said = match &one.label {
                Some(label) => format!("label: {}", scalar(label)),
                None => format!("doc: {}", self.words.doc),
            };
            let _ = writeln!(self.out, "  {name}:\n    {said}\n    values:");
            for (value, meaning) in &one.values {
                let meaning = match meaning {
                    Some(meaning) => format!("{{ label: {} }}", scalar(meaning)),
                    None => self.words.doc.to_owned(),
                };
                let _ = writeln!(self.out, "      {}: {meaning}", scalar(value));
            }
        }
    }

    fn errors(&mut self, method: &Method) {
        let mut variants = HashSet::new();
        let mut usable = |code: &&String| {
            let variant = names::variant(code).filter(|_| wellformed::code(code));
            variant.is_some_and(|variant| variants.insert(variant))
        };
        let codes = method
            .error_codes
            .iter()
            .filter(|code| !self.types.shared.gateway.contains(*code));
        let codes = codes.filter(|code| usable(code));
        let (listed, own): (Vec<&String>, Vec<&String>) =
            codes.partition(|code| self.types.shared.errors.contains(*code));
        if !listed.is_empty() {
            self.out.push_str("shared_errors:\n");
        }
        for code in listed {
            let _ = writeln!(self.out, "  - {code}");
        }
        if !own.is_empty() {
            self.out.push_str("errors:\n");
        }
        for code in own {
            let _ = writeln!(self.out, "  {}: {}", scalar(code), self.words.error);
        }
    }

    fn line(&mut self, indent: &str, owner: &str, field: &Field, rest: &str, may_require: bool) {
        let facts = &field.facts;
        let Drafted { ty, item, guessed } = drafted(field, self.types, self.words.guesses);
        let is_enum = !guessed && ty == "string" && field.ty == "string";
        let name = is_enum
            .then(|| self.enums.add(owner, &field.name, facts, self.types))
            .flatten();
        let ty = name.as_deref().unwrap_or(&ty);
        let mut line = if field.list {
            format!("\"{ty}[]\"")
        } else {
            ty.to_owned()
        };
        if facts.required && may_require {
            line.push_str(", required: true");
        }
        let is_text = matches!(ty, "string" | "url" | "json") && !field.list;
        if let Some(max) = facts.max_length.filter(|_| is_text) {
            let _ = write!(line, ", max_length: {max}");
        }
        if let Some(max) = facts.max_items.filter(|_| field.list) {
            let _ = write!(line, ", max_items: {max}");
        }
        if let Some((min, max)) = facts
            .range
            .as_ref()
            .filter(|range| !field.list && item.has_range(range))
        {
            let _ = write!(line, ", range: {min}..{max}");
        }
        line.push_str(rest);
        let example = facts.example.as_deref().filter(|text| match &name {
            Some(_) => facts.values.iter().any(|(value, _)| value == text),
            // The documentation shows a whole list, where a spec's example is one item.
            None => item.fits(text, facts) && !(field.list && text.starts_with('[')),
        });
        let example = example.map_or_else(String::new, |text| {
            let text = if item.is_plain() {
                text.to_owned()
            } else {
                serde_json::Value::from(text).to_string()
            };
            format!(", example: {text}")
        });
        let said = self.said(facts, &example);
        let note = if guessed { " # guessed" } else { "" };
        let _ = writeln!(self.out, "{indent}{}: {{ type: {line}{said} }}{note}", field.name);
    }

    /// Label, example and doc, which is left out beside a label.
    fn said(&self, facts: &Facts, example: &str) -> String {
        let deprecated = if facts.deprecated {
            ", deprecated: Alipay says that it is deprecated."
        } else {
            ""
        };
        match &facts.label {
            Some(label) => format!("{deprecated}, label: {}{example}", scalar(label)),
            None => format!("{deprecated}{example}, doc: {}", self.words.doc),
        }
    }
}

fn retry(method: &Method) -> String {
    let has = |name: &str| {
        method
            .biz_content
            .iter()
            .chain(&method.params)
            .any(|field| field.name == name)
    };
    let key = method.facts.key.as_ref().filter(|key| has(&key.field));
    let repeat = |same| if same { ", repeat: same" } else { "" };
    match key {
        Some(key) if key.ask.is_some() || key.same => {
            let ask = key.ask.as_ref().map_or_else(String::new, |ask| format!(", ask: {ask}"));
            format!(
                "{{ key: {}{ask}{} }} # check that the query takes it",
                key.field,
                repeat(key.same)
            )
        }
        _ if is_reading(method) => "read # guessed".to_owned(),
        _ => "never # guessed".to_owned(),
    }
}

fn is_reading(method: &Method) -> bool {
    let verb = method.name.rsplit('.').next();
    verb.is_some_and(|verb| ["query", "batchquery", "get"].contains(&verb))
}

/// The fields that are mostly for pages.
fn pages(method: &Method) -> Option<(&str, &str)> {
    let find = |names: &[&str]| counting(&method.biz_content, names);
    let number = find(&[
        "page_num",
        "page_no",
        "page_number",
        "page_index",
        "current_page",
        "page",
    ])?;
    Some((number, find(&["page_size"])?)).filter(|_| !method.facts.is_page && !method.facts.is_app)
}

fn total(method: &Method) -> Option<&str> {
    let names = [
        "total",
        "total_count",
        "total_num",
        "total_number",
        "total_size",
        "total_amount_count",
    ];
    counting(&method.response, &names)
}

fn counting<'f>(fields: &'f [Field], names: &[&str]) -> Option<&'f str> {
    let counts = |field: &&Field| !field.list && ["int", "string"].contains(&field.ty.as_str());
    let field = fields
        .iter()
        .filter(counts)
        .find(|field| names.contains(&field.name.as_str()))?;
    Some(field.name.as_str())
}
