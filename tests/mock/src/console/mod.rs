//! The console: what the gateway plays, heard and sent, in a browser, live; and what can be ordered of it.
//!
//! Its pages answer to the gateway's own names only, and its forms send a token that no other site knows. All text from outside is shown escaped, with
//! what can't be seen made visible, shortened, and without secrets. Pages work without scripts; with them, what has changed is loaded again.

mod agreements;
mod authorisations;
mod buyers;
mod clock;
mod detail;
mod faults;
mod notifications;
mod orders;
mod overview;
pub(crate) mod page;
mod preauths;
mod requests;
mod text;
mod transfers;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use crate::cashier::language::Language;
use crate::core::Core;
use crate::news::Topic;
use page::{Block, Cell, Fact, NavItem, Note, Sheet};
use text::{LINE, line};

/// More than this is no form of ours.
pub(crate) const MAX_FORM: usize = 256 << 10;
/// So many rows a list has, unless more are asked for.
const ROWS: usize = 50;
/// So many at most.
const MOST_ROWS: usize = 1000;
/// So many rows a part of another page has.
const FEW: usize = 8;

/// A page of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Overview,
    Orders,
    Refunds,
    Transfers,
    Preauths,
    Agreements,
    Authorisations,
    Requests,
    Notifications,
    Faults,
    Clock,
    Buyers,
}

impl Place {
    const ALL: [Self; 12] = [
        Self::Overview,
        Self::Orders,
        Self::Refunds,
        Self::Transfers,
        Self::Preauths,
        Self::Agreements,
        Self::Authorisations,
        Self::Requests,
        Self::Notifications,
        Self::Faults,
        Self::Clock,
        Self::Buyers,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Orders => "/console/orders",
            Self::Refunds => "/console/refunds",
            Self::Transfers => "/console/transfers",
            Self::Preauths => "/console/preauthorizations",
            Self::Agreements => "/console/agreements",
            Self::Authorisations => "/console/authorizations",
            Self::Requests => "/console/requests",
            Self::Notifications => "/console/notifications",
            Self::Faults => "/console/faults",
            Self::Clock => "/console/clock",
            Self::Buyers => "/console/buyers",
        }
    }

    fn label(self, language: Language) -> &'static str {
        match self {
            Self::Overview => language.say("概览", "Overview"),
            Self::Orders => language.say("订单", "Orders"),
            Self::Refunds => language.say("退款", "Refunds"),
            Self::Transfers => language.say("转账", "Transfers"),
            Self::Preauths => language.say("预授权", "Pre-authorisations"),
            Self::Agreements => language.say("代扣协议", "Agreements"),
            Self::Authorisations => language.say("授权", "Authorisations"),
            Self::Requests => language.say("请求", "Requests"),
            Self::Notifications => language.say("通知", "Notifications"),
            Self::Faults => language.say("故障", "Faults"),
            Self::Clock => language.say("时钟", "Clock"),
            Self::Buyers => language.say("测试买家", "Test buyers"),
        }
    }
}

/// Answers a browser. Whoever calls has seen to it that the request is not another site's.
pub(crate) fn respond(core: &Core, request: &Request<Bytes>) -> Response<Bytes> {
    let language = Language::of(request.headers());
    let uri = request.uri();
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
    let view = View {
        core,
        language,
        query: query.collect(),
    };
    match *request.method() {
        Method::GET => show(&view, uri.path()),
        Method::POST => change(&view, uri.path(), request),
        _ => view.refused(
            StatusCode::METHOD_NOT_ALLOWED,
            ("此地址只接受 GET 和 POST。", "This address takes GET and POST only."),
        ),
    }
}

fn show(view: &View<'_>, path: &str) -> Response<Bytes> {
    // Whoever looks is to see what has expired as closed.
    view.core.sweep();
    match path {
        "/console/console.css" => page::file(page::STYLE, "text/css; charset=utf-8"),
        "/console/console.js" => page::file(page::SCRIPT, "text/javascript; charset=utf-8"),
        "/console/icon.svg" => page::file(page::ICON, "image/svg+xml"),
        "/" => overview::show(view),
        "/console/orders" => orders::list(view),
        "/console/order" => orders::show(view),
        "/console/refunds" => orders::refunds(view),
        "/console/transfers" => transfers::list(view),
        "/console/transfer" => transfers::show(view),
        "/console/preauthorizations" => preauths::list(view),
        "/console/preauthorization" => preauths::show(view),
        "/console/agreements" => agreements::list(view),
        "/console/agreement" => agreements::show(view),
        "/console/authorizations" => authorisations::list(view),
        "/console/requests" => requests::list(view),
        "/console/request" => requests::show(view),
        "/console/notifications" => notifications::list(view),
        "/console/notification" => notifications::show(view),
        "/console/send" => notifications::compose(view),
        "/console/faults" => faults::show(view, None),
        "/console/clock" => clock::show(view, None),
        "/console/buyers" => buyers::show(view),
        _ => view.unknown(),
    }
}

