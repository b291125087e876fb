//! The `tracing` span of a call, as the guide promises it.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    future::IntoFuture as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use alipay_api::{
    Protocol,
    trade::{Pay, PayRequired, Query, Refund},
    transport::{BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind},
};
use alipay_mock::Fault;
use bytes::Bytes;
use serde_json::json;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::set_default,
};

use crate::support::{builder, paid_order, price, start};

type Fields = BTreeMap<String, String>;

/// Keeps the fields of each span of a call, and everything that is logged.
#[derive(Clone, Default)]
struct Recorder {
    spans: Arc<Mutex<BTreeMap<u64, Fields>>>,
    logged: Arc<Mutex<Vec<String>>>,
    next: Arc<AtomicU64>,
}

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let before = self.0.insert(field.name().to_owned(), format!("{value:?}"));
        assert_eq!(before, None, "`{field}` is recorded once");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("alipay_api")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        assert_eq!(
            (metadata.name(), metadata.target(), *metadata.level()),
            ("alipay.call", "alipay_api", Level::INFO)
        );
        let id = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        let mut fields = Fields::new();
        attributes.record(&mut Into(&mut fields));
        self.spans.lock().unwrap().insert(id, fields);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut Into(self.spans.lock().unwrap().get_mut(&id.into_u64()).unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Into(&mut fields));
        self.logged.lock().unwrap().push(format!("{fields:?}"));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Recorder {
    /// The one span since the last time; its time is left out, and whether it has a trace id stands for that.
    #[track_caller]
    fn span(&self) -> Fields {
        let mut spans = std::mem::take(&mut *self.spans.lock().unwrap());
        assert_eq!(spans.len(), 1, "one span for a call: {spans:?}");
        let (_, mut fields) = spans.pop_first().unwrap();
        fields
            .remove("elapsed_ms")
            .expect("a time")
            .parse::<u64>()
            .expect("a number");
        fields
    }
}

#[track_caller]
fn is(span: &Fields, expected: &[(&str, &str)]) {
    let mut span = span.clone();
    if span.get("trace_id").is_some_and(|trace_id| trace_id.len() >= 16) {
        span.insert("trace_id".to_owned(), "some".to_owned());
    }
    let expected = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(span, expected.collect::<Fields>());
}

fn pay(number: &str, auth_code: &str) -> Pay {
    let required = PayRequired {
        out_trade_no: number.into(),
        total_amount: price("1.00"),
        subject: "subject".into(),
    };
    Pay::with_auth_code(auth_code, required)
}

