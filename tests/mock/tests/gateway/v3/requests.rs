//! What is signed, and where fields stand.

use alipay_mock::Mock;
use alipay_mock::keys::SignType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Caller, NOON, SCHEME, noon};

const PRECREATE: &str = "/v3/alipay/trade/precreate";
const QUERY: &str = "/v3/alipay/trade/query";

#[tokio::test]
async fn a_post_is_signed_line_by_line() {
    let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
    let caller = Caller::of(&mock);
    let body = r#"{"out_trade_no":"1","total_amount":"9.00","subject":"大乐透"}"#;
    let message = "app_id=2021,nonce=a-1,timestamp=1773979200000\nPOST\n/v3/alipay/trade/precreate\n\
        {\"out_trade_no\":\"1\",\"total_amount\":\"9.00\",\"subject\":\"大乐透\"}\n";
    let sign = caller.sign(message);
    let authorization = format!("{SCHEME} app_id=2021,nonce=a-1,timestamp=1773979200000,sign={sign}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("alipay-request-id", "0123"),
    ];
    let reply = caller.send("POST", PRECREATE, &headers, body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.is_signed(&caller));
    let code = format!("{}/qr/bax", mock.base_url());
    assert!(reply.text("qr_code").starts_with(&code));
    assert_eq!(reply.text("out_trade_no"), "1");
    let json = reply.json();
    assert!(json.get("code").is_none() && json.get("msg").is_none(), "{json}");
    assert_eq!(reply.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(reply.header("alipay-timestamp"), Some(NOON));
    assert!(reply.header("alipay-trace-id").is_some() && reply.header("alipay-sn").is_none());

    let received = mock.last_request("alipay.trade.precreate").unwrap();
    let content: Value = serde_json::from_str(&received["biz_content"]).unwrap();
    assert_eq!(content, serde_json::from_str::<Value>(body).unwrap());
    for (name, value) in [
        ("app_id", "2021"),
        ("nonce", "a-1"),
        ("timestamp", NOON),
        ("sign", &sign),
        ("http_method", "POST"),
        ("path", PRECREATE),
        ("body", body),
        ("alipay-request-id", "0123"),
    ] {
        assert_eq!(received[name], value);
    }
    assert_eq!(mock.requests_of("alipay.trade.precreate"), 1);
}

#[tokio::test]
async fn path_and_query_are_signed_as_they_are_sent() {
    let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
    let caller = Caller::of(&mock);
    let answer = |request: &Value| json!({ "activity_name": request.to_string() });
    mock.answer("alipay.marketing.activity.query", answer).unwrap();
    // A slash in a parameter of the path, a space and letters that are not ASCII; the body is empty.
    let target = "/v3/alipay/marketing/activity/2016%2F07?merchant_id=%E5%BA%97+1&merchant_access_mode=AGENCY%20MODE";
    let message = "app_id=2021,nonce=a-1,timestamp=1773979200000\nGET\n\
        /v3/alipay/marketing/activity/2016%2F07?merchant_id=%E5%BA%97+1&merchant_access_mode=AGENCY%20MODE\n\n";
    let sign = caller.sign(message);
    let authorization = format!("{SCHEME} app_id=2021,nonce=a-1,timestamp=1773979200000,sign={sign}");
    let reply = caller
        .send("GET", target, &[("authorization", &authorization)], "")
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let asked: Value = serde_json::from_str(&reply.text("activity_name")).unwrap();
    let expected = json!({ "activity_id": "2016/07", "merchant_id": "店 1", "merchant_access_mode": "AGENCY MODE" });
    assert_eq!(asked, expected);
    assert!(reply.is_signed(&caller));

    let other = target.replace("%2F", "/");
    let reply = caller
        .send("GET", &other, &[("authorization", &authorization)], "")
        .await;
    assert_eq!(reply.code(), "400 invalid-method");
}

#[tokio::test]
async fn of_a_form_its_data_is_signed() {
    let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
    let caller = Caller::of(&mock);
    let form = b"--XX\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n\
        {\"image_type\":\"jpg\"}\r\n--XX\r\nContent-Disposition: form-data; name=\"image_content\"; filename=\"a.jpg\"\r\n\
        Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n\x00\r\n--XX--\r\n";
    let message = "app_id=2021,nonce=a-1,timestamp=1773979200000\nPOST\n/v3/alipay/merchant/image/upload\n\
        {\"image_type\":\"jpg\"}\n";
    let sign = caller.sign(message);
    let authorization = format!("{SCHEME} app_id=2021,nonce=a-1,timestamp=1773979200000,sign={sign}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "multipart/form-data; boundary=XX"),
    ];
    let reply = caller
        .send("POST", "/v3/alipay/merchant/image/upload", &headers, form)
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.text("image_id").len(), 32);
    let files = mock.last_files("alipay.merchant.image.upload").unwrap();
    let file = &files[0];
    assert_eq!(
        (file.0.as_str(), file.1.name.as_str(), &*file.1.content),
        ("image_content", "a.jpg", &b"\xff\xd8\r\n\x00"[..])
    );
}

