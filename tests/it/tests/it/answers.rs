//! Answers that a gateway, or somebody on the way, may send: made by hand, signed with Alipay's key where it says so.

use alipay_api::{
    Client, Error, ErrorKind, Outcome,
    trade::{Pay, Query, QueryResponse, Refund, types::TradeStatus},
    types::Open,
};
use alipay_mock::{Mock, keys::SignType};
use proptest::prelude::*;

use crate::{
    support::{builder, certified_builder, price, shared, start, start_certified},
    tamper::Canned,
};

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
        r#"{"code":"10000","msg":"Success","subject":"a } \"sign\":\"x\" { ] \\ \/ \u4f60 你 😀"}"#,
        "{ \"code\" : \"10000\" ,\n\t\"subject\":\"a } \\\"sign\\\":\\\"x\\\" { ] \\\\ / \\u4f60 你 \\ud83d\\ude00\" }",
    ] {
        let order = alipay.query_signed(content).await.unwrap();
        assert_eq!(
            order.subject.as_deref(),
            Some("a } \"sign\":\"x\" { ] \\ / 你 你 😀"),
            "{content}"
        );
    }
    // The order of the root's members does not count, nor do members that nobody knows.
    let content = r#"{"code":"10000"}"#;
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
    assert_eq!(order.trade_status, Open::<TradeStatus>::from("NEW_STATUS"));
    assert_eq!(order.enterprise_pay_info, None);
    assert_eq!(order.fund_bill_list[0].amount, Some(price("0.01")));
    assert_eq!(order.extra.get("new"), Some(r#"{"a":1}"#));
}

#[tokio::test]
async fn what_is_verified_and_still_unreadable_says_where() {
    let alipay = Answerer::new().await;
    let error = alipay
        .query_signed(r#"{"code":"10000","total_amount":{"yuan":1}}"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .to_string()
            .contains("`total_amount`: expected an amount, found an object"),
        "{error}"
    );
    let content = format!(
        r#"{{"code":"10000","fund_bill_list":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(
        alipay.query_signed(&content).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
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
    // An answer without a code is a success, where it is signed: a login's has none.
    alipay.query_signed(r#"{"trade_no":"1"}"#).await.unwrap();
}

#[tokio::test]
async fn waiting_for_the_buyer_must_be_signed_too() {
    let alipay = Answerer::new().await;
    let content = r#"{"code":"10003","msg":"order success pay inprocess","out_trade_no":"1"}"#;
    let pay = || Pay::with_auth_code("28763443825664394", "1", price("1.00"), "subject");
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
    let signed = r#"{"code":"10000","subject":"a/b \\/"}"#;
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
    let content = r#"{"code":"10000"}"#;
    let body = alipay.signed("alipay_trade_query_response", content);
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
