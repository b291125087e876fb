//! Notifications, their deliveries, and sending more.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::page::{self, Block, Button, Cell, Content, Fact, Field, Form, Input, Note, Row, Table};
use super::text::{LINE, SHORT, Secrets, WHOLE, line, parameters, shown};
use super::{Place, Posted, View, address, agreements, orders, preauths};
use crate::example;
use crate::journal::Received;
use crate::news::Topic;
use crate::notify::delivery::{About, NotificationOutcome, NotificationView};
use crate::notify::envelope;
use crate::protocol::charset::Charset;
use crate::protocol::urlencoded::pairs;

/// Where notifications are sent from.
const SEND: &str = "/console/send";
/// Where one is sent again.
const RESEND: &str = "/console/notification";

/// The page of a notification.
fn link(notify_id: &str) -> String {
    address(RESEND, &[("id", notify_id)])
}

fn outcome(view: &View<'_>, told: &NotificationView) -> Cell {
    let (words, mood) = match told.outcome {
        NotificationOutcome::Pending => (view.say("投递中", "On its way"), "open"),
        NotificationOutcome::Delivered => (view.say("已送达", "Delivered"), "good"),
        NotificationOutcome::GivenUp => (view.say("已放弃", "Given up"), "bad"),
    };
    let last = told.attempts.last();
    let small = last.map_or_else(String::new, |attempt| {
        let status = attempt.status.map(|status| status.to_string());
        let answer = line(&attempt.answer, 40);
        format!("{} {answer}", status.unwrap_or_default())
    });
    Cell::new(words).mood(mood).small(small.trim())
}

fn table(view: &View<'_>, told: &[NotificationView]) -> Content {
    let row = |told: &NotificationView| Row {
        key: told.notify_id.clone(),
        cells: vec![
            Cell::new(&told.name)
                .link(link(&told.notify_id))
                .small(told.trade_status.as_deref().unwrap_or_default()),
            outcome(view, told),
            Cell::new(&told.attempts.len().to_string()).mood("num"),
            Cell::new(&line(&told.url, SHORT)).mood("soft"),
            Cell::new(told.attempts.last().map_or("", |attempt| &attempt.at)).mood("num"),
            Cell::button(again(view, &told.notify_id)),
        ],
    };
    Content::Table(Table {
        head: vec![
            view.say("通知", "Notification"),
            view.say("投递", "Delivery"),
            view.say("次数", "Attempts"),
            view.say("地址", "Address"),
            view.say("最近一次", "Latest attempt"),
            "",
        ],
        rows: told.iter().map(row).collect(),
        empty: view.say("还没有通知。", "No notifications yet."),
    })
}

fn again(view: &View<'_>, notify_id: &str) -> Button {
    Button {
        action: RESEND,
        name: "id",
        value: notify_id.to_owned(),
        label: view.say("重发", "Send again"),
    }
}

/// The latest few.
pub(super) fn few(view: &View<'_>, count: usize) -> Block {
    let place = Place::Notifications;
    let told = view.core.deliveries.latest(count, |_| true);
    Block::new("notifications", place.label(view.language), table(view, &told))
        .more(place.path(), view.say("全部", "All"))
}

/// Those about one thing.
pub(super) fn about(view: &View<'_>, about: &About) -> Block {
    let mut told = view.core.deliveries.of(about);
    told.reverse();
    Block::new(
        "notifications",
        Place::Notifications.label(view.language),
        table(view, &told),
    )
}

/// The latest about things of a kind.
pub(super) fn where_about(view: &View<'_>, is_wanted: impl Fn(&About) -> bool) -> Block {
    let told = view.core.deliveries.latest(view.rows(), is_wanted);
    Block::new(
        "notifications",
        Place::Notifications.label(view.language),
        table(view, &told),
    )
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let told = view.core.deliveries.latest(view.rows(), |_| true);
    let all = view.core.deliveries.count();
    let block = Block::new("notifications", &format!("{} / {all}", told.len()), table(view, &told));
    let block = view.more(block, Place::Notifications, told.len(), all);
    let blocks = vec![block, choose(view, "")];
    view.page(Place::Notifications, &[Topic::Notifications], blocks)
}

