//! Money that merchants sent to accounts.

use bytes::Bytes;
use http::Response;

use super::detail::{self, Detail, Step};
use super::page::{Block, Cell, Content, Fact, Row, Table};
use super::{FEW, Place, View, address};
use crate::clock::beijing;
use crate::news::Topic;
use crate::state::transfers::{Product, Transfer};

/// The page of a transfer.
fn link(transfer: &Transfer) -> String {
    address("/console/transfer", &[("order", &transfer.order_id)])
}

fn status(status: &str) -> Cell {
    Cell::new(status).mood(if status == "SUCCESS" { "good" } else { "open" })
}

fn product(transfer: &Transfer) -> String {
    match &transfer.terms.number.product {
        Product::ToAccount => "toaccount.transfer".to_owned(),
        Product::Uni { code, scene } => format!("{code} · {scene}"),
    }
}

/// The latest, and how many there are.
fn latest(view: &View<'_>, count: usize) -> (Content, usize, usize) {
    let (rows, all) = view.core.look(|state, now| {
        let mut found: Vec<_> = state.transfers.all().collect();
        found.sort_by(|(_, a), (_, b)| b.at.cmp(&a.at).then_with(|| b.order_id.cmp(&a.order_id)));
        let all = found.len();
        let rows = found.into_iter().take(count).map(|(merchant, transfer)| {
            let terms = &transfer.terms;
            Row {
                key: transfer.order_id.clone(),
                cells: vec![
                    Cell::new(&terms.number.out_biz_no).link(link(transfer)),
                    Cell::new(&terms.payee).small(&terms.payee_type),
                    Cell::new(&terms.amount.to_string()).mood("num"),
                    status(transfer.status(now)),
                    Cell::new(&product(transfer)).mood("soft").small(merchant),
                    Cell::new(&beijing(transfer.at)).mood("num"),
                ],
            }
        });
        (rows.collect::<Vec<_>>(), all)
    });
    let shown = rows.len();
    let table = Table {
        head: vec![
            view.say("商户单号", "Transfer"),
            view.say("收款方", "Payee"),
            view.say("金额（元）", "Yuan"),
            view.say("状态", "Status"),
            view.say("产品与付款方", "Product and payer"),
            view.say("时间", "When"),
        ],
        rows,
        empty: view.say("还没有转账。", "No transfers yet."),
    };
    (Content::Table(table), shown, all)
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let place = Place::Transfers;
    let (table, ..) = latest(view, FEW);
    Block::new("transfers", place.label(view.language), table).more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let (table, shown, all) = latest(view, view.rows());
    let block = Block::new("transfers", &format!("{shown} / {all}"), table);
    let block = view.more(block, Place::Transfers, shown, all);
    view.page(Place::Transfers, &[Topic::State, Topic::Clock], vec![block])
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    let order_id = view.parameter("order");
    let found = view.core.look(|state, _| {
        let mut all = state.transfers.all();
        let found = all.find(|(_, transfer)| transfer.order_id == order_id);
        found.map(|(merchant, transfer)| (merchant.to_owned(), transfer.clone()))
    });
    let Some((merchant, transfer)) = found else {
        return view.unknown();
    };
    let number = &transfer.terms.number;
    Detail {
        place: Place::Transfers,
        title: format!("{} {}", view.say("转账", "Transfer"), number.out_biz_no),
        blocks: vec![
            asked(view, &merchant, &transfer),
            came(view, &transfer),
            history(view, &transfer),
        ],
        about: None,
        numbers: vec![&number.out_biz_no, &transfer.order_id, &transfer.fund_order_id],
        wrong: None,
    }
    .response(view)
}

fn asked(view: &View<'_>, merchant: &str, transfer: &Transfer) -> Block {
    let terms = &transfer.terms;
    let fact = |chinese, english, id, value: &str| view.fact((chinese, english), id, Some(value.to_owned()));
    let facts = [
        fact("商户单号", "Transfer", "out_biz_no", &terms.number.out_biz_no),
        fact("金额（元）", "Yuan", "trans_amount", &terms.amount.to_string()),
        fact("收款方", "Payee", "payee", &terms.payee),
        fact("收款方类型", "Kind of payee", "payee_type", &terms.payee_type),
        fact("产品", "Product", "product_code", &product(transfer)),
        fact("付款方", "Payer", "payer", merchant),
        view.fact(
            ("回传参数", "passback_params"),
            "passback_params",
            transfer.passback_params.clone(),
        ),
    ];
    Block::new(
        "terms",
        view.say("商户的要求", "What the merchant asked for"),
        Content::Facts(facts.into_iter().flatten().collect()),
    )
    .narrow()
}

fn came(view: &View<'_>, transfer: &Transfer) -> Block {
    let fact = |chinese, english, id, value| view.fact((chinese, english), id, value);
    let facts = [
        Some(Fact {
            label: view.say("状态", "Status"),
            id: "status",
            value: status(transfer.status(view.core.now())),
        }),
        fact("转账单号", "Number", "order_id", Some(transfer.order_id.clone())),
        fact(
            "资金流水号",
            "Number of the money's movement",
            "pay_fund_order_id",
            Some(transfer.fund_order_id.clone()),
        ),
        fact(
            "预计到账",
            "The bank should have it",
            "arrival_time_end",
            transfer.arrival().map(beijing),
        ),
    ];
    let hint = view.say(
        "网关对转账不发送通知：商户用查询接口得知结果。",
        "The gateway sends no notification of a transfer: the merchant asks what came of it.",
    );
    Block::new(
        "transfer",
        view.say("结果", "What came of it"),
        Content::Facts(facts.into_iter().flatten().collect()),
    )
    .hint(hint)
    .narrow()
}

/// What happened.
fn history(view: &View<'_>, transfer: &Transfer) -> Block {
    let sent = view.say("商户转出", "The merchant sent it");
    let sent = Step::new(transfer.at, sent, "").money(format!("− {}", transfer.terms.amount));
    let (at, words) = match transfer.arrival() {
        Some(at) => (at, view.say("银行已收到", "The bank has it")),
        None => (transfer.at, view.say("收款账户已收到", "The payee's account has it")),
    };
    let mut steps = vec![sent];
    if at <= view.core.now() {
        steps.push(Step::new(at, words, ""));
    }
    detail::history(view, steps)
}
