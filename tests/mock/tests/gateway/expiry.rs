//! What time alone changes, and nobody looks.

use std::time::{Duration, SystemTime};

use alipay_mock::Mock;
use serde_json::json;

use crate::client::Client;
use crate::console::{hears, open};
use crate::notifications::merchant;

/// What has to happen by itself, and does not take a minute.
async fn soon<T>(happens: impl Future<Output = T>) -> T {
    let happened = tokio::time::timeout(Duration::from_mins(1), happens).await;
    happened.expect("it happens though nobody looks")
}

/// An hour from now, by a clock that runs.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_hours(1)
}

/// An order that can be paid for a minute.
async fn order(client: &Client, number: &str, notify_url: &str) {
    let content = json!({
        "out_trade_no": number, "total_amount": "1.00", "subject": "x", "timeout_express": "1m",
        "buyer_id": "2088102146225135",
    });
    let made = client
        .call_with("alipay.trade.create", &content, &[("notify_url", notify_url)])
        .await;
    assert_eq!(made.code(), "10000");
}

#[tokio::test]
async fn an_order_is_closed_when_its_time_is_up() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    order(&client, "paid", "").await;
    order(&client, "1", &url).await;
    mock.pay("paid").unwrap();
    // The last second passes by itself.
    mock.advance_clock(Duration::from_secs(59)).unwrap();
    let body = soon(received.recv()).await.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(
        body.contains("trade_status=TRADE_CLOSED") && body.contains("out_trade_no=1&"),
        "{body}"
    );
    assert_eq!(
        mock.trade("paid").unwrap().trade_status.as_deref(),
        Some("TRADE_SUCCESS")
    );
}

#[tokio::test]
async fn whoever_waits_for_it_hears_of_it() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    order(&client, "1", "").await;
    mock.advance_clock(Duration::from_secs(59)).unwrap();
    let is_closed = |mock: &Mock| {
        let trade = mock.trade("1").unwrap();
        (trade.trade_status.as_deref() == Some("TRADE_CLOSED")).then_some(())
    };
    soon(mock.until(is_closed)).await;
}

#[tokio::test]
async fn a_preauthorisation_is_closed_when_its_time_is_up() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let voucher = json!({
        "out_order_no": "1", "out_request_no": "1-1", "order_title": "押金", "amount": "20.00", "product_code": "PRE_AUTH",
        "pay_timeout": "1m",
    });
    client.call("alipay.fund.auth.order.voucher.create", &voucher).await;
    mock.scan_preauth("1").unwrap();
    mock.advance_clock(Duration::from_secs(59)).unwrap();
    let mut told = client
        .http
        .get(format!("{}/console/events", mock.base_url()))
        .send()
        .await
        .unwrap();
    // Nothing else happens that could be told.
    soon(hears(&mut told, "state")).await;
    let path = format!("console/preauthorization?app={}&number=1", mock.app_id());
    let page = open(&mock, &path).await;
    assert_eq!(page.shows("order_status"), "CLOSED");
    let history = page.section("history");
    assert!(history.contains("Closed without an authorisation"), "{history}");
}

#[tokio::test]
async fn a_payment_is_finished_when_it_cannot_be_refunded_any_more() {
    let builder = Mock::builder().refund_period(Duration::from_secs(1)).starts_at(later());
    let mock = builder.start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "1.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    for status in ["TRADE_SUCCESS", "TRADE_FINISHED"] {
        let body = soon(received.recv()).await.unwrap();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains(&format!("trade_status={status}")), "{body}");
    }
}

/// The clock and what it brings about outlive the process.
#[cfg(feature = "data")]
#[tokio::test]
async fn a_gateway_that_starts_again_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Mock::builder().data(folder.path());
    let mock = builder().start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    order(&client, "1", &url).await;
    mock.set_clock(later()).unwrap();
    soon(received.recv()).await.unwrap();
    order(&client, "2", &url).await;
    let before = mock.now();
    mock.shutdown().await;

    // The clock is where it was moved to.
    let mock = builder().start().await.unwrap();
    assert!(mock.now() >= before, "{:?} {before:?}", mock.now());
    assert!(open(&mock, "console/clock").await.shows("moved").starts_with("+ "));
    mock.shutdown().await;

    // What expired while nobody was there is closed, and told, by itself.
    let mock = builder()
        .starts_at(later() + Duration::from_hours(1))
        .start()
        .await
        .unwrap();
    let body = soon(received.recv()).await.unwrap();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(
        body.contains("trade_status=TRADE_CLOSED") && body.contains("out_trade_no=2&"),
        "{body}"
    );
    mock.reset_clock();
    mock.shutdown().await;
    let mock = builder().start().await.unwrap();
    assert!(mock.now() < later());
    assert!(!open(&mock, "console/clock").await.html.contains("id=\"moved\""));
}
