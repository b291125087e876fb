//! V3's bytes: what is sent and signed beside strings written out by hand, and which answers are believed. The embedded gateway, which
//! shares no code with this, plays the whole in `tests/it`.

use std::{
    fmt::Display,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use alipay_mock::keys::{KeyPair, SignType as MockSignType};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use serde_json::json;

use crate::{
    Client, ClientBuilder, Credentials, ErrorKind, Protocol,
    clock::Clock,
    gateway::GatewayErrorCode,
    marketing_activity, open_app,
    random::SeededRandom,
    sign::{PublicKey, SignType},
    trade,
    transport::{BoxFuture, Request, Response, Transport, TransportError},
    types::{File, Price},
};

/// 2026-11-27 12:00:00 in Beijing.
const NOW: u64 = 1_795_752_000_000;

const PAID: &str = r#"{"trade_no":"1","out_trade_no":"20161112","trade_status":"TRADE_SUCCESS","total_amount":"0.01"}"#;

#[derive(Debug)]
struct At(u64);

impl Clock for At {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

/// What was sent: method, target, headers, body.
#[derive(Debug)]
struct Sent {
    verb: Method,
    target: String,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

type Answer = Arc<dyn Fn(&KeyPair) -> http::Response<Bytes> + Send + Sync>;

/// The gateway's end, which answers the same to everything.
struct Server {
    alipay: KeyPair,
    sent: Mutex<Vec<Sent>>,
    answer: Answer,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Server")
    }
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let target = request.uri().path_and_query().unwrap().to_string();
        assert_eq!(request.uri().host(), Some("openapi.alipay.com"));
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.into_bytes().await.unwrap().to_vec();
            self.sent.lock().unwrap().push(Sent {
                verb: head.method,
                target,
                headers: head.headers,
                body,
            });
            Ok((self.answer)(&self.alipay).map(Into::into))
        })
    }
}

/// A client, what it is answered by, and the app's key.
struct Setup {
    client: Client,
    server: Arc<Server>,
    app: PublicKey,
}

fn setup(answer: impl Fn(&KeyPair) -> http::Response<Bytes> + Send + Sync + 'static) -> Setup {
    setup_with(answer, |builder| builder)
}