/// The choice of a notification that is to be sent.
fn choose(view: &View<'_>, chosen: &str) -> Block {
    let names = view.core.specs.notifications();
    let options = names.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
    let form = Form {
        method: "get",
        action: SEND,
        fields: vec![Field {
            name: "name",
            label: view.say("通知", "Notification"),
            input: Input::Choice(chosen.to_owned(), options.collect()),
        }],
        presses: vec![(String::new(), view.say("填写", "Fill in"))],
    };
    Block::new(
        "choose",
        view.say("发送其他通知", "Send another one"),
        Content::Form(form),
    )
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let Some((about, told, charset)) = view.core.deliveries.find(view.parameter("id")) else {
        return view.unknown();
    };
    let mut facts = vec![Fact {
        label: "notify_id",
        id: "notify_id",
        value: Cell::new(&told.notify_id),
    }];
    let mut fact = |chinese, english, id, value: Cell| {
        facts.push(Fact {
            label: view.say(chinese, english),
            id,
            value,
        });
    };
    fact("通知", "Notification", "name", Cell::new(&told.name));
    if let Some(status) = &told.trade_status {
        fact("交易状态", "Status of the trade", "trade_status", Cell::new(status));
    }
    fact("地址", "Address", "url", Cell::new(&told.url));
    fact("投递", "Delivery", "outcome", outcome(view, &told));
    fact("关于", "About", "about", subject(view, &about));
    let facts = Block::new(
        "notification",
        view.say("通知", "The notification"),
        Content::Facts(facts),
    );
    let rows = told.attempts.iter().enumerate().map(|(index, attempt)| {
        let (status, mood) = match attempt.status {
            Some(status) => (status.to_string(), "num"),
            None => (view.say("没有应答", "No answer").to_owned(), "bad"),
        };
        let arrived = attempt.status == Some(200) && attempt.answer == "success";
        Row {
            key: index.to_string(),
            cells: vec![
                Cell::new(&(index + 1).to_string()).mood("num"),
                Cell::new(&attempt.at).mood("num"),
                Cell::new(&status).mood(if arrived { "good" } else { mood }),
                Cell::new(&attempt.answer).mood("mono"),
            ],
        }
    });
    let attempts = Table {
        head: vec![
            view.say("次数", "Attempt"),
            view.say("时间", "When"),
            view.say("HTTP 状态", "HTTP status"),
            view.say("应答", "Answer"),
        ],
        rows: rows.collect(),
        empty: view.say("还没有投递。", "No attempt yet."),
    };
    let attempts = Block::new("attempts", view.say("投递", "Deliveries"), Content::Table(attempts)).hint(view.say(
        "应答 success 之前会按间隔重发。",
        "Repeated by the schedule until the answer is success.",
    ));
    let resend = Form {
        method: "post",
        action: RESEND,
        fields: vec![Field {
            name: "id",
            label: "",
            input: Input::Hidden(told.notify_id.clone()),
        }],
        presses: vec![("resend".to_owned(), view.say("重发", "Send again"))],
    };
    let hint = view.say(
        "内容和 notify_id 都相同。",
        "The same to the byte, with the same notify_id.",
    );
    let resend = Block::new("resend", view.say("再次发送", "Once more"), Content::Form(resend)).hint(hint);
    let mut blocks = vec![facts, attempts, resend];
    blocks.extend(said(view, &told.body, &charset));
    let title = format!("{} {}", view.say("通知", "Notification"), told.name);
    view.sheet(Place::Notifications, &title, &[Topic::Notifications], blocks)
        .response(StatusCode::OK)
}

/// What a notification is about, with its page if it has one.
fn subject(view: &View<'_>, about: &About) -> Cell {
    match about {
        About::Order(key) => Cell::new(&key.out_trade_no).link(orders::link(key)),
        About::Preauth(key) => Cell::new(&key.out_order_no).link(preauths::link(key)),
        About::Agreement(no) => Cell::new(no).link(agreements::link(no)),
        About::Merchant(app) => Cell::new(app).link(Place::Authorisations.path().to_owned()),
        About::Application(id) | About::Complaint(id) => Cell::new(id),
        About::Ordered => Cell::new(view.say("测试发送", "Sent by hand, or by a test")).mood("soft"),
    }
}

/// The parameters of a notification, and its body.
fn said(view: &View<'_>, body: &str, charset_name: &str) -> [Block; 2] {
    let charset = Charset::from_name(charset_name).unwrap_or_default();
    let received: Received = pairs(body.as_bytes())
        .into_iter()
        .map(|(name, value)| (charset.decode_lossy(&name), charset.decode_lossy(&value)))
        .collect();
    let secrets = Secrets::of(&received);
    let rows = parameters(&received, &secrets).into_iter().map(|(name, value)| Row {
        key: name.clone(),
        cells: vec![Cell::new(&name), Cell::ready(value).mood("mono")],
    });
    let table = Table {
        head: vec![view.say("名称", "Name"), view.say("值", "Value")],
        rows: rows.collect(),
        empty: "",
    };
    let body = shown(&secrets.mask(body), WHOLE);
    let hint = format!(
        "application/x-www-form-urlencoded; charset={}",
        line(charset_name, SHORT)
    );
    [
        Block::new("parameters", view.say("参数", "Parameters"), Content::Table(table)),
        Block::new("body", view.say("请求体", "Body"), Content::Quote(body)).hint(hint),
    ]
}

