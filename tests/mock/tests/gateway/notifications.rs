//! What the gateway tells merchants of its own accord.

use std::sync::Arc;
use std::time::Duration;

use alipay_mock::{Mock, NotificationOutcome};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use tokio::sync::mpsc;

use crate::client::{Client, unform, v1_message};

/// A merchant who answers the first notifications with `answers` and all others with `success`.
pub(crate) async fn merchant(answers: &'static [&'static str]) -> (String, mpsc::UnboundedReceiver<Bytes>) {
    let (sender, received) = mpsc::unbounded_channel();
    let answers = Arc::new(std::sync::Mutex::new(answers.iter()));
    let router = Router::new().route(
        "/notify",
        post(move |body: Bytes| async move {
            sender.send(body).unwrap();
            answers.lock().unwrap().next().copied().unwrap_or("success")
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

#[tokio::test]
async fn paid_refunded_and_closed_are_told() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let refund = serde_json::json!({ "out_trade_no": "1", "refund_amount": "4.00", "out_request_no": "r1" });
    client.call("alipay.trade.refund", &refund).await;
    client
        .call("alipay.trade.cancel", &serde_json::json!({ "out_trade_no": "1" }))
        .await;
    mock.notifications_settled().await;

    let spec = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../spec/notify/trade_status_sync.yaml"
    ))
    .unwrap();
    let mut told = Vec::new();
    while let Ok(body) = received.try_recv() {
        let fields = unform(std::str::from_utf8(&body).unwrap());
        assert!(
            client.verifies(v1_message(&fields).as_bytes(), &fields["sign"]),
            "{fields:?}"
        );
        for name in fields
            .keys()
            .filter(|name| !matches!(name.as_str(), "sign" | "sign_type"))
        {
            assert!(spec.contains(&format!("\n  {name}:")), "{name} is not in the spec");
        }
        assert_eq!(
            (
                fields["subject"].as_str(),
                fields["total_amount"].as_str(),
                fields["app_id"].as_str()
            ),
            ("测试订单", "10.00", mock.app_id())
        );
        told.push((
            fields["trade_status"].clone(),
            fields.get("refund_fee").cloned(),
            fields.get("out_biz_no").cloned(),
        ));
    }
    told.sort();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            ("TRADE_CLOSED".to_owned(), some("10.00"), some("1")),
            ("TRADE_SUCCESS".to_owned(), None, None),
            ("TRADE_SUCCESS".to_owned(), some("4.00"), some("r1")),
        ]
    );
    let view = mock.trade("1").unwrap();
    assert!(
        view.notifications
            .iter()
            .all(|notification| notification.outcome == NotificationOutcome::Delivered
                && notification.attempts.len() == 1)
    );
    assert_eq!((view.refunds.len(), view.refunded_amount.as_str()), (2, "10.00"));
}

#[tokio::test]
async fn only_the_seven_bytes_end_it() {
    let mock = Mock::builder()
        .notify_schedule(vec![Duration::from_millis(1); 7])
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["fail", "success\n", "SUCCESS", ""]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.close("1").unwrap();
    mock.notifications_settled().await;
    let mut bodies = Vec::new();
    while let Ok(body) = received.try_recv() {
        bodies.push(body);
    }
    assert_eq!(bodies.len(), 5);
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    let notification = mock.trade("1").unwrap().notifications.remove(0);
    assert_eq!(
        (notification.trade_status.as_deref(), notification.outcome),
        (Some("TRADE_CLOSED"), NotificationOutcome::Delivered)
    );
    assert_eq!(notification.attempts[1].answer, "success\n");
}

#[tokio::test]
async fn after_eight_attempts_it_is_given_up() {
    let mock = Mock::builder()
        .notify_schedule(vec![Duration::from_millis(1); 7])
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["no"; 100]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    client
        .create("2", "10.00", &[("notify_url", "http://127.0.0.1:1/nobody-listens")])
        .await;
    mock.pay("1").unwrap();
    mock.pay("2").unwrap();
    mock.notifications_settled().await;
    assert_eq!(std::iter::from_fn(|| received.try_recv().ok()).count(), 8);
    for number in ["1", "2"] {
        let notification = mock.trade(number).unwrap().notifications.remove(0);
        assert_eq!(
            (notification.attempts.len(), notification.outcome),
            (8, NotificationOutcome::GivenUp)
        );
    }
}
