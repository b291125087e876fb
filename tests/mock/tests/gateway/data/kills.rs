//! The program is killed in the middle of its work, and starts again on the same data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use super::listener::{FAILURES, Listener};
use super::{REFUNDS, amounts, control, fen, movements, refund, yuan};
use crate::binary::start;
use crate::client::{Answer, Client, form};

/// How often the program is killed.
const KILLS: usize = 4;
/// How many answers it gives before.
const ANSWERS: usize = 150;
/// How many orders are under way at once.
const WORKERS: usize = 24;
/// What has to come within this time, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_mins(3);

/// What the gateway has answered of an order.
#[derive(Clone, Debug, Default)]
struct Known {
    trade_no: Option<String>,
    is_paid: bool,
    refunds: BTreeSet<usize>,
}

/// By number.
type Facts = Mutex<BTreeMap<String, Known>>;

/// A call that is answered, or not: whoever kills the gateway gets no answer.
async fn call(client: &Client, method: &str, content: &serde_json::Value, extra: &[(&str, &str)]) -> Option<Answer> {
    let body = form(&client.signed(method, content, extra));
    let request = client.http.post(&client.gateway);
    let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let response = request.body(body).send().await.ok()?;
    assert_eq!(response.status(), 200);
    let body = response.bytes().await.ok()?;
    Some(client.read(&body))
}

/// Takes orders through their life until the gateway is gone.
async fn work(
    client: Arc<Client>,
    numbers: impl Iterator<Item = String>,
    notify_url: impl Fn(&str) -> String,
    facts: Arc<Facts>,
    answered: Arc<dyn Fn() + Send + Sync>,
) {
    for number in numbers {
        let know = |learn: &dyn Fn(&mut Known)| {
            learn(facts.lock().unwrap().entry(number.clone()).or_default());
            answered();
        };
        let (total, _) = amounts(&number);
        let content = json!({ "out_trade_no": number, "total_amount": yuan(total), "subject": "测试订单", "buyer_id": "2088102146225135" });
        let url = notify_url(&number);
        let Some(created) = call(&client, "alipay.trade.create", &content, &[("notify_url", &url)]).await else {
            return;
        };
        assert_eq!(created.code(), "10000");
        know(&|known| known.trade_no = Some(created.text("trade_no").to_owned()));
        let path = format!("trades/{number}/pay");
        if control(&client, &path, Some(json!({}))).await.is_err() {
            return;
        }
        know(&|known| known.is_paid = true);
        for index in [0, 1] {
            let Some(refunded) = call(&client, "alipay.trade.refund", &refund(&number, index), &[]).await else {
                return;
            };
            assert_eq!((refunded.code().as_str(), refunded.text("fund_change")), ("10000", "Y"));
            know(&|known| {
                known.refunds.insert(index);
            });
        }
    }
}

/// Everything that was ever answered is still true.
async fn verify(client: &Client, facts: &Facts) {
    let facts = facts.lock().unwrap().clone();
    for (number, known) in &facts {
        let found = client
            .call("alipay.trade.query", &json!({ "out_trade_no": number }))
            .await;
        assert_eq!(found.text("trade_no"), known.trade_no.as_deref().unwrap(), "{number}");
        assert_eq!(fen(found.text("total_amount")), amounts(number).0, "{number}");
        if known.is_paid {
            assert_eq!(found.text("trade_status"), "TRADE_SUCCESS", "{number}");
        }
        for index in &known.refunds {
            let query = json!({ "out_trade_no": number, "out_request_no": REFUNDS[*index] });
            let found = client.call("alipay.trade.fastpay.refund.query", &query).await;
            assert_eq!(found.text("refund_status"), "REFUND_SUCCESS", "{number}");
            assert_eq!(fen(found.text("refund_amount")), amounts(number).1[*index], "{number}");
        }
    }
    let trade_nos: BTreeSet<_> = facts.values().filter_map(|known| known.trade_no.clone()).collect();
    assert_eq!(trade_nos.len(), facts.len(), "no number is issued twice");
}