fn change(view: &View<'_>, path: &str, request: &Request<Bytes>) -> Response<Bytes> {
    // Browsers say where a form stands. Those that don't send the token all the same.
    let site = request.headers().get("sec-fetch-site");
    let is_foreign = site.is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    let form = Posted(form_urlencoded::parse(request.body()).into_owned().collect());
    if is_foreign || !is_same(form.field("token"), &view.core.form_token) {
        return view.refused(
            StatusCode::FORBIDDEN,
            (
                "表单不是本页面的，或者网关已重新启动：没有执行任何操作，请重新打开页面。",
                "The form is none of this gateway's pages, or the gateway was started again: nothing was done. Open the page again.",
            ),
        );
    }
    match path {
        "/console/order" => orders::act(view, &form),
        "/console/notification" => notifications::resend(view, &form),
        "/console/send" => notifications::send(view, &form),
        "/console/faults" => faults::order(view, &form),
        "/console/clock" => clock::change(view, &form),
        _ => view.unknown(),
    }
}

/// Compares all of it, however soon it differs.
fn is_same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// A form that was sent.
struct Posted(Vec<(String, String)>);

impl Posted {
    /// A field's text, without what is around it; empty if it is not there.
    fn field(&self, name: &str) -> &str {
        find(&self.0, name)
    }
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    let found = pairs.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.trim()).unwrap_or_default()
}

/// An address with parameters.
fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}

/// A page that is being made.
struct View<'c> {
    core: &'c Core,
    language: Language,
    query: Vec<(String, String)>,
}

impl<'c> View<'c> {
    fn say<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.language.say(chinese, english)
    }

    /// A value under its name, if there is one.
    fn fact(
        &self,
        (chinese, english): (&'static str, &'static str),
        id: &'static str,
        value: Option<String>,
    ) -> Option<Fact> {
        value.map(|value| Fact {
            label: self.say(chinese, english),
            id,
            value: Cell::new(&value),
        })
    }

    /// A parameter of the address; empty if it is not there.
    fn parameter(&self, name: &str) -> &str {
        find(&self.query, name)
    }

    /// How many rows a list has.
    fn rows(&self) -> usize {
        let asked = self.parameter("rows").parse().unwrap_or(ROWS);
        asked.clamp(1, MOST_ROWS)
    }

    /// Where a list leads that has more rows than it shows.
    fn more(&self, block: Block, place: Place, shown: usize, all: usize) -> Block {
        let rows = (shown * 4).min(MOST_ROWS).to_string();
        if all <= shown || shown >= MOST_ROWS {
            return block;
        }
        let mut pairs = vec![("rows", rows.as_str())];
        let searched = self.parameter("q");
        if !searched.is_empty() {
            pairs.push(("q", searched));
        }
        block.more(address(place.path(), &pairs), self.say("显示更多", "Show more"))
    }

    fn sheet(&self, place: Place, title: &str, topics: &[Topic], blocks: Vec<Block>) -> Sheet<'c> {
        let ahead = self.core.clock.ahead();
        let moved = || {
            let words = self.say("网关的时钟已移动：", "The gateway's clock was moved: ");
            format!("{words}{}", clock::span(self.language, ahead))
        };
        // The line about the clock is on all pages, but only the clock's own shows the time.
        let names: Vec<_> = topics.iter().map(|topic| topic.name()).collect();
        Sheet {
            language: self.language,
            title: line(title, LINE),
            nav: Place::ALL
                .into_iter()
                .map(|other| NavItem {
                    href: other.path(),
                    label: other.label(self.language),
                    is_here: other == place,
                })
                .collect(),
            topics: names.join(" "),
            note: None,
            moved: (!ahead.is_zero()).then(moved),
            token: &self.core.form_token,
            blocks,
        }
    }

    /// The page of a place itself.
    fn page(&self, place: Place, topics: &[Topic], blocks: Vec<Block>) -> Response<Bytes> {
        let sheet = self.sheet(place, place.label(self.language), topics, blocks);
        sheet.response(StatusCode::OK)
    }

    /// The same, with what went wrong.
    fn answer(&self, place: Place, topics: &[Topic], blocks: Vec<Block>, wrong: Option<String>) -> Response<Bytes> {
        let mut sheet = self.sheet(place, place.label(self.language), topics, blocks);
        let status = if wrong.is_some() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        sheet.note = wrong.map(|text| Note {
            text: line(&text, LINE * 2),
            is_bad: true,
        });
        sheet.response(status)
    }

    fn refused(&self, status: StatusCode, (chinese, english): (&str, &str)) -> Response<Bytes> {
        let title = self.say("没有执行", "Nothing was done");
        let mut sheet = self.sheet(Place::Overview, title, &[], Vec::new());
        sheet.note = Some(Note {
            text: self.say(chinese, english).to_owned(),
            is_bad: true,
        });
        sheet.response(status)
    }

    fn unknown(&self) -> Response<Bytes> {
        let title = self.say("页面不存在", "No such page");
        let mut sheet = self.sheet(Place::Overview, title, &[], Vec::new());
        let words = (
            "这里没有页面，或者它显示的内容已不再保留。",
            "There is no such page, or what it showed was forgotten.",
        );
        sheet.note = Some(Note {
            text: self.say(words.0, words.1).to_owned(),
            is_bad: false,
        });
        sheet.response(StatusCode::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        for other in ["", "ab", "abd", "abcd", "xbc"] {
            assert!(!is_same("abc", other), "{other}");
        }
    }
}
