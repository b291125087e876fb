//! Answers that a gateway, or somebody on the way, may send: made by hand, signed with Alipay's key where it says so.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alipay_api::{
    Client, Error, ErrorKind, Outcome,
    fund::{
        TransUniTransfer,
        types::{Participant, ParticipantIdentityType},
    },
    system::{OauthToken, oauth_token::OauthTokenGrantType},
    trade::{
        Cancel, OrderSettleQuery, Pay, PayRequired, Query, QueryErrorCode, QueryResponse, Refund, RefundErrorCode,
        types::TradeStatus,
    },
    transport::{BoxFuture, Request, Response, Transport, TransportError},
    types::OpenEnum,
};
use alipay_mock::{Mock, keys::SignType};
use proptest::prelude::*;

use crate::{
    support::{builder, certified_builder, price, shared, start, start_certified},
    tamper::Canned,
};

/// An order, as a query is answered.
const ORDER: &str = r#"{"code":"10000","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#;

/// The same with another member.
fn order_with(member: &str) -> String {
    ORDER.replace('}', &format!(",{member}}}"))
}

/// Somebody who answers in the gateway's place.
struct Answerer {
    mock: Mock,
    client: Client,
    canned: Canned,
}

impl Answerer {
    async fn new() -> Self {
        let (mock, _) = start().await;
        let canned = Canned::default();
        let client = builder(&mock)
            .transport(canned.clone())
            .max_attempts(1)
            .build()
            .unwrap();
        Self { mock, client, canned }
    }

    fn sign(&self, content: &str) -> String {
        self.mock
            .alipay_key_pair()
            .sign(SignType::Rsa2, content.as_bytes())
            .unwrap()
    }

