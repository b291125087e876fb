//! V3 against the embedded gateway, over HTTP: the same typed calls, the same orders, and whatever comes back that must not be believed.

use std::time::Duration;

use alipay_api::{
    Client, ErrorKind, Outcome, Protocol,
    trade::{
        Cancel, FastpayRefundQuery, FastpayRefundQueryRequired, Pay, PayRequired, Precreate, Query, QueryErrorCode,
        Refund, types::TradeStatus,
    },
};
use alipay_mock::{Fault, Mock};
use http::Method;
use serde_json::json;

use crate::support::{builder, certified_builder, price};

async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.expect("the gateway starts");
    let client = builder(&mock).protocol(Protocol::V3).build().expect("a client");
    (mock, client)
}

/// An order that its buyer has paid.
async fn paid(mock: &Mock, client: &Client, out_trade_no: &str) {
    let order = Precreate::new(out_trade_no, price("88.80"), "测试订单");
    client.trade().precreate(order).await.expect("an order");
    mock.pay(out_trade_no).expect("it is paid");
}

#[tokio::test]
async fn an_order_is_the_same_over_both() {
    let (mock, client) = start().await;
    paid(&mock, &client, "1").await;
    let request = mock.last_request("alipay.trade.precreate").unwrap();
    assert_eq!(request["path"], "/v3/alipay/trade/precreate");
    let trade = client.trade();
    let refund = trade
        .refund(Refund::with_out_trade_no("1", price("8.80")).out_request_no("r1"))
        .await
        .unwrap();
    assert_eq!(refund.refund_fee, Some(price("8.80")));
    for protocol in [Protocol::V2, Protocol::V3] {
        let order = trade
            .query(Query::with_out_trade_no("1"))
            .protocol(protocol)
            .await
            .unwrap();
        assert_eq!(order.trade_status, TradeStatus::TradeSuccess, "{protocol:?}");
        let refund = FastpayRefundQuery::with_out_trade_no(
            "1",
            FastpayRefundQueryRequired {
                out_request_no: "r1".to_owned(),
            },
        );
        let refund = trade.fastpay_refund_query(refund).protocol(protocol).await.unwrap();
        assert_eq!(refund.refund_amount, Some(price("8.80")), "{protocol:?}");
        let error = trade
            .query(Query::with_out_trade_no("2"))
            .protocol(protocol)
            .await
            .unwrap_err();
        assert_eq!(
            error.sub_code_as(),
            Some(QueryErrorCode::AcqTradeNotExist),
            "{protocol:?}"
        );
        assert!(error.is_verified());
    }
    let (_, metadata) = trade
        .query(Query::with_out_trade_no("1"))
        .with_metadata()
        .await
        .unwrap();
    assert_eq!((metadata.http_status(), metadata.attempts()), (200, 1));
    assert!(metadata.trace_id().is_some() && metadata.verified_content().starts_with('{'));
}

#[tokio::test]
async fn a_buyer_who_has_yet_to_act_is_pending() {
    let (mock, client) = start().await;
    let pay = |number: &str| {
        let required = PayRequired {
            out_trade_no: number.to_owned(),
            total_amount: price("0.01"),
            subject: "测试订单".to_owned(),
        };
        client.trade().pay(Pay::with_auth_code("28763443825664394", required))
    };
    mock.answer(
        "alipay.trade.pay",
        alipay_mock::Answer::from(json!({ "code": "10003", "out_trade_no": "1" })).once(),
    )
    .unwrap();
    assert!(matches!(pay("1").await.unwrap(), Outcome::Pending(_)));
    assert!(matches!(pay("2").await.unwrap(), Outcome::Done(_)));
}

