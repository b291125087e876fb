//! What a payment's notification tells: each combination of its status and of what it says of payments and refunds.

use alipay_api::{
    Client,
    notify::{RefundEvent, SUCCESS, TradeEvent, TradeStatusSync, Verified},
    trade::{Cancel, Close, Create, CreateRequired, FastpayRefundQuery, FastpayRefundQueryRequired, Refund},
};
use alipay_mock::Mock;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    forge::Forge,
    support::{merchant, price, start},
};

const PAID_AT: (&str, &str) = ("gmt_payment", "2026-01-02 03:04:06");
const REFUNDED_AT: (&str, &str) = ("gmt_refund", "2026-01-03 03:04:06.143");
const CLOSED_AT: (&str, &str) = ("gmt_close", "2026-01-03 03:04:06");

fn verified(mock: &Mock, client: &Client, status: &str, says: &[(&'static str, &str)]) -> Verified<TradeStatusSync> {
    let forge = Forge::new(mock).set("trade_status", status.as_bytes());
    let forge = says
        .iter()
        .fold(forge, |forge, (name, value)| forge.set(name, value.as_bytes()));
    client
        .notifications()
        .verify(forge.signed())
        .unwrap()
        .expect_trade()
        .unwrap()
}

/// The refund that an event tells: its number, the total, whether there is a time, whether the trade is closed.
fn refund(event: &TradeEvent) -> Option<(Option<&str>, Option<String>, bool, bool)> {
    let TradeEvent::Refunded(refund) = event else {
        return None;
    };
    let RefundEvent {
        out_request_no,
        total_refunded,
        refunded_at,
        is_closed,
        ..
    } = refund;
    let total = total_refunded.map(|total| total.to_string());
    Some((out_request_no.as_deref(), total, refunded_at.is_some(), *is_closed))
}

#[tokio::test]
async fn each_status_has_its_event() {
    let (mock, client) = start().await;
    let event = |status: &str, says: &[(&'static str, &str)]| verified(&mock, &client, status, says).event();
    let action = |action: &'static str| ("notify_action_type", action);
    for (status, says, expected) in [
        ("WAIT_BUYER_PAY", &[][..], TradeEvent::Waiting),
        ("TRADE_SUCCESS", &[], TradeEvent::Paid),
        ("TRADE_SUCCESS", &[PAID_AT], TradeEvent::Paid),
        (
            "TRADE_SUCCESS",
            &[PAID_AT, action("payByAccountAction")],
            TradeEvent::Paid,
        ),
        ("TRADE_SUCCESS", &[PAID_AT, action("aNewAction")], TradeEvent::Paid),
        (
            "TRADE_FINISHED",
            &[PAID_AT, CLOSED_AT, action("finishFPAction")],
            TradeEvent::Finished,
        ),
        ("TRADE_CLOSED", &[CLOSED_AT], TradeEvent::Closed),
        (
            "TRADE_CLOSED",
            &[CLOSED_AT, action("closeTradeAction")],
            TradeEvent::Closed,
        ),
        (
            "TRADE_CLOSED",
            &[CLOSED_AT, action("reverseAction")],
            TradeEvent::Closed,
        ),
        // What is empty or zero says nothing.
        (
            "TRADE_SUCCESS",
            &[PAID_AT, ("refund_fee", "0.00"), ("gmt_refund", ""), ("out_biz_no", "")],
            TradeEvent::Paid,
        ),
        (
            "TRADE_CLOSED",
            &[("gmt_payment", ""), ("refund_fee", "0")],
            TradeEvent::Closed,
        ),
        // A status that nobody knows.
        ("TRADE_LOST", &[PAID_AT], TradeEvent::Unknown),
        (
            "TRADE_LOST",
            &[PAID_AT, REFUNDED_AT, ("refund_fee", "0.01")],
            TradeEvent::Unknown,
        ),
        ("", &[PAID_AT], TradeEvent::Unknown),
        ("trade_success", &[PAID_AT], TradeEvent::Unknown),
        // What contradicts itself.
        ("WAIT_BUYER_PAY", &[PAID_AT], TradeEvent::Unknown),
        (
            "WAIT_BUYER_PAY",
            &[REFUNDED_AT, ("refund_fee", "0.01")],
            TradeEvent::Unknown,
        ),
        (
            "TRADE_SUCCESS",
            &[PAID_AT, ("refund_fee", "-0.01")],
            TradeEvent::Unknown,
        ),
        (
            "TRADE_SUCCESS",
            &[PAID_AT, action("reverseAction")],
            TradeEvent::Unknown,
        ),
        (
            "TRADE_FINISHED",
            &[PAID_AT, action("closeTradeAction")],
            TradeEvent::Unknown,
        ),
        (
            "TRADE_CLOSED",
            &[CLOSED_AT, action("payByAccountAction")],
            TradeEvent::Unknown,
        ),
        ("WAIT_BUYER_PAY", &[action("payByAccountAction")], TradeEvent::Unknown),
        // It was paid, and nothing says what became of the money.
        ("TRADE_CLOSED", &[PAID_AT, CLOSED_AT], TradeEvent::Unknown),
        (
            "TRADE_CLOSED",
            &[("gmt_payment", "yesterday"), CLOSED_AT],
            TradeEvent::Unknown,
        ),
        // Something of a refund, and no refund.
        ("TRADE_SUCCESS", &[PAID_AT, ("out_biz_no", "R1")], TradeEvent::Unknown),
        ("TRADE_CLOSED", &[CLOSED_AT, ("out_biz_no", "R1")], TradeEvent::Unknown),
        (
            "TRADE_SUCCESS",
            &[PAID_AT, ("refund_voucher_detail_list", r#"[{"id":"1"}]"#)],
            TradeEvent::Unknown,
        ),
        (
            "TRADE_SUCCESS",
            &[PAID_AT, ("refund_voucher_detail_list", "not a list")],
            TradeEvent::Unknown,
        ),
    ] {
        assert_eq!(event(status, says), expected, "{status} {says:?}");
    }
}

#[tokio::test]
async fn a_refund_is_never_a_payment_nor_an_unpaid_order() {
    let (mock, client) = start().await;
    let event = |status: &str, says: &[(&'static str, &str)]| verified(&mock, &client, status, says).event();
    let (number, fee) = (("out_biz_no", "R1"), ("refund_fee", "0.01"));
    for (status, says, expected) in [
        // A part.
        (
            "TRADE_SUCCESS",
            &[PAID_AT, number, fee, REFUNDED_AT][..],
            (Some("R1"), Some("0.01"), true, false),
        ),
        // All of it.
        (
            "TRADE_CLOSED",
            &[PAID_AT, number, fee, REFUNDED_AT, CLOSED_AT],
            (Some("R1"), Some("0.01"), true, true),
        ),
        // After the time for refunds, or told of once more when it was over.
        (
            "TRADE_FINISHED",
            &[PAID_AT, number, fee, REFUNDED_AT],
            (Some("R1"), Some("0.01"), true, false),
        ),
        // Either of the two tells it.
        ("TRADE_SUCCESS", &[REFUNDED_AT], (None, None, true, false)),
        ("TRADE_SUCCESS", &[fee], (None, Some("0.01"), false, false)),
        ("TRADE_CLOSED", &[number, fee], (Some("R1"), Some("0.01"), false, true)),
        (
            "TRADE_SUCCESS",
            &[REFUNDED_AT, ("refund_fee", "0.00")],
            (None, Some("0.00"), true, false),
        ),
        // What can't be read came all the same.
        (
            "TRADE_SUCCESS",
            &[number, ("gmt_refund", "yesterday")],
            (Some("R1"), None, false, false),
        ),
        ("TRADE_CLOSED", &[("refund_fee", "a cent")], (None, None, false, true)),
        ("TRADE_SUCCESS", &[("refund_fee", "0.006")], (None, None, false, false)),
    ] {
        let found = event(status, says);
        let (number, total, has_time, is_closed) = expected;
        let expected = Some((number, total.map(str::to_owned), has_time, is_closed));
        assert_eq!(refund(&found), expected, "{status} {says:?}: {found:?}");
    }
}

/// What a notification is stored as says the same when it is read again.
#[tokio::test]
async fn a_stored_notification_tells_the_same() {
    let (mock, client) = start().await;
    for says in [&[PAID_AT][..], &[REFUNDED_AT, ("refund_fee", "0.01")]] {
        let told = verified(&mock, &client, "TRADE_SUCCESS", says);
        let stored = serde_json::to_string(&*told).unwrap();
        let read: TradeStatusSync = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.event(), told.event(), "{stored}");
    }
}

/// An order whose notifications are posted to the receiver.
async fn order(client: &Client) -> UnboundedReceiver<Vec<u8>> {
    let (url, posted) = merchant(&[SUCCESS]).await;
    let required = CreateRequired {
        out_trade_no: "1".into(),
        total_amount: price("0.03"),
        subject: "测试订单".into(),
    };
    let order = Create::with_buyer_id("2088102146225135", required);
    client.trade().create(order).notify_url(url).await.unwrap();
    posted
}

async fn next(client: &Client, posted: &mut UnboundedReceiver<Vec<u8>>) -> TradeEvent {
    let body = posted.recv().await.unwrap();
    let told = client.notifications().receive(body).await.unwrap();
    told.expect_order("1", price("0.03")).unwrap().event()
}

#[tokio::test]
async fn the_gateways_own_notifications_are_told_apart() {
    let (mock, client) = start().await;
    let mut posted = order(&client).await;
    mock.pay("1").unwrap();
    assert_eq!(next(&client, &mut posted).await, TradeEvent::Paid);
    for (number, amount, total, is_closed) in [("R1", "0.01", "0.01", false), ("R2", "0.02", "0.03", true)] {
        let asked = Refund::with_out_trade_no("1", price(amount)).out_request_no(number);
        client.trade().refund(asked).await.unwrap();
        let event = next(&client, &mut posted).await;
        assert_eq!(
            refund(&event),
            Some((Some(number), Some(total.to_owned()), true, is_closed))
        );
        // What this one gave back has to be asked for.
        let required = FastpayRefundQueryRequired {
            out_request_no: number.into(),
        };
        let query = FastpayRefundQuery::with_out_trade_no("1", required);
        let found = client.trade().fastpay_refund_query(query).await.unwrap();
        assert_eq!(found.refund_amount, Some(price(amount)));
    }
}

#[tokio::test]
async fn an_unpaid_order_that_is_closed_is_no_refund_and_a_paid_one_that_is_cancelled_is() {
    let (_mock, client) = start().await;
    let mut posted = order(&client).await;
    client.trade().close(Close::with_out_trade_no("1")).await.unwrap();
    assert_eq!(next(&client, &mut posted).await, TradeEvent::Closed);

    let (mock, client) = start().await;
    let mut posted = order(&client).await;
    mock.pay("1").unwrap();
    assert_eq!(next(&client, &mut posted).await, TradeEvent::Paid);
    client.trade().cancel(Cancel::with_out_trade_no("1")).await.unwrap();
    let event = next(&client, &mut posted).await;
    let (_, total, _, is_closed) = refund(&event).unwrap();
    assert_eq!((total.as_deref(), is_closed), (Some("0.03"), true));
}
