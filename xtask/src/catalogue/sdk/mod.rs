//! A newer catalogue, from source trees of the official SDKs and the catalogue that there is.
//!
//! Names, types, places, verbs, paths and error codes are the trees'. What they don't say of a field is kept where the field is: examples, values, limits and
//! what is required. A new field has its label from the tree.

mod files;
mod net;
mod php;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use alipay_codegen::Catalogue;
use serde_json::{Map, Value, json};

use super::texts::Texts;
pub(super) use files::Problems;
use net::{Member, Net};
use php::Operation;

type Json = Map<String, Value>;

/// Where a tree is below the folder of its repository.
const BELOW: [&str; 5] = ["", "AlipaySDKNet", "v2/AlipaySDKNet", "src", "v3/src"];

/// The catalogue that the trees make of an old one, and what in them is not understood.
pub(super) fn read(trees: &[PathBuf], old: &Catalogue<'_>) -> Result<(Texts, Problems), String> {
    let mut problems = Problems::default();
    let (mut net, mut operations) = (None, None);
    let (mut net_at, mut php_at) = (None, None);
    for tree in trees {
        let folders = || BELOW.iter().map(|below| tree.join(below));
        let mut is_known = false;
        if let Some(folder) = folders().find(|folder| net::is_here(folder)) {
            only(&mut net_at, &folder, ".NET")?;
            net = Some(net::read(&folder, &mut problems)?);
            is_known = true;
        }
        if let Some(folder) = folders().find(|folder| php::is_here(folder)) {
            only(&mut php_at, &folder, "PHP")?;
            operations = Some(php::read(&folder, &mut problems)?);
            is_known = true;
        }
        if !is_known {
            return Err(format!(
                "{} has neither the official .NET SDK's Request/ and Domain/ nor the PHP SDK's Api/ and Model/",
                tree.display()
            ));
        }
    }
    let old = Old::read(old)?;
    let texts = old.with(net.as_ref(), operations.as_ref(), &mut problems);
    Ok((texts, problems))
}

/// An error where a tree of this kind was found already.
fn only(found: &mut Option<PathBuf>, folder: &Path, kind: &str) -> Result<(), String> {
    match found.replace(folder.to_owned()) {
        Some(other) => Err(format!(
            "{} and {} are both trees of the {kind} SDK: name one of them",
            other.display(),
            folder.display()
        )),
        None => Ok(()),
    }
}

/// The catalogue that there is, line by line.
struct Old<'c> {
    methods: BTreeMap<String, Json>,
    types: BTreeMap<String, Json>,
    fields: BTreeMap<String, Json>,
    type_facts: BTreeMap<String, Json>,
    kinds: &'c str,
    differences: &'c str,
}

impl<'c> Old<'c> {
    fn read(catalogue: &Catalogue<'c>) -> Result<Self, String> {
        Ok(Self {
            methods: by_name(catalogue.methods, "method")?,
            types: by_name(catalogue.types, "type")?,
            fields: by_name(catalogue.fields, "method")?,
            type_facts: by_name(catalogue.type_facts, "type")?,
            kinds: catalogue.kinds,
            differences: catalogue.differences,
        })
    }

    fn with(
        mut self,
        net: Option<&Net>,
        operations: Option<&BTreeMap<String, Operation>>,
        problems: &mut Problems,
    ) -> Texts {
        if let Some(net) = net {
            self.take_v2(net, problems);
        }
        let mut differences = self.differences.to_owned();
        if let Some(operations) = operations {
            "scope\tname\tside\tfield\tkind\n".clone_into(&mut differences);
            let known: BTreeSet<String> = self.methods.keys().map(|name| php::key(name)).collect();
            for (key, operation) in operations {
                if !known.contains(key) {
                    problems.left_out.push(format!(
                        "only in V3, and left out: {} {}",
                        operation.verb, operation.path
                    ));
                }
            }
            let names: Vec<String> = self.methods.keys().cloned().collect();
            for name in names {
                self.take_v3(&name, operations.get(&php::key(&name)), &mut differences);
            }
        }
        // What .NET says of a request's content is a sentence now and then, so that it comes last.
        for (name, method) in net.iter().flat_map(|net| &net.methods) {
            take_title(entry(&mut self.fields, "method", name), &method.about);
        }
        Texts {
            methods: lines(&self.methods),
            types: lines(&self.types),
            fields: lines(&self.fields),
            type_facts: lines(&self.type_facts),
            kinds: self.kinds.to_owned(),
            keys: String::new(),
            differences,
        }
    }

