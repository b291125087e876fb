//! Agreements by which users let merchants deduct money.

use bytes::Bytes;
use http::Response;

use super::detail::{self, Detail, Step};
use super::page::{Block, Cell, Content, Fact, Row, Table};
use super::{FEW, Place, View, address};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;
use crate::state::agreements::{Agreement, Status};

/// The page of an agreement.
pub(super) fn link(no: &str) -> String {
    address("/console/agreement", &[("no", no)])
}

/// The latest, and how many there are.
fn latest(view: &View<'_>, count: usize) -> (Vec<Agreement>, usize) {
    view.core.look(|state, _| {
        let all = state.agreements.all();
        (all.clone().rev().take(count).cloned().collect(), all.len())
    })
}

fn status(view: &View<'_>, agreement: &Agreement) -> Cell {
    let status = agreement.status(view.core.now());
    Cell::new(status.name()).mood(match status {
        Status::InForce => "good",
        Status::Offered | Status::Temporary => "open",
        Status::Refused | Status::Expired | Status::Unsigned => "soft",
    })
}

fn table(view: &View<'_>, agreements: &[Agreement]) -> Content {
    let row = |agreement: &Agreement| {
        let terms = &agreement.terms;
        let user = agreement.signature.as_ref().map(|signature| &*signature.user.user_id);
        let signed = agreement.signature.as_ref().map(|signature| beijing(signature.at));
        Row {
            key: agreement.no.clone(),
            cells: vec![
                Cell::new(&agreement.no)
                    .link(link(&agreement.no))
                    .small(terms.external_agreement_no.as_deref().unwrap_or_default()),
                Cell::new(user.unwrap_or_default()),
                status(view, agreement),
                Cell::new(&terms.product).mood("soft").small(&terms.scene),
                Cell::new(&signed.unwrap_or_default()).mood("num"),
            ],
        }
    };
    Content::Table(Table {
        head: vec![
            view.say("协议号", "Number"),
            view.say("用户", "User"),
            view.say("状态", "Status"),
            view.say("产品", "Product"),
            view.say("签约时间", "Signed"),
        ],
        rows: agreements.iter().map(row).collect(),
        empty: view.say("还没有代扣协议。", "No agreements yet."),
    })
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let place = Place::Agreements;
    let (agreements, _) = latest(view, FEW);
    Block::new("agreements", place.label(view.language), table(view, &agreements))
        .more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let (agreements, all) = latest(view, view.rows());
    let shown = agreements.len();
    let block = Block::new("agreements", &format!("{shown} / {all}"), table(view, &agreements));
    let block = view.more(block, Place::Agreements, shown, all);
    view.page(Place::Agreements, &[Topic::State, Topic::Clock], vec![block])
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let no = view.parameter("no");
    let found = view.core.look(|state, _| {
        let mut all = state.agreements.all();
        all.find(|agreement| agreement.no == no).cloned()
    });
    let Some(agreement) = found else {
        return view.unknown();
    };
    let (terms, signature) = (&agreement.terms, agreement.signature.as_ref());
    let fact = |chinese, english, id, value| view.fact((chinese, english), id, value);
    let facts = [
        Some(Fact {
            label: view.say("状态", "Status"),
            id: "status",
            value: status(view, &agreement),
        }),
        fact(
            "商户协议号",
            "The merchant's number",
            "external_agreement_no",
            terms.external_agreement_no.clone(),
        ),
        fact("产品", "Product", "personal_product_code", Some(terms.product.clone())),
        fact("场景", "Scene", "sign_scene", Some(terms.scene.clone())),
        fact("应用", "App", "auth_app_id", Some(terms.merchant.auth_app_id.clone())),
        fact(
            "用户",
            "User",
            "user_id",
            signature.map(|signature| signature.user.user_id.clone()),
        ),
        fact(
            "签约",
            "Signed",
            "signed",
            signature.map(|signature| beijing(signature.at)),
        ),
        fact(
            "解约",
            "Ended",
            "ended",
            signature.and_then(|signature| signature.ended).map(beijing),
        ),
        fact(
            "签约截止",
            "To be signed until",
            "sign_until",
            terms.sign_until.map(beijing),
        ),
        fact("失效", "Ends by itself", "invalid", Some(beijing(terms.invalid))),
        fact(
            "下次扣款",
            "Next deduction",
            "next",
            agreement.next.map(|next| next.to_string()),
        ),
        fact(
            "已扣款（元）",
            "Deducted, yuan",
            "deducted",
            Some(agreement.deducted().to_string()),
        ),
        fact(
            "通知地址",
            "Notifications go to",
            "notify_url",
            terms.callbacks.notify_url.clone(),
        ),
    ];
    let facts = facts.into_iter().flatten().collect();
    let facts = Block::new("agreement", view.say("协议", "The agreement"), Content::Facts(facts));
    let rows = agreement.deductions.iter().enumerate().map(|(index, deduction)| Row {
        key: index.to_string(),
        cells: vec![
            Cell::new(&deduction.day.to_string()).mood("num"),
            Cell::new(&deduction.amount.to_string()).mood("num"),
        ],
    });
    let deductions = Table {
        head: vec![view.say("日期", "Day"), view.say("金额（元）", "Yuan")],
        rows: rows.collect(),
        empty: view.say("还没有扣款。", "Nothing was deducted yet."),
    };
    let deductions = Block::new("deductions", view.say("扣款", "Deductions"), Content::Table(deductions));
    let mut numbers = vec![agreement.no.as_str()];
    numbers.extend(terms.external_agreement_no.as_deref());
    Detail {
        place: Place::Agreements,
        title: format!("{} {}", view.say("代扣协议", "Agreement"), agreement.no),
        blocks: vec![facts.narrow(), deductions.narrow(), history(view, &agreement)],
        about: Some(About::Agreement(agreement.no.clone())),
        numbers,
        wrong: None,
    }
    .response(view)
}

/// What happened to the signature.
fn history(view: &View<'_>, agreement: &Agreement) -> Block {
    let now = view.core.now();
    let mut steps = Vec::new();
    let mut step = |at, chinese, english, of: &str| steps.push(Step::new(at, view.say(chinese, english), of));
    let is_expired = agreement.status(now) == Status::Expired;
    match &agreement.signature {
        Some(signature) => {
            step(signature.at, "用户签约", "The user signed", &signature.user.user_id);
            if let Some(at) = signature.ended {
                step(at, "解约", "It was ended", "");
            } else if is_expired {
                step(agreement.terms.invalid, "协议失效", "Its time was over", "");
            }
        }
        None => {
            if let Some(at) = agreement.terms.sign_until.filter(|_| is_expired) {
                step(at, "签约超时", "The time to sign it was over", "");
            }
        }
    }
    detail::history(view, steps)
}
