use std::collections::BTreeMap;

use alipay_api::{ErrorClass, ErrorKind, trade::CreateResponse};
use alipay_mock::Fault;
use serde_json::json;

use crate::support::{paid_order, start, start_certified};

#[tokio::test]
async fn a_method_can_be_called_by_name() {
    let (_mock, client) = start().await;
    let business = json!({ "out_trade_no": "1", "total_amount": 0.5, "subject": "你好 & <\"=+%\">😀", "buyer_id": "2088102146225135" });
    let answer = client.call_raw("alipay.trade.create", business).await.unwrap();
    assert_eq!(answer.code().as_deref(), Some("10000"));
    assert_eq!(answer.get::<String>("out_trade_no").unwrap().as_deref(), Some("1"));
    assert_eq!(answer.read::<CreateResponse>().unwrap().out_trade_no, "1");
    assert!(answer.as_str().starts_with('{'));
    // By serde, as any type.
    assert_eq!(answer.json::<CreateResponse>().unwrap().out_trade_no, "1");
    let texts: BTreeMap<String, String> = answer.json().unwrap();
    assert_eq!((&*texts["code"], &*texts["out_trade_no"]), ("10000", "1"));
    let error = answer.json::<BTreeMap<String, i64>>().unwrap_err();
    assert_eq!(error.to_string(), "`code`: expected i64");
}

#[tokio::test]
async fn what_only_reads_is_sent_again_and_leaves_nothing_unknown() {
    const QUERY: &str = "alipay.trade.query";

    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "1.00").await;
    let query = |number: &str| client.call_raw(QUERY, json!({ "out_trade_no": number }));
    mock.fault_next(Fault::HttpStatus(503));
    assert_eq!(query("1").reads().await.unwrap().code().as_deref(), Some("10000"));
    assert_eq!(mock.requests_of(QUERY), 2);
    let error = query("2").reads().await.unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    assert!(!error.is_outcome_unknown());
    assert_eq!(mock.requests_of(QUERY), 3);
    // What is unavailable may be there again, whatever it says; a method's own refusal that nobody has described may stay.
    mock.answer_next(QUERY, "20000", "isp.something-new", false);
    assert!(query("1").reads().await.is_ok());
    assert_eq!(mock.requests_of(QUERY), 5);
    mock.answer_next(QUERY, "40004", "SOMETHING_NEW", false);
    assert!(!query("1").reads().await.unwrap_err().is_retryable());
    assert_eq!(mock.requests_of(QUERY), 6);
    // Of a call that may change something, nobody knows.
    mock.fault_next(Fault::HttpStatus(503));
    assert!(query("1").await.unwrap_err().is_outcome_unknown());
    assert_eq!(mock.requests_of(QUERY), 7);
}

#[tokio::test]
async fn an_unknown_method_is_refused() {
    let (_mock, client) = start().await;
    let error = client.call_raw("alipay.no.such.method", json!({})).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sub_code()),
        (ErrorKind::Gateway, Some("isv.invalid-method"))
    );
    assert_eq!(error.class(), Some(ErrorClass::Request));
}

#[tokio::test]
async fn a_method_that_needs_certificates_is_not_sent_without() {
    const METHOD: &str = "alipay.fund.trans.uni.transfer";

    let (mock, client) = start().await;
    let error = client.call_raw(METHOD, json!({})).await.unwrap_err();
    assert_eq!((error.kind(), error.method()), (ErrorKind::Configuration, Some(METHOD)));
    assert!(!error.is_outcome_unknown());
    assert_eq!(mock.requests_of(METHOD), 0);
    let (mock, client) = start_certified().await;
    client.call_raw(METHOD, json!({})).await.unwrap_err();
    assert_eq!(mock.requests_of(METHOD), 1);
}

#[tokio::test]
async fn a_page_method_says_that_it_is_one() {
    let (mock, client) = start().await;
    for (method, told) in [
        ("alipay.trade.page.pay", "Client::page"),
        ("alipay.trade.wap.pay", "Client::page"),
        ("alipay.trade.app.pay", "Client::app"),
    ] {
        let error = client
            .call_raw(method, json!({ "out_trade_no": "1" }))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.method()), (ErrorKind::Request, Some(method)));
        assert!(
            error.to_string().contains(told) && !error.is_outcome_unknown(),
            "{error}"
        );
        assert_eq!(mock.requests_of(method), 0);
    }
    // Of what has no spec, the name says something, and decides nothing.
    let error = client
        .call_raw("alipay.user.agreement.page.sign", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.invalid-method"));
    assert!(
        error
            .to_string()
            .contains("by its name it is a method that a browser is sent to"),
        "{error}"
    );
    let error = client
        .call_raw("alipay.fund.auth.order.app.freeze", json!({}))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("a phone app hands to the Alipay app"),
        "{error}"
    );
    let error = client.call_raw("alipay.open.app.no.such", json!({})).await.unwrap_err();
    assert!(!error.to_string().contains("by its name"), "{error}");
    assert_eq!(mock.requests(), 3);
}
