//! The gateway between protocol and methods: checks a request, carries out its method, and has the protocol write the answer. It knows no transport.

mod checks;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::answers::{AnswerError, Ordered};
use crate::certificates::Signatory;
use crate::core::Core;
use crate::example;
use crate::keys::KeyError;
use crate::methods::{Call, Played, behaviour};
use crate::pages;
use crate::protocol::failure::Failure;
use crate::protocol::{Answer, Outcome, Request, text};
use crate::specs::{Described, Target};
use crate::state::trades::Merchant;
use crate::validate;
use checks::Refused;

/// What goes back.
pub(crate) struct Reply {
    /// The answer or the page.
    pub(crate) body: Body,
    /// Who says so.
    pub(crate) source: Source,
}

/// An answer, or a page.
pub(crate) enum Body {
    /// To a program.
    Answer(Box<dyn Answer>),
    /// To a browser.
    Page(String),
}

impl Body {
    /// The reply without a fault.
    pub(crate) fn response(&self, signatory: &Signatory) -> Result<Response<Bytes>, KeyError> {
        match self {
            Self::Answer(answer) => answer.response(signatory),
            Self::Page(html) => Ok(text(StatusCode::OK, "utf-8", html.clone())),
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

/// Answers a request.
pub(crate) fn answer(core: &Core, request: &dyn Request) -> Reply {
    let target = target(core, request.method());
    core.journal.add(request.received(), target.map(Target::name));
    if let (Some(target), files @ [_, ..]) = (target, request.files()) {
        core.journal.add_files(target.name(), files);
    }
    let checked = checks::request(request, target, &core.app).and_then(|target| {
        let merchant = core.look(|state, now| checks::caller(request, target, &core.app, state, now))?;
        Ok((target, merchant))
    });
    let Done { result, source } = match checked {
        Ok((target, merchant)) => perform(core, request, target, merchant),
        Err(Refused { failure, signed }) => Done {
            result: Content::Outcome(Outcome::Failure { failure, signed }),
            source: Source::Gateway,
        },
    };
    if let Content::Outcome(Outcome::Failure { failure, .. }) = &result {
        core.journal.refused(&failure.sub_code);
    }
    if let (Source::NotPlayed, Some(target)) = (source, target) {
        core.journal.not_played(target.name());
    }
    let body = match result {
        Content::Page(page) => Body::Page(page),
        // A browser gets a page whatever happens.
        Content::Outcome(Outcome::Failure { failure, .. }) if is_page(request, target) => {
            Body::Page(pages::error(&failure))
        }
        Content::Outcome(outcome) => Body::Answer(request.answer(target, outcome)),
    };
    Reply { body, source }
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
}

/// What a call came to.
enum Content {
    Outcome(Outcome),
    Page(String),
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
        }
    }
}

impl From<Outcome> for Content {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// Does what a sound request asks for, unless a test ordered something else.
fn perform(core: &Core, request: &dyn Request, target: Target<'_>, merchant: Merchant) -> Done {
    let ordered = core.answers.take(target.name());
    let instead = ordered.as_ref().filter(|ordered| !ordered.executed);
    if let Some(failure) = instead.and_then(Ordered::failure) {
        return Source::Order.gives(failure);
    }
    let content = match read(request, target) {
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
            Source::Order.gives(match (ordered.outcome(target, &content, core.now()), browsed) {
                (Err(wrong), _) => wrong_answer(core, wrong),
                (Ok(Outcome::Success(..) | Outcome::Bare(_)), Some(method)) => Content::Page(pages::not_played(method)),
                (Ok(outcome), _) => outcome.into(),
            })
        }
        (Some(Ok(played)), None, _) => Source::Gateway.gives(played),
        (None, None, Target::Described(described)) if is_page(request, Some(target)) => {
            Source::NotPlayed.gives(Content::Page(pages::not_played(described.method)))
        }
        (None, None, Target::Described(described)) => Source::NotPlayed.gives(example(described, &content, core)),
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
fn read(request: &dyn Request, target: Target<'_>) -> Result<Map<String, Value>, Failure> {
    let content = request.content(target)?;
    if let Target::Described(described) = target {
        validate::request(described, &content)?;
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
) -> Option<Result<Content, Failure>> {
    let behaviour = behaviour(&described.method.name)?;
    let now = core.now();
    let played = core.with_state(|state| {
        (behaviour.play)(&mut Call {
            specs: &core.specs,
            method: described.method,
            errors: behaviour.errors,
            request: content,
            callbacks: request.callbacks(),
            merchant,
            now,
            state,
        })
    });
    Some(played.map(|played| match played {
        Played::Answer(outcome, fields) => Outcome::Success(outcome.into(), fields).into(),
        Played::Bare(fields) => Outcome::Bare(fields).into(),
        Played::Cashier(key) => {
            let page = core.with_state(|state| state.trades.get(&key, now).map(|order| pages::cashier(order)));
            Content::Page(page.unwrap_or_default())
        }
        Played::Signing(no) => {
            let page = core.with_state(|state| state.agreements.find_any(&no).map(pages::signing));
            Content::Page(page.unwrap_or_default())
        }
    }))
}

/// What a method's spec says that it answers.
fn example(described: Described<'_>, content: &Map<String, Value>, core: &Core) -> Content {
    match example::answer(described, content, core.now()) {
        Ok(fields) if described.method.without_code => Outcome::Bare(fields).into(),
        Ok(fields) => Outcome::Success(example::success_code(described.method), fields).into(),
        Err(failure) => failure.into(),
    }
}

#[cfg(test)]
mod tests;
