//! Trades that can't be refunded any more, and the ledger beside them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use alipay_mock::{ControlError, Mock, TestBuyer};
use serde_json::json;

use crate::client::{Client, unform, with_clock};
use crate::notifications::merchant;

const DAY: u64 = 24 * 3600;

fn refund() -> serde_json::Value {
    json!({ "out_trade_no": "1", "refund_amount": "1.00", "out_request_no": "r" })
}

async fn status(client: &Client) -> String {
    let query = json!({ "out_trade_no": "1" });
    client
        .call("alipay.trade.query", &query)
        .await
        .text("trade_status")
        .to_owned()
}

#[tokio::test]
async fn alipay_ends_a_paid_trade() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    assert_eq!(mock.finish("1"), Err(ControlError::NotPaid("1".to_owned())));
    mock.pay("1").unwrap();
    assert_eq!(client.code("alipay.trade.refund", &refund()).await, "10000");
    let finished = mock.finish("1").unwrap();
    assert_eq!(finished.trade_status.as_deref(), Some("TRADE_FINISHED"));
    assert_eq!(mock.finish("1"), Err(ControlError::Finished("1".to_owned())));
    assert_eq!(mock.pay("1"), Err(ControlError::Paid("1".to_owned())));

    // The same refund again is the same refund. Another one is refused, and so is a cancel.
    let repeated = client.call("alipay.trade.refund", &refund()).await;
    assert_eq!((repeated.code().as_str(), repeated.text("fund_change")), ("10000", "N"));
    let mut other = refund();
    other["out_request_no"] = "s".into();
    assert_eq!(
        client.code("alipay.trade.refund", &other).await,
        "40004 ACQ.TRADE_HAS_FINISHED"
    );
    let number = json!({ "out_trade_no": "1" });
    assert_eq!(
        client.code("alipay.trade.cancel", &number).await,
        "40004 ACQ.TRADE_HAS_FINISHED"
    );
    assert_eq!(
        client.code("alipay.trade.close", &number).await,
        "40004 ACQ.REASON_TRADE_STATUS_INVALID"
    );
    assert_eq!(
        client.create("1", "10.00", &[]).await.code(),
        "40004 ACQ.TRADE_HAS_SUCCESS"
    );

    mock.notifications_settled().await;
    let mut told = Vec::new();
    while let Ok(body) = received.try_recv() {
        told.push(unform(std::str::from_utf8(&body).unwrap())["trade_status"].clone());
    }
    told.sort();
    assert_eq!(told, ["TRADE_FINISHED", "TRADE_SUCCESS", "TRADE_SUCCESS"]);
}

#[tokio::test]
async fn a_trade_is_finished_when_the_time_for_refunds_is_over() {
    let (mock, client, seconds) = with_clock(|builder| builder.refund_period(Duration::from_secs(90 * DAY))).await;
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    seconds.fetch_add(90 * DAY - 1, Ordering::SeqCst);
    assert_eq!(status(&client).await, "TRADE_SUCCESS");
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(
        client.code("alipay.trade.refund", &refund()).await,
        "40004 ACQ.TRADE_HAS_FINISHED"
    );
    assert_eq!(status(&client).await, "TRADE_FINISHED");
    let told = mock
        .until(|mock| {
            let told = mock.trade("1").ok()?.notifications;
            told.into_iter()
                .find(|told| told.trade_status.as_deref() == Some("TRADE_FINISHED"))
        })
        .await;
    mock.notifications_settled().await;
    let mut bodies = Vec::new();
    while let Ok(body) = received.try_recv() {
        bodies.push(body);
    }
    assert_eq!(bodies.iter().filter(|body| body == &told.body.as_bytes()).count(), 1);
    assert_eq!(bodies.len(), 2);
}

#[tokio::test]
async fn without_refunds_a_paid_trade_is_finished_at_once() {
    let mock = Mock::builder().refund_period(Duration::ZERO).start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "10.00", &[]).await;
    mock.pay("1").unwrap();
    assert_eq!(status(&client).await, "TRADE_FINISHED");
}

#[tokio::test]
async fn buyers_pay_and_the_ledger_adds_up() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let precreate = |number: &str| json!({ "out_trade_no": number, "total_amount": "10.01", "subject": "x" });
    for number in ["1", "2", "3"] {
        client.call("alipay.trade.precreate", &precreate(number)).await;
    }
    let poor = mock.buyer(TestBuyer::WithoutMoney);
    assert_eq!(poor.pay("1"), Err(ControlError::NoMoney("1".to_owned())));
    mock.buyer(TestBuyer::Password).pay("1").unwrap();
    let paid = client.call("alipay.trade.query", &json!({ "out_trade_no": "1" })).await;
    assert_eq!(paid.text("buyer_user_id"), TestBuyer::Password.user_id());
    let slow = mock.buyer(TestBuyer::Slow);
    let scanned = json!({ "out_trade_no": "4", "total_amount": "5.00", "subject": "x", "auth_code": mock.buyer(TestBuyer::Password).auth_code() });
    assert_eq!(client.code("alipay.trade.pay", &scanned).await, "10003");
    assert_eq!(slow.pay("4"), Err(ControlError::OtherBuyer("4".to_owned())));
    slow.pay("2").unwrap();
    client.call("alipay.trade.refund", &refund()).await;
    let ledger = mock.ledger();
    assert_eq!(
        (ledger.paid_fen, ledger.refunded_fen, ledger.transferred_fen),
        (2002, 100, 0)
    );
    let moved: Vec<_> = ledger.of_order("1").map(|movement| movement.amount_fen).collect();
    assert_eq!(moved, [1001, 100]);
    assert_eq!(ledger.movements, mock.movements());
}
