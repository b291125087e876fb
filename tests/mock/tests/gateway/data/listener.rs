//! A merchant's server that keeps what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use tokio::sync::watch;

use crate::client::{Client, unform, v1_message};

/// A notification, and how it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// What it tells, as movements are named: `payment 1`, or `refund 1 r1`.
    pub(super) news: String,
    pub(super) body: Bytes,
    /// How often it came.
    pub(super) came: usize,
    /// How often it came after it was answered with `success`.
    pub(super) came_again: usize,
}

/// All that came, by `notify_id`.
pub(super) type Received = BTreeMap<String, Told>;

/// Answers on two addresses.
pub(super) struct Listener {
    /// Every notification is answered with `success` at once.
    pub(super) ready: String,
    /// The first two attempts of each fail.
    pub(super) slow: String,
    received: Arc<Mutex<Received>>,
    changed: watch::Receiver<usize>,
}

/// How often each notification fails at the slow address.
pub(super) const FAILURES: usize = 2;

impl Listener {
    /// One that verifies every signature as the client does.
    pub(super) async fn start(client: Arc<Client>) -> Self {
        let received = Arc::new(Mutex::new(Received::new()));
        let (sender, changed) = watch::channel(0);
        let sender = Arc::new(sender);
        let take = |failures: usize| {
            let (received, sender, client) = (Arc::clone(&received), Arc::clone(&sender), Arc::clone(&client));
            post(move |body: Bytes| async move {
                let answer = take(&client, &mut received.lock().unwrap(), &body, failures);
                sender.send_modify(|count| *count += 1);
                answer
            })
        };
        let router = Router::new().route("/ready", take(0)).route("/slow", take(FAILURES));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            ready: format!("{url}/ready"),
            slow: format!("{url}/slow"),
            received,
            changed,
        }
    }

    /// The address of an order of this number: one of two is slow.
    pub(super) fn url(&self, number: &str) -> &str {
        if number.bytes().next_back().is_some_and(|byte| byte % 2 == 0) {
            &self.slow
        } else {
            &self.ready
        }
    }

    /// All that came so far.
    pub(super) fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }

    /// Waits until what came is enough.
    pub(super) async fn wait_for(&self, is_enough: impl Fn(&Received) -> bool) {
        let is_enough = |_: &usize| is_enough(&self.received.lock().unwrap());
        self.changed.clone().wait_for(is_enough).await.unwrap();
    }
}

fn take(client: &Client, received: &mut Received, body: &Bytes, failures: usize) -> &'static str {
    let fields = unform(std::str::from_utf8(body).unwrap());
    assert!(
        client.verifies(v1_message(&fields).as_bytes(), &fields["sign"]),
        "{fields:?}"
    );
    let order = &fields["out_trade_no"];
    let news = match fields.get("out_biz_no") {
        Some(refund) => format!("refund {order} {refund}"),
        None => format!("payment {order}"),
    };
    let told = received.entry(fields["notify_id"].clone()).or_insert_with(|| Told {
        news: news.clone(),
        body: body.clone(),
        ..Told::default()
    });
    // Every attempt brings the same.
    assert_eq!((&told.news, &told.body), (&news, body));
    told.came += 1;
    if told.came > failures + 1 {
        told.came_again += 1;
    }
    if told.came > failures { "success" } else { "fail" }
}
