//! Answers that a test sets, in place of what the gateway would do.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use alipay_codegen::ir::Kind;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::example;
use crate::protocol::Outcome;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::specs::{Described, Specs, Target};
use crate::validate::{self, Problem};

/// The members of an answer that are the gateway's own.
const OWN: [&str; 4] = ["code", "msg", "sub_code", "sub_msg"];

/// What a method is answered with, in place of what the gateway would do: see [`Mock::answer`](crate::Mock::answer).
///
/// A JSON object is one: the response's fields, as the gateway writes them. Where it has no `code`, the call has succeeded. Where its `code` is an
/// error, it has `sub_code` and perhaps `sub_msg`.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Answer {
    node: Value,
    once: bool,
    executed: bool,
    exactly: bool,
}

impl From<Value> for Answer {
    fn from(node: Value) -> Self {
        Self {
            node,
            once: false,
            executed: false,
            exactly: false,
        }
    }
}

impl Answer {
    /// An error: the gateway's `code`, such as `40004`, and what it says of the method, such as `ACQ.TRADE_NOT_EXIST`.
    pub fn error(code: &str, sub_code: &str) -> Self {
        serde_json::json!({ "code": code, "sub_code": sub_code }).into()
    }

    /// For the next call only. Without it, all calls are answered so until another answer without it is ordered, or
    /// [`Mock::forget_answers`](crate::Mock::forget_answers).
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The gateway does what the call asks for, and then answers so. Where it refuses to, it answers with its refusal. A method without a behaviour
    /// has nothing that could be done.
    pub fn executed(mut self) -> Self {
        self.executed = true;
        self
    }

    /// Is sent as it is: not compared with the spec, nothing is added to it, not even a `code`.
    pub fn exactly(mut self) -> Self {
        self.exactly = true;
        self
    }
}

/// Why an answer can't be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The answer is no JSON object.
    #[error("the answer to `{method}` is no JSON object")]
    NotAnObject {
        /// The method.
        method: String,
    },
    /// A field is not in the spec, or its value is not one that the spec allows.
    #[error(
        "the answer to `{method}` does not keep to its spec: {field}: {rule}; correct it, or order the answer with `exactly`"
    )]
    Field {
        /// The method.
        method: String,
        /// The path of the field.
        field: String,
        /// What is expected there.
        rule: String,
    },
    /// `code` or another of the gateway's own members is no text.
    #[error("the answer to `{method}` has a wrong `{member}`: must be text")]
    NotText {
        /// The method.
        method: String,
        /// The member.
        member: &'static str,
    },
    /// A browser opens the method: it gets a page, and no JSON.
    #[error("a browser opens `{method}` and gets a page: only an error can be ordered for it")]
    Page {
        /// The method.
        method: String,
    },
}

/// An answer that was found sound.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    content: Content,
    once: bool,
    /// Whether the call is carried out all the same.
    pub(crate) executed: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Error(Failure),
    /// A `code`, and the fields that were named.
    Success(Cow<'static, str>, Map<String, Value>),
    /// The fields of a success that has no `code`.
    SuccessWithoutCode(Map<String, Value>),
    Exactly(Fields),
}

impl Ordered {
    fn new(specs: &Specs, method: &str, answer: Answer) -> Result<Self, AnswerError> {
        let Value::Object(node) = answer.node else {
            let method = method.to_owned();
            return Err(AnswerError::NotAnObject { method });
        };
        let described = specs.method(method);
        let is_error = match code(&node) {
            Some(code) => is_failure(described, code),
            None => node.contains_key("sub_code") && !has_field(described, "sub_code"),
        };
        let is_only_page = described.is_some_and(|described| described.method.kind == Kind::Page);
        if is_only_page && (answer.exactly || !is_error) {
            let method = method.to_owned();
            return Err(AnswerError::Page { method });
        }
        let content = if answer.exactly {
            Content::Exactly(node.into())
        } else {
            checked(described, method, node, is_error)?
        };
        Ok(Self {
            content,
            once: answer.once,
            executed: answer.executed,
        })
    }

