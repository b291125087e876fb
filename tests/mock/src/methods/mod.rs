//! What the methods do. A method that has a spec but no behaviour here is not played: it is checked against the spec, and answered by it.

pub(crate) mod agreements;
mod bills;
mod certify;
mod complaints;
mod ebpp;
mod fund;
mod images;
mod onboarding;
mod open;
pub(crate) mod preauths;
pub(crate) mod trade;
pub(crate) mod user;

use alipay_codegen::ir::Method;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::money::Money;
use crate::protocol::Callbacks;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::specs::Specs;
use crate::state::State;
use crate::state::buyers::Undecided;
use crate::state::trades::Merchant;
use crate::state::visits::Subject;
use crate::strictness::Strictness;

/// A method's behaviour.
pub(crate) struct Behaviour {
    /// Its name.
    pub(crate) method: &'static str,
    /// The business error codes it refuses with: a test holds them against the spec.
    pub(crate) errors: &'static [&'static str],
    /// What it does.
    pub(crate) play: fn(&mut Call<'_>) -> Result<Played, Failure>,
}

/// What a call came to.
pub(crate) enum Played {
    /// A `code` and the response's fields.
    Answer(&'static str, Fields),
    /// The fields of a response that has no `code`.
    Bare(Fields),
    /// The same as [`Answer`](Self::Answer), which is held back until a slow buyer decides.
    Late(&'static str, Fields, Undecided),
    /// A page on which somebody decides this.
    Page(Subject),
}

impl Played {
    /// What calls come to when all is well.
    fn success(fields: Fields) -> Self {
        Self::Answer("10000", fields)
    }
}

/// The methods that are played.
const BEHAVIOURS: &[&[Behaviour]] = &[
    trade::BEHAVIOURS,
    trade::royalty::BEHAVIOURS,
    onboarding::BEHAVIOURS,
    complaints::BEHAVIOURS,
    images::BEHAVIOURS,
    fund::BEHAVIOURS,
    preauths::BEHAVIOURS,
    agreements::BEHAVIOURS,
    bills::BEHAVIOURS,
    certify::BEHAVIOURS,
    ebpp::BEHAVIOURS,
    open::BEHAVIOURS,
    user::BEHAVIOURS,
];

/// A method's behaviour, if it has one.
pub(crate) fn behaviour(method: &str) -> Option<&'static Behaviour> {
    BEHAVIOURS
        .iter()
        .copied()
        .flatten()
        .find(|behaviour| behaviour.method == method)
}

/// A call that passed every check of the protocol and of the spec.
pub(crate) struct Call<'a> {
    pub(crate) specs: &'a Specs,
    /// Where the gateway is, if it has a server.
    pub(crate) base_url: Option<&'a str>,
    pub(crate) method: &'a Method,
    pub(crate) strictness: Strictness,
    pub(crate) errors: &'static [&'static str],
    pub(crate) request: &'a Map<String, Value>,
    pub(crate) callbacks: Callbacks,
    pub(crate) merchant: Merchant,
    pub(crate) now: Timestamp,
    pub(crate) state: &'a mut State,
}

impl Call<'_> {
    /// A field as text, if it was given: the gateway takes numbers for text and empty text for nothing.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(self.request, name)
    }

    /// A field that the spec requires.
    pub(crate) fn required(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// An amount, if it was given.
    pub(crate) fn money(&self, name: &str) -> Option<Money> {
        self.request.get(name).and_then(Money::from_json)
    }

    /// Whether the list `query_options` names this detail.
    pub(crate) fn wants(&self, option: &str) -> bool {
        self.request
            .get("query_options")
            .and_then(Value::as_array)
            .is_some_and(|options| options.iter().any(|name| name == option))
    }

    /// Refuses with one of the method's own codes.
    pub(crate) fn refuse(&self, code: &'static str, message: &str) -> Failure {
        debug_assert!(
            self.errors.contains(&code),
            "{} does not declare {code}",
            self.method.name
        );
        Failure::business(code, message)
    }
}

/// Refuses a parameter as the gateway does by itself, for methods whose own codes are not documented.
pub(crate) fn illegal(message: &str) -> Failure {
    Failure::invalid("isv.invalid-parameter", format!("参数无效: {message}"))
}

/// A field of an object as text, likewise.
pub(crate) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_spec() {
        let specs = Specs::load(Vec::new()).unwrap();
        for behaviour in BEHAVIOURS.iter().copied().flatten() {
            let method = specs.method(behaviour.method);
            let method = method
                .unwrap_or_else(|| panic!("{} has no spec", behaviour.method))
                .method;
            for code in behaviour.errors {
                assert!(
                    method.errors.iter().any(|error| error.code == *code),
                    "{} is not documented for {}",
                    code,
                    behaviour.method
                );
            }
        }
    }
}
