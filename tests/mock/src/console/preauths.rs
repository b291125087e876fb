//! Pre-authorisations.

use bytes::Bytes;
use http::Response;

use super::detail::{self, Detail, Step};
use super::page::{Block, Cell, Content, Fact, Picture, Row, Table};
use super::text::{SHORT, line};
use super::{FEW, Place, View, address};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;
use crate::state::preauths::{Key, Opened, OperationKind, OperationStatus, Preauth, Status, Totals};

/// The page of a pre-authorisation.
pub(super) fn link(key: &Key) -> String {
    let pairs = [("app", &*key.merchant), ("number", &*key.out_order_no)];
    address("/console/preauthorization", &pairs)
}

/// All, latest first.
fn all(view: &View<'_>) -> Vec<Preauth> {
    let mut all: Vec<_> = view.core.look(|state, now| state.preauths.all(now).collect());
    all.sort_by(|a: &Preauth, b| {
        let latest = b.placed.cmp(&a.placed);
        latest.then_with(|| a.terms.out_order_no.cmp(&b.terms.out_order_no))
    });
    all
}

fn status(view: &View<'_>, preauth: &Preauth) -> Cell {
    let Some(opened) = &preauth.opened else {
        return if view.core.now() < preauth.terms.expires {
            Cell::new(view.say("尚未扫码", "Not scanned yet")).mood("open")
        } else {
            Cell::new(view.say("二维码已过期", "The code expired")).mood("soft")
        };
    };
    let status = opened.status();
    Cell::new(status.name()).mood(match status {
        Status::Authorised | Status::Finished => "good",
        Status::Init => "open",
        Status::Closed => "soft",
    })
}

fn table(view: &View<'_>, preauths: &[Preauth]) -> Content {
    let row = |preauth: &Preauth| {
        let terms = &preauth.terms;
        let totals = preauth.opened.as_ref().map_or_else(Totals::default, Opened::totals);
        Row {
            key: format!("{} {}", terms.merchant.auth_app_id, terms.out_order_no),
            cells: vec![
                Cell::new(&terms.out_order_no)
                    .link(link(&preauth.key()))
                    .small(&line(&terms.title, SHORT)),
                Cell::new(&terms.amount.to_string()).mood("num"),
                Cell::new(&totals.rest.to_string()).mood("num"),
                status(view, preauth),
                Cell::new(&beijing(preauth.placed)).mood("num"),
            ],
        }
    };
    Content::Table(Table {
        head: vec![
            view.say("商户单号", "Number"),
            view.say("金额（元）", "Yuan"),
            view.say("仍冻结（元）", "Still frozen"),
            view.say("状态", "Status"),
            view.say("时间", "When"),
        ],
        rows: preauths.iter().map(row).collect(),
        empty: view.say("还没有预授权。", "No pre-authorisations yet."),
    })
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let place = Place::Preauths;
    let mut all = all(view);
    all.truncate(FEW);
    Block::new("preauths", place.label(view.language), table(view, &all)).more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let mut found = all(view);
    let all = found.len();
    found.truncate(view.rows());
    let block = Block::new("preauths", &format!("{} / {all}", found.len()), table(view, &found));
    let block = view.more(block, Place::Preauths, found.len(), all);
    view.page(Place::Preauths, &[Topic::State], vec![block])
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let (app, number) = (view.parameter("app"), view.parameter("number"));
    let mut all = all(view).into_iter();
    let found = all.find(|preauth| {
        let key = preauth.key();
        key.merchant == app && key.out_order_no == number
    });
    let Some(preauth) = found else {
        return view.unknown();
    };
    let (terms, opened) = (&preauth.terms, preauth.opened.as_ref());
    let mut numbers = vec![terms.out_order_no.as_str()];
    numbers.extend(opened.map(|opened| opened.auth_no.as_str()));
    Detail {
        place: Place::Preauths,
        title: format!("{} {}", view.say("预授权", "Pre-authorisation"), terms.out_order_no),
        blocks: vec![asked(view, &preauth), came(view, &preauth), history(view, &preauth)],
        about: Some(About::Preauth(preauth.key())),
        numbers,
        wrong: None,
    }
    .response(view)
}

