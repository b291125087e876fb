//! Answers that a test sets, in place of what the gateway would do.

pub(crate) mod folder;

use std::any::Any;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipay_codegen::ir::{GATEWAY_MEMBERS, Kind};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::example;
use crate::news::{News, Topic};
use crate::protocol::Outcome;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::specs::{Described, Specs, Target};
use crate::validate::{self, Problem};

/// What a method is answered with, in place of what the gateway would do: see [`Mock::answer`](crate::Mock::answer).
///
/// A JSON object is one: the response's fields, as the gateway writes them. Where it has no `code`, the call has succeeded. Where its `code` is an
/// error, it has `sub_code` and perhaps `sub_msg`.
///
/// A closure from the request's fields to such an object is one too. It is asked once for each call that passes the checks of the gateway, on the thread
/// that serves the call, so it must not block. What it returns is compared with the spec then. If that does not
/// keep to the spec, or the closure panics, the call is answered with the error `mock.wrong-answer`, and [`Mock::wrong_answers`](crate::Mock::wrong_answers) tells.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    says: Says,
    once: bool,
    executed: bool,
    exactly: bool,
}

/// What an answer says.
#[derive(Clone)]
enum Says {
    Node(Value),
    OfRequest(Closure),
    Spec,
}

type Closure = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

impl fmt::Debug for Says {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => fmt::Debug::fmt(node, formatter),
            Self::OfRequest(_) => formatter.write_str("a closure"),
            Self::Spec => formatter.write_str("by the spec"),
        }
    }
}

impl From<Value> for Answer {
    fn from(node: Value) -> Self {
        Self::new(Says::Node(node))
    }
}

/// [`Answer::of`], where the closure names the type of what it takes.
impl<F: Fn(&Value) -> Value + Send + Sync + 'static> From<F> for Answer {
    fn from(answer: F) -> Self {
        Self::of(answer)
    }
}

impl Answer {
    /// What this closure makes of the request's fields, which are a JSON object:
    ///
    /// ```
    /// # use alipay_mock::{Answer, AnswerError, Mock};
    /// # use serde_json::json;
    /// # fn example(mock: &Mock) -> Result<(), AnswerError> {
    /// mock.answer("alipay.trade.query", Answer::of(|request| match request["out_trade_no"].as_str() {
    ///     Some("20161112") => json!({ "trade_status": "TRADE_SUCCESS", "total_amount": "0.01" }),
    ///     _ => json!({ "code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST" }),
    /// }))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Self {
        Self::new(Says::OfRequest(Arc::new(answer)))
    }

    fn new(says: Says) -> Self {
        Self {
            says,
            once: false,
            executed: false,
            exactly: false,
        }
    }

    /// An error: the gateway's `code`, such as `40004`, and what it says of the method, such as `ACQ.TRADE_NOT_EXIST`.
    pub fn error(code: &str, sub_code: &str) -> Self {
        serde_json::json!({ "code": code, "sub_code": sub_code }).into()
    }

    /// What the method's spec says: the call is answered as if the gateway did not play the method, and nothing is done. A method without a spec is
    /// answered with nothing but a `code`.
    pub fn by_spec() -> Self {
        Self::new(Says::Spec)
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

/// Why an answer can't be ordered, or one that a closure gave can't be sent.
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
    /// A closure panicked.
    #[error("the answer to `{method}` can't be made: its closure panicked: {message}")]
    Panicked {
        /// The method.
        method: String,
        /// What it panicked with.
        message: String,
    },
    /// A browser opens the method: it gets a page, and no JSON.
    #[error("a browser opens `{method}` and gets a page: only an error can be ordered for it")]
    Page {
        /// The method.
        method: String,
    },
}

/// An answer that is ordered.
#[derive(Clone)]
pub(crate) struct Ordered {
    /// By which it can be withdrawn; one number is given once.
    number: u64,
    content: Made,
    once: bool,
    /// Whether the call is carried out all the same.
    pub(crate) executed: bool,
}

