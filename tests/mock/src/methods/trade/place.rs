//! Placing orders: the six ways to ask for a payment.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::funding::Funding;
use crate::clock;
use crate::methods::{Call, Played};
use crate::money::Money;
use crate::protocol::failure::Failure;
use crate::protocol::fields::Fields;
use crate::qr;
use crate::state::buyers::{TestBuyer, Undecided};
use crate::state::trades::{Buyer, Key, Merchant, PlaceRefusal, StepRefusal, Terms};
use crate::state::visits::Subject;

/// How long a precreated order's code can be scanned.
const SCAN_HOURS: i64 = 2;

/// page.pay and wap.pay: the buyer's browser is here, so the trade exists from now on.
pub(super) fn page(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = place(call, None)?;
    open(call, &key)?;
    Ok(Played::Page(Subject::Order(key)))
}

/// app.pay: the Alipay app has delivered the order string.
pub(super) fn app(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = place(call, None)?;
    let trade_no = open(call, &key)?;
    let order = call.state.trades.get(&key, call.now).map(|order| order.terms.clone());
    Ok(Played::success(
        Fields::new()
            .with("out_trade_no", key.out_trade_no)
            .with("trade_no", trade_no)
            .maybe("total_amount", order.as_ref().map(|terms| terms.total))
            .maybe(
                "seller_id",
                order.as_ref().map(|terms| terms.merchant.seller_id.clone()),
            )
            .maybe("merchant_order_no", order.and_then(|terms| terms.merchant_order_no)),
    ))
}

/// create: a trade at once, for the named buyer.
pub(super) fn create(call: &mut Call<'_>) -> Result<Played, Failure> {
    let key = place(call, None)?;
    let trade_no = open(call, &key)?;
    Ok(Played::success(
        Fields::new()
            .with("out_trade_no", key.out_trade_no)
            .with("trade_no", trade_no),
    ))
}

/// precreate: a code to scan, and no trade yet.
pub(super) fn precreate(call: &mut Call<'_>) -> Result<Played, Failure> {
    let until = match call.text("qr_code_timeout_express") {
        Some(text) => after(&text, call.now)
            .ok_or_else(|| call.refuse("ACQ.INVALID_PARAMETER", "参数无效: qr_code_timeout_express"))?,
        None => call.now + SignedDuration::from_hours(SCAN_HOURS),
    };
    let key = place(call, Some(until))?;
    let code = call.state.trades.code(&key);
    Ok(Played::success(
        Fields::new()
            .with("out_trade_no", key.out_trade_no)
            .maybe("qr_code", code.map(|code| qr::text(call.base_url, &code))),
    ))
}

/// pay: the money is taken at once, unless the buyer has to confirm.
pub(super) fn pay(call: &mut Call<'_>) -> Result<Played, Failure> {
    if call.text("auth_code").is_some_and(|code| !is_payment_code(&code)) {
        return Err(call.refuse("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付授权码无效"));
    }
    let mut terms = terms(call, None)?;
    let total = terms.total;
    let funding = Funding::of(call, total)?;
    if let Some(buyer) = funding.buyer() {
        terms.buyer = buyer.clone();
    }
    match funding.test_buyer() {
        // Whether Alipay keeps the order is not documented: here, the number can be used again.
        Some(TestBuyer::WithoutMoney) => {
            return Err(call.refuse("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足"));
        }
        Some(TestBuyer::UnknownUnpaid) => return Err(unheard()),
        _ => {}
    }
    let buyer = terms.buyer.clone();
    let key = admit(call, terms)?;
    let known = call.state.trades.get(&key, call.now).map(|order| &order.terms.buyer);
    if funding.buyer().is_some() && known != Some(&buyer) {
        return Err(call.refuse("ACQ.TRADE_BUYER_NOT_MATCH", "交易买家不匹配"));
    }
    let trade_no = open(call, &key)?;
    let mut code = "10003";
    if funding.pays_at_once(total) {
        funding.take(call, total)?;
        call.state
            .trades
            .pay(&key, call.now)
            .map_err(|refusal| step(call, refusal))?;
        code = "10000";
    }
    if funding.test_buyer() == Some(TestBuyer::UnknownPaid) {
        return Err(unheard());
    }
    let Some(order) = call.state.trades.get(&key, call.now) else {
        return Err(Failure::unavailable("order vanished"));
    };
    let is_paid = order.trade.as_ref().is_some_and(|trade| trade.status.is_paid());
    let paid = |value: Money| is_paid.then_some(value);
    let fields = Fields::new()
        .with("trade_no", trade_no)
        .with("out_trade_no", key.out_trade_no.clone())
        .with("buyer_logon_id", order.terms.buyer.logon_id.clone())
        .with("total_amount", total)
        .maybe("receipt_amount", paid(total))
        .maybe("buyer_pay_amount", paid(total))
        .maybe("point_amount", paid(Money::ZERO))
        .maybe("invoice_amount", paid(total))
        .maybe(
            "gmt_payment",
            order.trade.as_ref().and_then(|trade| trade.paid).map(clock::beijing),
        )
        .maybe("fund_bill_list", is_paid.then(|| super::after::fund_bills(total)))
        .maybe(
            "buyer_user_id",
            order
                .terms
                .buyer
                .open_id
                .is_none()
                .then(|| order.terms.buyer.user_id.clone()),
        )
        .maybe("buyer_open_id", order.terms.buyer.open_id.clone());
    Ok(match funding.test_buyer() {
        Some(TestBuyer::Slow) => Played::Late(code, fields, Undecided::Order(key)),
        _ => Played::Answer(code, fields),
    })
}

