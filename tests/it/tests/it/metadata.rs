//! What a caller can learn of an answer beside its fields.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alipay_api::{
    ErrorKind, Outcome, RawResponse, ResponseMetadata,
    random::RandomSource,
    retry::{Backoff, FailedAttempt},
    trade::{Pay, PayRequired, Query, QueryResponse, types::TradeStatus},
    transport::{BoxFuture, Request, Response, Transport, TransportError},
};
use alipay_mock::{Fault, Mock, keys::SignType};
use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{builder, paid_order, price, start};

/// Answers with this body, and with a trace id that quotes the request's `auth_token`, from the second attempt on.
#[derive(Clone, Debug)]
struct Quoting {
    body: Arc<str>,
    attempts: Arc<AtomicUsize>,
}

impl Transport for Quoting {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let mut parameters = form_urlencoded::parse(request.body().as_bytes().unwrap());
        let token = parameters.find(|(name, _)| name == "auth_token").expect("a token").1;
        let status = if self.attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            503
        } else {
            200
        };
        let response = http::Response::builder()
            .status(status)
            .header("trace_id", format!("0b1c-{token}"))
            .body(Bytes::copy_from_slice(self.body.as_bytes()).into())
            .unwrap();
        Box::pin(async move { Ok(response) })
    }
}

/// A pause of a tenth of a second.
#[derive(Debug)]
struct Tenth;

impl Backoff for Tenth {
    fn pause(&self, _: &FailedAttempt<'_>, _: &dyn RandomSource) -> Duration {
        Duration::from_millis(100)
    }
}

/// A body that is signed, whose content is not written as anyone would write it again.
fn signed(mock: &Mock) -> (&'static str, String) {
    let content = "{ \"code\" : \"10000\", \"trade_no\":\"1\" ,\"trade_status\":\"TRADE_SUCCESS\", \"subject\":\"a\\/b \\u4f60\" }";
    let sign = mock.alipay_key_pair().sign(SignType::Rsa2, content.as_bytes()).unwrap();
    (
        content,
        format!(r#"{{"alipay_trade_query_response":{content},"sign":"{sign}"}}"#),
    )
}

#[tokio::test]
async fn an_answer_comes_with_its_metadata() {
    const TOKEN: &str = "201509BBeff9351ad1874306903e96b91d248A36";

    let (mock, _) = start().await;
    let (content, body) = signed(&mock);
    let is_told = |metadata: &ResponseMetadata| {
        assert_eq!((metadata.http_status(), metadata.attempts()), (200, 2));
        assert_eq!(metadata.verified_content(), content);
        assert_eq!(metadata.trace_id(), Some("0b1c-***"));
        assert!(
            metadata.elapsed().as_millis() >= 100,
            "the pause between the attempts is in it"
        );
        let shown = format!("{metadata:?} {metadata:#?}");
        assert!(shown.contains("0b1c-***") && shown.contains("attempts: 2"), "{shown}");
        assert!(!shown.contains("TRADE_SUCCESS") && !shown.contains(TOKEN), "{shown}");
    };
    let client = || {
        let attempts = Arc::default();
        let transport = Quoting {
            body: body.as_str().into(),
            attempts,
        };
        builder(&mock).transport(transport).backoff(Tenth).build().unwrap()
    };
    let query = client()
        .trade()
        .query(Query::with_out_trade_no("20161112"))
        .auth_token(TOKEN);
    let (order, metadata) = query.with_metadata().await.unwrap();
    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
    is_told(&metadata);

    let query = client().call_raw("alipay.trade.query", json!({ "out_trade_no": "20161112" }));
    let (answer, metadata): (RawResponse, _) = query.auth_token(TOKEN).reads().with_metadata().await.unwrap();
    assert_eq!(answer.as_str(), content);
    is_told(&metadata);
}

#[tokio::test]
async fn metadata_comes_with_every_kind_of_answer_and_in_tasks() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    paid_order(&mock, &client, "2", "2.00").await;
    let query = |number: &str| client.trade().query(Query::with_out_trade_no(number)).with_metadata();
    let answers: Vec<Result<(QueryResponse, ResponseMetadata), _>> = join_all(["1", "2"].map(query)).await;
    let traces = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().1.trace_id().expect("a trace id"));
    let traces: Vec<_> = traces.collect();
    assert!(traces[0] != traces[1] && traces[0].len() >= 16, "{traces:?}");

    let pay = Pay::with_auth_code(
        "286512345678901234",
        PayRequired {
            out_trade_no: "3".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    mock.answer_next("alipay.trade.pay", "10003", "", false);
    let task = tokio::spawn(client.trade().pay(pay).with_metadata());
    let (outcome, metadata) = task.await.unwrap().unwrap();
    assert!(matches!(outcome, Outcome::Pending(_)), "{outcome:?}");
    assert!(metadata.verified_content().contains("10003"));
    assert_eq!(metadata.attempts(), 1);

    // An error is what it is without.
    mock.fault_next(Fault::WrongSign);
    let error = query("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}
