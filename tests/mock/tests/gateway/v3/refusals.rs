//! What the gateway refuses, and what it calls that.

use alipay_mock::Mock;
use serde_json::json;

use super::client::{Caller, NOON, SCHEME, noon};

const QUERY: &str = "/v3/alipay/trade/query";
const BODY: &str = r#"{"out_trade_no":"1"}"#;

async fn gateway() -> (Mock, Caller) {
    let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
    let caller = Caller::of(&mock);
    (mock, caller)
}

#[tokio::test]
async fn authorizations_that_say_too_little_or_too_much() {
    let (mock, caller) = gateway().await;
    let json = ("content-type", "application/json");
    let none = caller.send("POST", QUERY, &[json], BODY).await;
    assert_eq!(none.code(), "400 missing-timestamp");
    assert_eq!(none.text("message"), "缺少时间戳参数");
    assert!(!none.is_signed(&caller) && none.header("alipay-trace-id").is_some());
    assert_eq!(mock.refusals_with("isv.missing-timestamp"), 1);

    let sound = format!("app_id=2021,nonce=1,timestamp={NOON}");
    let sign = caller.sign(&format!("{sound}\nPOST\n{QUERY}\n{BODY}\n"));
    let sound = format!("{SCHEME} {sound},sign={sign}");
    let twice = [json, ("authorization", &sound), ("authorization", &sound)];
    assert_eq!(
        caller.send("POST", QUERY, &twice, BODY).await.code(),
        "400 invalid-parameter"
    );
    let once = caller.send("POST", QUERY, &twice[..2], BODY).await;
    assert_eq!(once.code(), "400 ACQ.TRADE_NOT_EXIST");

    for (value, code) in [
        (
            sound.replace(SCHEME, "ALIPAY-SHA1withRSA"),
            "400 invalid-signature-type",
        ),
        (sound.replace("nonce=1", "nonce"), "400 invalid-parameter"),
        (sound.replace("nonce=1", "app_id=2021"), "400 invalid-parameter"),
        (SCHEME.to_owned(), "400 invalid-parameter"),
    ] {
        let reply = caller
            .send("POST", QUERY, &[json, ("authorization", &value)], BODY)
            .await;
        assert_eq!(
            (reply.code().as_str(), reply.is_signed(&caller)),
            (code, false),
            "{value}"
        );
    }
}

#[tokio::test]
async fn who_is_not_known_gets_no_signature() {
    let (_mock, caller) = gateway().await;
    let time = format!("timestamp={NOON}");
    for (auth, code, signed) in [
        (format!("nonce=1,{time}"), "400 missing-app-id", false),
        (format!("app_id=2022,nonce=1,{time}"), "400 invalid-app-id", false),
        ("app_id=2021,nonce=1".to_owned(), "400 missing-timestamp", true),
        (format!("app_id=2021,{time}"), "400 invalid-parameter", true),
        (
            "app_id=2021,nonce=1,timestamp=2026-03-20 12:00:00".to_owned(),
            "400 invalid-timestamp",
            true,
        ),
        // A second is no millisecond.
        (
            "app_id=2021,nonce=1,timestamp=1773979200".to_owned(),
            "400 invalid-timestamp",
            true,
        ),
        // 10 minutes and a millisecond, before and after.
        (
            "app_id=2021,nonce=1,timestamp=1773978599999".to_owned(),
            "400 invalid-timestamp",
            true,
        ),
        (
            "app_id=2021,nonce=1,timestamp=1773979800001".to_owned(),
            "400 invalid-timestamp",
            true,
        ),
        (
            "app_id=2021,nonce=1,timestamp=1773978600000".to_owned(),
            "400 ACQ.TRADE_NOT_EXIST",
            true,
        ),
        (
            format!("app_id=2021,nonce=1,{time},expired_seconds=120"),
            "400 ACQ.TRADE_NOT_EXIST",
            true,
        ),
        (
            format!("app_id=2021,app_cert_sn=1,nonce=1,{time}"),
            "400 app-cert-not-exist",
            true,
        ),
    ] {
        let reply = caller.call("POST", QUERY, BODY).auth(auth.as_str()).send().await;
        assert_eq!(
            (reply.code().as_str(), reply.is_signed(&caller)),
            (code, signed),
            "{auth}"
        );
    }
    let known = || {
        caller
            .call("POST", QUERY, BODY)
            .auth(format!("app_id=2021,nonce=1,{time}"))
    };
    let reply = known().send_signed("").await;
    assert_eq!(reply.code(), "400 missing-signature");
    let reply = known().send_signed("AAAA").await;
    assert_eq!(
        (reply.code().as_str(), reply.is_signed(&caller)),
        ("400 invalid-signature", false)
    );
    let said = reply.text("message");
    assert!(
        said.ends_with("POST\n/v3/alipay/trade/query\n{&quot;out_trade_no&quot;:&quot;1&quot;}\n"),
        "{said}"
    );
    let link = &reply.json()["links"][0];
    assert!(
        link["link"]
            .as_str()
            .unwrap()
            .contains(reply.header("alipay-trace-id").unwrap())
    );
    // What is signed is what is sent.
    let other = known();
    let sign = caller.sign(&other.message().replace("\"1\"", "\"2\""));
    assert_eq!(other.send_signed(&sign).await.code(), "400 invalid-signature");
}

