//! What a catalogue says of methods that a spec must say too: names, types and places.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::error::CatalogueError;
use super::facts::Facts;
use super::objects::Objects;
use super::read::{Field, Method};
use super::texts::Catalogue;
use crate::ir::{Kind, Placement, V3};

/// What some methods are called, take and give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// By name.
    pub methods: BTreeMap<String, MethodOutline>,
    /// The fields of the objects that the methods reach, by the objects' official names.
    pub types: BTreeMap<String, BTreeMap<String, FieldOutline>>,
}

/// One method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodOutline {
    /// How it is called.
    pub kind: Kind,
    /// Whether Alipay calls it obsolete.
    pub deprecated: bool,
    /// Its place in V3. Lists are sorted.
    pub v3: Option<V3>,
    /// The fields that it takes.
    pub request: BTreeMap<String, FieldOutline>,
    /// The fields that it gives.
    pub response: BTreeMap<String, FieldOutline>,
    /// The business error codes that it documents.
    pub errors: BTreeSet<String>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOutline {
    /// `string`, `int`, `float`, `bool`, `datetime`, `file`, or an object's name.
    pub ty: String,
    /// Whether it holds several of the type.
    pub list: bool,
    /// Where a request has it. [`Placement::Business`] for all other fields.
    pub placement: Placement,
    /// Whether Alipay calls it obsolete.
    pub deprecated: bool,
    /// Whether it is firm that it must be given. `false` in a response.
    pub required: bool,
    /// In characters, of text that is given.
    pub max_length: Option<u64>,
    /// Of a list that is given.
    pub max_items: Option<u64>,
}

impl Catalogue<'_> {
    /// What it says of these methods. Those that it lacks are not in the result.
    ///
    /// # Errors
    /// When the catalogue is malformed where it is looked at.
    pub fn outline(&self, methods: &BTreeSet<String>) -> Result<Outline, CatalogueError> {
        let objects = self.objects()?;
        let lines = self.lines(methods)?;
        let mut outline = Outline::default();
        for name in methods.iter().filter(|name| lines.has(name)) {
            let method = lines.method(name)?;
            outline.add_types(&method, &objects);
            outline.methods.insert(name.clone(), of_method(&method));
        }
        Ok(outline)
    }
}

impl Outline {
    /// Adds the objects that a method reaches.
    fn add_types(&mut self, method: &Method, objects: &Objects) {
        for (name, object) in objects.reached(method, &HashSet::new()) {
            let fields = || object.fields.iter().map(|field| of_field(field, Placement::Business));
            self.types.entry(name.to_owned()).or_insert_with(|| fields().collect());
        }
    }
}

fn of_method(method: &Method) -> MethodOutline {
    let facts = &method.facts;
    let kind = match (facts.is_page, facts.is_app) {
        (true, true) => Kind::PageOrApp,
        (true, false) => Kind::Page,
        (false, true) => Kind::App,
        (false, false) if method.files.is_empty() => Kind::Server,
        (false, false) => Kind::Upload,
    };
    let place = |name: &str| {
        if method.files.iter().any(|file| file == name) {
            Placement::File
        } else {
            Placement::TopLevel
        }
    };
    let business = method
        .biz_content
        .iter()
        .map(|field| of_field(field, Placement::Business));
    let parameters = method.params.iter().map(|field| of_field(field, place(&field.name)));
    let nothing = Facts::default();
    let files = method.files.iter().map(|name| {
        let facts = facts.files.get(name).unwrap_or(&nothing);
        (name.clone(), outline("file", false, Placement::File, facts))
    });
    let response = method.response.iter().map(|field| {
        let (name, field) = of_field(field, Placement::Business);
        let limits = FieldOutline {
            required: false,
            max_length: None,
            max_items: None,
            ..field
        };
        (name, limits)
    });
    let v3 = method.v3.as_ref().map(|v3| V3 {
        verb: v3.verb.clone(),
        path: v3.path.clone(),
        query: {
            let only = facts.v3_only.iter().filter(|(_, place)| place == "query");
            sorted(v3.query.iter().chain(only.map(|(name, _)| name)))
        },
        multipart: v3.multipart,
        only: sorted(facts.v3_only.iter().map(|(name, _)| name)),
        without: sorted(method.v3_without()),
    });
    MethodOutline {
        kind,
        deprecated: facts.deprecated,
        v3,
        request: business.chain(parameters).chain(files).collect(),
        response: response.collect(),
        errors: method.error_codes.iter().cloned().collect(),
    }
}

fn of_field(field: &Field, placement: Placement) -> (String, FieldOutline) {
    let outline = outline(&field.ty, field.list, placement, &field.facts);
    (field.name.clone(), outline)
}

fn outline(ty: &str, list: bool, placement: Placement, facts: &Facts) -> FieldOutline {
    FieldOutline {
        ty: ty.to_owned(),
        list,
        placement,
        deprecated: facts.deprecated,
        required: facts.required,
        max_length: facts.max_length.filter(|_| !list),
        max_items: facts.max_items.filter(|_| list),
    }
}

fn sorted<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
    let names: BTreeSet<&String> = names.into_iter().collect();
    names.into_iter().cloned().collect()
}
