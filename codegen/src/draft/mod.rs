//! Drafts of specs from the catalogue of the gateway's methods.
//!
//! The catalogue knows names and wire types, and some facts; not what anything means. Where a draft has nothing to say it leaves the `doc` empty, which the
//! checker refuses, so that none lands unread.

mod catalogue;
mod facts;
mod import;
mod objects;
mod shared;
mod types;
mod yaml;

use crate::names;
use crate::source::SourceFile;
use catalogue::Method;
use objects::Objects;
use shared::Shared;

pub use import::import;

/// A draft could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// A line of the catalogue isn't what it should be.
    #[error("line {line} of the catalogue: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// No line has the method.
    #[error("the catalogue has no method `{0}`")]
    NoSuchMethod(String),
}

/// A draft, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Relative to `spec/`.
    pub path: String,
    /// The YAML.
    pub text: String,
}

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

/// Drafts the spec of a method. What the `types.yaml` of the method's product and `gateway.yaml` describe already, among the `specs` that there are, the
/// draft refers to.
///
/// # Errors
/// When the catalogue lacks the method or is malformed where it is looked at.
pub fn draft(method: &str, catalogue: &Catalogue<'_>, specs: &[SourceFile]) -> Result<Draft, DraftError> {
    let Some((line, found)) = catalogue::find(catalogue.methods, "method", method)? else {
        return Err(DraftError::NoSuchMethod(method.to_owned()));
    };
    let mut found = Method::read(line, &found)?;
    if let Some((_, facts)) = catalogue::find(catalogue.fields, "method", method)? {
        found.learn(&facts);
    }
    found.learn_tables(catalogue.kinds, catalogue.keys, catalogue.differences);
    let product = product_among(method, specs);
    let shared = Shared::of(product, specs);
    let objects = Objects::read(catalogue.types, catalogue.type_facts)?;
    let own = objects.reached(&found, &shared.types);
    Ok(Draft {
        path: format!("{product}/{method}.yaml"),
        text: yaml::method(&found, product, &own, &shared, &yaml::UNSAID),
    })
}

/// The product that has specs already and that most of the method's name belongs to; else [`product_of`].
fn product_among<'a>(method: &'a str, specs: &'a [SourceFile]) -> &'a str {
    let folders = specs.iter().filter_map(|file| Some(file.path.split_once('/')?.0));
    let products = folders.filter(|folder| names::stem(method, folder).is_some());
    products
        .max_by_key(|folder| folder.len())
        .unwrap_or_else(|| product_of(method))
}

/// `fund` of `alipay.fund.trans.uni.transfer`, `koubei` of `koubei.trade.order.query`.
fn product_of(method: &str) -> &str {
    method
        .strip_prefix("alipay.")
        .unwrap_or(method)
        .split('.')
        .next()
        .unwrap_or(method)
}