#[tokio::test]
async fn the_merchants_token_is_the_last_line() {
    let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
    let caller = Caller::of(&mock);
    let code = mock.authorise(Some("2023"), Some("2089"));
    let exchange = json!({ "grant_type": "authorization_code", "code": code });
    let granted = caller
        .call("POST", "/v3/alipay/open/auth/token/app", &exchange.to_string())
        .auth("app_id=2021,nonce=1,timestamp=1773979200000")
        .send()
        .await;
    let token = granted.text("app_auth_token");
    let body = r#"{"out_trade_no":"1","total_amount":"9.00","subject":"x","buyer_id":"2088"}"#;
    let message =
        format!("app_id=2021,nonce=a-1,timestamp=1773979200000\nPOST\n/v3/alipay/trade/create\n{body}\n{token}\n");
    let sign = caller.sign(&message);
    let authorization = format!("{SCHEME} app_id=2021,nonce=a-1,timestamp=1773979200000,sign={sign}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json; charset=UTF-8"),
        ("alipay-app-auth-token", &token),
    ];
    let reply = caller.send("POST", "/v3/alipay/trade/create", &headers, body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(mock.trade("1").unwrap().seller_id, "2089");
    assert_eq!(
        mock.last_request("alipay.trade.create").unwrap()["app_auth_token"],
        token
    );
    // The line belongs to the message if, and only if, the header is there.
    let without = &headers[..2];
    let reply = caller.send("POST", "/v3/alipay/trade/create", without, body).await;
    assert_eq!(reply.code(), "400 invalid-signature");
}

#[tokio::test]
async fn with_certificates_both_sides_name_theirs() {
    let mock = Mock::builder().app_id("2021").certificates().start().await.unwrap();
    let mut caller = Caller::of(&mock);
    let (app_cert_sn, root_cert_sn) = serials(&mock).await;
    let body = json!({ "out_trade_no": "1", "total_amount": "9.00", "subject": "x" }).to_string();
    let call = || {
        let call = caller.call("POST", PRECREATE, &body);
        let auth = call
            .auth
            .replace(",nonce=", &format!(",app_cert_sn={app_cert_sn},nonce="));
        call.auth(auth).header("alipay-root-cert-sn", &root_cert_sn)
    };
    let reply = call().send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.is_signed(&caller));
    let first = mock.alipay_cert_sn();
    assert_eq!(reply.header("alipay-sn"), Some(first.as_str()));

    let plain = caller
        .call("POST", PRECREATE, &body)
        .header("alipay-root-cert-sn", &root_cert_sn);
    assert_eq!(plain.send().await.code(), "400 missing-app-cert-sn");
    assert_eq!(
        call().without("alipay-root-cert-sn").send().await.code(),
        "400 missing-alipay-root-cert-sn"
    );
    let other = call().without("alipay-root-cert-sn").header("alipay-root-cert-sn", "1");
    assert_eq!(other.send().await.code(), "400 invalid-alipay-root-cert-sn");
    let unknown = call();
    let auth = unknown.auth.replace(&app_cert_sn, "1");
    assert_eq!(unknown.auth(auth).send().await.code(), "400 app-cert-not-exist");

    let second = mock.roll_over_alipay_certificate().unwrap();
    let reply = call().send().await;
    assert_eq!(reply.header("alipay-sn"), Some(second.as_str()));
    let signature = reply.header("alipay-signature").unwrap().to_owned();
    assert!(first != second && !reply.verifies(&caller, &signature));
    caller.v2.alipay = STANDARD.decode(mock.alipay_public_key()).unwrap();
    assert!(reply.verifies(&caller, &signature));
}

#[tokio::test]
async fn a_field_stands_where_the_spec_has_it() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    // V3 has not.
    let body = json!({ "out_trade_no": "1", "total_amount": "9.00", "subject": "x", "payment_type": "1" });
    let refused = caller.post(PRECREATE, &body).await;
    assert_eq!(refused.code(), "400 invalid-parameter");
    assert!(refused.text("message").contains("payment_type"), "{refused:?}");
    // In the query, not in the body; and the reverse.
    let body = json!({ "auth_token": "x" });
    let share = "/v3/alipay/user/info/share";
    assert_eq!(caller.post(share, &body).await.code(), "400 invalid-parameter");
    let shared = caller.call("POST", &format!("{share}?auth_token=x"), "").send().await;
    assert_eq!(shared.code(), "401 invalid-auth-token");
    let query = caller.call("POST", &format!("{QUERY}?out_trade_no=1"), "").send().await;
    assert_eq!(query.code(), "400 invalid-parameter");
    // What nobody knows is no field.
    let body = json!({ "out_trade_no": "1", "colour": "red" });
    assert_eq!(
        caller.post(&format!("{QUERY}?x=1"), &body).await.code(),
        "400 ACQ.TRADE_NOT_EXIST"
    );
    // The limits of the spec.
    let body = json!({ "out_trade_no": "x".repeat(65) });
    let refused = caller.post(QUERY, &body).await;
    assert_eq!(refused.code(), "400 ACQ.INVALID_PARAMETER");
    assert_eq!(mock.refusals_with("ACQ.INVALID_PARAMETER"), 1);
    let refused = caller.post(QUERY, &json!({})).await;
    assert_eq!(refused.code(), "400 ACQ.INVALID_PARAMETER");
}