/// A notification is sent once more.
pub(super) fn resend(view: &View<'_>, form: &Posted) -> Response<Bytes> {
    let id = form.field("id");
    match view.core.resend(id) {
        Ok(()) => page::elsewhere(&link(id)),
        Err(error) => view.answer(
            Place::Notifications,
            &[Topic::Notifications],
            vec![few(view, super::ROWS)],
            Some(error.to_string()),
        ),
    }
}

/// The form of a notification: what its spec asks for is filled in.
pub(super) fn compose(view: &View<'_>) -> Response<Bytes> {
    let name = view.parameter("name");
    if name.is_empty() {
        return view.page(Place::Notifications, &[], vec![choose(view, "")]);
    }
    let Some(fields) = template(view, name) else {
        return view.unknown();
    };
    let url = view.core.look(|state, _| state.app_gateway_url.clone());
    sheet(view, name, &fields, &url.unwrap_or_default(), None)
}

/// The fields of a notification but those of its envelope, as JSON.
fn template(view: &View<'_>, name: &str) -> Option<String> {
    let core = view.core;
    let spec = core.specs.notification(name)?;
    let now = core.now();
    let mut fields = example::notification(spec, Map::new(), &core.app.id, now);
    for (around, _) in envelope::fields_around(spec, &core.app.id, &Charset::default(), now) {
        fields.remove(around);
    }
    for signature in ["sign", "sign_type"] {
        fields.remove(signature);
    }
    serde_json::to_string_pretty(&fields).ok()
}

fn sheet(view: &View<'_>, name: &str, fields: &str, url: &str, wrong: Option<String>) -> Response<Bytes> {
    let spec = view.core.specs.notification(name);
    let names = spec.map(|spec| {
        spec.body
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>()
    });
    let form = Form {
        method: "post",
        action: SEND,
        fields: vec![
            Field {
                name: "name",
                label: "",
                input: Input::Hidden(name.to_owned()),
            },
            Field {
                name: "url",
                label: view.say("发送到", "Send to"),
                input: Input::Text(url.to_owned(), "http://127.0.0.1:8080/notify"),
            },
            Field {
                name: "fields",
                label: view.say("内容（JSON）", "What it says, as JSON"),
                input: Input::Area(fields.to_owned()),
            },
        ],
        presses: vec![("send".to_owned(), view.say("签名并发送", "Sign and send"))],
    };
    let hint = format!(
        "{} {}",
        view.say(
            "notify_id、时间、app_id 等由网关补上，缺少的必填字段按 spec 补上。不会改变任何订单。可用的字段：",
            "The gateway adds notify_id, the time, app_id and the like, and required fields that are left out. It changes no order. Fields:"
        ),
        names.unwrap_or_default().join(", ")
    );
    let compose = Block::new("compose", &line(name, LINE), Content::Form(form)).hint(line(&hint, 2000));
    let blocks = vec![compose, choose(view, name)];
    let title = view.say("发送通知", "Send a notification");
    let mut sheet = view.sheet(Place::Notifications, title, &[], blocks);
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

/// A notification is signed and sent.
pub(super) fn send(view: &View<'_>, form: &Posted) -> Response<Bytes> {
    let (name, fields, url) = (form.field("name"), form.field("fields"), form.field("url"));
    let text = if fields.is_empty() { "{}" } else { fields };
    let sent = serde_json::from_str::<Value>(text)
        .map_err(|error| format!("{} {error}", view.say("内容不是 JSON:", "What it says is not JSON:")))
        .and_then(|fields| {
            let notification = view
                .core
                .notification(name, fields)
                .map_err(|error| error.to_string())?;
            let id = notification.notify_id.clone();
            view.core
                .send(notification, url.to_owned())
                .map_err(|error| error.to_string())?;
            Ok(id)
        });
    match sent {
        Ok(id) => page::elsewhere(&link(&id)),
        Err(wrong) => sheet(view, name, fields, url, Some(wrong)),
    }
}
