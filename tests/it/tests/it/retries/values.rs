//! Policy, backoff and budget of one's own, and one source of chance.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alipay_api::{
    Client, ClientBuilder, ErrorKind,
    random::{RandomSource, SeededRandom},
    retry::{Backoff, ExponentialBackoff, FailedAttempt, RetryBudget, RetryPolicy},
    trade::{Query, Refund},
    transport::{BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind},
    types::File,
};
use serde_json::json;
use tokio::time::Instant;

use super::{Trouble, Troubled, free};
use crate::support::{builder, price, start};

const GATEWAY: &str = "https://gateway.example/gateway.do";

/// Lets nothing through, and keeps when it was asked to, and for what.
#[derive(Clone, Debug, Default)]
struct Broken(Arc<Mutex<Vec<(Instant, Request)>>>);

impl Broken {
    /// The pauses between the attempts.
    fn pauses(&self) -> Vec<Duration> {
        let sent = self.0.lock().unwrap();
        sent.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Transport for Broken {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let began = Instant::now();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.into_bytes().await.unwrap();
            let request = Request::from_parts(head, body.into());
            self.0.lock().unwrap().push((began, request));
            Err(TransportError::new(TransportErrorKind::Broken))
        })
    }
}

async fn query(client: &Client) {
    let query = Query::with_out_trade_no("1");
    client.trade().query(query).await.unwrap_err();
}

/// Notes what it is asked, and always says yes.
#[derive(Clone, Debug, Default)]
struct Stubborn(Arc<Mutex<Vec<(u32, ErrorKind, Duration)>>>);

impl RetryPolicy for Stubborn {
    fn should_retry(&self, failed: &FailedAttempt<'_>) -> bool {
        let asked = (failed.attempts(), failed.error().kind(), failed.elapsed());
        self.0.lock().unwrap().push(asked);
        true
    }
}

/// A second for each attempt.
#[derive(Debug)]
struct Slow;