    /// The error that it is, if it is one.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match &self.content {
            Content::Error(failure) => Some(failure.clone()),
            Content::Success(..) | Content::SuccessWithoutCode(_) | Content::Exactly(_) => None,
        }
    }

    /// The outcome of the call.
    pub(crate) fn outcome(self, target: Target<'_>, request: &Map<String, Value>, now: Timestamp) -> Outcome {
        let complete = |said: Map<String, Value>| match target {
            Target::Described(described) => example::complete(described, said, request, now),
            Target::Undescribed(_) => said.into(),
        };
        match self.content {
            Content::Error(failure) => Outcome::Failure { failure, signed: true },
            Content::Success(code, said) => Outcome::Success(code, complete(said)),
            Content::SuccessWithoutCode(said) => Outcome::Bare(complete(said)),
            Content::Exactly(fields) => Outcome::Bare(fields),
        }
    }
}

fn code(node: &Map<String, Value>) -> Option<&str> {
    node.get("code").and_then(Value::as_str)
}

/// Whether a `code` is an error: neither `10000` nor another outcome that the spec names.
fn is_failure(described: Option<Described<'_>>, code: &str) -> bool {
    let is_outcome = described.is_some_and(|described| {
        let mut outcomes = described.method.outcomes.iter();
        outcomes.any(|outcome| outcome.code == code)
    });
    code != "10000" && !is_outcome
}

/// Whether the response has a field of this name: methods may have a `sub_code` of their own.
fn has_field(described: Option<Described<'_>>, name: &str) -> bool {
    described.is_some_and(|described| {
        let mut fields = described.method.response.fields.iter();
        fields.any(|field| field.name == name)
    })
}

/// Compares an answer with its spec.
fn checked(
    described: Option<Described<'_>>,
    method: &str,
    mut node: Map<String, Value>,
    is_error: bool,
) -> Result<Content, AnswerError> {
    let mut own = HashMap::new();
    for member in OWN {
        if !is_error && has_field(described, member) {
            continue;
        }
        match node.remove(member) {
            None => {}
            Some(Value::String(text)) => _ = own.insert(member, text),
            Some(_) => {
                let method = method.to_owned();
                return Err(AnswerError::NotText { method, member });
            }
        }
    }
    if let Some(described) = described {
        validate::response(described, &node).map_err(|Problem { path: field, rule }| {
            let method = method.to_owned();
            AnswerError::Field { method, field, rule }
        })?;
    }
    let mut take = |member: &str| own.remove(member);
    if let Some(msg) = take("msg") {
        node.insert("msg".to_owned(), msg.into());
    }
    if is_error {
        return Ok(Content::Error(Failure {
            code: take("code").map_or("40004".into(), Cow::Owned),
            sub_code: take("sub_code").unwrap_or_default().into(),
            sub_msg: take("sub_msg").unwrap_or_else(|| "由测试预设的应答".to_owned()),
            fields: node.into(),
        }));
    }
    let has_code = described.is_none_or(|described| !described.method.without_code);
    Ok(if has_code {
        Content::Success(take("code").map_or("10000".into(), Cow::Owned), node)
    } else {
        Content::SuccessWithoutCode(node)
    })
}

/// The answers that are ordered.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<HashMap<String, Waiting>>);

/// The answers to one method.
#[derive(Debug, Default)]
struct Waiting {
    /// To the next calls, one each.
    next: VecDeque<Ordered>,
    /// To all others.
    lasting: Option<Ordered>,
}

impl Answers {
    /// Orders an answer, if it is sound.
    pub(crate) fn order(&self, specs: &Specs, method: &str, answer: Answer) -> Result<(), AnswerError> {
        let ordered = Ordered::new(specs, method, answer)?;
        self.with(|all| {
            let waiting = all.entry(method.to_owned()).or_default();
            if ordered.once {
                waiting.next.push_back(ordered);
            } else {
                waiting.lasting = Some(ordered);
            }
        });
        Ok(())
    }

    /// Whether an answer to this method waits.
    pub(crate) fn has(&self, method: &str) -> bool {
        self.with(|all| all.contains_key(method))
    }

    /// The answer to the next call of this method.
    pub(crate) fn take(&self, method: &str) -> Option<Ordered> {
        self.with(|all| {
            let waiting = all.get_mut(method)?;
            let answer = waiting.next.pop_front().or_else(|| waiting.lasting.clone());
            if waiting.next.is_empty() && waiting.lasting.is_none() {
                all.remove(method);
            }
            answer
        })
    }

    /// Drops the answers to this method.
    pub(crate) fn forget(&self, method: &str) {
        self.with(|all| _ = all.remove(method));
    }

    fn with<T>(&self, action: impl FnOnce(&mut HashMap<String, Waiting>) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