fn asked(view: &View<'_>, preauth: &Preauth) -> Block {
    let terms = &preauth.terms;
    let fact = |chinese, english, id, value| view.fact((chinese, english), id, value);
    let facts = [
        fact("标题", "Title", "order_title", Some(terms.title.clone())),
        fact("金额（元）", "Yuan", "amount", Some(terms.amount.to_string())),
        fact("接口", "Method", "method", Some(terms.method.clone())),
        fact("应用", "App", "auth_app_id", Some(terms.merchant.auth_app_id.clone())),
        fact("产品", "Product", "product_code", Some(terms.product_code.clone())),
        fact(
            "收款方",
            "Payee",
            "payee",
            terms.payee_user_id.clone().or(terms.payee_logon_id.clone()),
        ),
        fact(
            "授权截止",
            "To be authorised until",
            "expires",
            Some(beijing(terms.expires)),
        ),
        fact(
            "通知地址",
            "Notifications go to",
            "notify_url",
            terms.callbacks.notify_url.clone(),
        ),
    ];
    Block::new(
        "terms",
        view.say("商户的要求", "What the merchant asked for"),
        Content::Facts(facts.into_iter().flatten().collect()),
    )
    .narrow()
}

fn came(view: &View<'_>, preauth: &Preauth) -> Block {
    let opened = preauth.opened.as_ref();
    let totals = opened.map_or_else(Totals::default, Opened::totals);
    let fact = |chinese, english, id, value| view.fact((chinese, english), id, value);
    let facts = [
        Some(Fact {
            label: view.say("状态", "Status"),
            id: "order_status",
            value: status(view, preauth),
        }),
        fact(
            "授权号",
            "Number",
            "auth_no",
            opened.map(|opened| opened.auth_no.clone()),
        ),
        fact(
            "付款方",
            "Payer",
            "payer",
            opened.map(|opened| opened.payer.user_id.clone()),
        ),
        fact(
            "已冻结（元）",
            "Frozen, yuan",
            "frozen",
            Some(totals.frozen.to_string()),
        ),
        fact(
            "已解冻（元）",
            "Released, yuan",
            "released",
            Some(totals.released.to_string()),
        ),
        fact("已支付（元）", "Paid, yuan", "paid", Some(totals.paid.to_string())),
        fact(
            "仍冻结（元）",
            "Still frozen, yuan",
            "rest",
            Some(totals.rest.to_string()),
        ),
    ];
    Block::new(
        "totals",
        view.say("结果", "What came of it"),
        Content::Facts(facts.into_iter().flatten().collect()),
    )
    .narrow()
}

/// What happened: what was asked for, and what was done with the payer's money.
fn history(view: &View<'_>, preauth: &Preauth) -> Block {
    let asked = view.say("商户请求冻结", "The merchant asked for it");
    let mut steps = vec![Step::new(preauth.placed, asked, "")];
    for operation in preauth.opened.iter().flat_map(Opened::operations) {
        let of = format!("{} {}", operation.kind.name(), operation.out_request_no);
        let mut step = |at, (chinese, english), sign: &str| {
            let step = Step::new(at, view.say(chinese, english), &of);
            steps.push(if sign.is_empty() {
                step
            } else {
                step.money(format!("{sign} {}", operation.amount))
            });
        };
        if operation.kind == OperationKind::Freeze {
            step(operation.created, ("付款方进入", "The payer came"), "");
        }
        let at = operation.done.unwrap_or(operation.created);
        match (operation.status, operation.kind) {
            (OperationStatus::Init, _) => {}
            (OperationStatus::Closed, _) => step(at, ("未授权，已关闭", "Closed without an authorisation"), ""),
            (OperationStatus::Success, OperationKind::Freeze) => step(at, ("资金冻结", "Money was frozen"), "+"),
            (OperationStatus::Success, OperationKind::Unfreeze) => step(at, ("资金解冻", "Money was released"), "−"),
            (OperationStatus::Success, OperationKind::Pay) => step(at, ("转支付", "Money was paid from it"), "−"),
        }
        if let Some((at, rest)) = operation.released() {
            let words = view.say("其余资金解冻", "What was left was released");
            steps.push(Step::new(at, words, &of).money(format!("− {rest}")));
        }
    }
    detail::history(view, steps)
}

/// The codes that wait to be scanned, latest first.
pub(super) fn codes(view: &View<'_>, count: usize) -> Vec<Picture> {
    let now = view.core.now();
    let waits = |preauth: &Preauth| match &preauth.opened {
        Some(opened) => opened.status() == Status::Init,
        None => now < preauth.terms.expires,
    };
    let waiting = all(view).into_iter().filter(waits);
    let pictures = waiting.filter_map(|preauth| {
        let code = preauth.qr_code.as_ref()?;
        Some(Picture {
            src: format!("/qr/{code}.svg"),
            href: format!("/qr/{code}"),
            caption: line(&preauth.terms.out_order_no, SHORT),
            small: format!("{} ¥{}", view.say("预授权", "Pre-authorisation"), preauth.terms.amount),
        })
    });
    pictures.take(count).collect()
}
