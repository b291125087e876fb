//! Orders and refunds.

use std::cmp::Reverse;

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;

use super::detail::{self, Detail, Step};
use super::page::{Block, Cell, Content, Fact, Field, Form, Input, Picture, Row, Table};
use super::text::{SHORT, line};
use super::{FEW, Place, Posted, View, address, page};
use crate::clock::beijing;
use crate::news::Topic;
use crate::notify::delivery::About;
use crate::state::movements::{Cause, Movement};
use crate::state::splits::{ShareState, Split};
use crate::state::trades::{Key, Order, Status};

/// The page of an order.
pub(super) fn link(key: &Key) -> String {
    let pairs = [("app", &*key.merchant), ("number", &*key.out_trade_no)];
    address("/console/order", &pairs)
}

/// The latest orders in which this text stands, and how many there are.
fn latest(view: &View<'_>, count: usize, searched: &str) -> (Vec<Order>, usize) {
    let has = |order: &&Order| {
        let no = order.trade.as_ref().map(|trade| trade.no.as_str()).unwrap_or_default();
        let texts = [&*order.terms.out_trade_no, &*order.terms.subject, no];
        searched.is_empty() || texts.iter().any(|text| text.contains(searched))
    };
    view.core.look(|state, _| {
        let mut found: Vec<&Order> = state.trades.all().filter(has).collect();
        found.sort_by(|a, b| {
            let latest = b.placed.cmp(&a.placed);
            latest.then_with(|| a.terms.out_trade_no.cmp(&b.terms.out_trade_no))
        });
        let all = found.len();
        (found.into_iter().take(count).cloned().collect(), all)
    })
}

fn status(view: &View<'_>, order: &Order) -> Cell {
    match order.trade.as_ref().map(|trade| trade.status) {
        Some(status @ (Status::Success | Status::Finished)) => Cell::new(status.name()).mood("good"),
        Some(status @ Status::WaitBuyerPay) => Cell::new(status.name()).mood("open"),
        Some(status @ Status::Closed) => Cell::new(status.name()).mood("soft"),
        None if order.withdrawn => Cell::new(view.say("已撤销", "Cancelled")).mood("soft"),
        None if waits(order, view.core.now()) => Cell::new(view.say("尚未扫码", "Not scanned yet")).mood("open"),
        None => Cell::new(view.say("二维码已过期", "The code expired")).mood("soft"),
    }
}

fn table(view: &View<'_>, orders: &[Order]) -> Content {
    let row = |order: &Order| {
        let terms = &order.terms;
        let refunded = order.refunded();
        let given_back = if refunded > crate::money::Money::ZERO {
            format!("− {refunded}")
        } else {
            String::new()
        };
        Row {
            key: format!("{} {}", terms.merchant.auth_app_id, terms.out_trade_no),
            cells: vec![
                Cell::new(&terms.out_trade_no)
                    .link(link(&order.key()))
                    .small(&line(&terms.subject, SHORT)),
                Cell::new(&terms.total.to_string()).mood("num").small(&given_back),
                status(view, order),
                Cell::new(terms.method.trim_start_matches("alipay.")).mood("soft"),
                Cell::new(&beijing(order.placed)).mood("num"),
            ],
        }
    };
    Content::Table(Table {
        head: vec![
            view.say("商户订单号", "Order"),
            view.say("金额（元）", "Yuan"),
            view.say("状态", "Status"),
            view.say("接口", "Method"),
            view.say("下单时间", "Placed"),
        ],
        rows: orders.iter().map(row).collect(),
        empty: view.say("还没有订单。", "No orders yet."),
    })
}

/// The latest few.
pub(super) fn few(view: &View<'_>) -> Block {
    let (orders, _) = latest(view, FEW, "");
    let place = Place::Orders;
    Block::new("orders", place.label(view.language), table(view, &orders)).more(place.path(), view.say("全部", "All"))
}

pub(super) fn list(view: &View<'_>) -> Response<Bytes> {
    let searched = view.parameter("q");
    let (orders, all) = latest(view, view.rows(), searched);
    let heading = format!("{} / {all}", orders.len());
    let block = Block::new("orders", &heading, table(view, &orders));
    let search = Form {
        method: "get",
        action: Place::Orders.path(),
        fields: vec![Field {
            name: "q",
            label: view.say(
                "订单号、交易号或商品名称",
                "Number of the order or the trade, or the subject",
            ),
            input: Input::Text(line(searched, SHORT), ""),
        }],
        presses: vec![(String::new(), view.say("查找", "Search"))],
    };
    let search = Block::new("search", view.say("查找", "Search"), Content::Form(search));
    let block = view.more(block, Place::Orders, orders.len(), all);
    view.page(Place::Orders, &[Topic::State], vec![block, search])
}

