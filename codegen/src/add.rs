//! Methods of the catalogue in a crate of a user's own: their specs, drafted, and the code that comes from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::catalogue::{Catalogue, CatalogueError};
use crate::check::suggest;
use crate::draft::{self, Filling, drafts};
use crate::project::{Project, ProjectError};
use crate::shipped::Shipped;
use crate::source::{SourceFile, spec_of};
use crate::{extension_names, rust_names};

/// What was done for each of the methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// By name.
    pub methods: Vec<AddedMethod>,
    /// The files of types that several methods share, as far as something came into them.
    pub types: Vec<String>,
}

/// A method that a user's crate has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedMethod {
    /// As the gateway names it.
    pub name: String,
    /// Its spec.
    pub path: String,
    /// How it is called, and with what: `client.user_ext().kabao_voucher_create(user::KabaoVoucherCreate)`.
    pub call: String,
    /// `None` where the spec was there already, and was left as it is.
    pub drafted: Option<Drafted>,
}

/// What a draft has, and has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// Whether the official title is known.
    pub titled: bool,
    /// How many fields, types and values it says nothing of.
    pub undescribed: usize,
    /// How many fields of its own are known to be required.
    pub required: usize,
    /// How many error codes of its own it has, all of them without a class.
    pub errors: usize,
}

/// Methods can't be added. Nothing was written, unless writing a file failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// Some of the methods can't be added.
    #[error("{}", lines(.0))]
    Refused(Vec<Refusal>),
    /// The catalogue can't be read.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The specs that are there are unsound, or a file can't be read or written.
    #[error(transparent)]
    Project(#[from] ProjectError),
}

/// Why a method can't be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `alipay-api` has it, described and tested.
    Shipped {
        /// As the gateway names it.
        name: String,
        /// Where.
        place: Shipped,
    },
    /// The catalogue has no method of this name.
    Unknown {
        /// As it was given.
        name: String,
        /// The names that are nearest.
        near: Vec<String>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped { name, place } => write!(f, "{name} needs no spec, since alipay-api has it: {place}"),
            Self::Unknown { name, near } if near.is_empty() => write!(
                f,
                "{name} is not in the catalogue; `alipay-codegen search WORD` finds names, and for a method that is newer, write the spec by hand"
            ),
            Self::Unknown { name, near } => {
                write!(
                    f,
                    "{name} is not in the catalogue; did you mean {}?",
                    near.join(", or ")
                )
            }
        }
    }
}

fn lines(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Drafts the specs of methods into a user's project, where it has none of them yet, and writes the code of the whole project.
///
/// # Errors
/// When a method is in `alipay-api` or is not in the catalogue, when the specs that are there are unsound, or when a file can't be read or written. Nothing
/// is written before all else holds.
pub fn add(project: &Project, methods: &BTreeSet<String>, catalogue: &Catalogue<'_>) -> Result<Added, AddError> {
    let specs = project.specs()?;
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    for method in methods {
        if let Some(file) = spec_of(&specs, method) {
            paths.insert(method, file.path.clone());
        }
    }
    let fresh: BTreeSet<String> = methods
        .iter()
        .filter(|method| !paths.contains_key(method.as_str()))
        .cloned()
        .collect();
    refuse(&fresh, catalogue)?;
    let files = if fresh.is_empty() {
        Vec::new()
    } else {
        drafts(&fresh, catalogue, &specs, Filling::Unread)?
    };
    let spec = project.with(specs, &files)?;
    let drafted: BTreeMap<&str, &SourceFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let added = spec
        .products
        .iter()
        .flat_map(|product| product.methods.iter().map(move |method| (product, method)));
    let added = added
        .filter(|(_, method)| methods.contains(&method.name))
        .map(|(product, method)| {
            let path = format!("{}/{}.yaml", product.name, method.name);
            let (_, handle) = extension_names(&product.name);
            let (request, function) = rust_names(method);
            AddedMethod {
                name: method.name.clone(),
                call: format!(
                    "client.{handle}().{function}({}::{request})",
                    crate::names::identifier(&product.name)
                ),
                drafted: drafted.get(path.as_str()).map(|file| Drafted {
                    titled: method.title.is_some(),
                    undescribed: file.text.matches(draft::NOT_DESCRIBED).count(),
                    required: method.request.fields.iter().filter(|field| field.required).count(),
                    errors: method.errors.len(),
                }),
                path: project.spec_path(&path),
            }
        });
    let types = files.iter().filter(|file| file.path.ends_with("/types.yaml"));
    Ok(Added {
        methods: added.collect(),
        types: types.map(|file| project.spec_path(&file.path)).collect(),
    })
}

/// An error for what can't be drafted.
fn refuse(methods: &BTreeSet<String>, catalogue: &Catalogue<'_>) -> Result<(), AddError> {
    const NEAR: usize = 3;
    let known = catalogue.names()?;
    let mut refusals = Vec::new();
    for name in methods {
        if let Some(place) = Shipped::find(name) {
            refusals.push(Refusal::Shipped {
                name: name.clone(),
                place,
            });
        } else if !known.contains(name) {
            let near = suggest::several(name, known.iter().map(String::as_str), NEAR);
            refusals.push(Refusal::Unknown {
                name: name.clone(),
                near: near.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(AddError::Refused(refusals))
    }
}
