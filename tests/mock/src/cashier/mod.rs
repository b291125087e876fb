//! The pages that people see: the cashier, agreements, verifications and authorisations, what a scanned code leads to, and what is wrong with a request.
//!
//! A request to the gateway opens a page at `/page/{name}`; the name can't be guessed. The page works without scripts: its buttons are those of a plain
//! form, with a token that serves once, so that no other site can press them. After a button, the same address tells what came of it.

mod agreement;
mod buyers;
mod certification;
pub(crate) mod consent;
pub(crate) mod language;
mod order;
pub(crate) mod page;
mod preauth;
pub(crate) mod refusal;
mod scan;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};

use crate::clock::beijing;
use crate::core::Core;
use crate::origin;
use crate::protocol::text;
use crate::state::people::{Person, people};
use crate::state::visits::Subject;
use language::Language;
use page::{Choice, Deadline, Frame, Link, Mood, Page, Told};

/// More than this is no form of ours.
pub(crate) const MAX_FORM: usize = 16 << 10;
/// An open page is loaded again when its time is over, if that is so soon.
const RELOADED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// The page on which somebody decides this.
pub(crate) fn open(core: &Core, subject: Subject) -> Page {
    let name = core.with_state(|state| state.visits.begin(subject));
    Page::elsewhere(address(&name))
}

/// Answers a browser; nothing where no page is at this path.
pub(crate) fn respond(core: &Core, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let (page, scanned, asked, bought) = (
        path.strip_prefix("/page/"),
        path.strip_prefix("/qr/"),
        path.strip_prefix("/oauth2/"),
        path.strip_prefix("/buyers"),
    );
    // Nothing is looked at, scanned or decided by any other method.
    let is_post = request.method() == Method::POST && page.is_some();
    if !is_post && request.method() != Method::GET {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let is_ours = page.or(scanned).or(asked).or(bought).is_some();
        return is_ours.then(|| text(status, "utf-8", status.to_string()));
    }
    let language = Language::of(request.headers());
    let page = match (page, scanned, asked, bought) {
        (Some(name), ..) if is_post => press(core, language, name, request),
        (Some(name), ..) => show(core, language, name, &note(query)),
        (_, Some(scanned), ..) => scan::opened(core, language, scanned),
        (_, _, Some(asked), _) => consent::asked(core, language, asked, query),
        (.., Some("")) => buyers::all(core, language),
        (.., Some(number)) => buyers::confirm(core, language, number.strip_prefix('/')?),
        _ => return None,
    };
    Some(page.response())
}

/// What a page is told to say: the query of its address, which changes nothing.
fn note(query: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let note = pairs.find(|(name, _)| name == "note");
    note.map(|(_, note)| note.into_owned()).unwrap_or_default()
}

fn address(name: &str) -> String {
    format!("/page/{name}")
}

fn show(core: &Core, language: Language, name: &str, note: &str) -> Page {
    let Some(visit) = core.with_state(|state| state.visits.get(name).cloned()) else {
        return unknown(language);
    };
    let view = View { core, language, name };
    match &visit.subject {
        Subject::Order(key) => order::show(&view, key, note),
        Subject::Preauth(key) => preauth::show(&view, key, note),
        Subject::Agreement(no) => agreement::show(&view, no, note),
        Subject::Certification(id) => certification::show(&view, id),
        Subject::Login { .. } | Subject::Authorisation(_) => consent::show(&view, &visit),
    }
}

