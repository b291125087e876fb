//! Lines of the catalogue.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::error::CatalogueError;
use super::facts::{self, Facts, Json};
use crate::ir::GATEWAY_MEMBERS;

pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) biz_content: Vec<Field>,
    pub(crate) params: Vec<Field>,
    pub(crate) files: Vec<String>,
    pub(crate) response: Vec<Field>,
    pub(crate) v3: Option<V3>,
    pub(crate) error_codes: Vec<String>,
    pub(crate) facts: MethodFacts,
}

/// What is known of a method beside its names.
#[derive(Default)]
pub(crate) struct MethodFacts {
    pub(crate) title: Option<String>,
    pub(crate) deprecated: bool,
    /// The page about it, as a library names it.
    pub(crate) source: Option<String>,
    /// What its response has only of the gateway's own members.
    pub(crate) gateways: Vec<String>,
    /// What V3 has and V2 has not, with where.
    pub(crate) v3_only: Vec<(String, String)>,
    /// The request's fields that V3 has not.
    pub(crate) v3_without: Vec<String>,
    pub(crate) is_page: bool,
    pub(crate) is_app: bool,
    pub(crate) key: Option<Key>,
    /// Of the files, by name.
    pub(crate) files: HashMap<String, Facts>,
}

/// The field by which a repeat is not done twice.
pub(crate) struct Key {
    pub(crate) field: String,
    /// The method to ask.
    pub(crate) ask: Option<String>,
    /// Whether a repeat answers the same.
    pub(crate) same: bool,
}

pub(crate) struct V3 {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) query: Vec<String>,
    pub(crate) multipart: bool,
}

pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) list: bool,
    pub(crate) facts: Facts,
}

/// Where a line stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The text of the catalogue.
    section: &'static str,
    /// From 1.
    line: usize,
}

impl Place {
    fn problem(self, problem: String) -> CatalogueError {
        let Self { section, line } = self;
        CatalogueError::Line { section, line, problem }
    }
}

/// Lines by what they are about. Of two about the same, the first holds.
pub(crate) struct Lines<'a>(HashMap<String, (Place, &'a str)>);

impl<'a> Lines<'a> {
    /// All lines that have such a `key`, or only those that are about what is `wanted`.
    pub(crate) fn read(
        section: &'static str,
        text: &'a str,
        key: &str,
        wanted: Option<&BTreeSet<String>>,
    ) -> Result<Self, CatalogueError> {
        // Of a few, each line can be looked through; so a catalogue that is much larger than what is wanted of it need not be parsed.
        const FEW: usize = 8;
        let few = wanted.filter(|wanted| wanted.len() <= FEW);
        let concerns = |text: &str| few.is_none_or(|few| few.iter().any(|name| text.contains(name)));
        let mut lines = HashMap::new();
        for (line, text) in numbered(text).filter(|(_, text)| concerns(text)) {
            let place = Place { section, line };
            let name = string(place, &parse(place, text)?, key)?;
            lines.entry(name).or_insert((place, text));
        }
        Ok(Self(lines))
    }

    pub(crate) fn get(&self, name: &str) -> Option<(Place, &'a str)> {
        self.0.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Place, &'a str)> {
        self.0.iter().map(|(name, &(place, text))| (name.as_str(), place, text))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn numbered(lines: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(lines.lines()).filter(|(_, text)| !text.trim().is_empty())
}

pub(crate) fn parse(place: Place, text: &str) -> Result<Json, CatalogueError> {
    serde_json::from_str(text).map_err(|error| place.problem(error.to_string()))
}

fn string(place: Place, object: &Json, key: &str) -> Result<String, CatalogueError> {
    let text = object.get(key).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| place.problem(format!("`{key}` is no text")))
}

fn array<'a>(object: &'a Json, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Names, given as such or as objects that have one.
fn names(object: &Json, key: &str) -> Vec<String> {
    let name = |value: &Value| {
        value
            .as_str()
            .or_else(|| value.get("name")?.as_str())
            .map(str::to_owned)
    };
    array(object, key).iter().filter_map(name).collect()
}

fn fields(place: Place, object: &Json, key: &str) -> Result<Vec<Field>, CatalogueError> {
    let field = |value: &Value| {
        let problem = || place.problem(format!("`{key}` holds something other than fields"));
        let object = value.as_object().ok_or_else(problem)?;
        Ok(Field {
            name: string(place, object, "name")?,
            ty: string(place, object, "type")?,
            list: object.get("list") == Some(&Value::Bool(true)),
            facts: Facts::default(),
        })
    };
    array(object, key).iter().map(field).collect()
}

impl Method {
    /// An example of the response's own `code`, or of what it repeats of the gateway's.
    pub(crate) fn code(&self) -> Option<&str> {
        let code = self.response.iter().find(|field| field.name == "code")?;
        code.facts.example.as_deref()
    }

    /// Of request and response.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.biz_content.iter().chain(&self.params).chain(&self.response)
    }

    /// The request's fields that V3 has not.
    pub(crate) fn v3_without(&self) -> impl Iterator<Item = &String> {
        let has = |name: &String| {
            let mut fields = self.biz_content.iter().chain(&self.params);
            fields.any(|field| field.name == *name)
        };
        let in_query = |name: &String| self.v3.as_ref().is_some_and(|v3| v3.query.contains(name));
        let without = self.facts.v3_without.iter();
        without.filter(move |name| has(name) && !in_query(name))
    }