#[tokio::test]
async fn certificates_roll_over() {
    let mock = Mock::builder()
        .certificates()
        .start()
        .await
        .expect("the gateway starts");
    let client = certified_builder(&mock)
        .protocol(Protocol::V3)
        .build()
        .expect("a client");
    paid(&mock, &client, "1").await;
    let serial = mock.roll_over_alipay_certificate().unwrap();
    for _ in 0..2 {
        client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    }
    assert_eq!(mock.alipay_cert_sn(), serial);
    assert_eq!(
        mock.requests_of("alipay.open.app.alipaycert.download"),
        1,
        "by V2, which has the method"
    );
}

#[tokio::test]
async fn a_path_is_called_without_a_spec() {
    let (mock, client) = start().await;
    paid(&mock, &client, "1").await;
    let call = || client.v3_raw(Method::POST, "/v3/alipay/trade/query");
    let order = call().body(json!({ "out_trade_no": "1" })).reads().await.unwrap();
    assert_eq!(
        order.get::<String>("trade_status").unwrap().as_deref(),
        Some("TRADE_SUCCESS")
    );
    let error = call().body(json!({ "out_trade_no": "2" })).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Gateway, Some("ACQ.TRADE_NOT_EXIST"))
    );
    assert!(error.is_outcome_unknown(), "nothing is known of the method");
    let error = client
        .v3_raw(Method::POST, "/v3/alipay/no/such")
        .reads()
        .await
        .unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.invalid-method"));
}

/// The attacks of V2's tests, over V3: nothing of them is a success, or says what became of a cancellation.
#[tokio::test]
async fn what_was_changed_on_the_way_is_not_believed() {
    let (mock, _) = start().await;
    let client = builder(&mock)
        .protocol(Protocol::V3)
        .max_attempts(1)
        .build()
        .expect("a client");
    let second = |name: &str, value: &str| Fault::HeaderTwice(name.to_owned(), value.to_owned());
    let other = |name: &str, value: &str| Fault::Header(name.to_owned(), value.to_owned());
    let without = |name: &str| Fault::WithoutHeader(name.to_owned());
    let faults = || {
        vec![
            Fault::WrongSign,
            Fault::TamperedByte(3),
            Fault::DuplicateRoot,
            without("alipay-signature"),
            without("alipay-timestamp"),
            without("alipay-nonce"),
            second("alipay-signature", "AA=="),
            second("alipay-timestamp", "1"),
            second("alipay-nonce", "1"),
            other("alipay-timestamp", "1795752000000"),
            other("alipay-nonce", "another"),
            Fault::Stale(Duration::from_mins(11)),
            Fault::NoContent { signed: false },
            Fault::NoContent { signed: true },
            Fault::Status(302),
            Fault::Status(400),
            Fault::Status(500),
        ]
    };
    for (at, fault) in faults().into_iter().enumerate() {
        let number = format!("a{at}");
        paid(&mock, &client, &number).await;
        let shown = format!("{fault:?}");
        mock.fault_next_of("alipay.trade.cancel", fault);
        let cancel = client.trade().cancel(Cancel::with_out_trade_no(&number));
        let error = cancel.await.expect_err(&shown);
        assert!(error.is_outcome_unknown(), "{shown}: {error}");
    }
    // A refusal under the status of a success.
    mock.answer_next("alipay.trade.cancel", "40004", "ACQ.TRADE_NOT_EXIST", false);
    mock.fault_next_of("alipay.trade.cancel", Fault::Status(200));
    let error = client
        .trade()
        .cancel(Cancel::with_out_trade_no("a0"))
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown() && error.is_verified(), "{error}");
}

#[tokio::test]
async fn every_byte_of_an_answer_is_signed() {
    let (mock, client) = start().await;
    paid(&mock, &client, "1").await;
    let query = || client.trade().query(Query::with_out_trade_no("1"));
    let (_, metadata) = query().with_metadata().await.unwrap();
    let length = metadata.verified_content().len();
    let client = builder(&mock).protocol(Protocol::V3).max_attempts(1).build().unwrap();
    for at in 0..length {
        mock.fault_next_of("alipay.trade.query", Fault::TamperedByte(at));
        let error = client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed),
            "byte {at}: {error}"
        );
    }
}