/// A button was pressed.
fn press(core: &Core, language: Language, name: &str, request: &Request<Bytes>) -> Page {
    if let Some(site) = origin::foreign(request.headers(), |origin| is_host(core, request.headers(), origin)) {
        let words = language.say(
            "按钮来自另一个网站的页面，没有执行任何操作：",
            "The button stands on a page of another site, and nothing was done: ",
        );
        let heading = language.say("请求被拒绝", "Refused");
        let told = Told::new(language, Mood::Bad, heading, format!("{words}{site}"));
        return told.page().with_status(StatusCode::FORBIDDEN);
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
    let field = |wanted: &str| {
        let field = form.iter().find(|(name, _)| name == wanted);
        field.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let agrees = match field("press") {
        "agree" => true,
        "refuse" => false,
        // The form has no other button: nothing is used up.
        _ => return spent(core, language, name),
    };
    let token = field("token");
    let Some(subject) = core.with_state(|state| state.visits.redeem(name, token)) else {
        return spent(core, language, name);
    };
    let view = View { core, language, name };
    let person = view.person(field("person"));
    let note = match subject {
        Subject::Order(key) => order::decide(&view, &key, agrees, person),
        Subject::Preauth(key) => preauth::decide(&view, &key, agrees, person),
        Subject::Agreement(no) => agreement::decide(&view, &no, agrees, person),
        Subject::Certification(id) => certification::decide(&view, &id, agrees),
        Subject::Login { scope, back } => consent::decide_login(&view, &scope, &back, agrees, person),
        Subject::Authorisation(back) => consent::decide_authorisation(&view, &back, agrees),
    };
    let address = address(name);
    Page::elsewhere(match note {
        Some(note) => format!("{address}?note={note}"),
        None => address,
    })
}

/// Whether an origin, without its scheme, is the gateway's: what the request came to, or what it is known by.
fn is_host(core: &Core, headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let public = core.base_url.as_deref().and_then(|url| url.split_once("://"));
    let known = [host, public.map(|(_, host)| host)];
    known
        .into_iter()
        .flatten()
        .any(|known| known.eq_ignore_ascii_case(origin))
}

/// There is no such page.
fn unknown(language: Language) -> Page {
    let words = language.say(
        "页面不存在，或者已经过期：请回到商户重新打开。",
        "There is no such page, or not any more: open it again from the merchant's site.",
    );
    let told = Told::new(language, Mood::Bad, language.say("页面不存在", "No such page"), words);
    told.page().with_status(StatusCode::NOT_FOUND)
}

/// The token of a button is none of the page's, or was used.
fn spent(core: &Core, language: Language, name: &str) -> Page {
    if core.with_state(|state| state.visits.get(name).is_none()) {
        return unknown(language);
    }
    let words = language.say(
        "此按钮已经用过，或者不属于这个页面。没有执行任何操作。",
        "The button was used already, or is none of this page's. Nothing was done.",
    );
    let heading = language.say("按钮已失效", "This button does not work any more");
    let mut told = Told::new(language, Mood::Bad, heading, words);
    told.links.push(Link {
        target: address(name),
        id: "reload",
        label: language.say("查看当前状态", "See how things stand").to_owned(),
    });
    told.page().with_status(StatusCode::FORBIDDEN)
}

/// A page that is being made.
struct View<'c> {
    core: &'c Core,
    language: Language,
    /// Of the visit.
    name: &'c str,
}

impl View<'_> {
    fn say<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.language.say(chinese, english)
    }

    fn action(&self) -> String {
        address(self.name)
    }

    /// A new token for the buttons.
    fn token(&self) -> String {
        let token = self.core.with_state(|state| state.visits.issue(self.name));
        token.unwrap_or_default()
    }

    fn frame(&self, title: &str, is_phone: bool) -> Frame {
        Frame {
            language: self.language,
            title: title.to_owned(),
            is_phone,
            refresh: None,
        }
    }

    fn told(&self, mood: Mood, heading: (&str, &str), words: (&str, &str)) -> Told {
        let [(heading, heading_english), (words, words_english)] = [heading, words];
        Told::new(
            self.language,
            mood,
            self.say(heading, heading_english),
            self.say(words, words_english),
        )
    }

    /// Everybody who can stand before the page.
    fn people(&self) -> Vec<Person> {
        self.core.with_state(|state| people(&state.users.visitor))
    }

    /// The one with this user number.
    fn person(&self, user_id: &str) -> Option<Person> {
        let mut people = self.people().into_iter();
        people.find(|person| person.account.user_id == user_id)
    }

    /// These people to choose among; the one with this user number is chosen.
    fn choices(&self, people: &[Person], chosen: &str, pays: bool) -> Vec<Choice> {
        let choice = |person: &Person| {
            let (chinese, english) = person.name;
            let account = &person.account;
            let is_poor = pays && !person.has_money;
            Choice {
                user_id: account.user_id.clone(),
                name: self.say(chinese, english).to_owned(),
                account: format!("{} · {}", account.logon_id, account.user_id),
                note: is_poor.then(|| self.say("余额不足", "no money").to_owned()),
                is_chosen: account.user_id == chosen,
            }
        };
        people.iter().map(choice).collect()
    }

    /// The merchant, as somebody reads it.
    fn merchant(&self, seller_id: &str) -> String {
        format!("{} · {seller_id}", self.say("测试商户", "Test merchant"))
    }

    /// Until when, and when the page is to be loaded again for that.
    fn deadline(&self, end: Timestamp) -> (Deadline, Option<String>) {
        let left = end.duration_since(self.core.now());
        let seconds = left.as_secs().max(0);
        let deadline = Deadline {
            left_label: self.say("剩余", "Time left"),
            left: self.span(seconds),
            end_label: self.say("截止", "until"),
            end: beijing(end),
        };
        let is_soon = left <= RELOADED_WITHIN;
        (deadline, is_soon.then(|| (seconds + 1).to_string()))
    }

    fn span(&self, seconds: i64) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        let units = [
            (days, "天", "d"),
            (hours, "小时", "h"),
            (minutes, "分", "min"),
            (seconds % 60, "秒", "s"),
        ];
        let first = units.iter().position(|(number, ..)| *number > 0).unwrap_or(3);
        let shown = units.iter().skip(first).take(2);
        let parts: Vec<_> = shown
            .map(|(number, chinese, english)| format!("{number} {}", self.say(chinese, english)))
            .collect();
        parts.join(" ")
    }
}
