//! What goes wrong on the wire, and what a caller is told of the outcome.

use std::{future::IntoFuture as _, time::Duration};

use alipay_api::{
    Client, Error, ErrorKind,
    open_auth::{TokenApp, token_app::TokenAppGrantType},
    sign::{self, PublicKey, SignError, SignType},
    trade::{AppPay, Create, CreateRequired, PagePay, Precreate, Query, Refund, types::TradeStatus},
    transport::{TransportError, TransportErrorKind},
};
use alipay_mock::{Fault, Mock};
use serde_json::json;

use crate::support::{builder, paid_order, price, start};

fn create() -> Create {
    Create::with_buyer_id(
        "2088102146225135",
        CreateRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject · 你好".into(),
        },
    )
}

/// A client that sends everything once.
fn once(mock: &Mock) -> Client {
    builder(mock).max_attempts(1).build().unwrap()
}

#[tokio::test]
async fn what_is_no_answer_is_malformed_and_leaves_the_outcome_unknown() {
    for (fault, told) in [
        (Fault::HttpStatus(503), "did not answer with status 200"),
        (Fault::Html, "bytes and begins like HTML"),
        (Fault::Empty, "the body is empty"),
        (Fault::Truncated, "the text ends too early"),
        (Fault::Oversized, "the answer is too large: the limit is 8 MiB"),
        (Fault::DuplicateRoot, "has two contents"),
        (Fault::GbkBody, "not UTF-8"),
    ] {
        let (mock, _) = start().await;
        let client = once(&mock);
        let what = format!("{fault:?}");
        mock.fault_next(fault);
        let error = client.trade().create(create()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{what}: {error}");
        assert!(error.to_string().contains(told), "{what}: {error}");
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{what}: {error}");
        // It was in fact carried out.
        let order = client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        assert_eq!(order.trade_status, TradeStatus::WaitBuyerPay);
    }
}

#[tokio::test]
async fn what_is_not_signed_is_refused() {
    for fault in [
        Fault::Unsigned,
        Fault::EmptySign,
        Fault::WrongSign,
        Fault::TamperedByte(9),
    ] {
        let (mock, _) = start().await;
        let client = once(&mock);
        let what = format!("{fault:?}");
        mock.fault_next(fault);
        let error = client.trade().create(create()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{what}: {error}");
        assert!(error.is_outcome_unknown() && !error.is_verified(), "{what}: {error}");
        assert!(error.raw_body().is_some_and(|body| !body.is_empty()));
    }
}

#[tokio::test]
async fn an_answer_signed_before_its_slashes_were_escaped_holds() {
    let (mock, client) = start().await;
    for fault in [Fault::SlashEscaped, Fault::SlashEscapedSigned] {
        mock.fault_next(fault);
        let order = client
            .trade()
            .precreate(Precreate::new("1", price("1.00"), "subject"))
            .await
            .unwrap();
        let code = format!("{}/qr/", mock.base_url());
        assert!(order.qr_code.starts_with(&code), "{}", order.qr_code);
    }
}

#[tokio::test]
async fn unknown_fields_are_kept() {
    let (mock, client) = start().await;
    client.trade().create(create()).await.unwrap();
    mock.fault_next(Fault::ExtraField);
    let order = client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    assert_eq!(order.extra.len(), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (mock, _) = start().await;
    let (other, _) = start().await;
    mock.fault_next(Fault::Redirect(other.gateway_url()));
    let error = once(&mock).trade().create(create()).await.unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::Malformed, Some(302)));
    assert_eq!(other.requests(), 0);
}

#[tokio::test]
async fn a_broken_connection_leaves_the_outcome_unknown() {
    let (mock, client) = start().await;
    mock.fault_next(Fault::CloseConnection);
    let error = client.trade().create(create()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    client
        .trade()
        .query(Query::with_out_trade_no("1"))
        .await
        .expect("it was carried out");
}

#[tokio::test]
async fn a_late_answer_is_a_timeout() {
    let (mock, client) = start().await;
    let (delay, release) = Fault::delay();
    mock.fault_next(delay);
    let error = client
        .trade()
        .create(create())
        .timeout(Duration::from_millis(200))
        .await
        .unwrap_err();
    assert!(error.is_timeout() && error.is_outcome_unknown(), "{error}");
    release.release();
}

#[tokio::test]
async fn without_a_connection_nothing_was_done() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (mock, _) = start().await;
    let client = builder(&mock)
        .gateway(format!("http://{address}/gateway.do"))
        .max_attempts(1)
        .build()
        .unwrap();
    let error = client.trade().create(create()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(!error.is_outcome_unknown() && error.is_retryable(), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("sign="), "{shown}");
    let told = "alipay.trade.create: no connection to the gateway: tcp connect error: Connection refused";
    assert!(error.to_string().starts_with(told), "{error}");
    tells_once(&error);
}

/// Every cause is in the line, and a printer that asks for more gets nothing twice.
fn tells_once(error: &Error) {
    assert!(std::error::Error::source(error).is_none(), "{error}");
    let told = error.to_string();
    let mut cause = error.cause();
    while let Some(error) = cause {
        assert_eq!(told.matches(&error.to_string()).count(), 1, "{told}");
        cause = error.source();
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let (mock, _) = start().await;
    let client = builder(&mock)
        .gateway("http://gateway.invalid/gateway.do")
        .max_attempts(1)
        .build()
        .unwrap();
    let error = client.trade().create(create()).await.unwrap_err();
    let told = "alipay.trade.create: no connection to the gateway: dns error: ";
    assert!(error.to_string().starts_with(told), "{error}");
    tells_once(&error);
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<TransportError>());
    assert_eq!(cause.map(TransportError::kind), Some(TransportErrorKind::Connect));
}

#[tokio::test]
async fn what_changes_nothing_is_sent_again() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    for fault in [Fault::HttpStatus(503), Fault::CloseConnection] {
        mock.fault_next(fault);
        let before = mock.requests();
        let order = client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
        assert_eq!(mock.requests() - before, 2);
    }
}

#[tokio::test]
async fn what_moves_money_is_never_sent_again() {
    let (mock, client) = start().await;
    mock.answer_next("alipay.trade.create", "20000", "isp.unknow-error", true);
    let before = mock.requests();
    let error = client.trade().create(create()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Gateway, Some("20000")));
    assert!(
        error.is_outcome_unknown() && error.is_verified() && !error.is_retryable(),
        "{error}"
    );
    assert_eq!(mock.requests() - before, 1);
    mock.answer_next("alipay.trade.create", "40004", "ACQ.SYSTEM_ERROR", true);
    let error = client.trade().create(create()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    client
        .trade()
        .query(Query::with_out_trade_no("1"))
        .await
        .expect("it was carried out");
}

#[tokio::test]
async fn an_unsigned_refusal_proves_nothing() {
    let (mock, _) = start().await;
    let credentials = alipay_api::Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
    let client = Client::builder("2021000000000999", credentials)
        .gateway(mock.gateway_url())
        .build()
        .unwrap();
    let error = client.trade().create(create()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sub_code()),
        (ErrorKind::Gateway, Some("isv.invalid-app-id"))
    );
    assert!(!error.is_verified() && error.is_outcome_unknown(), "{error}");
    let error = client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
    assert!(!error.is_outcome_unknown(), "a query changes nothing");
}

