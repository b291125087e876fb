//! A whole catalogue as specs.

use std::collections::{BTreeMap, HashSet};

use super::catalogue::{self, Method, Object};
use super::objects::Objects;
use super::shared::Shared;
use super::{DraftError, product_of, yaml};
use crate::source::SourceFile;

/// Specs of every method of a catalogue, to try the generator at scale: whatever the catalogue doesn't know is made up. Types that
/// several methods of a product use stand in its `types.yaml`.
///
/// # Errors
/// When the catalogue is malformed.
pub fn import(methods: &str, types: &str) -> Result<Vec<SourceFile>, DraftError> {
    let objects = Objects::read(types, "")?;
    let mut products: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
    let all = catalogue::all(methods)?;
    for (name, method) in &all {
        products.entry(product_of(name)).or_default().push(method.read()?);
    }
    let files = products.iter().map(|(name, methods)| product(name, methods, &objects));
    Ok(files.flatten().collect())
}

fn product(name: &str, methods: &[Method], objects: &Objects) -> Vec<SourceFile> {
    let mut users: BTreeMap<&str, (usize, &Object)> = BTreeMap::new();
    for method in methods {
        for (name, object) in objects.reached(method, &HashSet::new()) {
            users.entry(name).or_insert((0, object)).0 += 1;
        }
    }
    // What a shared type reaches is shared by the same methods.
    let shared: BTreeMap<&str, &Object> = users
        .into_iter()
        .filter(|(_, (users, _))| *users > 1)
        .map(|(name, (_, object))| (name, object))
        .collect();
    let known = Shared {
        types: shared.keys().map(|name| (*name).to_owned()).collect(),
        ..Shared::default()
    };
    let specs = methods.iter().map(|method| SourceFile {
        path: format!("{name}/{}.yaml", method.name),
        text: yaml::method(
            method,
            name,
            &objects.reached(method, &known.types),
            &known,
            &yaml::MADE_UP,
        ),
    });
    let types = (!shared.is_empty()).then(|| SourceFile {
        path: format!("{name}/types.yaml"),
        text: yaml::types(&shared, &known, &yaml::MADE_UP),
    });
    specs.chain(types).collect()
}