#[tokio::test]
async fn a_call_has_one_span_that_says_how_it_ended() {
    const QUERY: (&str, &str) = ("method", "alipay.trade.query");
    const PAY: (&str, &str) = ("method", "alipay.trade.pay");
    const V2: (&str, &str) = ("protocol", "v2");
    const V3: (&str, &str) = ("protocol", "v3");
    const TRACED: (&str, &str) = ("trace_id", "some");

    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let recorder = Recorder::default();
    let _guard = set_default(recorder.clone());
    let query = |number: &str| client.trade().query(Query::with_out_trade_no(number));

    query("1").await.unwrap();
    is(
        &recorder.span(),
        &[QUERY, V2, ("attempts", "1"), ("outcome", "ok"), TRACED],
    );
    mock.fault_next(Fault::HttpStatus(503));
    query("1").await.unwrap();
    is(
        &recorder.span(),
        &[QUERY, V2, ("attempts", "2"), ("outcome", "ok"), TRACED],
    );
    query("2").await.unwrap_err();
    let refused = [
        ("kind", "Gateway"),
        ("code", "40004"),
        ("sub_code", "ACQ.TRADE_NOT_EXIST"),
    ];
    is(
        &recorder.span(),
        &[
            &refused[..],
            &[QUERY, V2, ("attempts", "1"), ("outcome", "failed"), TRACED],
        ]
        .concat(),
    );

    mock.answer_next("alipay.trade.pay", "10003", "", false);
    client
        .trade()
        .pay(pay("3", "286512345678901234"))
        .await
        .unwrap()
        .is_pending();
    is(
        &recorder.span(),
        &[PAY, V2, ("attempts", "1"), ("outcome", "pending"), TRACED],
    );
    mock.fault_next(Fault::CloseConnection);
    let error = client.trade().pay(pay("4", "286512345678901234")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    is(
        &recorder.span(),
        &[
            PAY,
            V2,
            ("kind", "Transport"),
            ("attempts", "1"),
            ("outcome", "unknown"),
        ],
    );

    // Nothing was sent.
    let refund = Refund::with_out_trade_no("", price("1.00"));
    client.trade().refund(refund).await.unwrap_err();
    assert!(
        recorder.spans.lock().unwrap().is_empty(),
        "a request that can't be sent is no call"
    );

    // Whoever waited has stopped waiting.
    let (delay, mut gate) = Fault::delay();
    mock.fault_next(delay);
    let call = tokio::spawn(client.trade().pay(pay("5", "286512345678901234")).into_future());
    gate.reached().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(gate);
    is(&recorder.span(), &[PAY, V2, ("attempts", "1"), ("outcome", "dropped")]);

    let raw = client.call_raw("alipay.trade.query", json!({ "out_trade_no": "1" }));
    raw.await.unwrap();
    is(
        &recorder.span(),
        &[QUERY, V2, ("attempts", "1"), ("outcome", "ok"), TRACED],
    );
    query("1").protocol(Protocol::V3).await.unwrap();
    is(
        &recorder.span(),
        &[QUERY, V3, ("attempts", "1"), ("outcome", "ok"), TRACED],
    );
}

/// Answers in the gateway's place, and quotes the request wherever it can.
#[derive(Debug)]
struct Quoting {
    signed: bool,
    sign: String,
}

const ANSWER: &str = r#"{"code":"10000","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#;

impl Transport for Quoting {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let parameters: BTreeMap<_, _> = form_urlencoded::parse(request.body().as_bytes().unwrap())
            .into_owned()
            .collect();
        let token = &parameters["app_auth_token"];
        let content = if self.signed {
            ANSWER.to_owned()
        } else {
            format!(r#"{{"code":"{token}","sub_code":"isv.{token}\n{token}","msg":"{token}"}}"#)
        };
        let body = format!(r#"{{"alipay_trade_query_response":{content},"sign":"{}"}}"#, self.sign);
        let response = http::Response::builder().header("trace_id", format!("t-{token}"));
        let response = response
            .body(Bytes::from(body).into())
            .map_err(|_| TransportError::new(TransportErrorKind::Broken));
        Box::pin(async move { response })
    }
}

#[tokio::test]
async fn no_secret_is_in_a_span_nor_in_the_log() {
    const TOKEN: &str = "201509BBeff9351ad1874306903e96b91d248A36";

    let (mock, _) = start().await;
    let recorder = Recorder::default();
    let _guard = set_default(recorder.clone());
    let sign = mock
        .alipay_key_pair()
        .sign(alipay_mock::keys::SignType::Rsa2, ANSWER.as_bytes())
        .unwrap();
    for signed in [true, false] {
        let sign = if signed { sign.clone() } else { String::new() };
        let client = builder(&mock).transport(Quoting { signed, sign }).build().unwrap();
        let answer = client
            .on_behalf_of(TOKEN)
            .trade()
            .query(Query::with_out_trade_no("1"))
            .await;
        assert_eq!(answer.is_ok(), signed, "{answer:?}");
        let span = recorder.span();
        assert_eq!(span["trace_id"], "t-***");
        if !signed {
            assert_eq!((&*span["code"], &*span["sub_code"]), ("***", "isv.***\\n***"));
        }
        assert!(!format!("{span:?}").contains(TOKEN), "{span:?}");
    }
    let logged = recorder.logged.lock().unwrap().join("\n");
    assert!(logged.contains("call failed") && !logged.contains(TOKEN), "{logged}");
}