    fn signed(&self, root: &str, content: &str) -> String {
        format!(r#"{{"{root}":{content},"sign":"{}"}}"#, self.sign(content))
    }

    async fn query(&self, body: impl Into<Vec<u8>>) -> Result<QueryResponse, Error> {
        self.canned.set(body);
        self.client.trade().query(Query::with_out_trade_no("1")).await
    }

    async fn query_signed(&self, content: &str) -> Result<QueryResponse, Error> {
        self.query(self.signed("alipay_trade_query_response", content)).await
    }

    async fn refused(&self, body: impl Into<Vec<u8>>) -> ErrorKind {
        self.query(body).await.unwrap_err().kind()
    }
}

#[tokio::test]
async fn the_signature_is_over_the_exact_text() {
    let alipay = Answerer::new().await;
    for content in [
        r#"{"code":"10000","msg":"Success","trade_no":"1","trade_status":"WAIT_BUYER_PAY","subject":"a } \"sign\":\"x\" { ] \\ \/ \u4f60 你 😀"}"#,
        "{ \"code\" : \"10000\" ,\n\t\"trade_no\":\"1\",\"trade_status\":\"WAIT_BUYER_PAY\",\"subject\":\"a } \\\"sign\\\":\\\"x\\\" { ] \\\\ / \\u4f60 你 \\ud83d\\ude00\" }",
    ] {
        let order = alipay.query_signed(content).await.unwrap();
        assert_eq!(
            order.subject.as_deref(),
            Some("a } \"sign\":\"x\" { ] \\ / 你 你 😀"),
            "{content}"
        );
    }
    // The order of the root's members does not count, nor do members that nobody knows.
    let content = ORDER;
    let body = format!(
        r#"{{"sign":"{}","new":[1],"alipay_cert_sn":"x","alipay_trade_query_response":{content}}}"#,
        alipay.sign(content)
    );
    alipay.query(body).await.unwrap();
}

#[tokio::test]
async fn what_the_wire_makes_of_types_is_understood() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":10000,"trade_no":2013112111001004500000675971,"total_amount":88.8,"trade_status":"NEW_STATUS",
        "send_pay_date":"2016-11-16 11:42:19","enterprise_pay_info":"","fund_bill_list":"[{\"amount\":\"0.01\"}]",
        "charge_info_list":"","new":{"a":1}}"#;
    let order = alipay.query_signed(content).await.unwrap();
    assert_eq!(order.trade_no, "2013112111001004500000675971");
    assert_eq!(order.total_amount, Some(price("88.80")));
    assert_eq!(order.trade_status, OpenEnum::<TradeStatus>::from("NEW_STATUS"));
    assert_eq!(order.enterprise_pay_info, None);
    assert_eq!(order.fund_bill_list[0].amount, Some(price("0.01")));
    assert_eq!(order.extra.get("new"), Some(r#"{"a":1}"#));
}

#[tokio::test]
async fn a_field_that_cannot_be_read_stays_empty_and_is_told() {
    let alipay = Answerer::new().await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (name, json) in [
        ("total_amount", r#"{"yuan":1}"#),
        ("receipt_amount", r#""0.005""#),
        ("send_pay_date", r#""2026-01-02T03:04:06+08:00""#),
        ("send_pay_date", r#""0000-00-00 00:00:00""#),
        ("subject", r#""x\ud83d""#),
        ("fund_bill_list", r#""[{&quot;amount&quot;:&quot;0.01&quot;}]""#),
        ("fund_bill_list", r#"[{"amount":"0.01"},1]"#),
        ("fund_bill_list", &nested),
        ("enterprise_pay_info", "[1]"),
    ] {
        let order = alipay
            .query_signed(&order_with(&format!(r#""{name}":{json}"#)))
            .await
            .unwrap();
        assert_eq!(order.trade_status, TradeStatus::TradeSuccess, "{name}");
        assert_eq!(order.extra.get(name), Some(json));
        assert_eq!(order.extra.unreadable().collect::<Vec<_>>(), [name]);
        assert!(order.total_amount.is_none() && order.receipt_amount.is_none() && order.send_pay_date.is_none());
        assert!(order.subject.is_none() && order.fund_bill_list.is_empty() && order.enterprise_pay_info.is_none());
    }
    // Inside an object, only that one's field is empty.
    let bills = r#""fund_bill_list":[{"amount":"0.01"},{"amount":"0.005","fund_channel":"COUPON"}]"#;
    let order = alipay.query_signed(&order_with(bills)).await.unwrap();
    assert_eq!(order.fund_bill_list[0].amount, Some(price("0.01")));
    assert_eq!(order.fund_bill_list[1].amount, None);
    assert_eq!(order.fund_bill_list[1].extra.get("amount"), Some(r#""0.005""#));
    assert_eq!(order.fund_bill_list[1].fund_channel.as_str(), "COUPON");
    assert!(order.extra.is_empty());
}

#[tokio::test]
async fn what_an_answer_must_have_is_never_guessed() {
    let alipay = Answerer::new().await;
    for order in [
        r#"{"code":"10000"}"#,
        r#"{"code":"10000","trade_no":"","trade_status":"TRADE_SUCCESS"}"#,
        r#"{"code":"10000","trade_no":null,"trade_status":"TRADE_SUCCESS"}"#,
        r#"{"code":"10000","trade_no":"2026","trade_status":" "}"#,
        r#"{"code":"10000","trade_no":"2026","trade_status":"\udc00"}"#,
    ] {
        let error = alipay.query_signed(order).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_verified()),
            (ErrorKind::Decode, true),
            "{order}"
        );
        assert_eq!(error.verified_content(), Some(order));
        assert!(!error.is_outcome_unknown(), "a query changes nothing");
    }
    // A payment, a refund, a cancel: it may have been done, and nothing says so.
    let client = &alipay.client;
    let pay = || {
        Pay::with_auth_code(
            "28763443825664394",
            PayRequired {
                out_trade_no: "1".into(),
                total_amount: price("1.00"),
                subject: "subject".into(),
            },
        )
    };
    alipay
        .canned
        .set(alipay.signed("alipay_trade_pay_response", r#"{"code":"10000","out_trade_no":"1"}"#));
    assert_unknown(&client.trade().pay(pay()).await.unwrap_err(), "`trade_no`");
    // A buyer who has yet to confirm has paid nothing yet.
    alipay
        .canned
        .set(alipay.signed("alipay_trade_pay_response", r#"{"code":"10003","out_trade_no":"1"}"#));
    assert!(client.trade().pay(pay()).await.unwrap().is_pending());
    let refund = || Refund::with_out_trade_no("1", price("1.00"));
    alipay.canned.set(alipay.signed(
        "alipay_trade_refund_response",
        r#"{"code":"10000","refund_fee":"1.00"}"#,
    ));
    assert_unknown(&client.trade().refund(refund()).await.unwrap_err(), "`trade_no`");
    for cancel in [r#"{"code":"10000"}"#, r#"{"code":"10000","retry_flag":"perhaps"}"#] {
        alipay.canned.set(alipay.signed("alipay_trade_cancel_response", cancel));
        let error = client.trade().cancel(Cancel::with_out_trade_no("1")).await.unwrap_err();
        assert_unknown(&error, "`retry_flag`");
    }
    // Whether the money moved is not known: that is no "no", and no failure.
    let content = r#"{"code":"10000","trade_no":"2026","fund_change":"MAYBE"}"#;
    alipay
        .canned
        .set(alipay.signed("alipay_trade_refund_response", content));
    let refund = client.trade().refund(refund()).await.unwrap();
    assert_eq!(
        (refund.fund_change, refund.extra.unreadable().collect()),
        (None, vec!["fund_change"])
    );
    let transfer = TransUniTransfer::new(
        "1",
        price("1.00"),
        Participant::new("a@example.com", ParticipantIdentityType::AlipayLogonId),
    );
    let client = certified_builder(&start_certified().await.0)
        .transport(alipay.canned.clone())
        .build()
        .unwrap();
    let error = client.fund().trans_uni_transfer(transfer).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_list_that_decides_is_not_empty_where_it_cannot_be_read() {
    let alipay = Answerer::new().await;
    let shares = |list: &str| {
        let content = format!(r#"{{"code":"10000","out_request_no":"1","royalty_detail_list":{list}}}"#);
        alipay
            .canned
            .set(alipay.signed("alipay_trade_order_settle_query_response", &content));
        async {
            let query = OrderSettleQuery::new().trade_no("2026").out_request_no("1");
            alipay.client.trade().order_settle_query(query).await
        }
    };
    let settled = shares(r#"[{"operation_type":"transfer","amount":"0.005"}]"#)
        .await
        .unwrap();
    assert_eq!(settled.royalty_detail_list[0].amount, None);
    for list in [r#"[{"operation_type":"transfer"},7]"#, "[[1]]", r#""x""#, "null"] {
        let error = shares(list).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{list}: {error}");
    }
}

fn assert_unknown(error: &Error, field: &str) {
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (ErrorKind::Decode, true),
        "{error}"
    );
    assert!(
        error.to_string().contains(field) && error.verified_content().is_some(),
        "{error}"
    );
}

#[tokio::test]
async fn success_is_proven() {
    let alipay = Answerer::new().await;
    let client = &alipay.client;
    let number = r#""trade_no":"2026","out_trade_no":"1""#;
    for (content, kind) in [
        ("{}".to_owned(), ErrorKind::Decode),
        (format!("{{{number}}}"), ErrorKind::Decode),
        (format!(r#"{{"code":null,{number}}}"#), ErrorKind::Decode),
        (format!(r#"{{"code":"",{number}}}"#), ErrorKind::Decode),
        (
            format!(r#"{{"code":null,"sub_code":"ACQ.TRADE_HAS_CLOSE",{number}}}"#),
            ErrorKind::Gateway,
        ),
        (
            format!(r#"{{"code":"10000","sub_code":"ACQ.TRADE_HAS_CLOSE",{number}}}"#),
            ErrorKind::Gateway,
        ),
        (
            format!(r#"{{"code":"10000","sub_code":"\ud800",{number}}}"#),
            ErrorKind::Gateway,
        ),
        (
            format!(r#"{{"code":"10003","sub_code":"NEW",{number}}}"#),
            ErrorKind::Gateway,
        ),
    ] {
        alipay.canned.set(alipay.signed("alipay_trade_pay_response", &content));
        let pay = Pay::with_auth_code(
            "28763443825664394",
            PayRequired {
                out_trade_no: "1".into(),
                total_amount: price("1.00"),
                subject: "subject".into(),
            },
        );
        let error = client.trade().pay(pay).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_outcome_unknown()),
            (kind, true),
            "{content}: {error}"
        );
        alipay
            .canned
            .set(alipay.signed("alipay_trade_refund_response", &content));
        let refund = Refund::with_out_trade_no("1", price("1.00"));
        let error = client.trade().refund(refund).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_outcome_unknown()),
            (kind, true),
            "{content}: {error}"
        );
        let is_kept = kind == ErrorKind::Decode || content.contains("10000");
        assert!(
            !is_kept || error.verified_content() == Some(&*content),
            "{content}: {error}"
        );
        let error = client
            .call_raw("alipay.trade.refund", serde_json::json!({}))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.is_outcome_unknown()),
            (kind, true),
            "{content}: {error}"
        );
    }
    for sub_code in ["null", r#""""#, r#"" ""#] {
        let content = format!(r#"{{"code":"10000","sub_code":{sub_code},{number},"trade_status":"TRADE_SUCCESS"}}"#);
        alipay.query_signed(&content).await.unwrap();
    }
}

/// A login's success has no `code`, and only a login's.
#[tokio::test]
async fn a_login_succeeds_without_a_code() {
    let alipay = Answerer::new().await;
    let client = &alipay.client;
    let root = "alipay_system_oauth_token_response";
    let login = || {
        client
            .system()
            .oauth_token(OauthToken::with_code("code", OauthTokenGrantType::AuthorizationCode))
    };
    let content = r#"{"access_token":"a","refresh_token":"r","user_id":"2088"}"#;
    alipay.canned.set(alipay.signed(root, content));
    assert_eq!(login().await.unwrap().access_token.expose(), "a");
    client
        .call_raw("alipay.system.oauth.token", serde_json::json!({}))
        .await
        .unwrap();
    for refused in [
        r#"{"sub_code":"isv.code-invalid","access_token":"a"}"#,
        r#"{"code":"40002","access_token":"a"}"#,
    ] {
        alipay.canned.set(alipay.signed(root, refused));
        assert_eq!(login().await.unwrap_err().kind(), ErrorKind::Gateway, "{refused}");
    }
    for empty in ["{}", r#"{"access_token":""}"#] {
        alipay.canned.set(alipay.signed(root, empty));
        assert_eq!(login().await.unwrap_err().kind(), ErrorKind::Decode, "{empty}");
    }
}

/// Answers each request with the next of these bodies (the last for ever), and counts them.
#[derive(Clone, Debug)]
struct InTurn(Arc<Vec<String>>, Arc<AtomicUsize>);

impl InTurn {
    fn new(bodies: Vec<String>) -> Self {
        Self(Arc::new(bodies), Arc::default())
    }

    fn count(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Transport for InTurn {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst);
        let body = self.0[turn.min(self.0.len() - 1)].clone();
        Box::pin(async move { Ok(Response::new(body.into())) })
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_believed() {
    let alipay = Answerer::new().await;
    let client = &alipay.client;
    let content = r#"{"code":"10000","trade_no":"2026","out_trade_no":"T2","trade_status":"TRADE_SUCCESS"}"#;
    let query = |request: Query| {
        alipay.canned.set(alipay.signed("alipay_trade_query_response", content));
        async { client.trade().query(request).await }
    };
    query(Query::with_out_trade_no("T2")).await.unwrap();
    query(Query::with_trade_no("2026")).await.unwrap();
    for request in [
        Query::with_out_trade_no("T1"),
        Query::with_out_trade_no("t2"),
        Query::with_trade_no("2025"),
        Query::with_out_trade_no("T2").trade_no("2025"),
    ] {
        let error = query(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        assert!(
            !error.is_outcome_unknown() && error.to_string().contains("_no`"),
            "{error}"
        );
    }
    // What changes something may have been done all the same.
    let root = "alipay_trade_refund_response";
    alipay
        .canned
        .set(alipay.signed(root, r#"{"code":"10000","trade_no":"2026","out_trade_no":"T2"}"#));
    let error = client
        .trade()
        .refund(Refund::with_out_trade_no("T1", price("1.00")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (ErrorKind::Verification, true),
        "{error}"
    );
    assert!(!error.is_retryable(), "{error}");
    // A refusal may be another order's, too.
    let content = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","out_trade_no":"T2"}"#;
    alipay.canned.set(alipay.signed(root, content));
    let refund = |number: &str| client.trade().refund(Refund::with_out_trade_no(number, price("1.00")));
    let error = refund("T1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (ErrorKind::Verification, true),
        "{error}"
    );
    let error = refund("T2").await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(RefundErrorCode::AcqTradeNotExist), "{error}");
    // A number is the same as its digits, and what is absent or empty is no difference.
    for echo in [
        r#""out_trade_no":7"#,
        r#""out_trade_no":"""#,
        r#""out_trade_no":null"#,
        r#""store_id":"1""#,
    ] {
        let content = format!(r#"{{"code":"10000","trade_no":"2026",{echo}}}"#);
        alipay.canned.set(alipay.signed(root, &content));
        client
            .trade()
            .refund(Refund::with_out_trade_no("7", price("1.00")))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_read_that_was_answered_to_another_question_is_sent_once_more() {
    let alipay = Answerer::new().await;
    let answer = |number: &str| {
        let content =
            format!(r#"{{"code":"10000","trade_no":"2026","out_trade_no":"{number}","trade_status":"TRADE_SUCCESS"}}"#);
        alipay.signed("alipay_trade_query_response", &content)
    };
    for (answers, succeeds) in [
        (vec![answer("T2"), answer("T1")], true),
        (vec![answer("T2"), answer("T2"), answer("T1")], false),
    ] {
        let transport = InTurn::new(answers);
        let client = builder(&alipay.mock)
            .transport(transport.clone())
            .max_attempts(5)
            .build()
            .unwrap();
        let order = client.trade().query(Query::with_out_trade_no("T1")).await;
        assert_eq!((order.is_ok(), transport.count()), (succeeds, 2));
    }
    let refund = alipay.signed(
        "alipay_trade_refund_response",
        r#"{"code":"10000","trade_no":"1","out_trade_no":"T2"}"#,
    );
    let transport = InTurn::new(vec![refund]);
    let client = builder(&alipay.mock)
        .transport(transport.clone())
        .max_attempts(5)
        .build()
        .unwrap();
    client
        .trade()
        .refund(Refund::with_out_trade_no("T1", price("1.00")))
        .await
        .unwrap_err();
    assert_eq!(transport.count(), 1, "a refund is not sent again");
}

#[tokio::test]
async fn an_unsigned_refusal_decides_nothing() {
    let alipay = Answerer::new().await;
    let client = &alipay.client;
    let refusal = |root: &str, code: &str, sub_code: &str| {
        format!(
            r#"{{"{root}":{{"code":"{code}","msg":"Business Failed","sub_code":"{sub_code}","sub_msg":"交易不存在"}}}}"#
        )
    };
    let refund = || client.trade().refund(Refund::with_out_trade_no("1", price("1.00")));
    for root in ["alipay_trade_refund_response", "error_response"] {
        alipay.canned.set(refusal(root, "40004", "ACQ.TRADE_NOT_EXIST"));
        let error = refund().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_outcome_unknown()),
            (ErrorKind::Verification, true),
            "{error}"
        );
        assert_eq!(
            (error.class(), error.is_retryable(), error.is_verified()),
            (None, false, false)
        );
        assert_eq!(error.sub_code_as::<RefundErrorCode>(), None);
        // The words can be read.
        assert_eq!(
            (error.code(), error.sub_code()),
            (Some("40004"), Some("ACQ.TRADE_NOT_EXIST"))
        );
        assert!(
            error.to_string().contains("交易不存在") && error.to_string().contains("(unsigned)"),
            "{error}"
        );
    }
    // Nor under another code, or none.
    for (code, sub_code) in [
        ("40003", "ACQ.TRADE_NOT_EXIST"),
        ("40004 ", "isv.x"),
        ("", "ACQ.TRADE_HAS_CLOSE"),
    ] {
        alipay
            .canned
            .set(refusal("alipay_trade_refund_response", code, sub_code));
        let business = serde_json::json!({ "out_trade_no": "1" });
        let raw = client.call_raw("alipay.trade.refund", business).await;
        for error in [refund().await.unwrap_err(), raw.unwrap_err()] {
            assert_eq!(
                (error.kind(), error.class()),
                (ErrorKind::Verification, None),
                "{error}"
            );
            assert!(error.is_outcome_unknown() && error.sub_code_as::<RefundErrorCode>().is_none());
        }
    }
    // Where the gateway can't tell who calls, it signs nothing.
    for (code, sub_code) in [
        ("40002", "isv.invalid-app-id"),
        ("20000", "isp.unknow-error"),
        ("40002", "isv.invalid-signature"),
    ] {
        alipay
            .canned
            .set(refusal("alipay_trade_refund_response", code, sub_code));
        let error = refund().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_verified()),
            (ErrorKind::Gateway, false),
            "{error}"
        );
        assert!(
            error.is_outcome_unknown() && error.sub_code() == Some(sub_code),
            "{error}"
        );
    }
    // A read may be sent again where the failure may pass.
    let unavailable = refusal("alipay_trade_query_response", "20000", "isp.unknow-error");
    let order = alipay.signed("alipay_trade_query_response", ORDER);
    let transport = InTurn::new(vec![unavailable, order]);
    let client = builder(&alipay.mock).transport(transport.clone()).build().unwrap();
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    assert_eq!(transport.count(), 2);
}

#[tokio::test]
async fn a_refusal_that_may_be_repeated_says_nothing_of_the_outcome() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    alipay
        .canned
        .set(alipay.signed("alipay_trade_refund_response", content));
    for (gateway, is_unknown) in [
        ("https://gateway.example/gateway.do", false),
        (alipay.mock.gateway_url().as_str(), false),
        ("http://gateway.example/gateway.do", true),
    ] {
        let client = builder(&alipay.mock).gateway(gateway).transport(alipay.canned.clone());
        let refund = Refund::with_out_trade_no("1", price("1.00"));
        let error = client.build().unwrap().trade().refund(refund).await.unwrap_err();
        assert_eq!(error.sub_code_as(), Some(RefundErrorCode::AcqTradeNotExist));
        assert_eq!(error.is_outcome_unknown(), is_unknown, "{gateway}: {error}");
    }
}

#[tokio::test]
async fn a_read_with_half_an_answer_is_sent_again() {
    let alipay = Answerer::new().await;
    let order = alipay.signed("alipay_trade_query_response", ORDER);
    let cut = |length: usize| order[..length].to_owned();
    for half in [
        String::new(),
        "\n".to_owned(),
        cut(1),
        cut(order.len() / 2),
        cut(order.len() - 1),
    ] {
        let transport = InTurn::new(vec![half.clone(), order.clone()]);
        let client = builder(&alipay.mock).transport(transport.clone()).build().unwrap();
        client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        assert_eq!(transport.count(), 2, "{half}");
        alipay.canned.set(half);
        let refund = alipay
            .client
            .trade()
            .refund(Refund::with_out_trade_no("1", price("1.00")))
            .await;
        let error = refund.unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    }
    // Another page in its place is no half of an answer.
    let transport = InTurn::new(vec!["<html>".to_owned(), order.clone()]);
    let client = builder(&alipay.mock).transport(transport.clone()).build().unwrap();
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
    assert_eq!(transport.count(), 1);
}

#[tokio::test]
async fn a_refusal_in_gbk_keeps_its_codes_and_is_verified_over_its_bytes() {
    let alipay = Answerer::new().await;
    let content =
        r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在，诚"}"#;
    let (content, _, _) = encoding_rs::GBK.encode(content);
    let sign = alipay.mock.alipay_key_pair().sign(SignType::Rsa2, &content).unwrap();
    let body = |content: &[u8], sign: &str| {
        let tail = format!(r#","sign":"{sign}"}}"#);
        [br#"{"alipay_trade_query_response":"#, content, tail.as_bytes()].concat()
    };
    let error = alipay.query(body(&content, &sign)).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(QueryErrorCode::AcqTradeNotExist), "{error}");
    assert!(
        error.is_verified() && error.sub_message() == Some("交易不存在，诚"),
        "{error}"
    );
    // Another text under the same signature.
    let mut changed = content.to_vec();
    let last = changed.len() - 4;
    changed[last] ^= 1;
    assert_eq!(alipay.refused(body(&changed, &sign)).await, ErrorKind::Verification);
    // A success that is not in UTF-8, as was asked for, can't be read.
    let (success, _, _) = encoding_rs::GBK.encode(r#"{"code":"10000","trade_no":"1","trade_status":"好"}"#);
    let sign = alipay.mock.alipay_key_pair().sign(SignType::Rsa2, &success).unwrap();
    assert_eq!(alipay.refused(body(&success, &sign)).await, ErrorKind::Malformed);
}

#[tokio::test]
async fn an_error_under_its_own_root_may_be_signed() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-method"}"#;
    let error = alipay
        .query(alipay.signed("error_response", content))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Gateway, true));
    let unsigned = format!(r#"{{"error_response":{content}}}"#);
    let error = alipay.query(unsigned).await.unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Gateway, false));
    assert!(error.to_string().contains("(unsigned)"), "{error}");
    let wrong = alipay.signed("error_response", content).replace("40002", "40004");
    assert_eq!(alipay.refused(wrong).await, ErrorKind::Verification);
}

#[tokio::test]
async fn only_an_error_may_be_unsigned() {
    let alipay = Answerer::new().await;
    for content in [r#"{"code":"10000"}"#, "{}", r#"{"code":null}"#, r#"{"user_id":"1"}"#] {
        let body = format!(r#"{{"alipay_trade_query_response":{content}}}"#);
        assert_eq!(alipay.refused(body).await, ErrorKind::Verification, "{content}");
    }
}

#[tokio::test]
async fn waiting_for_the_buyer_must_be_signed_too() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":"10003","msg":"order success pay inprocess","out_trade_no":"1"}"#;
    let pay = || {
        Pay::with_auth_code(
            "28763443825664394",
            PayRequired {
                out_trade_no: "1".into(),
                total_amount: price("1.00"),
                subject: "subject".into(),
            },
        )
    };
    alipay
        .canned
        .set(format!(r#"{{"alipay_trade_pay_response":{content}}}"#));
    let error = alipay.client.trade().pay(pay()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (ErrorKind::Verification, true)
    );
    alipay.canned.set(alipay.signed("alipay_trade_pay_response", content));
    let outcome = alipay.client.trade().pay(pay()).await.unwrap();
    assert!(matches!(outcome, Outcome::Pending(order) if order.out_trade_no == "1"));
}

#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":"10000"}"#;
    let sign = alipay.sign(content);
    for body in [
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "\u{feff}{}".to_owned(),
        format!(r#"{{"alipay_trade_pay_response":{content},"sign":"{sign}"}}"#),
        format!(r#"{{"alipay_trade_query_response":[],"sign":"{}"}}"#, alipay.sign("[]")),
        format!(
            r#"{{"alipay_trade_query_response":"aGVsbG8=","sign":"{}"}}"#,
            alipay.sign("\"aGVsbG8=\"")
        ),
        format!(
            r#"{{"alipay_trade_query_response":{content},"alipay_trade_query_response":{content},"sign":"{sign}"}}"#
        ),
        format!(r#"{{"alipay_trade_query_response":{content},"error_response":{content},"sign":"{sign}"}}"#),
        format!(r#"{{"alipay_trade_query_response":{content},"sign":"{sign}","sign":"{sign}"}}"#),
        format!(r#"{{"alipay_trade_query_response":{content},"sign":"{sign}"}} trailing"#),
        format!(r#"{{"alipay_trade_query_response":{content},"s\u0069gn":"{sign}","sign":"{sign}"}}"#),
        "[".repeat(1 << 20),
    ] {
        assert_eq!(
            alipay.refused(body.clone()).await,
            ErrorKind::Malformed,
            "{}",
            &body[..body.len().min(99)]
        );
    }
    for sign in [r#""%""#, r#""AAAA""#, "7", r#"{"a":1}"#, "true"] {
        let body = format!(r#"{{"alipay_trade_query_response":{content},"sign":{sign}}}"#);
        assert_eq!(alipay.refused(body).await, ErrorKind::Verification, "{sign}");
    }
}

#[tokio::test]
async fn an_error_is_an_error_without_its_code() {
    let alipay = Answerer::new().await;
    let error = alipay
        .query(alipay.signed("error_response", r#"{"msg":"no code"}"#))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Gateway, Some("")));
    let content = r#"{"code":"\ud800"}"#;
    assert_eq!(
        alipay.query_signed(content).await.unwrap_err().kind(),
        ErrorKind::Malformed
    );
}

#[tokio::test]
async fn a_code_that_nobody_describes_leaves_the_outcome_unknown() {
    let alipay = Answerer::new().await;
    for (code, sub_code) in [
        ("40004", "ACQ.SYSTEM_ERROR"),
        ("40004", "aop.SYSTEM_ERROR"),
        ("40004", "BRAND_NEW"),
        ("10003", ""),
    ] {
        let content = format!(r#"{{"code":"{code}","msg":"m","sub_code":"{sub_code}"}}"#);
        alipay
            .canned
            .set(alipay.signed("alipay_trade_refund_response", &content));
        let refund = Refund::with_out_trade_no("1", price("1.00"));
        let error = alipay.client.trade().refund(refund).await.unwrap_err();
        assert!(
            error.is_outcome_unknown() && !error.is_retryable() && error.is_verified(),
            "{sub_code}: {error}"
        );
        let business = serde_json::json!({ "out_trade_no": "1", "refund_amount": "1.00" });
        if !sub_code.is_empty() {
            let error = alipay
                .client
                .call_raw("alipay.trade.refund", business)
                .await
                .unwrap_err();
            assert!(error.is_outcome_unknown(), "{sub_code}: {error}");
        }
        alipay
            .canned
            .set(alipay.signed("alipay_trade_query_response", &content));
        let error = alipay
            .client
            .trade()
            .query(Query::with_out_trade_no("1"))
            .await
            .unwrap_err();
        assert!(!error.is_outcome_unknown(), "a query changes nothing: {error}");
    }
}

#[tokio::test]
async fn an_escaped_slash_is_a_slash_and_nothing_else() {
    let alipay = Answerer::new().await;
    let signed = r#"{"code":"10000","trade_no":"1","trade_status":"TRADE_SUCCESS","subject":"a/b \\/"}"#;
    let sign = alipay.sign(signed);
    let body = |content: &str| format!(r#"{{"alipay_trade_query_response":{content},"sign":"{sign}"}}"#);
    let order = alipay.query(body(&signed.replace("a/b", r"a\/b"))).await.unwrap();
    assert_eq!(order.subject.as_deref(), Some(r"a/b \/"));
    for changed in [r"a\\/b", r"a\\\/b"] {
        assert_eq!(
            alipay.refused(body(&signed.replace("a/b", changed))).await,
            ErrorKind::Verification,
            "{changed}"
        );
    }
}

#[tokio::test]
async fn errors_show_no_token_and_no_line_break() {
    let alipay = Answerer::new().await;
    let error = alipay
        .query(r#"{"alipay_trade_query_response":{"app_auth_token":"201509BBeff9351a"#)
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("201509BBeff9351a"), "{error}");
    let content = format!(
        r#"{{"code":"40004","msg":"x\n2026 INFO paid \u001b[2J","sub_msg":"{}"}}"#,
        "long ".repeat(1000)
    );
    let error = alipay.query_signed(&content).await.unwrap_err();
    assert!(
        error.message().unwrap().contains('\n'),
        "the accessor has it as it came"
    );
    let shown = error.to_string();
    assert!(!shown.contains(char::is_control) && shown.len() < 1000, "{shown}");
}

#[tokio::test]
async fn many_members_cost_no_more_than_their_bytes() {
    let alipay = Answerer::new().await;
    let members: Vec<String> = (0..200_000).map(|n| format!(r#""m{n}":1"#)).collect();
    assert_eq!(
        alipay.refused(format!("{{{}}}", members.join(","))).await,
        ErrorKind::Malformed
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_at_hand_is_not_trusted() {
    let mut alipay = Answerer::new().await;
    alipay.mock = start_certified().await.0;
    alipay.client = certified_builder(&alipay.mock)
        .transport(alipay.canned.clone())
        .build()
        .unwrap();
    let body = alipay.signed("alipay_trade_query_response", ORDER);
    let named = body.replace(
        r#","sign""#,
        r#","alipay_cert_sn":"00000000000000000000000000000000","sign""#,
    );
    assert_ne!(named, body);
    let error = alipay.query(named).await.unwrap_err();
    // The download is answered with the same bytes.
    assert!(error.is_unknown_certificate(), "{error}");
    alipay.query(body).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic_or_pass(body: Vec<u8>, content: String, sign: String) {
        let (runtime, mock, _) = shared();
        let canned = Canned::default();
        let client = builder(mock).transport(canned.clone()).max_attempts(1).build().unwrap();
        let content = serde_json::Value::from(content);
        let sign = serde_json::Value::from(sign);
        let forged =
            format!(r#"{{"alipay_trade_query_response":{{"code":"10000","subject":{content}}},"sign":{sign}}}"#);
        for body in [body, forged.into_bytes()] {
            canned.set(body);
            let call = client.trade().query(Query::with_out_trade_no("1"));
            runtime.block_on(async { call.await }).unwrap_err();
        }
    }
}
