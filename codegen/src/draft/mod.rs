//! Drafts of specs from the catalogue of the gateway's methods.
//!
//! The catalogue knows names and wire types, and some facts; not what anything means. Where a draft for the library has nothing to say it leaves the `doc`
//! empty, which the checker refuses, so that none lands unread. One for a user's crate can be used at once, and says that nobody has read it.

mod products;
mod shared;
mod types;
mod yaml;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalogue::{Catalogue, CatalogueError, Method, Object, Objects};
use crate::source::SourceFile;

use shared::Shared;
#[cfg(feature = "catalogue")]
pub(crate) use yaml::NOT_DESCRIBED;

/// What a draft says where the catalogue knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// Nothing, which the checker refuses.
    Empty,
    /// Something without meaning that the checker takes: to try the generator, and for nothing else.
    MadeUp,
    /// That nobody has read it beside the documentation. The checker takes it, and what would only be a guess is not in force: nothing is sent twice, and
    /// what may be something else than text is text.
    Unread,
}

/// Drafts the specs of these methods, each in the folder of its product: of those that `specs` has the one that most of its name belongs to, else one of
/// the name's first segment, split where it would be too large.
///
/// What the `types.yaml` of the product and `gateway.yaml` describe already, among the `specs` that there are, the drafts refer to. Types that several of the
/// methods use are drafted into the product's `types.yaml`, among those that it has, unless a method among the `specs` has a type of that name.
///
/// # Errors
/// When the catalogue lacks a method or is malformed where it is looked at.
pub fn drafts(
    methods: &BTreeSet<String>,
    catalogue: &Catalogue<'_>,
    specs: &[SourceFile],
    filling: Filling,
) -> Result<Vec<SourceFile>, CatalogueError> {
    let words = match filling {
        Filling::Empty => &yaml::UNSAID,
        Filling::MadeUp => &yaml::MADE_UP,
        Filling::Unread => &yaml::UNREAD,
    };
    let objects = catalogue.objects()?;
    let lines = catalogue.lines(methods)?;
    let read = |name: &str| {
        let mut method = lines.method(name)?;
        method.leave_out_gateways();
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
    let taken = shared::of_methods(product, specs);
    let mut users: BTreeMap<&str, (usize, &Object)> = BTreeMap::new();
    for method in methods {
        for (name, object) in objects.reached(method, &known.types) {
            users.entry(name).or_insert((0, object)).0 += 1;
        }
    }
    // What a shared type reaches is shared by the same methods.
    let mut shared: BTreeMap<&str, &Object> = users
        .into_iter()
        .filter(|(_, (users, _))| *users > 1)
        .map(|(name, (_, object))| (name, object))
        .collect();
    leave_out(&mut shared, &taken);
    known.types.extend(shared.keys().map(|name| (*name).to_owned()));
    if !shared.is_empty() {
        let drafted = yaml::types(&shared, methods, &known, &taken, objects, words);
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

/// Leaves to each method its own copy of what another method's spec has as its own, since a shared type can't have its name, and of all that refers to that.
fn leave_out(shared: &mut BTreeMap<&str, &Object>, taken: &HashSet<String>) {
    let mut left_out = taken.clone();
    loop {
        let (out, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(shared).into_iter().partition(|(name, object)| {
                left_out.contains(*name) || object.fields.iter().any(|field| left_out.contains(&field.ty))
            });
        *shared = kept;
        if out.is_empty() {
            return;
        }
        left_out.extend(out.into_keys().map(str::to_owned));
    }
}
