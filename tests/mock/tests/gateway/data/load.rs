//! Many orders at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alipay_mock::{Mock, NotificationOutcome};
use serde_json::json;

use super::listener::{FAILURES, Listener, Received};
use super::{Fen, Movements, REFUNDS, amounts, control, fen, movements, refund, yuan};
use crate::client::Client;

const ORDERS: usize = 500;

/// An order from its beginning to its end: gives the trade's number.
async fn order(client: &Client, number: &str, notify_url: &str) -> String {
    let (total, refunds) = amounts(number);
    let created = client.create(number, &yuan(total), &[("notify_url", notify_url)]).await;
    assert_eq!(created.code(), "10000");
    let paid = control(client, &format!("trades/{number}/pay"), Some(json!({})))
        .await
        .unwrap();
    assert_eq!(paid["trade"]["trade_status"], "TRADE_SUCCESS");
    for index in [0, 1] {
        let refunded = client.call("alipay.trade.refund", &refund(number, index)).await;
        let sum: Fen = refunds[..=index].iter().sum();
        assert_eq!(
            (refunded.code().as_str(), fen(refunded.text("refund_fee"))),
            ("10000", sum)
        );
    }
    let found = client
        .call("alipay.trade.query", &json!({ "out_trade_no": number }))
        .await;
    assert_eq!(found.text("trade_status"), "TRADE_SUCCESS");
    assert_eq!(
        (fen(found.text("total_amount")), found.text("trade_no")),
        (total, created.text("trade_no"))
    );
    found.text("trade_no").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_orders_at_once_add_up_and_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let schedule = vec![Duration::from_millis(5); 20];
    let mock = Mock::builder()
        .data(folder.path())
        .notify_schedule(schedule)
        .start()
        .await
        .unwrap();
    let client = Arc::new(Client::of(&mock));
    let listener = Arc::new(Listener::start(Arc::clone(&client)).await);
    let numbers: Vec<String> = (0..ORDERS).map(|number| number.to_string()).collect();
    let orders = numbers.iter().cloned().map(|number| {
        let (client, listener) = (Arc::clone(&client), Arc::clone(&listener));
        tokio::spawn(async move { order(&client, &number, listener.url(&number)).await })
    });
    let orders: Vec<_> = orders.collect();
    let mut trade_nos = BTreeSet::new();
    for order in orders {
        assert!(trade_nos.insert(order.await.unwrap()));
    }

    let mut expected = Movements::new();
    for number in &numbers {
        let (total, refunds) = amounts(number);
        expected.insert(format!("payment {number}"), total);
        for (name, amount) in REFUNDS.into_iter().zip(refunds) {
            expected.insert(format!("refund {number} {name}"), amount);
        }
    }
    assert_eq!(movements(&control(&client, "movements", None).await.unwrap()), expected);

    mock.notifications_settled().await;
    let received = listener.received();
    let told: BTreeSet<_> = received.values().map(|told| told.news.clone()).collect();
    assert_eq!(received.len(), 3 * ORDERS);
    assert_eq!(
        told,
        expected.keys().cloned().collect(),
        "each movement is told by one notification"
    );
    let notifications = mock.notifications();
    for notification in &notifications {
        assert_eq!(notification.outcome, NotificationOutcome::Delivered);
        let told = &received[&notification.notify_id];
        let number = told.news.split(' ').nth(1).unwrap();
        // A machine that is too busy to answer in time is told again.
        let unanswered = notification
            .attempts
            .iter()
            .filter(|attempt| attempt.status.is_none())
            .count();
        assert!(told.came_again <= unanswered, "{notification:?}");
        if unanswered == 0 {
            let attempts = if listener.url(number) == listener.slow {
                FAILURES + 1
            } else {
                1
            };
            assert_eq!(
                (told.came, notification.attempts.len()),
                (attempts, attempts),
                "{notification:?}"
            );
        }
    }

    // After a regular end, all of it is there, and nothing is told again.
    mock.shutdown().await;
    let mock = Mock::builder().data(folder.path()).start().await.unwrap();
    mock.notifications_settled().await;
    assert_eq!(mock.notifications(), notifications);
    let client = Client::of(&mock);
    assert_eq!(movements(&control(&client, "movements", None).await.unwrap()), expected);
    for number in &numbers {
        let trade = mock.trade(number).unwrap();
        let (total, refunds) = amounts(number);
        assert_eq!(
            (fen(&trade.total_amount), fen(&trade.refunded_amount)),
            (total, refunds.iter().sum())
        );
        assert!(trade_nos.contains(trade.trade_no.as_deref().unwrap()));
    }
    let count = |received: &Received| received.values().map(|told| told.came).sum::<usize>();
    assert_eq!(count(&listener.received()), count(&received));
}