#[tokio::test]
async fn paths_and_bodies_that_mean_nothing() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let code = async |verb, target: &str, body| {
        let reply = caller.call(verb, target, body).send().await;
        assert!(reply.is_signed(&caller), "{reply:?}");
        reply.code()
    };
    assert_eq!(
        code("POST", "/v3/alipay/trade/nothing", BODY).await,
        "400 invalid-method"
    );
    // It has no place in V3.
    assert_eq!(
        code("POST", "/v3/alipay/trade/page/pay", BODY).await,
        "400 invalid-method"
    );
    assert_eq!(code("GET", QUERY, "").await, "400 invalid-http-method");
    for body in ["{", "[]", r#"{"out_trade_no":"1","out_trade_no":"2"}"#] {
        assert_eq!(code("POST", QUERY, body).await, "400 illegal-json", "{body}");
    }
    assert_eq!(
        code("POST", &format!("{QUERY}?a=1&a=2"), BODY).await,
        "400 invalid-parameter"
    );
    assert_eq!(
        code("POST", &format!("{QUERY}?a=%FF"), BODY).await,
        "400 invalid-charset"
    );

    for (content_type, expected) in [
        ("application/json; charset=utf-8", "400 ACQ.TRADE_NOT_EXIST"),
        ("application/json; charset=GBK", "400 invalid-charset"),
        ("text/plain", "400 invalid-content-type"),
        ("application/x-www-form-urlencoded", "400 invalid-content-type"),
        ("multipart/form-data; boundary=XX", "400 invalid-content-type"),
    ] {
        let call = caller.call("POST", QUERY, BODY).without("content-type");
        let reply = call.header("content-type", content_type).send().await;
        assert_eq!(reply.code(), expected, "{content_type}");
    }
    let bare = caller.call("POST", QUERY, BODY).without("content-type").send().await;
    assert_eq!(bare.code(), "400 invalid-content-type");
    let encrypted = caller.call("POST", QUERY, "AAAA").without("content-type");
    let encrypted = encrypted
        .header("content-type", "text/plain")
        .header("alipay-encrypt-type", "AES");
    assert_eq!(
        encrypted.send().await.code(),
        "400 decryption-error-not-valid-encrypt-key"
    );
    let twice = caller
        .call("POST", QUERY, BODY)
        .token("a")
        .header("alipay-app-auth-token", "a");
    assert_eq!(twice.send().await.code(), "400 invalid-parameter");
    let unknown = caller.call("POST", QUERY, BODY).token("a").send().await;
    assert_eq!(unknown.code(), "401 invalid-app-auth-token");
}

#[tokio::test]
async fn forms_that_say_more_than_is_signed() {
    let mock = Mock::start().await.unwrap();
    let caller = Caller::of(&mock);
    let target = "/v3/alipay/merchant/image/upload";
    let data = r#"{"image_type":"jpg"}"#;
    let part =
        |head: &str, content: &str| format!("--X\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n");
    let (fields, image) = (
        part("\"data\"", data),
        part("\"image_content\"; filename=\"a.jpg\"", "content"),
    );
    for (parts, expected) in [
        (vec![&fields, &image], "200"),
        (vec![&image, &fields], "200"),
        (vec![&fields, &fields, &image], "400 invalid-parameter"),
        (vec![&fields, &image, &image], "400 invalid-parameter"),
        (
            vec![&fields, &part("\"image_type\"", "png"), &image],
            "400 invalid-parameter",
        ),
        (
            vec![&fields, &part("\"image_type\"; filename=\"a.jpg\"", "png"), &image],
            "400 invalid-parameter",
        ),
        (vec![&fields], "400 PARAM_ILLEGAL"),
    ] {
        let body: String = parts.into_iter().map(String::as_str).chain(["--X--\r\n"]).collect();
        let reply = caller
            .call("POST", target, "")
            .form("X", data, body.clone())
            .send()
            .await;
        assert_eq!(reply.code(), expected, "{body}");
    }
    let cut = caller.call("POST", target, "").form("X", "", "--X\r\n").send().await;
    assert_eq!(cut.code(), "400 invalid-content-type");
    let json = caller.post(target, &json!({ "image_type": "jpg" })).await;
    assert_eq!(json.code(), "400 invalid-content-type");
}
