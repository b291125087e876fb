//! The gateway between protocol and methods: checks a request, carries out its method, and has the protocol write the answer. It knows no transport.

mod checks;
pub(crate) mod fronts;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Map, Value};

use crate::answers::{AnswerError, Ordered};
use crate::cashier::language::Language;
use crate::cashier::page::Page;
use crate::cashier::{self, refusal};
use crate::certificates::Signatory;
use crate::core::Core;
use crate::example;
use crate::journal::Verdict;
use crate::keys::KeyError;
use crate::methods::{Call, Played, behaviour};
use crate::news::Topic;
use crate::protocol::failure::Failure;
use crate::protocol::{Answer, Outcome, Request};
use crate::specs::{Described, Target};
use crate::state::buyers::Undecided;
use crate::state::trades::Merchant;
use crate::strictness::Strictness;
use crate::validate;
use checks::Refused;

/// What goes back.
pub(crate) struct Reply {
    /// The answer or the page.
    pub(crate) body: Body,
    /// Who says so.
    pub(crate) source: Source,
    /// The request's number in the journal.
    pub(crate) number: u64,
    /// What a slow buyer has to decide before it goes.
    pub(crate) undecided: Option<Undecided>,
}

/// An answer, or a page.
pub(crate) enum Body {
    /// To a program.
    Answer(Box<dyn Answer>),
    /// To a browser.
    Page(Page),
}

impl Body {
    /// The reply without a fault.
    pub(crate) fn response(&self, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        match self {
            Self::Answer(answer) => answer.response(signatory),
            Self::Page(page) => Ok(page.response()),
        }
    }
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the gateway's checks, or from the method's behaviour.
    Gateway,
    /// A test ordered it.
    Order,
    /// The method is not played: from its spec alone. Nothing was done.
    NotPlayed,
}

impl Source {
    /// Says of a reply that it is no behaviour of the gateway's: its method is not played, or a test ordered it.
    pub(crate) fn mark(self, headers: &mut HeaderMap) {
        let source = match self {
            Self::Gateway => return,
            Self::Order => "ordered",
            Self::NotPlayed => "not-played",
        };
        headers.insert("alipay-mock-answer", HeaderValue::from_static(source));
    }
}

/// Answers a request, which a browser has sent that is to be told things in this language, if it was one.
pub(crate) fn answer(core: &Core, request: &dyn Request, language: Language) -> Reply {
    let target = target(core, request.method());
    let number = core.journal.add(
        core.now(),
        request.received(),
        target.map(Target::name),
        request.signed_text(),
    );
    if let (Some(target), files @ [_, ..]) = (target, request.files()) {
        core.journal.add_files(target.name(), files);
    }
    let rules = (core.strictness, core.unmoved_now());
    let checked = checks::request(request, target, &core.app, rules).and_then(|(target, decrypted)| {
        let merchant = core.look(|state, now| checks::caller(request, target, &core.app, state, now))?;
        Ok((target, decrypted, merchant))
    });
    let sent = request;
    let plain;
    let (request, done) = match checked {
        Ok((target, decrypted, merchant)) => {
            plain = decrypted;
            let request = plain.as_deref().unwrap_or(request);
            (request, perform(core, request, target, merchant, language))
        }
        // The gateway's own refusals are never encrypted.
        Err(Refused { failure, signed }) => {
            let result = Content::Outcome(Outcome::Failure { failure, signed });
            (request, Source::Gateway.gives(result))
        }
    };
    let Done {
        result,
        source,
        undecided,
    } = done;
    core.journal.judge(number, verdict(core, sent, &result));
    if let (Source::NotPlayed, Some(target)) = (source, target) {
        core.journal.not_played(target.name());
    }
    let body = match result {
        Content::Page(page) => Body::Page(page),
        // A browser gets a page whatever happens.
        Content::Outcome(Outcome::Failure { failure, .. }) if is_page(request, target) => {
            Body::Page(refusal::refused(language, &failure))
        }
        Content::Outcome(outcome) => Body::Answer(request.answer(target, outcome)),
    };
    core.news.tell(Topic::Requests);
    Reply {
        body,
        source,
        number,
        undecided,
    }
}

/// What a request came to, for the journal.
fn verdict(core: &Core, request: &dyn Request, result: &Content) -> Verdict {
    match result {
        Content::Page(_) => Verdict::Page,
        Content::Outcome(Outcome::Success(with, _)) => Verdict::Accepted(Some(with.to_string())),
        Content::Outcome(Outcome::Bare(_)) => Verdict::Accepted(None),
        Content::Outcome(Outcome::Failure { failure, .. }) => Verdict::Refused {
            code: failure.code.to_string(),
            sub_code: failure.sub_code.to_string(),
            sub_msg: failure.sub_msg.clone(),
            // A test may have ordered the same of a request whose signature holds.
            diagnosis: (failure.sub_code == checks::INVALID_SIGNATURE && request.verified(&core.app.key).is_err())
                .then(|| Box::new(request.diagnosis(&core.app.key))),
        },
    }
}

