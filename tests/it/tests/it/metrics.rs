//! What the metrics count, as the guide promises it.

use std::{collections::BTreeMap, future::IntoFuture as _, time::Duration};

use ::metrics::set_default_local_recorder;
use alipay_api::{
    Client, ErrorKind, Protocol,
    flows::{self, PollSchedule},
    notify::SUCCESS,
    retry::RetryBudget,
    trade::{Pay, PayRequired, Precreate, Query, Refund},
};
use alipay_mock::{Fault, Mock};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde_json::json;

use crate::{
    forge::Forge,
    support::{builder, merchant, paid_order, price, start},
};

/// What was counted since the last time: counters, and how many values histograms got, as `name{label=value,…}`.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let series = snapshotter.snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let key = key.key();
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(values) => {
                assert!(
                    values.iter().all(|seconds| (0.0..60.0).contains(&**seconds)),
                    "{values:?}"
                );
                values.len() as u64
            }
            DebugValue::Gauge(_) => panic!("no metric is a gauge"),
        };
        (format!("{}{{{}}}", key.name(), labels.join(",")), count)
    });
    series.filter(|(_, count)| *count > 0).collect()
}

#[track_caller]
fn is(snapshotter: &Snapshotter, expected: &[(&str, u64)]) {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(series, count)| ((*series).to_owned(), *count))
        .collect();
    assert_eq!(counted(snapshotter), expected);
}

/// The two metrics of one call that was not repeated.
#[track_caller]
fn is_call(snapshotter: &Snapshotter, method: &str, protocol: &str, outcome: &str, kind: &str) {
    let labels = format!("method={method},protocol={protocol},outcome={outcome}");
    is(
        snapshotter,
        &[
            (&format!("alipay_calls_total{{{labels},kind={kind}}}"), 1),
            (&format!("alipay_call_duration_seconds{{{labels}}}"), 1),
        ],
    );
}

fn pay(number: &str, auth_code: &str) -> Pay {
    let required = PayRequired {
        out_trade_no: number.into(),
        total_amount: price("1.00"),
        subject: "subject".into(),
    };
    Pay::with_auth_code(auth_code, required)
}

const QUERY: &str = "alipay.trade.query";
const PAY: &str = "alipay.trade.pay";

#[tokio::test]
async fn each_call_counts_once_by_its_outcome() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    let _guard = set_default_local_recorder(&recorder);
    let query = |number: &str| client.trade().query(Query::with_out_trade_no(number));

    query("1").await.unwrap();
    is_call(&counts, QUERY, "v2", "ok", "none");
    query("1").protocol(Protocol::V3).await.unwrap();
    is_call(&counts, QUERY, "v3", "ok", "none");
    query("2").await.unwrap_err();
    is_call(&counts, QUERY, "v2", "failed", "Gateway");
    mock.answer_next(PAY, "10003", "", false);
    let pending = client.trade().pay(pay("3", "286512345678901234")).await.unwrap();
    assert!(pending.is_pending());
    is_call(&counts, PAY, "v2", "pending", "none");
    mock.fault_next(Fault::CloseConnection);
    let error = client.trade().pay(pay("4", "286512345678901234")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    is_call(&counts, PAY, "v2", "unknown", "Transport");

    // Whoever waited has stopped waiting.
    let (delay, mut gate) = Fault::delay();
    mock.fault_next(delay);
    tokio::select! {
        answer = client.trade().pay(pay("5", "286512345678901234")).into_future() => panic!("{answer:?}"),
        () = gate.reached() => {}
    }
    drop(gate);
    is_call(&counts, PAY, "v2", "dropped", "none");

    // The name of a raw call's method is the caller's text, and no label.
    for method in [QUERY, "alipay.trade.some.other"] {
        let _ = client.call_raw(method, json!({ "out_trade_no": "1" })).await;
        let counted = counted(&counts);
        assert_eq!(counted.len(), 2, "{counted:?}");
        assert!(
            counted
                .keys()
                .all(|series| series.contains("{method=raw,protocol=v2,outcome=")),
            "{counted:?}"
        );
    }

    let _ = client.v3_raw(http::Method::GET, "/v3/alipay/some/other?number=1").await;
    let counted = counted(&counts);
    assert_eq!(counted.len(), 2, "{counted:?}");
    assert!(
        counted
            .keys()
            .all(|series| series.contains("{method=raw,protocol=v3,outcome=")),
        "{counted:?}"
    );

    // Nothing was sent.
    let refund = Refund::with_out_trade_no("", price("1.00"));
    client.trade().refund(refund).await.unwrap_err();
    is(&counts, &[]);
}