/// Money that went back, latest first.
fn given_back(view: &View<'_>, count: usize) -> (Vec<(Movement, Option<Key>)>, usize) {
    view.core.look(|state, _| {
        let of_refund = |movement: &&Movement| matches!(movement.cause, Cause::Refund { .. });
        let all = state.trades.movements.iter().filter(of_refund).count();
        let latest = state.trades.movements.iter().rev().filter(of_refund).take(count);
        let found = latest.map(|movement| {
            let key = match &movement.cause {
                Cause::Refund { out_trade_no } => state.trades.find_any(out_trade_no),
                Cause::Payment | Cause::Transfer => None,
            };
            (movement.clone(), key)
        });
        (found.collect(), all)
    })
}

fn refund_table(view: &View<'_>, refunds: &[(Movement, Option<Key>)]) -> Content {
    let row = |(movement, key): &(Movement, Option<Key>)| {
        let order = match &movement.cause {
            Cause::Refund { out_trade_no } => Cell::new(out_trade_no),
            Cause::Payment | Cause::Transfer => Cell::default(),
        };
        Row {
            key: format!("{} {}", movement.number, movement.at),
            cells: vec![
                Cell::new(&movement.number),
                match key {
                    Some(key) => order.link(link(key)),
                    None => order,
                },
                Cell::new(&movement.amount.to_string()).mood("num"),
                Cell::new(&beijing(movement.at)).mood("num"),
            ],
        }
    };
    Content::Table(Table {
        head: vec![
            view.say("退款请求号", "Refund"),
            view.say("商户订单号", "Order"),
            view.say("金额（元）", "Yuan"),
            view.say("时间", "When"),
        ],
        rows: refunds.iter().map(row).collect(),
        empty: view.say("还没有退款。", "No refunds yet."),
    })
}

/// The latest few refunds.
pub(super) fn few_refunds(view: &View<'_>) -> Block {
    let (refunds, _) = given_back(view, FEW);
    let place = Place::Refunds;
    Block::new("refunds", place.label(view.language), refund_table(view, &refunds))
        .more(place.path(), view.say("全部", "All"))
}

pub(super) fn refunds(view: &View<'_>) -> Response<Bytes> {
    let (refunds, all) = given_back(view, view.rows());
    let heading = format!("{} / {all}", refunds.len());
    let block = Block::new("refunds", &heading, refund_table(view, &refunds));
    let block = view.more(block, Place::Refunds, refunds.len(), all);
    view.page(Place::Refunds, &[Topic::State], vec![block])
}

/// The order that the address names.
fn named(view: &View<'_>) -> Option<Order> {
    let key = Key {
        merchant: view.parameter("app").to_owned(),
        out_trade_no: view.parameter("number").to_owned(),
    };
    view.core.look(|state, _| state.trades.peek(&key).cloned())
}

pub(super) fn show(view: &View<'_>) -> Response<Bytes> {
    sheet(view, None)
}

/// A button of an order's page was pressed.
pub(super) fn act(view: &View<'_>, form: &Posted) -> Response<Bytes> {
    let Some(order) = named(view) else {
        return view.unknown();
    };
    let key = order.key();
    let done = match form.field("press") {
        "pay" => view.core.pay_as(&key, None).map(|_| ()),
        "close" => view.core.close_order(&key),
        _ => return sheet(view, None),
    };
    match done {
        Ok(()) => page::elsewhere(&link(&key)),
        Err(error) => sheet(view, Some(error.to_string())),
    }
}

fn sheet(view: &View<'_>, wrong: Option<String>) -> Response<Bytes> {
    let Some(order) = named(view) else {
        return view.unknown();
    };
    let mut blocks = vec![terms(view, &order), trade(view, &order)];
    blocks.extend(code(view, &order));
    blocks.push(history(view, &order));
    let splits = order
        .trade
        .as_ref()
        .map(|trade| trade.splits.list.as_slice())
        .unwrap_or_default();
    if !splits.is_empty() {
        blocks.push(split_table(view, splits));
    }
    let mut numbers = vec![order.terms.out_trade_no.as_str()];
    numbers.extend(order.trade.as_ref().map(|trade| trade.no.as_str()));
    Detail {
        place: Place::Orders,
        title: format!("{} {}", view.say("订单", "Order"), order.terms.out_trade_no),
        blocks,
        about: Some(About::Order(order.key())),
        numbers,
        wrong,
    }
    .response(view)
}

