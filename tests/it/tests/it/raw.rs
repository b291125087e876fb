use std::collections::BTreeMap;

use alipay_api::{
    ErrorClass, ErrorKind,
    trade::{CreateResponse, QueryErrorCode},
};
use alipay_mock::{Fault, keys::SignType};
use serde_json::json;

use crate::{
    pages::submit,
    support::{builder, paid_order, start, start_certified, start_lenient},
    tamper::Canned,
};

#[tokio::test]
async fn a_method_can_be_called_by_name() {
    let (_mock, client) = start_lenient().await;
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
    let error = answer.get::<i64>("msg").unwrap_err();
    assert!(error.to_string().starts_with("`msg`: expected"), "{error}");
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
        ("alipay.trade.page.pay", "Client::page or Client::page_raw"),
        ("alipay.trade.wap.pay", "Client::page or Client::page_raw"),
        ("alipay.trade.app.pay", "Client::app or Client::app_raw"),
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
        .call_raw("alipay.no.such.page.sign", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.invalid-method"));
    assert!(
        error
            .to_string()
            .contains("by its name, a browser is sent to this method"),
        "{error}"
    );
    let error = client
        .call_raw("alipay.no.such.app.freeze", json!({}))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a phone app hands this method to the Alipay app"),
        "{error}"
    );
    let error = client.call_raw("alipay.open.app.no.such", json!({})).await.unwrap_err();
    assert!(!error.to_string().contains("by its name"), "{error}");
    assert_eq!(mock.requests(), 3);
}