#[tokio::test]
async fn retries_count_and_those_that_the_budget_refuses() {
    const LABELS: &str = "{method=alipay.trade.query,protocol=v2}";

    let mock = Mock::start().await.unwrap();
    let client = |budget| builder(&mock).retry_budget(budget).build().unwrap();
    let generous: Client = client(RetryBudget::unlimited());
    paid_order(&mock, &generous, "1", "1.00").await;
    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    let _guard = set_default_local_recorder(&recorder);

    mock.fault_next(Fault::HttpStatus(503));
    generous.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    let ok = "alipay_calls_total{method=alipay.trade.query,protocol=v2,outcome=ok,kind=none}";
    let duration = "alipay_call_duration_seconds{method=alipay.trade.query,protocol=v2,outcome=ok}";
    let retries = format!("alipay_call_retries_total{LABELS}");
    is(&counts, &[(ok, 1), (duration, 1), (&retries, 1)]);

    mock.fault_next(Fault::HttpStatus(503));
    let refused = client(RetryBudget::new(0.0, 0));
    let query = refused.trade().query(Query::with_out_trade_no("1"));
    assert_eq!(query.await.unwrap_err().kind(), ErrorKind::Malformed);
    let failed = "alipay_calls_total{method=alipay.trade.query,protocol=v2,outcome=failed,kind=Malformed}";
    let duration = "alipay_call_duration_seconds{method=alipay.trade.query,protocol=v2,outcome=failed}";
    let refusals = format!("alipay_call_retries_refused_total{LABELS}");
    is(&counts, &[(failed, 1), (duration, 1), (&refusals, 1)]);
}

#[tokio::test]
async fn notifications_count_by_verdict() {
    let (mock, client) = start().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    let body = posted.recv().await.unwrap();
    let forged = String::from_utf8(body.clone())
        .unwrap()
        .replace("total_amount=0.01", "total_amount=9.01");
    assert_ne!(forged.as_bytes(), body);
    let of_another_app = Forge::new(&mock)
        .set("app_id", b"2014072300007148")
        .body(&["sign", "sign_type"], true);

    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    let _guard = set_default_local_recorder(&recorder);
    let notifications = client.notifications();
    let verdict = |verdict| format!("alipay_notifications_total{{verdict={verdict}}}");

    notifications.verify(&body).unwrap();
    notifications.receive(&body).await.unwrap();
    notifications.verify_parameters(&body).unwrap();
    notifications.receive_parameters(&body).await.unwrap();
    is(&counts, &[(&verdict("ok"), 4)]);
    notifications.verify(&forged).unwrap_err();
    notifications.receive(&forged).await.unwrap_err();
    notifications.verify_parameters(&forged).unwrap_err();
    notifications.receive_parameters(&forged).await.unwrap_err();
    is(&counts, &[(&verdict("Verification"), 4)]);
    notifications.receive("no form").await.unwrap_err();
    notifications.receive(of_another_app).await.unwrap_err();
    is(&counts, &[(&verdict("Malformed"), 1), (&verdict("Mismatch"), 1)]);
    // What a browser brings is no notification.
    notifications.verify_return("out_trade_no=1").unwrap_err();
    is(&counts, &[]);
}

/// What was counted of flows since the last time.
fn flows_counted(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let counted = counted(snapshotter).into_iter();
    counted
        .filter(|(series, _)| series.starts_with("alipay_flows_total"))
        .collect()
}

#[tokio::test]
async fn flows_count_by_their_ends() {
    let mock = Mock::start().await.unwrap();
    let client = builder(&mock).max_attempts(1).build().unwrap();
    paid_order(&mock, &client, "1", "100.00").await;
    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    let _guard = set_default_local_recorder(&recorder);
    let refund = |order: &str, number: &str| {
        let request = Refund::with_out_trade_no(order, price("1.00")).out_request_no(number);
        flows::refund(&client, request)
            .schedule(PollSchedule::every(Duration::from_millis(20)))
            .delivery_limit(Duration::from_millis(100))
    };
    let one = |end: &str, reason: &str| {
        let series = format!("alipay_flows_total{{flow=refund,end={end},reason={reason}}}");
        vec![(series, 1)]
    };

    refund("1", "r1").await.done().unwrap();
    assert_eq!(flows_counted(&counts), one("done", "none"));
    assert!(refund("2", "r2").await.done().is_none());
    assert_eq!(flows_counted(&counts), one("not_done", "Refused"));
    let other = builder(&mock).build().unwrap();
    let ticket = refund("1", "r3")
        .ticket()
        .to_string()
        .replace(mock.app_id(), "2014072300007148");
    let ended = flows::resume(&other, ticket.parse().unwrap()).await;
    assert!(ended.done().is_none());
    assert_eq!(flows_counted(&counts), one("unknown", "OtherApp"));

    // One that has not begun ends nowhere; one that is dropped on its way has its own end.
    drop(refund("1", "r4").into_future());
    assert_eq!(flows_counted(&counts), []);
    let (delay, mut gate) = Fault::delay();
    mock.fault_next(delay);
    tokio::select! {
        ended = refund("1", "r5").into_future() => panic!("{ended:?}"),
        () = gate.reached() => {}
    }
    drop(gate);
    assert_eq!(flows_counted(&counts), one("dropped", "none"));
}

#[test]
fn each_metric_has_a_description() {
    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    ::metrics::with_local_recorder(&recorder, || {
        alipay_api::metrics::describe();
        // Only what is counted has a snapshot.
        for counter in [
            "alipay_calls_total",
            "alipay_call_retries_total",
            "alipay_call_retries_refused_total",
            "alipay_notifications_total",
            "alipay_flows_total",
        ] {
            ::metrics::counter!(counter).increment(1);
        }
        ::metrics::histogram!("alipay_call_duration_seconds").record(1.0);
    });
    let described = counts.snapshot().into_vec();
    assert_eq!(described.len(), 6);
    for (key, unit, description, _) in described {
        assert!(unit.is_some() && description.is_some(), "{key:?}");
    }
}
