//! A catalogue's files, and how they are looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CatalogueError;
use super::objects::Objects;
use super::read::{Lines, Method, parse, title_of};

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
    pub fn names(&self) -> Result<BTreeSet<String>, CatalogueError> {
        let lines = Lines::read("methods", self.methods, "method", None)?;
        Ok(lines.names().map(str::to_owned).collect())
    }

    /// The official titles of all its methods, by name, where they are known and names.
    ///
    /// # Errors
    /// When a line is malformed.
    pub fn titles(&self) -> Result<BTreeMap<String, Option<String>>, CatalogueError> {
        let facts = Lines::read("fields", self.fields, "method", None)?;
        let title = |name: String| {
            let facts = facts.get(&name).map(|(place, text)| parse(place, text)).transpose()?;
            Ok((name, facts.as_ref().and_then(title_of)))
        };
        self.names()?.into_iter().map(title).collect()
    }

    /// All its types.
    pub(crate) fn objects(&self) -> Result<Objects, CatalogueError> {
        Objects::read(self.types, self.type_facts)
    }

    /// Its lines about these methods.
    pub(crate) fn lines(&self, methods: &BTreeSet<String>) -> Result<MethodLines<'_>, CatalogueError> {
        Ok(MethodLines {
            catalogue: self,
            methods: Lines::read("methods", self.methods, "method", Some(methods))?,
            facts: Lines::read("fields", self.fields, "method", Some(methods))?,
        })
    }
}

/// A catalogue's lines about some methods.
pub(crate) struct MethodLines<'a> {
    catalogue: &'a Catalogue<'a>,
    methods: Lines<'a>,
    facts: Lines<'a>,
}

impl MethodLines<'_> {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.methods.get(name).is_some()
    }

    /// All that is known of a method.
    pub(crate) fn method(&self, name: &str) -> Result<Method, CatalogueError> {
        let Some((place, text)) = self.methods.get(name) else {
            return Err(CatalogueError::NoSuchMethod(name.to_owned()));
        };
        let mut method = Method::read(place, &parse(place, text)?)?;
        if let Some((place, text)) = self.facts.get(name) {
            method.learn(&parse(place, text)?);
        }
        let Catalogue {
            kinds,
            keys,
            differences,
            ..
        } = self.catalogue;
        method.learn_tables(kinds, keys, differences);
        Ok(method)
    }
}