#[tokio::test]
async fn a_wrong_key_is_explained_without_its_tokens() {
    let (mock, _) = start().await;
    let other = alipay_mock::keys::KeyPair::generate().unwrap().to_base64().unwrap();
    let credentials = alipay_api::Credentials::public_key(&other, &mock.alipay_public_key()).unwrap();
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()
        .unwrap();
    let error = client
        .on_behalf_of("app-auth-token")
        .trade()
        .create(create())
        .await
        .unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.invalid-signature"));
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("upload the public key (应用公钥) that belongs to the client's private key"),
        "{shown}"
    );
    assert!(!shown.contains("app-auth-token"), "{shown}");
}

#[tokio::test]
async fn what_is_not_signed_in_time_is_not_sent() {
    let (mock, _) = start().await;
    let (release, stuck) = std::sync::mpsc::channel::<()>();
    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(SignType::Rsa2)
        .unwrap();
    let stuck = std::sync::Mutex::new(stuck);
    let signer = sign::blocking(SignType::Rsa2, move |_| {
        let _ = stuck.lock().unwrap().recv();
        Err(SignError::new("too late"))
    });
    let credentials = alipay_api::Credentials::custom(signer, verifier).unwrap();
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()
        .unwrap();
    let error = client
        .trade()
        .create(create())
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(
        error.is_timeout() && !error.is_outcome_unknown() && error.is_retryable(),
        "{error}"
    );
    assert_eq!(mock.requests(), 0);
    drop(release);
}

#[tokio::test]
async fn who_waits_longer_for_a_call_waits_longer_for_an_attempt() {
    let (mock, _) = start().await;
    let client = builder(&mock).attempt_timeout(Duration::from_nanos(1)).build().unwrap();
    let query = || client.trade().query(Query::with_out_trade_no("1"));
    assert!(query().await.unwrap_err().is_timeout());
    let error = query().timeout(Duration::from_mins(1)).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"), "{error}");
}

