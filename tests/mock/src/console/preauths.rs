//! Pre-authorisations.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::page::{Block, Cell, Content, Fact, Picture, Row, Table};
use super::text::{SHORT, line};
use super::{FEW, Place, View, address, notifications, requests};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;
use crate::state::preauths::{Key, Opened, OperationStatus, Preauth, Status, Totals};

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
        return Cell::new(view.say("尚未扫码", "Not scanned yet")).mood("open");
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
    let mut blocks = vec![asked(view, &preauth), came(view, &preauth), history(view, opened)];
    blocks.push(notifications::about(view, &About::Preauth(preauth.key())));
    let mut numbers = vec![terms.out_order_no.as_str()];
    numbers.extend(opened.map(|opened| opened.auth_no.as_str()));
    blocks.push(requests::about(view, &numbers));
    let title = format!("{} {}", view.say("预授权", "Pre-authorisation"), terms.out_order_no);
    let topics = [Topic::State, Topic::Requests, Topic::Notifications];
    view.sheet(Place::Preauths, &title, &topics, blocks)
        .response(StatusCode::OK)
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

/// What was done with the payer's money, in order.
fn history(view: &View<'_>, opened: Option<&Opened>) -> Block {
    let operations = opened.map(Opened::operations).unwrap_or_default();
    let rows = operations.iter().map(|operation| Row {
        key: operation.id.clone(),
        cells: vec![
            Cell::new(&beijing(operation.done.unwrap_or(operation.created))).mood("num"),
            Cell::new(operation.kind.name()).small(operation.remark.as_deref().unwrap_or_default()),
            Cell::new(&operation.out_request_no).small(&operation.id),
            Cell::new(&operation.amount.to_string()).mood("num"),
            Cell::new(operation.status.name()).mood(match operation.status {
                OperationStatus::Success => "good",
                OperationStatus::Init => "open",
                OperationStatus::Closed => "soft",
            }),
        ],
    });
    let history = Table {
        head: vec![
            view.say("时间", "When"),
            view.say("操作", "Operation"),
            view.say("请求号", "Number"),
            view.say("金额（元）", "Yuan"),
            view.say("状态", "Status"),
        ],
        rows: rows.collect(),
        empty: view.say("付款方尚未扫码。", "The payer has not scanned the code yet."),
    };
    Block::new("history", view.say("经过", "History"), Content::Table(history))
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