impl Backoff for Slow {
    fn pause(&self, failed: &FailedAttempt<'_>, _: &dyn RandomSource) -> Duration {
        Duration::from_secs(failed.attempts().into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_decides_until_the_time_is_over() {
    let (policy, transport) = (Stubborn::default(), Broken::default());
    let client = free(GATEWAY, transport.clone())
        .retry_policy(policy.clone())
        .backoff(Slow);
    let client = client.total_timeout(Duration::from_secs(12)).build().unwrap();
    let began = Instant::now();
    query(&client).await;
    // 1 + 2 + 3 + 4 seconds have passed, and five more don't fit.
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    assert_eq!(transport.pauses(), [1, 2, 3, 4].map(Duration::from_secs));
    let asked = [(1, 0), (2, 1), (3, 3), (4, 6), (5, 10)];
    let asked = asked.map(|(attempts, seconds)| (attempts, ErrorKind::Transport, Duration::from_secs(seconds)));
    assert_eq!(*policy.0.lock().unwrap(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_not_asked_about_what_must_not_be_sent_again() {
    let (policy, transport) = (Stubborn::default(), Broken::default());
    let client = free(GATEWAY, transport.clone()).retry_policy(policy.clone());
    let client = client.build().unwrap();
    let refund = Refund::with_out_trade_no("1", price("1.00"));
    let error = client.trade().refund(refund).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    let business = json!({ "out_trade_no": "1", "out_request_no": "1", "refund_amount": "1.00" });
    client.call_raw("alipay.trade.refund", business).await.unwrap_err();
    assert_eq!((transport.count(), policy.0.lock().unwrap().len()), (2, 0));
}

#[tokio::test]
async fn a_stubborn_policy_sends_the_same_again() {
    let (mock, _) = start().await;
    let transport = Troubled::new();
    let client = builder(&mock)
        .transport(transport.clone())
        .retry_policy(Stubborn::default());
    let none = ExponentialBackoff::new(Duration::ZERO, Duration::ZERO);
    let client = client.backoff(none).build().unwrap();
    transport.expect([Trouble::BadGatewayBefore; 6]);
    let refund = Refund::with_out_trade_no("1", price("1.00")).out_request_no("1");
    let error = client.trade().refund(refund).await.unwrap_err();
    // The order is not there; an earlier attempt may have found it.
    assert!(error.is_outcome_unknown() && error.code() == Some("40004"), "{error}");
    assert_eq!((transport.attempts(), transport.arrived().len()), (7, 1));
}

#[tokio::test(start_paused = true)]
async fn clones_and_handles_share_a_budget_and_clients_may() {
    let client = |budget: &Arc<RetryBudget>, transport: &Broken| {
        let client = free(GATEWAY, transport.clone()).retry_budget(Arc::clone(budget));
        client.build().unwrap()
    };
    let (budget, transport) = (Arc::new(RetryBudget::new(0.0, 3)), Broken::default());
    let first = client(&budget, &transport);
    query(&first).await;
    assert_eq!(transport.count(), 3);
    query(&first.clone().on_behalf_of("token")).await;
    assert_eq!(transport.count(), 5, "one retry was left");
    let second = client(&budget, &transport);
    query(&second).await;
    assert_eq!(transport.count(), 6, "none is left");
    tokio::time::advance(Duration::from_secs(11)).await;
    query(&second).await;
    assert_eq!(transport.count(), 9);

    // By default each client has its own.
    let transport = Broken::default();
    let clients = [(); 2].map(|()| free(GATEWAY, transport.clone()).build().unwrap());
    for client in &clients {
        for _ in 0..10 {
            query(client).await;
        }
    }
    assert_eq!(transport.count(), 2 * (10 + 10));
}

fn seeded(transport: &Broken, seed: u64) -> ClientBuilder {
    let client = free(GATEWAY, transport.clone()).random_source(SeededRandom::new(seed));
    client.max_attempts(6).retry_budget(RetryBudget::unlimited())
}

/// The pauses of twenty calls.
async fn pauses(seed: u64) -> Vec<Vec<Duration>> {
    let transport = Broken::default();
    let client = seeded(&transport, seed).build().unwrap();
    let mut pauses = Vec::new();
    for _ in 0..20 {
        transport.0.lock().unwrap().clear();
        query(&client).await;
        pauses.push(transport.pauses());
    }
    pauses
}

#[tokio::test(start_paused = true)]
async fn the_pauses_follow_from_the_seed() {
    let (one, other) = (pauses(7).await, pauses(8).await);
    assert_eq!(one, pauses(7).await);
    assert_ne!(one, other);
    // Full jitter, to the milliseconds of tokio's timers.
    for (place, limit) in [100, 200, 400, 800, 1600].into_iter().enumerate() {
        let limit = Duration::from_millis(limit);
        let pauses = || one.iter().chain(&other).map(|pauses| pauses[place]);
        assert!(pauses().all(|pause| pause <= limit + Duration::from_millis(1)));
        assert!(pauses().any(|pause| pause < limit / 4), "at the {place}th pause");
        assert!(pauses().any(|pause| pause > limit * 3 / 4), "at the {place}th pause");
    }
}

#[tokio::test(start_paused = true)]
async fn names_and_boundaries_follow_from_the_seed() {
    /// The content of a request.
    async fn sent(seed: u64) -> (String, String) {
        let transport = Broken::default();
        let client = seeded(&transport, seed).max_attempts(1).build().unwrap();
        client.check().await.unwrap_err();
        let upload = client.call_raw("alipay.open.file.upload", serde_json::Value::Null);
        upload
            .file("file_content", File::new("logo.png", &b"png"[..]))
            .await
            .unwrap_err();
        let sent = transport.0.lock().unwrap();
        let [check, upload] = [0, 1].map(|place| {
            let body = sent[place].1.body().as_bytes().unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        });
        (check, upload)
    }

    let (one, again, other) = (sent(1).await, sent(1).await, sent(2).await);
    assert_eq!(one, again);
    assert!(one.0 != other.0 && one.1 != other.1, "{one:?} {other:?}");
    assert!(one.0.contains("check"), "{one:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backoff_may_be_none() {
    let transport = Broken::default();
    let client = free(GATEWAY, transport.clone()).backoff(ExponentialBackoff::new(Duration::ZERO, Duration::MAX));
    let client = client.build().unwrap();
    let began = Instant::now();
    query(&client).await;
    assert_eq!((transport.count(), began.elapsed()), (3, Duration::ZERO));
}