#[tokio::test]
async fn pages_and_order_strings_of_a_method_with_a_spec_can_be_made_by_name() {
    let (mock, client) = start_lenient().await;
    let order = |number: &str| json!({ "out_trade_no": number, "total_amount": "0.01", "subject": "a&b=c+d%", "product_code": "FAST_INSTANT_TRADE_PAY" });
    let page = client.page_raw("alipay.trade.page.pay", order("1"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let opened = http.get(page.url().unwrap()).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    assert_eq!(
        submit(&client.page_raw("alipay.trade.wap.pay", order("2")).form().unwrap())
            .await
            .0,
        200
    );
    let order_string = client
        .app_raw("alipay.trade.app.pay", order("3"))
        .order_string()
        .unwrap();
    let paid = http
        .get(format!("{}?{order_string}", client.gateway()))
        .send()
        .await
        .unwrap();
    assert_eq!(paid.status(), 200);
    for number in ["1", "2", "3"] {
        assert_eq!(mock.trade(number).unwrap().subject, "a&b=c+d%", "{number}");
    }
    // Each in its own way only.
    let error = client.page_raw("alipay.trade.app.pay", order("4")).url().unwrap_err();
    assert!(
        error.to_string().contains("Client::app_raw") && error.kind() == ErrorKind::Request,
        "{error}"
    );
    let error = client
        .app_raw("alipay.trade.page.pay", order("4"))
        .order_string()
        .unwrap_err();
    assert!(
        error.to_string().contains("Client::page_raw") && error.kind() == ErrorKind::Request,
        "{error}"
    );
    // What would be refused when it comes back in a notification.
    let ambiguous = json!({ "subject": "A&trade_no=1" });
    let page = client.page_raw("alipay.no.such.page.pay", ambiguous.clone());
    let app = client
        .app_raw("alipay.no.such.app.pay", json!({}))
        .parameter("subject", "A&trade_no=1");
    for error in [page.url(), page.form(), app.order_string()].map(Result::unwrap_err) {
        assert!(error.to_string().contains("`subject` holds `&trade_no=`"), "{error}");
    }
}

#[tokio::test]
async fn a_methods_own_members_reach_the_caller_and_decide_nothing() {
    const METHOD: &str = "alipay.no.such.method";
    const ANSWERED: &str = r#"{"code":"10000","msg":"Success","sub_code":"PART","sub_msg":"in part","n":1}"#;

    let (mock, _) = start().await;
    let canned = Canned::default();
    let client = builder(&mock).transport(canned.clone()).build().unwrap();
    let answer = |content: &str, sign: bool| {
        let sign = if sign {
            mock.alipay_key_pair().sign(SignType::Rsa2, content.as_bytes()).unwrap()
        } else {
            String::new()
        };
        canned.set(format!(
            r#"{{"alipay_no_such_method_response":{content},"sign":"{sign}"}}"#
        ));
    };
    let call = || client.call_raw(METHOD, json!({}));
    answer(ANSWERED, true);
    // Unless somebody says otherwise, it is an error of the gateway's.
    let error = call().await.unwrap_err();
    assert_eq!((error.kind(), error.sub_code()), (ErrorKind::Gateway, Some("PART")));
    assert!(error.is_outcome_unknown());
    // One that is named says nothing of the other.
    let own = |names| call().own_members(names);
    assert_eq!(own(&["sub_msg"]).await.unwrap_err().sub_code(), Some("PART"));

    let answered = own(&["sub_code"]).await.unwrap();
    assert_eq!(answered.code().as_deref(), Some("10000"));
    assert_eq!(answered.get::<String>("sub_code").unwrap().as_deref(), Some("PART"));
    let read: CreateResponse = answered.read().unwrap();
    assert_eq!(read.extra.get("sub_code"), Some("\"PART\""));
    assert_eq!((read.extra.get("sub_msg"), read.extra.get("n")), (None, Some("1")));

    // The gateway's code decides all the same, and so does the signature.
    for (content, kind) in [
        (ANSWERED.replace("10000", "40004"), ErrorKind::Gateway),
        (ANSWERED.replace("10000", "20000"), ErrorKind::Gateway),
        (ANSWERED.replace(r#""code":"10000","#, ""), ErrorKind::Decode),
    ] {
        answer(&content, true);
        let error = own(&["code", "msg", "sub_code", "sub_msg"]).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.is_outcome_unknown(), "{error}");
    }
    answer(ANSWERED, false);
    assert_eq!(own(&["sub_code"]).await.unwrap_err().kind(), ErrorKind::Verification);

    let sent = canned.sent();
    let error = own(&["sub_cod"]).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Request, false));
    assert!(error.to_string().contains("not `sub_cod`"), "{error}");
    assert_eq!(canned.sent(), sent);
}

#[tokio::test]
async fn an_unsigned_refusal_decides_nothing_where_the_sub_code_is_the_methods_own() {
    const REFUSED: &str = r#"{"code":"20001","msg":"","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;

    let (mock, _) = start().await;
    let canned = Canned::default();
    let client = builder(&mock).transport(canned.clone()).build().unwrap();
    canned.set(format!(r#"{{"alipay_no_such_method_response":{REFUSED}}}"#));
    let call = || client.call_raw("alipay.no.such.method", json!({})).reads();
    for call in [call(), call().own_members(&["sub_code"])] {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        assert_eq!(error.sub_code_as::<QueryErrorCode>(), None, "{error}");
    }
}

#[tokio::test]
async fn a_token_that_is_given_as_a_parameter_is_a_token() {
    const TOKEN: &str = "201509BBeff9351ad18743";

    let (mock, client) = start().await;
    let page = |token: &str| {
        let page = client.page_raw("alipay.no.such.page.pay", json!({}));
        page.parameter("app_auth_token", token)
    };
    for error in [
        page(TOKEN).url().unwrap_err(),
        page(TOKEN).url_async().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(
            error.to_string().contains("use `form`, or `url_with_app_auth_token`"),
            "{error}"
        );
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
    assert!(page(TOKEN).form().unwrap().contains(TOKEN));
    assert!(page(TOKEN).url_with_app_auth_token().unwrap().contains(TOKEN));
    // An empty one would leave a call for the app itself.
    let call = client.call_raw("alipay.trade.refund", json!({}));
    let app = client.app_raw("alipay.no.such.app.pay", json!({}));
    for error in [
        page(" ").form().unwrap_err(),
        app.parameter("app_auth_token", "").order_string().unwrap_err(),
        call.parameter("app_auth_token", "").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        assert!(error.to_string().contains("the app_auth_token is empty"), "{error}");
    }
    assert_eq!(mock.requests(), 0);
}