fn setup_with(
    answer: impl Fn(&KeyPair) -> http::Response<Bytes> + Send + Sync + 'static,
    more: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Setup {
    let [app, alipay] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let alipay_key = alipay.public_key().to_base64().unwrap();
    let credentials = Credentials::public_key(&app.to_base64().unwrap(), &alipay_key).unwrap();
    let server = Arc::new(Server {
        alipay,
        sent: Mutex::default(),
        answer: Arc::new(answer),
    });
    let client = Client::builder("2021000000000001", credentials)
        .protocol(Protocol::V3)
        .clock(At(NOW))
        .random_source(SeededRandom::new(7))
        .max_attempts(1)
        .transport(Arc::clone(&server));
    let client = more(client).build().unwrap();
    let app = PublicKey::parse(&app.public_key().to_base64().unwrap()).unwrap();
    Setup { client, server, app }
}

/// An answer of this status and body, signed as Alipay signs.
fn signed(alipay: &KeyPair, status: u16, body: &str) -> http::Response<Bytes> {
    signed_at(alipay, status, body, NOW)
}

fn signed_at(alipay: &KeyPair, status: u16, body: &str, time: impl Display) -> http::Response<Bytes> {
    let message = format!("{time}\nb2a1\n{body}\n");
    let signature = alipay.sign(MockSignType::Rsa2, message.as_bytes()).unwrap();
    http::Response::builder()
        .status(status)
        .header("alipay-timestamp", time.to_string())
        .header("alipay-nonce", "b2a1")
        .header("alipay-signature", signature)
        .header("alipay-trace-id", "0a1b2c")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

impl Setup {
    /// The one request that was sent, after its signature was found to be over `message`, in which `NONCE` stands for its nonce.
    fn sent(&self, message: &str) -> Sent {
        let sent = self.server.sent.lock().unwrap().pop().unwrap();
        let authorization = sent.headers[AUTHORIZATION].to_str().unwrap();
        let (auth, sign) = authorization
            .strip_prefix("ALIPAY-SHA256withRSA ")
            .unwrap()
            .split_once(",sign=")
            .unwrap();
        let (_, nonce) = auth.split_once(",nonce=").unwrap();
        let (nonce, _) = nonce.split_once(',').unwrap();
        assert_eq!(nonce.len(), 32);
        let message = message.replace("NONCE", nonce);
        assert!(message.starts_with(auth), "{auth}");
        let verifier = self.app.verifier(SignType::Rsa2).unwrap();
        verifier
            .verify(message.as_bytes(), &BASE64_STANDARD.decode(sign).unwrap())
            .expect("another string is signed");
        assert_eq!(sent.headers["alipay-request-id"].len(), 32);
        sent
    }
}

#[tokio::test]
async fn a_post_is_signed_by_the_line() {
    let setup = setup(|alipay| signed(alipay, 200, PAID));
    let order = setup
        .client
        .trade()
        .query(trade::Query::with_out_trade_no("20161112"))
        .await
        .unwrap();
    assert_eq!(order.total_amount, Some(Price::from_cents(1)));
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nPOST\n/v3/alipay/trade/query\n{\"out_trade_no\":\"20161112\"}\n",
    );
    assert_eq!((sent.verb, &*sent.target), (Method::POST, "/v3/alipay/trade/query"));
    assert_eq!(sent.body, br#"{"out_trade_no":"20161112"}"#);
    assert_eq!(sent.headers["content-type"], "application/json");
    assert!(!sent.headers.contains_key("alipay-app-auth-token") && !sent.headers.contains_key("alipay-root-cert-sn"));
}

#[tokio::test]
async fn a_merchants_token_is_signed_last() {
    let setup = setup(|alipay| signed(alipay, 200, PAID));
    let merchant = setup.client.on_behalf_of("201509BBdcba1e3347de4e75ba3fed2c9abebE36");
    merchant.trade().query(trade::Query::with_trade_no("1")).await.unwrap();
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nPOST\n/v3/alipay/trade/query\n{\"trade_no\":\"1\"}\n\
         201509BBdcba1e3347de4e75ba3fed2c9abebE36\n",
    );
    assert_eq!(
        sent.headers["alipay-app-auth-token"],
        "201509BBdcba1e3347de4e75ba3fed2c9abebE36"
    );
    assert!(
        !format!("{:?}", sent.headers).contains("201509BB"),
        "the headers show the merchant's token"
    );
}

#[tokio::test]
async fn fields_stand_in_path_and_query() {
    let setup = setup(|alipay| signed(alipay, 200, "{}"));
    let query = marketing_activity::Query::new("2019 1/2?").merchant_id("诚+1");
    let _ = setup.client.call(query).await;
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nGET\n\
         /v3/alipay/marketing/activity/2019%201%2F2%3F?merchant_id=%E8%AF%9A%2B1\n\n",
    );
    assert!(sent.body.is_empty() && !sent.headers.contains_key("content-type"));
    for id in ["", ".", ".."] {
        let error = setup.client.call(marketing_activity::Query::new(id)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{id:?}");
    }
    assert!(
        setup.server.sent.lock().unwrap().is_empty(),
        "another path would be another call"
    );
}

#[tokio::test]
async fn the_notification_address_stands_in_the_body() {
    let setup = setup(|alipay| {
        signed(
            alipay,
            200,
            r#"{"out_trade_no":"1","qr_code":"https://qr.alipay.com/1"}"#,
        )
    });
    let order = || trade::Precreate::new("1", Price::from_cents(1), "shoes");
    setup
        .client
        .trade()
        .precreate(order())
        .notify_url("https://shop.example/n?a=\"1\"")
        .await
        .unwrap();
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nPOST\n/v3/alipay/trade/precreate\n\
         {\"out_trade_no\":\"1\",\"total_amount\":\"0.01\",\"subject\":\"shoes\",\"notify_url\":\"https://shop.example/n?a=\\\"1\\\"\"}\n",
    );
    assert!(sent.target.ends_with("/precreate"));
    // Where V3 has no place for it, nothing is sent.
    let query = setup
        .client
        .trade()
        .query(trade::Query::with_trade_no("1"))
        .notify_url("https://shop.example/n");
    let error = query.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        error.to_string().contains("V3 has no place for `notify_url`"),
        "{error}"
    );
    assert!(setup.server.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_an_upload_only_the_data_is_signed() {
    let setup = setup(|alipay| signed(alipay, 200, r#"{"image_id":"1"}"#));
    let upload = setup
        .client
        .v3_raw(Method::POST, "/v3/ant/merchant/expand/indirect/image/upload")
        .body(json!({ "image_type": "jpg" }))
        .file("image_content", File::new("shop.jpg", &b"\xFF\xD8 any bytes"[..]));
    assert_eq!(
        upload.await.unwrap().get::<String>("image_id").unwrap().as_deref(),
        Some("1")
    );
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nPOST\n/v3/ant/merchant/expand/indirect/image/upload\n\
         {\"image_type\":\"jpg\"}\n",
    );
    let content_type = sent.headers["content-type"].to_str().unwrap();
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let mut expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n{{\"image_type\":\"jpg\"}}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"image_content\"; filename=\"shop.jpg\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    expected.extend(b"\xFF\xD8 any bytes\r\n");
    expected.extend(format!("--{boundary}--\r\n").bytes());
    assert_eq!(sent.body, expected);
}

#[tokio::test]
async fn what_v3_does_not_have_is_refused_before_anything_is_sent() {
    let setup = setup(|alipay| signed(alipay, 200, "{}"));
    let error = setup
        .client
        .call(open_app::ItemQuery::new().item_id("1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("V3 does not have this method"), "{error}");
    for target in [
        "/v2/x",
        "/v3/a//b",
        "/v3/../gateway.do",
        "/v3/%2E%2e/x",
        "/v3/诚",
        "/v3/a#b",
        "/v3/a b",
        "v3/a",
    ] {
        let error = setup.client.v3_raw(Method::GET, target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{target}");
    }
    assert!(setup.server.sent.lock().unwrap().is_empty());
}

/// The ciphertexts are OpenSSL's.
#[cfg(feature = "encryption")]
#[tokio::test]
async fn the_whole_body_is_encrypted_and_then_signed() {
    use crate::encryption::EncryptionKey;

    let key = || EncryptionKey::from_base64("aa4BtZ4tspm2wnXLb1ThQA==").unwrap();
    let paid = "kpbAWihjX4Z0X2u6wqwCI0FacpppkHGepEjGvfxQ3IJLklUh6d5BY4kz9w5CSErvvErA+oRivO3EHC2PwQ6holfB8+uWc2pcGvof9LNx2Fwp40YXqg/xcfbmejxXPJzF";
    let setup = setup_with(
        move |alipay| signed(alipay, 200, paid),
        |builder| builder.encryption_key(key()),
    );
    let query = || setup.client.trade().query(trade::Query::with_out_trade_no("20161112"));
    assert_eq!(
        query().encrypted(true).await.unwrap().total_amount,
        Some(Price::from_cents(1))
    );
    let sent = setup.sent(
        "app_id=2021000000000001,nonce=NONCE,timestamp=1795752000000\nPOST\n/v3/alipay/trade/query\n\
         v9xEJGtFY9vW2Ge//P1+YIuYFil4HiPoC9wBuJcChlE=\n",
    );
    assert_eq!(sent.headers["alipay-encrypt-type"], "AES");
    assert_eq!(sent.headers["content-type"], "text/plain");
    assert_eq!(sent.body, b"v9xEJGtFY9vW2Ge//P1+YIuYFil4HiPoC9wBuJcChlE=");
    // Nobody has asked for it.
    assert_eq!(query().await.unwrap_err().kind(), ErrorKind::Malformed);

    let refusal = "wXBgvi+LjJNhku4NuFpYerq2CkFz3/ZsUBEGvKZwXQx6ISYafyd3E0h612MKuUF1";
    for (status, code) in [
        (400, Some(trade::QueryErrorCode::AcqTradeNotExist)),
        (200, Some(trade::QueryErrorCode::AcqTradeNotExist)),
    ] {
        let setup = setup_with(
            move |alipay| signed(alipay, status, refusal),
            |builder| builder.encryption_key(key()),
        );
        let query = setup
            .client
            .trade()
            .query(trade::Query::with_out_trade_no("20161112"))
            .encrypted(true);
        let error = query.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sub_code_as()),
            (ErrorKind::Gateway, code),
            "{error}"
        );
    }
    let flipped = paid.replacen('k', "l", 1);
    let setup = setup_with(
        move |alipay| signed(alipay, 200, &flipped),
        |builder| builder.encryption_key(key()),
    );
    let query = setup
        .client
        .trade()
        .query(trade::Query::with_out_trade_no("20161112"))
        .encrypted(true);
    assert_eq!(query.await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn the_gateways_own_codes_are_those_of_v2() {
    let error = refused(|alipay| {
        signed(
            alipay,
            401,
            r#"{"code":"invalid-app-auth-token","message":"无效的应用授权令牌"}"#,
        )
    })
    .await;
    assert_eq!(error.code(), Some("invalid-app-auth-token"));
    assert_eq!(error.sub_code_as(), Some(GatewayErrorCode::AopInvalidAppAuthToken));
    assert!(!error.is_outcome_unknown());
}

/// What a payment's refund is told, and whether its outcome is unknown.
async fn refused(answer: impl Fn(&KeyPair) -> http::Response<Bytes> + Send + Sync + 'static) -> crate::Error {
    let setup = setup(answer);
    let required = trade::PayRequired {
        out_trade_no: "1".to_owned(),
        total_amount: Price::from_cents(1),
        subject: "shoes".to_owned(),
    };
    let pay = trade::Pay::with_auth_code("28763443825664394", required);
    setup.client.trade().pay(pay).await.unwrap_err()
}

#[tokio::test]
async fn a_signed_refusal_has_the_methods_code() {
    let body = r#"{"code":"ACQ.PAYMENT_AUTH_CODE_INVALID","message":"支付失败","details":[],"links":[{"link":"https://open.alipay.com/x","desc":"解决方案"}]}"#;
    let error = refused(move |alipay| signed(alipay, 400, body)).await;
    assert_eq!(error.kind(), ErrorKind::Gateway);
    assert!(error.is_verified() && !error.is_outcome_unknown(), "{error}");
    assert_eq!(
        error.sub_code_as(),
        Some(trade::PayErrorCode::AcqPaymentAuthCodeInvalid)
    );
    assert_eq!(
        (error.code(), error.message()),
        (Some("ACQ.PAYMENT_AUTH_CODE_INVALID"), Some("支付失败"))
    );
    assert_eq!(error.help_link(), Some("https://open.alipay.com/x"));
    assert_eq!((error.http_status(), error.trace_id()), (Some(400), Some("0a1b2c")));
    assert_eq!(
        error.to_string(),
        "alipay.trade.pay: the gateway answered ACQ.PAYMENT_AUTH_CODE_INVALID 支付失败 (HTTP status 400) [trace 0a1b2c]"
    );
}

#[tokio::test]
async fn status_and_body_that_disagree_leave_the_outcome_unknown() {
    let refusal = r#"{"code":"ACQ.PAYMENT_AUTH_CODE_INVALID","message":"支付失败"}"#;
    let paid = r#"{"trade_no":"1","out_trade_no":"1","total_amount":"0.01"}"#;
    for (status, body) in [
        (200, refusal),
        (201, refusal),
        (400, paid),
        (500, paid),
        (200, "{}"),
        (204, ""),
    ] {
        let error = refused(move |alipay| signed(alipay, status, body)).await;
        assert!(error.is_outcome_unknown(), "{status} {body}: {error}");
        assert!(error.is_verified(), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn what_is_not_signed_decides_nothing() {
    let bare = |status: u16, body: &'static str| {
        move |_: &KeyPair| {
            http::Response::builder()
                .status(status)
                .body(Bytes::from_static(body.as_bytes()))
                .unwrap()
        }
    };
    let paid = r#"{"trade_no":"1","out_trade_no":"1","total_amount":"0.01"}"#;
    let refusal = r#"{"code":"ACQ.PAYMENT_AUTH_CODE_INVALID","message":"支付失败"}"#;
    for (status, body) in [(200, paid), (204, ""), (400, refusal)] {
        let error = refused(bare(status, body)).await;
        assert_eq!(error.kind(), ErrorKind::Verification, "{status} {body}: {error}");
        assert!(
            error.is_outcome_unknown() && error.sub_code_as::<trade::PayErrorCode>().is_none(),
            "{error}"
        );
    }
    // A caller that the gateway can't identify: its words are shown, and prove nothing.
    let error = refused(bare(401, r#"{"code":"isv.invalid-signature","message":"验签出错"}"#)).await;
    assert_eq!(
        (error.kind(), error.is_verified(), error.is_outcome_unknown()),
        (ErrorKind::Gateway, false, true)
    );
    for (status, body) in [
        (302, ""),
        (502, "<html>bad gateway</html>"),
        (400, "no"),
        (200, "[]"),
        (200, "{\"a\":1,\"a\":2}"),
    ] {
        let error = refused(bare(status, body)).await;
        assert_eq!(error.kind(), ErrorKind::Malformed, "{status} {body}: {error}");
        assert!(error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn headers_that_are_missing_doubled_or_old_are_refused() {
    for name in ["alipay-timestamp", "alipay-nonce", "alipay-signature"] {
        let name: HeaderName = name.parse().unwrap();
        let changes: [fn(&mut http::HeaderMap, HeaderName); 3] = [
            |headers, name| drop(headers.remove(name)),
            |headers, name| {
                let value = headers[&name].clone();
                headers.append(name, value);
            },
            |headers, name| drop(headers.insert(name, HeaderValue::from_static("1795752000001"))),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let of = name.clone();
            let error = refused(move |alipay| {
                let mut answer = signed(
                    alipay,
                    200,
                    r#"{"trade_no":"1","out_trade_no":"1","total_amount":"0.01"}"#,
                );
                change(answer.headers_mut(), of.clone());
                answer
            })
            .await;
            assert!(
                matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed) && !error.is_verified(),
                "{name}, change {at}: {error}"
            );
            assert!(error.is_outcome_unknown());
        }
    }
    for time in [0, NOW - 601_000, NOW + 601_000, u64::MAX] {
        let error = refused(move |alipay| signed_at(alipay, 200, r#"{"trade_no":"1","out_trade_no":"1"}"#, time)).await;
        assert_eq!(error.kind(), ErrorKind::Verification, "{time}: {error}");
        assert!(error.to_string().contains("signed at another time"), "{error}");
    }
    // Signed, and no time.
    for time in ["", "now", "/ 1795752000000", "1795752000000.0", "-1"] {
        let error = refused(move |alipay| signed_at(alipay, 200, r#"{"trade_no":"1","out_trade_no":"1"}"#, time)).await;
        assert!(!error.is_verified() && error.is_outcome_unknown(), "{time}: {error}");
    }
    let setup = setup(|alipay| signed_at(alipay, 200, PAID, NOW - 599_000));
    assert!(
        setup
            .client
            .trade()
            .query(trade::Query::with_out_trade_no("20161112"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_call_has_its_own_protocol() {
    let setup = setup(|alipay| signed(alipay, 200, PAID));
    let by_v2 = setup
        .client
        .trade()
        .query(trade::Query::with_trade_no("1"))
        .protocol(Protocol::V2);
    // What comes back is V3's.
    assert_eq!(by_v2.await.unwrap_err().kind(), ErrorKind::Malformed);
    let sent = setup.server.sent.lock().unwrap().pop().unwrap();
    assert!(sent.target.starts_with("/gateway.do?") && !sent.headers.contains_key(AUTHORIZATION));
}