    fn take_v2(&mut self, net: &Net, problems: &mut Problems) {
        let mut methods = BTreeMap::new();
        let mut reached: Vec<&Member> = Vec::new();
        for (name, method) in &net.methods {
            let content: &[Member] = net
                .types
                .get(&format!("{}Model", method.class))
                .map_or(&[], Vec::as_slice);
            let mut line = Json::new();
            line.insert("method".to_owned(), json!(name));
            for (key, members) in [
                ("biz_content", content),
                ("params", &method.params[..]),
                ("files", &method.files[..]),
                ("response", &method.response[..]),
            ] {
                line.insert(key.to_owned(), described(members));
                reached.extend(members);
            }
            if let Some(old) = self.methods.get(name) {
                for key in ["v3", "error_codes"] {
                    line.extend(old.get(key).map(|value| (key.to_owned(), value.clone())));
                }
            }
            methods.insert(name.clone(), line);
            let facts = entry(&mut self.fields, "method", name);
            let request = content.iter().chain(&method.params).chain(&method.files);
            learn(object(object(facts, "fields"), "request"), request);
            learn(object(object(facts, "fields"), "response"), method.response.iter());
        }
        self.methods = methods;
        let mut types = BTreeMap::new();
        let mut seen = BTreeSet::new();
        while let Some(Member { ty: name, .. }) = reached.pop() {
            if seen.insert(name)
                && let Some(members) = net.object(name, problems)
            {
                let mut line = Json::new();
                line.insert("type".to_owned(), json!(name));
                line.insert("fields".to_owned(), described(members));
                types.insert(name.clone(), line);
                learn(
                    object(entry(&mut self.type_facts, "type", name), "fields"),
                    members.iter(),
                );
                reached.extend(members);
            }
        }
        self.types = types;
    }

    /// A method's form in V3, or that it has none.
    fn take_v3(&mut self, name: &str, operation: Option<&Operation>, differences: &mut String) {
        let Some(method) = self.methods.get_mut(name) else {
            return;
        };
        let facts = entry(&mut self.fields, "method", name);
        let request = object(object(facts, "fields"), "request");
        request.retain(|_, of| of.get("v3_only").is_none());
        method.remove("v3");
        method.remove("error_codes");
        let Some(operation) = operation else { return };
        method.insert(
            "v3".to_owned(),
            json!({ "verb": operation.verb, "path": operation.path, "query": operation.query, "multipart": operation.multipart }),
        );
        method.insert("error_codes".to_owned(), json!(operation.error_codes));
        let of_v2: BTreeSet<&str> = ["biz_content", "params", "files"]
            .iter()
            .flat_map(|key| method.get(*key).and_then(Value::as_array).into_iter().flatten())
            .filter_map(|field| field.as_str().or_else(|| field.get("name")?.as_str()))
            .collect();
        for (place, names) in [("query", &operation.query), ("body", &operation.body)] {
            for only in names.iter().filter(|name| !of_v2.contains(name.as_str())) {
                request.insert(only.clone(), json!({ "v3_only": place }));
            }
        }
        if !operation.multipart {
            let places = [&operation.query, &operation.path_params, &operation.body];
            let of_v3: BTreeSet<&str> = places.into_iter().flatten().map(String::as_str).collect();
            for field in of_v2.iter().filter(|field| !of_v3.contains(*field)) {
                differences.extend(["method\t", name, "\trequest\t", *field, "\tonly_v2\n"]);
            }
        }
        take_title(facts, &operation.title);
    }
}

fn by_name(text: &str, key: &str) -> Result<BTreeMap<String, Json>, String> {
    let line = |line: &str| {
        let line: Json = serde_json::from_str(line).map_err(|error| format!("the catalogue: {error}"))?;
        let name = line.get(key).and_then(Value::as_str);
        let name = name.ok_or_else(|| format!("the catalogue: a line has no `{key}`"))?;
        Ok((name.to_owned(), line))
    };
    text.lines().filter(|line| !line.is_empty()).map(line).collect()
}

fn lines(named: &BTreeMap<String, Json>) -> String {
    named
        .values()
        .map(|line| Value::from(line.clone()).to_string() + "\n")
        .collect()
}

/// Fields as a catalogue has them.
fn described(members: &[Member]) -> Value {
    let field = |member: &Member| {
        let mut field = Json::new();
        field.insert("name".to_owned(), json!(member.wire));
        field.insert("type".to_owned(), json!(member.ty));
        if member.list {
            field.insert("list".to_owned(), json!(true));
        }
        Value::from(field)
    };
    members.iter().map(field).collect()
}

/// The line about something, which is made where there is none.
fn entry<'l>(lines: &'l mut BTreeMap<String, Json>, key: &str, name: &str) -> &'l mut Json {
    let line = lines.entry(name.to_owned()).or_default();
    line.entry(key).or_insert_with(|| json!(name));
    line
}

/// Gives a method that has no title this one, unless that is empty.
fn take_title(facts: &mut Json, title: &str) {
    if !title.is_empty() {
        facts.entry("title_zh").or_insert_with(|| json!(title));
    }
}

/// The object below a key, which is made where there is none.
fn object<'l>(line: &'l mut Json, key: &str) -> &'l mut Json {
    let value = line.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("an object was put there")
}

/// Adds the labels of fields that have none.
fn learn<'m>(facts: &mut Json, members: impl Iterator<Item = &'m Member>) {
    for member in members {
        // What ends the first clause of a description, which is the field's name.
        let label = member
            .about
            .split(['。', '，', ',', '；', ';', '：', ':', '（', '(', '【', '['])
            .next();
        let of = object(facts, &member.wire);
        if let Some(label) = label.map(str::trim).filter(|label| !label.is_empty()) {
            of.entry("label_zh").or_insert_with(|| json!(label));
        }
    }
}