#[tokio::test]
async fn any_timeout_can_be_set() {
    let (mock, _) = start().await;
    let client = builder(&mock)
        .attempt_timeout(Duration::MAX)
        .total_timeout(Duration::MAX)
        .build()
        .unwrap();
    client.trade().create(create()).timeout(Duration::MAX).await.unwrap();
    let error = client
        .trade()
        .create(create())
        .timeout(Duration::ZERO)
        .await
        .unwrap_err();
    assert!(error.is_timeout() && !error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_read_that_failed_may_be_repeated_by_the_caller_too() {
    let (mock, _) = start().await;
    mock.fault_next(Fault::HttpStatus(503));
    let error = once(&mock)
        .trade()
        .query(Query::with_out_trade_no("1"))
        .await
        .unwrap_err();
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn what_cannot_be_a_parameter_is_not_sent() {
    let (mock, client) = start().await;
    let raw = || client.call_raw("alipay.trade.query", serde_json::json!({ "out_trade_no": "1" }));
    for name in ["sign", "", "x&notify_url", "app_id"] {
        let error = raw().parameter(name, "x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{name}");
    }
    // A merchant whose token is lost must not become the app itself.
    let error = client.on_behalf_of("").trade().create(create()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(mock.requests(), 0);
}

#[tokio::test]
async fn a_negative_amount_is_not_sent() {
    let (mock, client) = start().await;
    let refund = Refund::with_out_trade_no("1", price("-0.01"));
    let error = client.trade().refund(refund).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::Request,
            "alipay.trade.refund: `refund_amount` is negative: amounts of a request must not be below zero"
        )
    );
    assert!(!error.is_outcome_unknown() && !error.is_retryable());
    let page = client.trade().page_pay(PagePay::new("1", price("-0.01"), "subject"));
    assert_eq!(page.url().unwrap_err().kind(), ErrorKind::Request);
    let app = client.trade().app_pay(AppPay::new("1", price("-0.01"), "subject"));
    assert_eq!(app.order_string().unwrap_err().kind(), ErrorKind::Request);
    assert_eq!(mock.requests(), 0);
}

#[tokio::test]
async fn calls_run_in_tasks_and_side_by_side() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let query = |number: &str| client.trade().query(Query::with_out_trade_no(number)).into_future();
    let spawned = tokio::spawn(query("1"));
    let found = futures_util::future::join_all([query("1"), query("2")]).await;
    assert!(found[0].is_ok());
    assert_eq!(found[1].as_ref().unwrap_err().sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    assert_eq!(spawned.await.unwrap().unwrap().out_trade_no, "1");
}

#[tokio::test]
async fn an_unknown_outcome_names_the_method_to_ask() {
    let (mock, client) = start().await;
    let client = &client;
    let closed = || mock.fault_next(Fault::CloseConnection);
    let unknown = |error: Error, query: Option<&str>, told: &str| {
        assert!(error.is_outcome_unknown(), "{error}");
        assert_eq!(error.query_method(), query, "{error}");
        assert!(error.to_string().contains(told), "{error}");
    };
    let ask = "the call may have been carried out: query it with alipay.trade.query before you send it again";
    closed();
    let error = client.trade().create(create()).await.unwrap_err();
    unknown(error, Some("alipay.trade.query"), ask);
    closed();
    let refund = Refund::with_out_trade_no("1", price("1.00")).out_request_no("R1");
    let error = client.trade().refund(refund).await.unwrap_err();
    unknown(
        error,
        Some("alipay.trade.fastpay.refund.query"),
        "query it with alipay.trade.fastpay.refund.query",
    );
    // By name, also.
    closed();
    let error = client.call_raw("alipay.trade.create", json!({})).await.unwrap_err();
    unknown(error, Some("alipay.trade.query"), ask);
    closed();
    let error = client.call_raw("alipay.no.such.method", json!({})).await.unwrap_err();
    unknown(
        error,
        None,
        "the call may have been carried out: check the result before you send it again",
    );
    // Whose token it is, no spec says how to ask.
    closed();
    let token = TokenApp::with_code("1", TokenAppGrantType::AuthorizationCode);
    let error = client.open_auth().token_app(token).await.unwrap_err();
    unknown(error, None, "check the result before you send it again");

    // Where nothing is unknown, nobody needs to ask.
    let refused = client
        .trade()
        .refund(Refund::with_out_trade_no("9", price("1.00")))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.query_method(), refused.is_outcome_unknown()),
        (None, false),
        "{refused}"
    );
    let query = Query::with_out_trade_no("9");
    let refused = client.trade().query(query).await.unwrap_err();
    assert_eq!(refused.query_method(), None);

    let made = Error::for_tests(ErrorKind::Timeout)
        .method("alipay.trade.refund")
        .outcome_unknown();
    unknown(
        made.query_method("alipay.trade.refund").build(),
        Some("alipay.trade.refund"),
        "send the same request again, which Alipay carries out only once",
    );
}
