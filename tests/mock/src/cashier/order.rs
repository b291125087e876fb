//! The cashier of an order: pay, or go back.

use jiff::Timestamp;

use super::View;
use super::page::{Ask, Link, Mood, Page, Row};
use crate::state::people::Person;
use crate::state::trades::{Buyer, Key, Order, Status, Trade};

/// What a page says after its button: the buyer has left.
const LEFT: &str = "left";
/// The same: the buyer's account has no money.
const NO_MONEY: &str = "no-money";

/// How the order stands.
pub(super) fn show(view: &View<'_>, key: &Key, note: &str) -> Page {
    let Some(order) = view.core.placed(key) else {
        return super::unknown(view.language);
    };
    let status = order.trade.as_ref().map(|trade| trade.status);
    match (&order.trade, status) {
        (Some(trade), Some(Status::Success | Status::Finished)) => paid(view, &order, trade),
        (Some(trade), Some(Status::Closed)) => closed(view, &order, trade.closed),
        (None, _) => closed(view, &order, None),
        (Some(_), _) if note == LEFT => left(view, &order),
        (Some(trade), _) => ask(view, &order, trade, note == NO_MONEY),
    }
}

/// The buyer decides: gives what the page says then.
pub(super) fn decide(view: &View<'_>, key: &Key, agrees: bool, person: Option<Person>) -> Option<&'static str> {
    if !agrees {
        return Some(LEFT);
    }
    if person.as_ref().is_some_and(|person| !person.has_money) {
        return Some(NO_MONEY);
    }
    // Where the order is paid or closed meanwhile, the page says that.
    let _ = view.core.pay_as(key, person.map(|person| person.account));
    None
}

fn is_phone(order: &Order) -> bool {
    order.terms.method != "alipay.trade.page.pay"
}

fn ask(view: &View<'_>, order: &Order, trade: &Trade, has_no_money: bool) -> Page {
    let terms = &order.terms;
    let mut frame = view.frame(view.say("收银台", "Cashier"), is_phone(order));
    let deadline = terms.expires.map(|expires| view.deadline(expires));
    let (deadline, refresh) = deadline.unzip();
    frame.refresh = refresh.flatten();
    let mut rows = vec![
        Row::new(
            view.say("商户", "Merchant"),
            "merchant",
            view.merchant(&terms.merchant.seller_id),
        ),
        Row::new(view.say("商品", "Subject"), "subject", terms.subject.clone()),
        Row::new(
            view.say("商户订单号", "Order"),
            "out_trade_no",
            terms.out_trade_no.clone(),
        ),
        Row::new(view.say("交易号", "Trade"), "trade_no", trade.no.clone()),
    ];
    if let Some(body) = &terms.body {
        rows.insert(2, Row::new(view.say("描述", "Details"), "body", body.clone()));
    }
    // Whom the merchant has named, pays; else whoever is there.
    let mut people = view.people();
    if terms.buyer != Buyer::default() {
        people = vec![Person {
            name: ("买家", "The buyer"),
            account: terms.buyer.clone(),
            has_money: true,
        }];
    }
    let chosen = people.first().map(|person| person.account.user_id.clone());
    let problem = view.say(
        "所选买家余额不足，没有扣款：请换一位买家。",
        "The buyer's balance is too small, and nothing was paid: choose another buyer.",
    );
    let ask = Ask {
        frame,
        heading: view.say("收银台", "Cashier").to_owned(),
        problem: has_no_money.then(|| problem.to_owned()),
        amount: Some(terms.total.to_string()),
        rows,
        points: Vec::new(),
        deadline,
        people_label: view.say("由谁付款", "Who pays").to_owned(),
        people: view.choices(&people, &chosen.unwrap_or_default(), true),
        action: view.action(),
        token: view.token(),
        agree: format!("{} ¥{}", view.say("确认付款", "Pay"), terms.total),
        refuse: view.say("取消", "Cancel").to_owned(),
    };
    ask.page()
}

fn paid(view: &View<'_>, order: &Order, trade: &Trade) -> Page {
    let mut told = view.told(
        Mood::Done,
        ("付款成功", "Paid"),
        ("钱款已支付给商户。", "The merchant has the money."),
    );
    told.amount = Some(order.terms.total.to_string());
    told.rows = vec![
        Row::new(
            view.say("商户", "Merchant"),
            "merchant",
            view.merchant(&order.terms.merchant.seller_id),
        ),
        Row::new(
            view.say("商户订单号", "Order"),
            "out_trade_no",
            order.terms.out_trade_no.clone(),
        ),
        Row::new(view.say("交易号", "Trade"), "trade_no", trade.no.clone()),
    ];
    told.returning(view.core.return_url(order).unwrap_or_default(), 1)
        .page()
}

fn left(view: &View<'_>, order: &Order) -> Page {
    let mut told = view.told(
        Mood::Open,
        ("尚未付款", "Not paid"),
        (
            "你离开了收银台，订单仍在等待付款。",
            "You left the cashier. The order still waits to be paid.",
        ),
    );
    told.links.push(Link {
        target: view.action(),
        id: "again",
        label: view.say("继续付款", "Pay after all").to_owned(),
    });
    told.returning(order.terms.quit_url.clone(), 1).page()
}

fn closed(view: &View<'_>, order: &Order, at: Option<Timestamp>) -> Page {
    let terms = &order.terms;
    let is_late = at.is_some() && at == terms.expires;
    let words = if is_late {
        (
            "支付时间已过，订单已关闭。",
            "The time to pay is over, and the order is closed.",
        )
    } else {
        ("订单已关闭，不能付款。", "The order is closed, and can't be paid.")
    };
    let mut told = view.told(Mood::Bad, ("无法付款", "The order can't be paid"), words);
    let parameter = if is_late { "time_expire" } else { "out_trade_no" };
    told.rows = vec![
        Row::new(
            view.say("商户订单号", "Order"),
            "out_trade_no",
            terms.out_trade_no.clone(),
        ),
        Row::new(view.say("明细代码", "Sub code"), "sub_code", "ACQ.TRADE_HAS_CLOSE"),
        Row::new(view.say("相关参数", "Parameter"), "parameter", parameter),
    ];
    told.page()
}