#[tokio::test]
async fn what_v2_has_beside_the_content_stands_in_the_body() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let body = json!({
        "out_trade_no": "1", "total_amount": "9.00", "subject": "x", "notify_url": "ftp://example.com/",
    });
    assert_eq!(caller.post(PRECREATE, &body).await.code(), "400 invalid-parameter");
    let url = format!("{}/nowhere", mock.base_url());
    let body = json!({ "out_trade_no": "1", "total_amount": "9.00", "subject": "x", "notify_url": url });
    assert_eq!(caller.post(PRECREATE, &body).await.status, 200);
    assert_eq!(mock.last_request("alipay.trade.precreate").unwrap()["notify_url"], url);
    let trade = mock.pay("1").unwrap().trade;
    let notified = trade.notifications.first().unwrap();
    assert_eq!(notified.url, url);
    // A whole content as text.
    let body = json!({ "biz_content": r#"{"product":"x"}"# });
    assert_eq!(caller.post("/v3/monitor/heartbeat/syn", &body).await.status, 200);
    let received = mock.last_request("monitor.heartbeat.syn").unwrap();
    assert_eq!(received["biz_content"], r#"{"product":"x"}"#);
    let body = json!({ "biz_content": "[]" });
    assert_eq!(
        caller.post("/v3/monitor/heartbeat/syn", &body).await.code(),
        "400 illegal-json"
    );
}

#[tokio::test]
async fn both_protocols_see_the_same_orders() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    // Paid over V3, seen over V2.
    let pay = json!({ "out_trade_no": "1", "total_amount": "9.00", "subject": "x", "auth_code": "28763443825664394" });
    let paid = caller.post("/v3/alipay/trade/pay", &pay).await;
    assert_eq!(paid.status, 200, "{paid:?}");
    let seen = caller
        .v2
        .call("alipay.trade.query", &json!({ "out_trade_no": "1" }))
        .await;
    assert_eq!(seen.text("trade_status"), "TRADE_SUCCESS");
    assert_eq!(seen.text("trade_no"), paid.text("trade_no"));
    // Created over V2, paid by the buyer, refunded over V3.
    caller.v2.create("2", "5.00", &[]).await;
    let query = async || caller.post(QUERY, &json!({ "out_trade_no": "2" })).await;
    assert_eq!(query().await.text("trade_status"), "WAIT_BUYER_PAY");
    mock.pay("2").unwrap();
    assert_eq!(query().await.text("trade_status"), "TRADE_SUCCESS");
    let refund = json!({ "out_trade_no": "2", "refund_amount": "5.00", "out_request_no": "r" });
    assert_eq!(
        caller
            .post("/v3/alipay/trade/refund", &refund)
            .await
            .text("fund_change"),
        "Y"
    );
    let seen = caller
        .v2
        .call("alipay.trade.query", &json!({ "out_trade_no": "2" }))
        .await;
    assert_eq!(seen.text("trade_status"), "TRADE_CLOSED");
    assert_eq!(mock.movements().len(), 3);
}

#[tokio::test]
async fn a_gateway_without_a_server_speaks_v3_too() {
    let mock = Mock::start().await.unwrap();
    let gateway = Mock::builder().clock(noon).in_process(7).unwrap();
    let key = mock.app_key_pair().unwrap();
    let app_id = mock.app_id();
    let body = r#"{"out_trade_no":"1","total_amount":"9.00","subject":"x"}"#;
    let auth = format!("app_id={app_id},nonce=1,timestamp=1773979200000");
    let sign = key.sign(
        SignType::Rsa2,
        format!("{auth}\nPOST\n{PRECREATE}\n{body}\n").as_bytes(),
    );
    let request = http::Request::post(PRECREATE)
        .header("authorization", format!("{SCHEME} {auth},sign={}", sign.unwrap()))
        .header("content-type", "application/json")
        .body(bytes::Bytes::from(body))
        .unwrap();
    let answer = gateway.handle(&request);
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert!(gateway.pay("1").is_ok());
    let again = Mock::builder().clock(noon).in_process(7).unwrap().handle(&request);
    assert_eq!(format!("{answer:?}"), format!("{again:?}"));
    let elsewhere = http::Request::post("/v4/alipay/trade/pay")
        .body(bytes::Bytes::new())
        .unwrap();
    assert_eq!(gateway.handle(&elsewhere).status(), 404);
}

/// The serials that the gateway tells: the app's, and the roots'.
async fn serials(mock: &Mock) -> (String, String) {
    let (_, shown) = crate::client::control(mock, None, "certificates").await;
    let text = |name: &str| shown[name].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    (text("app_cert_sn"), text("alipay_root_cert_sn"))
}
