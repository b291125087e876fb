//! Drafts of specs from the catalogue of the gateway's methods.
//!
//! The catalogue knows names and wire types, and some facts; not what anything means. Where a draft has nothing to say it leaves the `doc` empty, which the
//! checker refuses, so that none lands unread.

mod catalogue;
mod error;
mod facts;
mod objects;
mod products;
mod shared;
mod types;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use crate::source::SourceFile;
pub use error::DraftError;

use catalogue::{Lines, Method, Object};
use objects::Objects;
use shared::Shared;

/// The texts of a catalogue's files. Only the first has to be there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Catalogue<'a> {
    /// Methods, a JSON object on each line: `method`, `biz_content`, `params`, `files`, `response`, `v3`, `error_codes`.
    pub methods: &'a str,
    /// The types that methods refer to, a JSON object on each line: `type`, `fields`.
    pub types: &'a str,
    /// What is known of methods and their fields, a JSON object on each line: `method`, `title_zh`, `fields`.
    pub fields: &'a str,
    /// What is known of the types' fields, a JSON object on each line: `type`, `fields`.
    pub type_facts: &'a str,
    /// Methods that are pages or apps, between tabs: method, kinds.
    pub kinds: &'a str,
    /// Fields by which a repeat is not done twice, between tabs: method, key, query, source, grade.
    pub keys: &'a str,
    /// What differs between V2 and V3, between tabs: scope, name, side, field, kind.
    pub differences: &'a str,
}

impl Catalogue<'_> {
    /// The names of all its methods.
    ///
    /// # Errors
    /// When a line is malformed.
    pub fn names(&self) -> Result<BTreeSet<String>, DraftError> {
        let lines = Lines::read(self.methods, "method", None)?;
        Ok(lines.names().map(str::to_owned).collect())
    }
}

/// What a draft says where the catalogue knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// Nothing, which the checker refuses.
    Empty,
    /// Something without meaning that the checker takes: to try the generator, and for nothing else.
    MadeUp,
}

/// Drafts the specs of these methods, each in the folder of its product: of those that `specs` has the one that most of its name belongs to, else one of
/// the name's first segment, split where it would be too large.
///
/// What the `types.yaml` of the product and `gateway.yaml` describe already, among the `specs` that there are, the drafts refer to. Types that several of the
/// methods use are drafted into the product's `types.yaml`, behind those that it has.
///
/// # Errors
/// When the catalogue lacks a method or is malformed where it is looked at.
pub fn drafts(
    methods: &BTreeSet<String>,
    catalogue: &Catalogue<'_>,
    specs: &[SourceFile],
    filling: Filling,
) -> Result<Vec<SourceFile>, DraftError> {
    let words = match filling {
        Filling::Empty => &yaml::UNSAID,
        Filling::MadeUp => &yaml::MADE_UP,
    };
    let objects = Objects::read(catalogue.types, catalogue.type_facts)?;
    let lines = Lines::read(catalogue.methods, "method", Some(methods))?;
    let facts = Lines::read(catalogue.fields, "method", Some(methods))?;
    let read = |name: &str| {
        let Some((line, text)) = lines.get(name) else {
            return Err(DraftError::NoSuchMethod(name.to_owned()));
        };
        let mut method = Method::read(line, &catalogue::parse(line, text)?)?;
        if let Some((line, text)) = facts.get(name) {
            method.learn(&catalogue::parse(line, text)?);
        }
        method.learn_tables(catalogue.kinds, catalogue.keys, catalogue.differences);
        Ok(method)
    };
    let mut files = Vec::new();
    for (product, names) in products::assign(methods, specs) {
        let methods: Vec<Method> = names.into_iter().map(read).collect::<Result<_, _>>()?;
        of_product(&product, &methods, &objects, specs, words, &mut files);
    }
    Ok(files)
}

/// The drafts of a product's methods, and of the types that they share.
fn of_product(
    product: &str,
    methods: &[Method],
    objects: &Objects,
    specs: &[SourceFile],
    words: &yaml::Words,
    files: &mut Vec<SourceFile>,
) {
    let path = format!("{product}/types.yaml");
    let mut known = Shared::of(&path, specs);
    let mut users: BTreeMap<&str, (usize, &Object)> = BTreeMap::new();
    for method in methods {
        for (name, object) in objects.reached(method, &known.types) {
            users.entry(name).or_insert((0, object)).0 += 1;
        }
    }
    // What a shared type reaches is shared by the same methods.
    let shared: BTreeMap<&str, &Object> = users
        .into_iter()
        .filter(|(_, (users, _))| *users > 1)
        .map(|(name, (_, object))| (name, object))
        .collect();
    known.types.extend(shared.keys().map(|name| (*name).to_owned()));
    if !shared.is_empty() {
        let drafted = yaml::types(&shared, methods, &known, objects, words);
        known.types.extend(drafted.enums);
        let text = shared::with_types(&path, specs, &drafted.text);
        files.push(SourceFile { path, text });
    }
    for method in methods {
        let own = objects.reached(method, &known.types);
        files.push(SourceFile {
            path: format!("{product}/{}.yaml", method.name),
            text: yaml::method(method, product, &own, &known, objects, words),
        });
    }
}