/// The method that is called, if the gateway knows it.
fn target<'a>(core: &'a Core, name: Option<&'a str>) -> Option<Target<'a>> {
    let name = name?;
    let described = core.specs.method(name).map(Target::Described);
    described.or_else(|| core.answers.has(name).then_some(Target::Undescribed(name)))
}

/// Whether a browser opens it. Where an app may hand over the method too, the request tells.
fn is_page(request: &dyn Request, target: Option<Target<'_>>) -> bool {
    let method = target.and_then(Target::method);
    method.is_some_and(|method| method.kind.is_page() && !(method.kind.is_app() && request.is_order_string()))
}

/// What a call came to, and who says so.
struct Done {
    result: Content,
    source: Source,
    undecided: Option<Undecided>,
}

/// What a call came to.
enum Content {
    Outcome(Outcome),
    Page(Page),
}

impl From<Failure> for Content {
    fn from(failure: Failure) -> Self {
        Self::Outcome(Outcome::Failure { failure, signed: true })
    }
}

impl Source {
    /// This is where it comes from.
    fn gives(self, result: impl Into<Content>) -> Done {
        Done {
            result: result.into(),
            source: self,
            undecided: None,
        }
    }
}

impl From<Outcome> for Content {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// Does what a sound request asks for, unless a test ordered something else.
fn perform(core: &Core, request: &dyn Request, target: Target<'_>, merchant: Merchant, language: Language) -> Done {
    let ordered = core.answers.take(target.name());
    let instead = ordered.as_ref().filter(|ordered| !ordered.executed);
    if let Some(failure) = instead.and_then(Ordered::failure) {
        return Source::Order.gives(failure);
    }
    let content = match read(core.strictness, request, target) {
        Ok(content) => content,
        Err(failure) => return Source::Gateway.gives(failure),
    };
    let played = match target {
        _ if instead.is_some() => None,
        Target::Described(described) => play(core, request, described, merchant, &content),
        Target::Undescribed(_) => None,
    };
    match (played, ordered, target) {
        (Some(Err(failure)), ..) => Source::Gateway.gives(failure),
        (_, Some(ordered), _) => {
            let browsed = target.method().filter(|_| is_page(request, Some(target)));
            let source = if ordered.is_by_spec() {
                Source::NotPlayed
            } else {
                Source::Order
            };
            source.gives(match (ordered.outcome(target, &content, core.now()), browsed) {
                (Err(wrong), _) => wrong_answer(core, wrong),
                (Ok(Outcome::Success(..) | Outcome::Bare(_)), Some(method)) => {
                    Content::Page(refusal::not_played(language, method))
                }
                (Ok(outcome), _) => outcome.into(),
            })
        }
        (Some(Ok((played, undecided))), None, _) => Done {
            undecided,
            ..Source::Gateway.gives(played)
        },
        (None, None, Target::Described(described)) if is_page(request, Some(target)) => {
            Source::NotPlayed.gives(Content::Page(refusal::not_played(language, described.method)))
        }
        (None, None, Target::Described(described)) => {
            Source::NotPlayed.gives(example::outcome(described, &content, core.now()))
        }
        // Its last answer went to another call meanwhile.
        (None, None, Target::Undescribed(name)) => Source::Gateway.gives(checks::unknown_method(name)),
    }
}

/// What a call comes to whose answer a test ordered wrongly. Only what depends on the call is found out as late as this.
fn wrong_answer(core: &Core, wrong: AnswerError) -> Content {
    let message = wrong.to_string();
    core.answers.went_wrong(wrong);
    Failure::business("mock.wrong-answer", message).into()
}

/// The fields of a request, if they are what its method's spec asks for.
fn read(strictness: Strictness, request: &dyn Request, target: Target<'_>) -> Result<Map<String, Value>, Failure> {
    let content = request.content(target)?;
    if let Target::Described(described) = target {
        validate::request(described, &content, strictness)?;
        strictness.files(described.method, request.files())?;
    }
    Ok(content)
}

/// Has a method carried out, if it has a behaviour.
fn play(
    core: &Core,
    request: &dyn Request,
    described: Described<'_>,
    merchant: Merchant,
    content: &Map<String, Value>,
) -> Option<Result<(Content, Option<Undecided>), Failure>> {
    let behaviour = behaviour(&described.method.name)?;
    let now = core.now();
    let played = core.with_state(|state| {
        (behaviour.play)(&mut Call {
            specs: &core.specs,
            base_url: core.base_url.as_deref(),
            method: described.method,
            strictness: core.strictness,
            errors: behaviour.errors,
            request: content,
            callbacks: request.callbacks(),
            merchant,
            now,
            state,
        })
    });
    Some(played.map(|played| match played {
        Played::Answer(outcome, fields) => (Outcome::Success(outcome.into(), fields).into(), None),
        Played::Late(outcome, fields, undecided) => (Outcome::Success(outcome.into(), fields).into(), Some(undecided)),
        Played::Bare(fields) => (Outcome::Bare(fields).into(), None),
        Played::Page(subject) => (Content::Page(cashier::open(core, subject)), None),
    }))
}

#[cfg(test)]
mod tests;