fn terms(view: &View<'_>, order: &Order) -> Block {
    let terms = &order.terms;
    let fact = |chinese, english, id, value| view.fact((chinese, english), id, value);
    let buyer = &terms.buyer;
    let facts = [
        fact("商户订单号", "Order", "out_trade_no", Some(terms.out_trade_no.clone())),
        fact("商品名称", "Subject", "subject", Some(terms.subject.clone())),
        fact("金额（元）", "Yuan", "total_amount", Some(terms.total.to_string())),
        fact("描述", "Details", "body", terms.body.clone()),
        fact("接口", "Method", "method", Some(terms.method.clone())),
        fact("卖家", "Seller", "seller_id", Some(terms.merchant.seller_id.clone())),
        fact("应用", "App", "auth_app_id", Some(terms.merchant.auth_app_id.clone())),
        fact(
            "买家",
            "Buyer",
            "buyer_id",
            Some(format!("{} · {}", buyer.user_id, buyer.logon_id)),
        ),
        fact(
            "支付截止",
            "To be paid until",
            "time_expire",
            terms.expires.map(beijing),
        ),
        fact(
            "扫码截止",
            "To be scanned until",
            "scan_until",
            terms.scan_until.map(beijing),
        ),
        fact("门店", "Store", "store_id", terms.store_id.clone()),
        fact("终端", "Terminal", "terminal_id", terms.terminal_id.clone()),
        fact(
            "回传参数",
            "passback_params",
            "passback_params",
            terms.passback_params.clone(),
        ),
        fact(
            "通知地址",
            "Notifications go to",
            "notify_url",
            terms.callbacks.notify_url.clone(),
        ),
        fact(
            "返回地址",
            "The browser returns to",
            "return_url",
            terms.callbacks.return_url.clone(),
        ),
        fact("中断地址", "Who leaves goes to", "quit_url", terms.quit_url.clone()),
    ];
    let facts = facts.into_iter().flatten().collect();
    Block::new(
        "terms",
        view.say("商户的要求", "What the merchant asked for"),
        Content::Facts(facts),
    )
    .narrow()
}

fn trade(view: &View<'_>, order: &Order) -> Block {
    let now = view.core.now();
    let mut facts = vec![Fact {
        label: view.say("状态", "Status"),
        id: "trade_status",
        value: status(view, order),
    }];
    let mut fact = |chinese, english, id, value: String| {
        facts.push(Fact {
            label: view.say(chinese, english),
            id,
            value: Cell::new(&value),
        });
    };
    if let Some(trade) = &order.trade {
        fact("交易号", "Trade", "trade_no", trade.no.clone());
        for (chinese, english, id, at) in [
            ("创建", "Created", "created", Some(trade.created)),
            ("付款", "Paid", "paid", trade.paid),
            ("关闭", "Closed", "closed", trade.closed),
        ] {
            if let Some(at) = at {
                fact(chinese, english, id, beijing(at));
            }
        }
        fact(
            "已退款（元）",
            "Refunded, yuan",
            "refunded_amount",
            order.refunded().to_string(),
        );
        fact(
            "已分账（元）",
            "Shared out, yuan",
            "settled_amount",
            order.settled().to_string(),
        );
        fact(
            "冻结（元）",
            "Frozen, yuan",
            "frozen_amount",
            order.frozen(now).to_string(),
        );
    }
    Block::new("trade", view.say("交易", "What came of it"), Content::Facts(facts)).narrow()
}

/// Whether somebody may still come and pay it.
fn waits(order: &Order, now: Timestamp) -> bool {
    match &order.trade {
        Some(trade) => trade.status == Status::WaitBuyerPay,
        None => !order.withdrawn && order.terms.scan_until.is_none_or(|until| now <= until),
    }
}