/// What the gateway says where the outcome is unknown to the merchant.
pub(in crate::methods) fn unheard() -> Failure {
    Failure::unavailable("系统繁忙")
}

/// A number from a payment code has 16 to 24 digits and begins with 25 to 30; the text of a face scan begins with `fp`.
pub(in crate::methods) fn is_payment_code(code: &str) -> bool {
    let is_number = (16..=24).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    let begins_well = code
        .get(..2)
        .and_then(|prefix| prefix.parse::<u8>().ok())
        .is_some_and(|prefix| (25..=30).contains(&prefix));
    (is_number && begins_well) || code.starts_with("fp")
}

fn open(call: &mut Call<'_>, key: &Key) -> Result<String, Failure> {
    call.state
        .trades
        .open(key, call.now)
        .map_err(|refusal| step(call, refusal))
}

fn step(call: &Call<'_>, refusal: StepRefusal) -> Failure {
    match refusal {
        StepRefusal::Paid => call.refuse("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
        StepRefusal::NoTrade
        | StepRefusal::Unpaid
        | StepRefusal::Closed
        | StepRefusal::Finished
        | StepRefusal::TooLate
        | StepRefusal::Balance => call.refuse("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
    }
}

fn place(call: &mut Call<'_>, scan_until: Option<Timestamp>) -> Result<Key, Failure> {
    let terms = terms(call, scan_until)?;
    admit(call, terms)
}

fn admit(call: &mut Call<'_>, terms: Terms) -> Result<Key, Failure> {
    call.state
        .trades
        .place(terms, call.now)
        .map_err(|refusal| match refusal {
            PlaceRefusal::Inconsistent => call.refuse(
                "ACQ.CONTEXT_INCONSISTENT",
                "交易信息被篡改：同一 out_trade_no 的订单信息不一致",
            ),
            PlaceRefusal::Paid => call.refuse("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
            PlaceRefusal::Closed => call.refuse("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
            PlaceRefusal::Late if call.errors.contains(&"ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR") => {
                call.refuse("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "当前时间已超过允许支付的时间")
            }
            PlaceRefusal::Late => call.refuse("ACQ.TRADE_HAS_CLOSE", "当前时间已超过允许支付的时间"),
        })
}

fn terms(call: &Call<'_>, scan_until: Option<Timestamp>) -> Result<Terms, Failure> {
    let expires = match (call.text("time_expire"), call.text("timeout_express")) {
        (Some(time), _) => clock::parse(&time),
        (None, Some(text)) => Some(
            after(&text, call.now).ok_or_else(|| call.refuse("ACQ.INVALID_PARAMETER", "参数无效: timeout_express"))?,
        ),
        (None, None) => None,
    };
    let default = Buyer::default();
    let open_id = call.text("buyer_open_id").or_else(|| call.text("op_buyer_open_id"));
    Ok(Terms {
        merchant: Merchant {
            seller_id: call
                .text("seller_id")
                .unwrap_or_else(|| call.merchant.seller_id.clone()),
            ..call.merchant.clone()
        },
        method: call.method.name.clone(),
        out_trade_no: call.required("out_trade_no"),
        subject: call.required("subject"),
        total: call.money("total_amount").unwrap_or_default(),
        body: call.text("body"),
        passback_params: call.text("passback_params"),
        merchant_order_no: call.text("merchant_order_no"),
        store_id: call.text("store_id"),
        terminal_id: call.text("terminal_id"),
        buyer: Buyer {
            user_id: call.text("buyer_id").unwrap_or(default.user_id),
            open_id,
            logon_id: call.text("buyer_logon_id").unwrap_or(default.logon_id),
        },
        callbacks: call.callbacks.clone(),
        quit_url: call.text("quit_url"),
        expires,
        scan_until,
        freeze: call.request.get("extend_params").is_some_and(is_frozen),
    })
}

/// Whether `extend_params` asks for the money to be frozen for splits.
fn is_frozen(params: &Value) -> bool {
    params
        .get("royalty_freeze")
        .is_some_and(|flag| flag == "true" || flag == &Value::Bool(true))
}

/// The end of a span like `90m`, `2h`, `15d` or `1c` (the end of the day).
fn after(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text {
        "1c" => Some(clock::end_of_day(now)),
        _ => clock::span(text).map(|span| now + span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_codes_are_told_from_others() {
        for code in [
            "28763443825664394",
            "25763443825664394123",
            "3000000000000000",
            "fp06c5ac1",
        ] {
            assert!(is_payment_code(code), "{code}");
        }
        for code in [
            "",
            "6901234567892",
            "2476344382566439",
            "3100000000000000",
            "280000000000000",
            "28000000000000000000000000",
            "2876344382566439x",
            "二八",
        ] {
            assert!(!is_payment_code(code), "{code}");
        }
    }

    #[test]
    fn spans_have_units() {
        let now: Timestamp = "2026-03-20T04:00:00Z".parse().unwrap();
        assert_eq!(after("90m", now), Some(now + SignedDuration::from_mins(90)));
        assert_eq!(after("15d", now), Some(now + SignedDuration::from_hours(15 * 24)));
        assert_eq!(clock::beijing(after("1c", now).unwrap()), "2026-03-20 23:59:59");
        for text in [
            "",
            "m",
            "0m",
            "-1m",
            "1.5h",
            "16d",
            "90",
            "1你",
            "99999999999999999999d",
        ] {
            assert_eq!(after(text, now), None, "{text}");
        }
    }
}