    pub(crate) fn read(place: Place, object: &Json) -> Result<Self, CatalogueError> {
        let v3 = object.get("v3").and_then(Value::as_object).map(|v3| {
            Ok(V3 {
                verb: string(place, v3, "verb")?,
                path: string(place, v3, "path")?,
                query: names(v3, "query"),
                multipart: v3.get("multipart") == Some(&Value::Bool(true)),
            })
        });
        let mut read = Self {
            name: string(place, object, "method")?,
            biz_content: fields(place, object, "biz_content")?,
            params: fields(place, object, "params")?,
            files: names(object, "files"),
            response: fields(place, object, "response")?,
            v3: v3.transpose()?,
            error_codes: names(object, "error_codes"),
            facts: MethodFacts::default(),
        };
        if let Some(v3) = &mut read.v3 {
            // The gateway's own parameters stand there too, such as `auth_token`.
            let request: HashSet<&str> = read
                .biz_content
                .iter()
                .chain(&read.params)
                .map(|field| field.name.as_str())
                .collect();
            v3.query.retain(|name| request.contains(name.as_str()));
        }
        Ok(read)
    }
}

impl Method {
    /// Adds what a line of facts says.
    pub(crate) fn learn(&mut self, line: &Json) {
        self.facts.title = title_of(line);
        self.facts.deprecated = line.get("deprecated") == Some(&Value::Bool(true));
        self.facts.source = page_of(line).map(str::to_owned);
        let side = |side: &str| line.get("fields")?.get(side)?.as_object();
        if let Some(request) = side("request") {
            learn(self.biz_content.iter_mut().chain(&mut self.params), request);
            for (name, of) in request {
                let facts = of.as_object().map(Facts::read).unwrap_or_default();
                if let Some(place) = &facts.v3_only {
                    self.facts.v3_only.push((name.clone(), place.clone()));
                }
                if self.files.contains(name) {
                    self.facts.files.insert(name.clone(), facts);
                }
            }
        }
        if let Some(response) = side("response") {
            learn(self.response.iter_mut(), response);
        }
    }

    /// Leaves out what only repeats the gateway's own members: it is no field.
    pub(crate) fn leave_out_gateways(&mut self) {
        if self.code() == Some("10000") {
            let all = std::mem::take(&mut self.response).into_iter();
            let (gateways, own): (Vec<_>, Vec<_>) =
                all.partition(|field| GATEWAY_MEMBERS.contains(&field.name.as_str()));
            self.response = own;
            self.facts.gateways = gateways.into_iter().map(|field| field.name).collect();
        }
    }

    /// Adds what the tables say: lines of columns between tabs.
    pub(crate) fn learn_tables(&mut self, kinds: &str, keys: &str, differences: &str) {
        let name = self.name.as_str();
        let rows = |table| rows(table).filter(move |row| row.first() == Some(&name));
        // What the SDKs have for the URL or the order string tells too, where nobody has looked closer.
        let has = |mark: &str| self.response.iter().any(|field| field.name == mark);
        self.facts.is_page = has("pageRedirectionData");
        self.facts.is_app = has("orderStr");
        for row in rows(kinds) {
            let kinds = || row.get(1).into_iter().flat_map(|kinds| kinds.split(','));
            self.facts.is_page = kinds().any(|kind| kind == "page");
            self.facts.is_app = kinds().any(|kind| kind == "app");
        }
        for row in rows(keys) {
            if let [_, field, ask, _, grade, ..] = row.as_slice() {
                self.facts.key = Some(Key {
                    field: (*field).to_owned(),
                    ask: Some(*ask).filter(|ask| ask.contains('.')).map(str::to_owned),
                    same: *grade == "same",
                });
            }
        }
        for row in self::rows(differences) {
            if let ["method", method, "request", field, "only_v2", ..] = row.as_slice()
                && *method == name
            {
                self.facts.v3_without.push((*field).to_owned());
            }
        }
        if self.facts.is_page || self.facts.is_app {
            // No fields of the gateway.
            let marks = ["pageRedirectionData", "page_redirection_data", "orderStr", "order_str"];
            self.response.retain(|field| !marks.contains(&field.name.as_str()));
        }
    }
}

/// A method's title, of its line of facts.
pub(crate) fn title_of(line: &Json) -> Option<String> {
    line.get("title_zh").and_then(Value::as_str).and_then(facts::title)
}

/// The page about a method, of its line of facts.
pub(crate) fn page_of(line: &Json) -> Option<&str> {
    let page = line.get("doc_url_peer").and_then(|page| page.get("v2")?.as_str());
    page.filter(|page| page.starts_with("https://") && !page.contains(char::is_whitespace))
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

fn learn<'f>(fields: impl Iterator<Item = &'f mut Field>, facts: &Json) {
    for field in fields {
        if let Some(of) = facts.get(&field.name).and_then(Value::as_object) {
            field.facts = Facts::read(of);
        }
    }
}

impl Object {
    /// Adds what a line of facts says.
    pub(crate) fn learn(&mut self, line: &Json) {
        if let Some(facts) = line.get("fields").and_then(Value::as_object) {
            learn(self.fields.iter_mut(), facts);
        }
    }

    pub(crate) fn read(place: Place, text: &str) -> Result<Self, CatalogueError> {
        Ok(Self {
            fields: fields(place, &parse(place, text)?, "fields")?,
        })
    }
}
