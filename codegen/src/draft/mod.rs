//! Drafts of specs from the catalogue of the gateway's methods.
//!
//! The catalogue knows names and wire types, not what anything means: a draft leaves every `doc` empty, which the checker refuses, so that none lands unread.

mod catalogue;
mod import;
mod objects;
mod shared;
mod yaml;

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

/// Drafts the spec of a method from a catalogue of methods and one of types, each with a JSON object on a line. What the `types.yaml` of the method's
/// product describes already, among the `specs` that there are, the draft refers to.
///
/// # Errors
/// When the catalogue lacks the method or is malformed where it is looked at.
pub fn draft(method: &str, methods: &str, types: &str, specs: &[SourceFile]) -> Result<Draft, DraftError> {
    let found = catalogue::find(methods, "method", method)?;
    let Some(found) = found.map(|(line, object)| Method::read(line, &object)).transpose()? else {
        return Err(DraftError::NoSuchMethod(method.to_owned()));
    };
    let product = product_of(method);
    let shared = Shared::of(product, specs);
    let objects = Objects::read(types)?;
    let own = objects.reached(&found, &shared.types);
    Ok(Draft {
        path: format!("{product}/{method}.yaml"),
        text: yaml::method(&found, &own, &shared, &yaml::UNSAID),
    })
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
