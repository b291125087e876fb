//! The page of the test buyers: their payment codes, and what waits for their word.

use super::language::Language;
use super::page::{Buyers, Frame, Page, ShownBuyer, WaitingOrder};
use crate::barcode;
use crate::core::Core;
use crate::state::State;
use crate::state::buyers::TestBuyer;
use crate::state::visits::Subject;

/// The page is loaded again after so many seconds: something may wait by then.
const RELOADED: &str = "5";

/// All buyers.
pub(super) fn all(core: &Core, language: Language) -> Page {
    let heading = language.say("测试买家的付款码", "Payment codes of test buyers");
    let words = language.say(
        "用扫码枪扫描条码，或者把数字作为 auth_code。真实的付款码一分钟内有效，只能使用一次；这里的付款码一直有效，可以重复使用。",
        "Scan a bar code, or send its number as auth_code. A real code serves once, for a minute. These serve for ever, any number of times.",
    );
    let mut waiting = core.with_state(|state| waiting_orders(state, core));
    let buyers = TestBuyer::ALL.into_iter().map(|buyer| {
        let (name, english) = buyer.name();
        let account = buyer.account();
        let (own, others) = waiting
            .drain(..)
            .partition(|(user_id, _): &(String, _)| *user_id == account.user_id);
        waiting = others;
        let own: Vec<(String, WaitingOrder)> = own;
        ShownBuyer {
            name: language.say(name, english).to_owned(),
            account: format!("{} · {}", account.logon_id, account.user_id),
            words: words_of(language, buyer),
            code: buyer.auth_code(),
            picture: barcode::svg(buyer.auth_code()).unwrap_or_default(),
            orders: own.into_iter().map(|(_, order)| order).collect(),
        }
    });
    let people = buyers.collect();
    let page = Buyers {
        frame: Frame {
            language,
            title: heading.to_owned(),
            is_phone: false,
            refresh: Some(RELOADED.to_owned()),
        },
        heading: heading.to_owned(),
        words: words.to_owned(),
        waiting: language.say("等待买家确认：", "Waiting for the buyer:").to_owned(),
        confirm: language.say("打开收银台", "open the cashier").to_owned(),
        people,
    };
    page.page()
}

/// The cashier of what waits under this number of Alipay's.
pub(super) fn confirm(core: &Core, language: Language, number: &str) -> Page {
    let subject = core.with_state(|state| {
        let order = state.trades.of_trade_no(number).map(Subject::Order);
        order.or_else(|| state.preauths.of_auth_no(number).map(Subject::Preauth))
    });
    match subject {
        Some(subject) => super::open(core, subject),
        None => super::unknown(language),
    }
}

/// What waits, by the buyer's user number.
fn waiting_orders(state: &State, core: &Core) -> Vec<(String, WaitingOrder)> {
    let now = core.now();
    let orders = state.trades.unconfirmed(now).into_iter().map(|(order, trade)| {
        let shown = WaitingOrder {
            target: format!("/buyers/{}", trade.no),
            number: order.terms.out_trade_no.clone(),
            subject: order.terms.subject.clone(),
            amount: order.terms.total.to_string(),
        };
        (order.terms.buyer.user_id.clone(), shown)
    });
    let preauths = state.preauths.unconfirmed(now).into_iter().map(|(preauth, opened)| {
        let shown = WaitingOrder {
            target: format!("/buyers/{}", opened.auth_no),
            number: preauth.terms.out_order_no.clone(),
            subject: preauth.terms.title.clone(),
            amount: preauth.terms.amount.to_string(),
        };
        (opened.payer.user_id.clone(), shown)
    });
    orders.chain(preauths).collect()
}

/// What becomes of a payment.
fn words_of(language: Language, buyer: TestBuyer) -> &'static str {
    match buyer {
        TestBuyer::WithMoney => language.say("有余额，立即付款成功。", "Has money, and pays at once."),
        TestBuyer::WithoutMoney => language.say("余额不足，付款被拒绝。", "Has no money: the payment is refused."),
        TestBuyer::Password => language.say(
            "需要输入密码：网关返回 10003，订单等待买家确认。",
            "Has to enter a password: the answer is 10003, and the order waits.",
        ),
        TestBuyer::Slow => language.say(
            "反应慢：20 秒后网关才返回 10003，这时买家付款。",
            "Is slow: the answer, 10003, comes after 20 seconds, and then the buyer pays.",
        ),
        TestBuyer::UnknownPaid => language.say(
            "付款成功，但网关返回 20000：商户不知道结果。",
            "Pays, but the answer is 20000: the merchant doesn't know the outcome.",
        ),
        TestBuyer::UnknownUnpaid => language.say(
            "没有付款，网关也返回 20000：商户不知道结果。",
            "Does not pay, and the answer is 20000, too.",
        ),
    }
}