/// The picture of the order's code, and buttons, while it waits to be paid.
fn code(view: &View<'_>, order: &Order) -> Vec<Block> {
    if !waits(order, view.core.now()) {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    if let Some(picture) = picture(order) {
        let heading = view.say("二维码", "The code");
        let hint = view.say("打开即为扫码。", "Opening it is the scan.");
        blocks.push(
            Block::new("code", heading, Content::Pictures(vec![picture]))
                .hint(hint)
                .narrow(),
        );
    }
    let mut presses = vec![("pay".to_owned(), view.say("付款", "Pay"))];
    if order.trade.is_some() {
        presses.push(("close".to_owned(), view.say("关闭", "Close")));
    }
    // The address of the form is the page's own.
    let form = Form {
        method: "post",
        action: "",
        fields: Vec::new(),
        presses,
    };
    let mut act = Block::new("act", view.say("代为操作", "Act"), Content::Form(form)).hint(view.say(
        "代买家付款，或者代支付宝关闭订单。",
        "As the buyer, who pays; or as Alipay, which closes the order.",
    ));
    act.is_live = true;
    blocks.push(act.narrow());
    blocks
}

/// The picture of a code that waits to be scanned.
fn picture(order: &Order) -> Option<Picture> {
    let code = order.qr_code.as_ref()?;
    Some(Picture {
        src: format!("/qr/{code}.svg"),
        href: format!("/qr/{code}"),
        caption: line(&order.terms.out_trade_no, SHORT),
        small: format!("¥{}", order.terms.total),
    })
}

/// The codes that wait to be scanned or paid, latest first.
pub(super) fn codes(view: &View<'_>, count: usize) -> Vec<Picture> {
    view.core.look(|state, now| {
        let mut found: Vec<_> = state
            .trades
            .all()
            .filter(|order| order.qr_code.is_some() && waits(order, now))
            .collect();
        found.sort_by_key(|order| Reverse(order.placed));
        found.into_iter().take(count).filter_map(picture).collect()
    })
}

/// What happened.
fn history(view: &View<'_>, order: &Order) -> Block {
    let terms = &order.terms;
    let mut steps = vec![Step::new(
        order.placed,
        view.say("商户下单", "The merchant ordered"),
        "",
    )];
    if let Some(trade) = &order.trade {
        let mut step = |at, chinese, english, of: &str| steps.push(Step::new(at, view.say(chinese, english), of));
        step(trade.created, "交易创建", "The trade was created", &trade.no);
        for split in &trade.splits.list {
            step(split.at, "分账", "The seller shared out", &split.out_request_no);
        }
        if let Some(at) = trade.closed {
            step(at, "交易关闭", "The trade was closed", "");
        }
    }
    let is_of_order = |movement: &&Movement| match &movement.cause {
        Cause::Payment => movement.number == terms.out_trade_no,
        Cause::Refund { out_trade_no } => *out_trade_no == terms.out_trade_no,
        Cause::Transfer => false,
    };
    let step = |movement: &Movement| {
        let (words, sign) = match movement.cause {
            Cause::Refund { .. } => (view.say("退款", "Money went back"), '−'),
            Cause::Payment | Cause::Transfer => (view.say("付款", "The buyer paid"), '+'),
        };
        Step::new(movement.at, words, &movement.number).money(format!("{sign} {}", movement.amount))
    };
    view.core.look(|state, _| {
        let moved = state.trades.movements.iter().filter(is_of_order);
        steps.extend(moved.map(step));
    });
    detail::history(view, steps)
}

fn split_table(view: &View<'_>, splits: &[Split]) -> Block {
    let rows = splits.iter().flat_map(|split| {
        split.details.iter().map(move |detail| {
            let (words, mood) = match detail.state {
                ShareState::Waiting => (view.say("等待", "Waits"), "open"),
                ShareState::Made => (view.say("成功", "Made"), "good"),
                ShareState::Failed(_) => (view.say("失败", "Failed"), "bad"),
            };
            Row {
                key: format!("{} {}", split.settle_no, detail.id),
                cells: vec![
                    Cell::new(&split.out_request_no).small(&split.settle_no),
                    Cell::new(&detail.share.account.number).small(&detail.share.account.kind),
                    Cell::new(&detail.share.amount.to_string()).mood("num"),
                    Cell::new(words).mood(mood),
                    Cell::new(&detail.at.map(beijing).unwrap_or_default()).mood("num"),
                ],
            }
        })
    });
    let table = Table {
        head: vec![
            view.say("分账请求号", "Split"),
            view.say("收款方", "Receiver"),
            view.say("金额（元）", "Yuan"),
            view.say("状态", "Status"),
            view.say("时间", "When"),
        ],
        rows: rows.collect(),
        empty: "",
    };
    Block::new("splits", view.say("分账", "Splits"), Content::Table(table))
}