/// What an ordered answer says, or will say once there is a call.
#[derive(Clone)]
enum Made {
    /// It was found sound.
    Sound(Content),
    OfRequest {
        answer: Closure,
        exactly: bool,
    },
    /// The method is not played.
    BySpec,
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
        let content = match answer.says {
            Says::Node(node) => Made::Sound(Content::new(specs.method(method), method, node, answer.exactly)?),
            Says::OfRequest(closure) => Made::OfRequest {
                answer: closure,
                exactly: answer.exactly,
            },
            Says::Spec => Made::BySpec,
        };
        Ok(Self {
            number: 0,
            content,
            once: answer.once,
            executed: answer.executed,
        })
    }

    /// The error that it is whatever the request says, if it is one.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match &self.content {
            Made::Sound(Content::Error(failure)) => Some(failure.clone()),
            Made::Sound(_) | Made::OfRequest { .. } | Made::BySpec => None,
        }
    }

    /// Whether the method is not played for this call.
    pub(crate) fn is_by_spec(&self) -> bool {
        matches!(self.content, Made::BySpec)
    }

    /// What it says, in short.
    fn saying(&self) -> Saying {
        match &self.content {
            Made::Sound(Content::Error(failure)) => {
                Saying::Error(failure.code.to_string(), failure.sub_code.to_string())
            }
            Made::Sound(_) => Saying::Success,
            Made::OfRequest { .. } => Saying::OfRequest,
            Made::BySpec => Saying::BySpec,
        }
    }

    /// The outcome of the call.
    pub(crate) fn outcome(
        self,
        target: Target<'_>,
        request: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Outcome, AnswerError> {
        let (described, method) = match target {
            Target::Described(described) => (Some(described), described.method.name.as_str()),
            Target::Undescribed(name) => (None, name),
        };
        let complete = |said: Map<String, Value>| match described {
            Some(described) => example::complete(described, said, request, now),
            None => said.into(),
        };
        let content = match self.content {
            Made::Sound(content) => content,
            Made::OfRequest { answer, exactly } => {
                Content::new(described, method, asked(&answer, method, request)?, exactly)?
            }
            Made::BySpec => match described {
                Some(described) => return Ok(example::outcome(described, request, now)),
                None => Content::Success("10000".into(), Map::new()),
            },
        };
        Ok(match content {
            Content::Error(failure) => Outcome::Failure { failure, signed: true },
            Content::Success(code, said) => Outcome::Success(code, complete(said)),
            Content::SuccessWithoutCode(said) => Outcome::Bare(complete(said)),
            Content::Exactly(fields) => Outcome::Bare(fields),
        })
    }
}

/// What a closure says to a request.
fn asked(answer: &Closure, method: &str, request: &Map<String, Value>) -> Result<Value, AnswerError> {
    let request = Value::Object(request.clone());
    // Nobody sees what a closure leaves half done but the closure itself.
    catch_unwind(AssertUnwindSafe(|| answer(&request))).map_err(|panic| AnswerError::Panicked {
        method: method.to_owned(),
        message: said_by(&*panic),
    })
}

/// The message of a panic.
fn said_by(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "without a message".to_owned())
}

impl Content {
    fn new(described: Option<Described<'_>>, method: &str, node: Value, exactly: bool) -> Result<Self, AnswerError> {
        let Value::Object(node) = node else {
            let method = method.to_owned();
            return Err(AnswerError::NotAnObject { method });
        };
        let is_error = match code(&node) {
            Some(code) => is_failure(described, code),
            None => node.contains_key("sub_code") && !has_field(described, "sub_code"),
        };
        let is_only_page = described.is_some_and(|described| described.method.kind == Kind::Page);
        if is_only_page && (exactly || !is_error) {
            let method = method.to_owned();
            return Err(AnswerError::Page { method });
        }
        if exactly {
            return Ok(Self::Exactly(node.into()));
        }
        checked(described, method, node, is_error)
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
    for member in GATEWAY_MEMBERS {
        // A `code` stands in the gateway's place, also where the method has codes of its own.
        if !is_error && member != "code" && has_field(described, member) {
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
    let usual = || described.map_or("10000".into(), |described| example::success_code(described.method));
    Ok(if has_code {
        Content::Success(take("code").map_or_else(usual, Cow::Owned), node)
    } else {
        Content::SuccessWithoutCode(node)
    })
}

/// An answer that waits, for whoever looks on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingAnswer {
    /// By which it can be withdrawn.
    pub(crate) number: u64,
    pub(crate) method: String,
    pub(crate) says: Saying,
    /// For the next call only.
    pub(crate) once: bool,
    /// Whether the call is carried out.
    pub(crate) executed: bool,
}

/// What an answer that waits says, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saying {
    /// An error: its `code` and its `sub_code`.
    Error(String, String),
    Success,
    /// A closure decides.
    OfRequest,
    BySpec,
}

/// The answers that are ordered.
#[derive(Default)]
pub(crate) struct Answers {
    news: News,
    waiting: Mutex<HashMap<String, Waiting>>,
    /// How many were ordered.
    count: AtomicU64,
    /// What closures gave that could not be sent, and nobody has asked for yet.
    wrong: Mutex<Vec<AnswerError>>,
}

/// The answers to one method.
#[derive(Default)]
struct Waiting {
    /// To the next calls, one each.
    next: VecDeque<Ordered>,
    /// To all others.
    lasting: Option<Ordered>,
}

impl Answers {
    /// None yet.
    pub(crate) fn new(news: News) -> Self {
        Self {
            news,
            ..Self::default()
        }
    }

