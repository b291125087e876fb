//! The page of one thing that the gateway plays: what came of it, what happened when, and the notifications and requests about it.

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;

use super::page::{Block, Cell, Content, Note, Row, Table};
use super::{Place, View, notifications, requests};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;

/// Something that happened.
pub(super) struct Step {
    at: Timestamp,
    what: Cell,
    money: String,
}

impl Step {
    /// Without money; `of` is the number of it, if there is one.
    pub(super) fn new(at: Timestamp, what: &str, of: &str) -> Self {
        Self {
            at,
            what: Cell::new(what).small(of),
            money: String::new(),
        }
    }

    /// With what came or went.
    pub(super) fn money(mut self, money: String) -> Self {
        self.money = money;
        self
    }
}

/// What happened, in order.
pub(super) fn history(view: &View<'_>, mut steps: Vec<Step>) -> Block {
    steps.sort_by_key(|step| step.at);
    let row = |step: Step| {
        let of = step.what.small.as_deref().unwrap_or_default();
        Row {
            key: format!("{} {} {of}", step.at, step.what.text),
            cells: vec![
                Cell::new(&beijing(step.at)).mood("num"),
                step.what,
                Cell::new(&step.money).mood("num"),
            ],
        }
    };
    let table = Table {
        head: vec![
            view.say("时间", "When"),
            view.say("发生了什么", "What happened"),
            view.say("资金（元）", "Money, yuan"),
        ],
        rows: steps.into_iter().map(row).collect(),
        empty: view.say("还没有发生什么。", "Nothing happened yet."),
    };
    Block::new("history", view.say("经过", "History"), Content::Table(table))
}

/// The page of one thing.
pub(super) struct Detail<'a> {
    /// The list that has it.
    pub(super) place: Place,
    /// What it is called.
    pub(super) title: String,
    /// What is its own.
    pub(super) blocks: Vec<Block>,
    /// What notifications of it are about; `None` where the gateway sends none.
    pub(super) about: Option<About>,
    /// By which numbers requests name it.
    pub(super) numbers: Vec<&'a str>,
    /// What went wrong, if something did.
    pub(super) wrong: Option<String>,
}

impl Detail<'_> {
    /// As it goes over HTTP.
    pub(super) fn response(self, view: &View<'_>) -> Response<Bytes> {
        let mut blocks = self.blocks;
        blocks.extend(self.about.map(|about| notifications::about(view, &about)));
        blocks.push(requests::about(view, &self.numbers));
        let topics = [Topic::State, Topic::Requests, Topic::Notifications, Topic::Clock];
        let mut sheet = view.sheet(self.place, &self.title, &topics, blocks);
        let status = if self.wrong.is_some() {
            StatusCode::CONFLICT
        } else {
            StatusCode::OK
        };
        sheet.note = self.wrong.map(|text| Note { text, is_bad: true });
        sheet.response(status)
    }
}