fn client_of(url: &str, folder: &Path) -> Client {
    let key = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (private_key, public_key) = (key("app-private-key.txt"), key("alipay-public-key.txt"));
    Client::new(
        format!("{url}/gateway.do"),
        "2021000000000001",
        &private_key,
        &public_key,
    )
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the lines show what was there to be lost")]
async fn nothing_that_was_answered_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--data",
        folder.path().to_str().unwrap(),
        "--notify-schedule",
        &["50ms"; 40].join(","),
    ];
    let facts = Arc::new(Facts::default());
    let mut listener = None;
    for round in 0..KILLS {
        let (mut child, url) = start(&arguments).await;
        let client = Arc::new(client_of(&url, folder.path()));
        if listener.is_none() {
            listener = Some(Arc::new(Listener::start(Arc::clone(&client)).await));
        }
        let listener = listener.clone().unwrap();
        verify(&client, &facts).await;
        let enough = Arc::new(Notify::new());
        let count = AtomicUsize::new(0);
        let told = Arc::clone(&enough);
        let answered: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            if count.fetch_add(1, Ordering::SeqCst) + 1 == ANSWERS {
                told.notify_one();
            }
        });
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let numbers = (0..).map(move |number| format!("{round}-{worker}-{number}"));
                let listener = Arc::clone(&listener);
                let notify_url = move |number: &str| listener.url(number).to_owned();
                tokio::spawn(work(
                    Arc::clone(&client),
                    numbers,
                    notify_url,
                    Arc::clone(&facts),
                    Arc::clone(&answered),
                ))
            })
            .collect();
        enough.notified().await;
        // SIGKILL.
        child.kill().await.unwrap();
        for worker in workers {
            worker.await.unwrap();
        }
    }

    let (_child, url) = start(&arguments).await;
    let client = client_of(&url, folder.path());
    verify(&client, &facts).await;
    // What was not answered is done or not, but not in part or twice.
    let ledger = movements(&control(&client, "movements", None).await.unwrap());
    for (name, amount) in &ledger {
        let mut parts = name.split(' ').skip(1);
        let (total, refunds) = amounts(parts.next().unwrap());
        let expected = match parts.next() {
            None => total,
            Some(refund) => refunds[REFUNDS.iter().position(|known| *known == refund).unwrap()],
        };
        assert_eq!(*amount, expected, "{name}");
    }
    for (number, known) in facts.lock().unwrap().iter() {
        assert!(!known.is_paid || ledger.contains_key(&format!("payment {number}")));
        for index in &known.refunds {
            assert!(ledger.contains_key(&format!("refund {number} {}", REFUNDS[*index])));
        }
    }
    // Every movement is told in the end; what the listener had answered before a kill comes at most once more for each.
    let listener = listener.unwrap();
    let is_all = |received: &super::listener::Received| {
        let done = |told: &&super::listener::Told| {
            let number = told.news.split(' ').nth(1).unwrap();
            told.came
                > if listener.url(number) == listener.slow {
                    FAILURES
                } else {
                    0
                }
        };
        let told: BTreeSet<_> = received.values().filter(done).map(|told| told.news.as_str()).collect();
        ledger.keys().all(|movement| told.contains(movement.as_str()))
    };
    tokio::time::timeout(PATIENCE, listener.wait_for(is_all)).await.unwrap();
    let received = listener.received();
    assert_eq!(received.len(), ledger.len(), "one notification tells one movement");
    let again: usize = received.values().map(|told| told.came_again).sum();
    let records = control(&client, "notifications", None).await.unwrap();
    for record in records.as_array().unwrap() {
        let attempts = record["attempts"].as_array().unwrap();
        let unanswered = attempts.iter().filter(|attempt| attempt["status"].is_null()).count();
        let told = received.get(record["notify_id"].as_str().unwrap());
        assert!(
            told.is_none_or(|told| told.came_again <= KILLS + unanswered),
            "{record}"
        );
    }
    let (orders, moved) = (facts.lock().unwrap().len(), ledger.len());
    println!(
        "{KILLS} kills: {orders} orders, {moved} movements, each told; {again} notifications came again after a kill"
    );
}