    /// Orders an answer, if it is sound.
    pub(crate) fn order(&self, specs: &Specs, method: &str, answer: Answer) -> Result<(), AnswerError> {
        let mut ordered = Ordered::new(specs, method, answer)?;
        ordered.number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut all = locked(&self.waiting);
        let waiting = all.entry(method.to_owned()).or_default();
        if ordered.once {
            waiting.next.push_back(ordered);
        } else {
            waiting.lasting = Some(ordered);
        }
        drop(all);
        self.news.tell(Topic::Faults);
        Ok(())
    }

    /// All that wait, in the order in which they were ordered.
    pub(crate) fn all(&self) -> Vec<WaitingAnswer> {
        let all = locked(&self.waiting);
        let mut waiting: Vec<_> = all
            .iter()
            .flat_map(|(method, waiting)| {
                let all = waiting.next.iter().chain(&waiting.lasting);
                all.map(|ordered| WaitingAnswer {
                    number: ordered.number,
                    method: method.clone(),
                    says: ordered.saying(),
                    once: ordered.once,
                    executed: ordered.executed,
                })
            })
            .collect();
        waiting.sort_by_key(|waiting| waiting.number);
        waiting
    }

    /// Withdraws the answer of this number: tells whether it waited.
    pub(crate) fn withdraw(&self, number: u64) -> bool {
        let mut all = locked(&self.waiting);
        let is_it = |ordered: &Ordered| ordered.number == number;
        let mut found = false;
        for waiting in all.values_mut() {
            let before = waiting.next.len();
            waiting.next.retain(|ordered| !is_it(ordered));
            found |= waiting.next.len() < before || waiting.lasting.take_if(|ordered| is_it(ordered)).is_some();
        }
        all.retain(|_, waiting| !waiting.next.is_empty() || waiting.lasting.is_some());
        drop(all);
        self.news.tell(Topic::Faults);
        found
    }

    /// Whether an answer to this method waits.
    pub(crate) fn has(&self, method: &str) -> bool {
        locked(&self.waiting).contains_key(method)
    }

    /// The answer to the next call of this method.
    pub(crate) fn take(&self, method: &str) -> Option<Ordered> {
        let mut all = locked(&self.waiting);
        let waiting = all.get_mut(method)?;
        let next = waiting.next.pop_front();
        if next.is_some() {
            self.news.tell(Topic::Faults);
        }
        let answer = next.or_else(|| waiting.lasting.clone());
        if waiting.next.is_empty() && waiting.lasting.is_none() {
            all.remove(method);
        }
        answer
    }

    /// Drops the answers to this method.
    pub(crate) fn forget(&self, method: &str) {
        locked(&self.waiting).remove(method);
        self.news.tell(Topic::Faults);
    }

    /// Notes that a closure gave what can't be sent.
    pub(crate) fn went_wrong(&self, wrong: AnswerError) {
        locked(&self.wrong).push(wrong);
    }

    /// What went wrong since this was asked last.
    pub(crate) fn take_wrong(&self) -> Vec<AnswerError> {
        std::mem::take(&mut *locked(&self.wrong))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
