//! Statuses, bodies, and answers that a test orders.

use alipay_mock::{Answer, Mock};
use serde_json::json;

use super::client::Caller;

const QUERY: &str = "/v3/alipay/trade/query";

#[tokio::test]
async fn a_refusal_has_the_code_that_says_why() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let body = json!({ "out_trade_no": "1" });
    for (code, sub_code, expected) in [
        ("40004", "ACQ.TRADE_NOT_EXIST", "400 ACQ.TRADE_NOT_EXIST"),
        ("40004", "ACQ.SYSTEM_ERROR", "400 ACQ.SYSTEM_ERROR"),
        ("20000", "isp.unknow-error", "500 unknow-error"),
        ("20000", "aop.ACQ.SYSTEM_ERROR", "500 ACQ.SYSTEM_ERROR"),
        ("20001", "aop.invalid-auth-token", "401 invalid-auth-token"),
        ("40002", "isv.invalid-parameter", "400 invalid-parameter"),
        ("40005", "isv.app-call-limited", "429 app-call-limited"),
        (
            "40006",
            "isv.insufficient-isv-permissions",
            "401 insufficient-isv-permissions",
        ),
        ("40004", "", "400 40004"),
    ] {
        mock.answer_next("alipay.trade.query", code, sub_code, false);
        let reply = caller.post(QUERY, &body).await;
        assert_eq!((reply.code().as_str(), reply.is_signed(&caller)), (expected, true));
        assert_eq!(reply.json().get("links").is_some(), code != "40004");
        assert_eq!(reply.header("alipay-mock-answer"), Some("ordered"));
    }
    // The method's own codes are the same in both protocols.
    let body = json!({ "grant_type": "authorization_code", "code": "x" });
    let refused = caller.post("/v3/alipay/system/oauth/token", &body).await;
    assert_eq!(refused.code(), "400 isv.code-invalid");
    // A failure may have fields.
    let error = json!({ "code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "没有", "out_trade_no": "1" });
    mock.answer("alipay.trade.query", error).unwrap();
    let refused = caller.post(QUERY, &json!({ "out_trade_no": "1" })).await;
    let expected = json!({ "code": "ACQ.TRADE_NOT_EXIST", "message": "没有", "out_trade_no": "1" });
    assert_eq!((refused.status, refused.json()), (400, expected));
}

#[tokio::test]
async fn a_payment_that_waits_is_no_success() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let body =
        json!({ "out_trade_no": "1", "total_amount": "1000.01", "subject": "x", "auth_code": "28763443825664394" });
    let waits = caller.post("/v3/alipay/trade/pay", &body).await;
    assert_eq!(waits.code(), "400 10003");
    assert!(waits.is_signed(&caller));
    assert_eq!(waits.text("out_trade_no"), "1");
    assert_eq!(waits.text("message"), "order success pay inprocess");
    mock.pay("1").unwrap();
    let query = caller.post(QUERY, &json!({ "out_trade_no": "1" })).await;
    assert_eq!(query.text("trade_status"), "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_method_may_have_a_code_of_its_own() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let got = caller
        .post("/v3/alipay/mobile/public/menu/add", &json!({ "biz_content": "{}" }))
        .await;
    assert_eq!(got.code(), "200 200");
    assert_eq!(got.header("alipay-mock-answer"), Some("not-played"));
    assert_eq!(mock.not_played_of("alipay.mobile.public.menu.add"), 1);
    let token = json!({ "grant_type": "authorization_code", "code": mock.authorise_user(None, "auth_user") });
    let granted = caller.post("/v3/alipay/system/oauth/token", &token).await;
    assert_eq!(granted.status, 200, "{granted:?}");
    let shared = format!("/v3/alipay/user/info/share?auth_token={}", granted.text("access_token"));
    let shared = caller.call("POST", &shared, "").send().await;
    assert_eq!(shared.status, 200, "{shared:?}");
}

#[tokio::test]
async fn ordered_answers_go_before_the_gateways_own() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let body = json!({ "out_trade_no": "1" });
    mock.answer("alipay.trade.query", json!({ "trade_status": "TRADE_FINISHED" }))
        .unwrap();
    let reply = caller.post(QUERY, &body).await;
    assert_eq!(
        (reply.status, reply.text("trade_status").as_str()),
        (200, "TRADE_FINISHED")
    );
    assert_eq!(reply.text("out_trade_no"), "1");
    mock.answer("alipay.trade.query", Answer::from(json!({ "a": 1 })).exactly())
        .unwrap();
    assert_eq!(caller.post(QUERY, &body).await.json(), json!({ "a": 1 }));
    // A method without a spec stands at its name.
    let own = "/v3/alipay/shop/thing/get";
    assert_eq!(caller.call("GET", own, "").send().await.code(), "400 invalid-method");
    mock.answer(
        "alipay.shop.thing.get",
        |request: &serde_json::Value| json!({ "asked": request }),
    )
    .unwrap();
    let reply = caller.call("GET", &format!("{own}?id=7"), "").send().await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "asked": { "id": "7" } })));
    assert_eq!(mock.requests_of("alipay.shop.thing.get"), 1);
    // One that has a spec stands where that says, or nowhere.
    mock.answer("alipay.trade.page.pay", Answer::error("40004", "X"))
        .unwrap();
    assert_eq!(
        caller.post("/v3/alipay/trade/page/pay", &body).await.code(),
        "400 invalid-method"
    );
}
