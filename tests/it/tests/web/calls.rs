//! Calls that Alipay makes to an app, and the app's signed answers.

use std::{
    net::TcpListener,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use alipay_api::{
    Client, Credentials, ErrorKind,
    cert::Certificate,
    notify::{TradeStatusSync, response_status},
    sign::{PublicKey, SignError, Signer},
    trade::Precreate,
    transport::BoxFuture,
    types::{Json, Price},
    web::{CallReceiver, NotificationError, ReceivedCall, Reply},
};
use alipay_mock::{
    MerchantCallError, Mock,
    keys::{KeyPair, SignType},
};
use axum::extract::FromRequest as _;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use crate::{
    client::{Answer, Request},
    forge::Forge,
    servers::{FRAMEWORKS, Framework, listen, serve_router},
    support::{merchant, price, start, start_certified},
};

const METHOD: &str = "spi.alipay.marketing.activity.order.send";

/// The parameters of a call, but for its signature. None names an app.
fn parameters() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("buyer_id", text("2088102168897654")),
        ("charset", text("UTF-8")),
        ("empty", text("")),
        ("method", text(METHOD)),
        ("order_no", text("你好 & 1")),
        ("sign_type", text("RSA2")),
        ("total_amount", text("0.01")),
        ("utc_timestamp", text("1546077067")),
        ("version", text("1.0")),
    ]
}

/// A call that Alipay has signed.
fn call(mock: &Mock) -> Forge {
    Forge {
        key: mock.alipay_key_pair(),
        parameters: parameters(),
    }
}

fn without(mut call: Forge, name: &str) -> Forge {
    call.parameters.retain(|(parameter, _)| *parameter != name);
    call
}

/// What comes of a call given whole in the query, whole in the body, and half in each.
fn verdicts(client: &Client, form: &[u8]) -> Vec<Result<String, (ErrorKind, String)>> {
    let middle = form.iter().position(|byte| *byte == b'&').unwrap_or(form.len());
    let (first, rest) = form.split_at(middle);
    [(&b""[..], form), (form, b""), (first, rest)]
        .into_iter()
        .map(|(query, body)| {
            let call = client.notifications().verify_call(query, body);
            call.map(|call| call.method.clone())
                .map_err(|error| (error.kind(), error.to_string()))
        })
        .collect()
}

fn refused(client: &Client, what: &str, form: impl AsRef<[u8]>, kind: ErrorKind) -> String {
    let verdicts = verdicts(client, form.as_ref());
    let mut message = String::new();
    for verdict in verdicts {
        let (found, text) = verdict.unwrap_err();
        assert_eq!(found, kind, "{what}: {text}");
        message = text;
    }
    assert!(message.starts_with("the incoming call"), "{what}: {message}");
    message
}

#[tokio::test]
async fn a_call_is_verified_and_its_fields_are_read() {
    let (mock, client) = start().await;
    let signed = call(&mock).signed();
    for verdict in verdicts(&client, signed.as_bytes()) {
        assert_eq!(verdict.unwrap(), METHOD);
    }
    let call = client.notifications().receive_call("", &signed).await.unwrap();
    assert_eq!(call.utc_timestamp.unix_seconds(), 1_546_077_067);
    assert_eq!(call.parameter("order_no"), Some("你好 & 1"));
    assert_eq!(call.get::<Price>("total_amount").unwrap(), Some(price("0.01")));
    assert_eq!(call.get::<String>("empty").unwrap().as_deref(), Some(""));
    assert_eq!(call.get::<Price>("empty").unwrap(), None);
    assert_eq!(call.get::<String>("none").unwrap(), None);
    let error = call.get::<Price>("order_no").unwrap_err();
    assert!(error.to_string().contains("order_no"), "{error}");
    assert_eq!(call.parameter("sign"), None);
    // As a type of a spec: one that ships serves as well as a user's.
    let typed = call.read::<TradeStatusSync>().unwrap();
    assert_eq!(typed.total_amount, Some(price("0.01")));
}

#[tokio::test]
async fn in_certificate_mode_any_certificate_that_the_client_has_verifies() {
    let (mock, client) = start_certified().await;
    let signed = call(&mock).signed();
    let call = client.notifications().receive_call(&signed, "").await.unwrap();
    let reply = client
        .notifications()
        .call_reply(&call, json!({ "code": "10000" }))
        .await;
    let serial = Certificate::parse(&mock.app_cert())
        .unwrap()
        .alipay_serial()
        .to_string();
    let reply: Value = serde_json::from_str(&reply.unwrap()).unwrap();
    assert_eq!(reply["app_cert_sn"], serial.as_str());
    let stranger = Forge {
        key: KeyPair::generate().unwrap(),
        parameters: parameters(),
    };
    refused(&client, "another key", stranger.signed(), ErrorKind::Verification);
}

#[tokio::test]
async fn what_is_no_genuine_call_is_refused() {
    let (mock, client) = start().await;
    let signed = call(&mock).signed();
    // Each byte of it. A changed letter of the charset's name or of the signature's base64 may mean the same.
    let names: Vec<_> = signed.split('&').collect();
    for index in 0..signed.len() {
        for flip in [1, 0x20] {
            let mut changed = signed.clone().into_bytes();
            changed[index] ^= flip;
            let pairs = |form: &[u8]| {
                let mut pairs: Vec<_> = form_urlencoded::parse(form).into_owned().collect();
                pairs.sort();
                pairs
            };
            if pairs(&changed) == pairs(signed.as_bytes()) {
                continue;
            }
            let verdict = client.notifications().verify_call("", &changed);
            let error = verdict.map(|_| ()).unwrap_err();
            let kinds = [ErrorKind::Verification, ErrorKind::Malformed];
            assert!(kinds.contains(&error.kind()), "{index} {error}");
        }
    }
    for name in &names {
        refused(&client, name, format!("{signed}&{name}"), ErrorKind::Malformed);
    }
    let verification = [
        ("unsigned", signed.split("&sign=").next().unwrap().to_owned()),
        ("one more parameter", format!("{signed}&more=1")),
        ("one less", signed.replace("&empty=", "")),
        ("RSA for RSA2", signed.replace("sign_type=RSA2", "sign_type=RSA")),
        (
            "no base64",
            format!("{}&sign=%00", signed.split("&sign=").next().unwrap()),
        ),
        ("sign_type signed, too", call(&mock).body(&[], true)),
        ("signed without the empty ones", call(&mock).body(&["sign_type"], false)),
        (
            "by another key",
            Forge {
                key: KeyPair::generate().unwrap(),
                parameters: parameters(),
            }
            .signed(),
        ),
        (
            "a value that holds a parameter",
            call(&mock).set("buyer_id", b"1&charset=GBK").signed(),
        ),
    ];
    for (what, form) in verification {
        refused(&client, what, form, ErrorKind::Verification);
    }
    let malformed = [
        ("no method", without(call(&mock), "method")),
        ("an empty method", call(&mock).set("method", b"")),
        ("no timestamp", without(call(&mock), "utc_timestamp")),
        ("no number", call(&mock).set("utc_timestamp", b"+1546077067")),
        ("another time", call(&mock).set("utc_timestamp", b"2018-12-29 17:51:07")),
        (
            "no such time",
            call(&mock).set("utc_timestamp", b"99999999999999999999"),
        ),
        ("another charset", call(&mock).set("charset", b"UTF-16")),
        ("not UTF-8", call(&mock).set("order_no", b"\xC4\xE3\xBA\xC3")),
        (
            "a message",
            call(&mock).set("msg_method", b"alipay.fund.trans.order.changed"),
        ),
        ("a notification", call(&mock).set("notify_type", b"trade_status_sync")),
    ];
    for (what, call) in malformed {
        refused(&client, what, call.signed(), ErrorKind::Malformed);
    }
    // Alipay has signed it, so an RSA client refuses it for its type alone.
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
    let credentials = credentials.with_sign_type(alipay_api::sign::SignType::Rsa).unwrap();
    let rsa = Client::builder(mock.app_id(), credentials).build().unwrap();
    refused(&rsa, "RSA2 for RSA", &signed, ErrorKind::Verification);
}

#[tokio::test]
async fn a_call_is_no_notification_and_none_is_a_call() {
    let (mock, client) = start().await;
    let (url, mut posted) = merchant(&["success"]).await;
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    let genuine = posted.recv().await.unwrap();
    client.notifications().verify(&genuine).unwrap();
    refused(&client, "a notification", &genuine, ErrorKind::Malformed);
    // Messages have a `utc_timestamp`, return URLs a `method`.
    let message = call(&mock)
        .set("msg_method", b"alipay.fund.trans.order.changed")
        .set("app_id", mock.app_id().as_bytes());
    refused(
        &client,
        "a message",
        without(message, "method").signed(),
        ErrorKind::Malformed,
    );
    let back = Forge {
        key: mock.alipay_key_pair(),
        parameters: vec![
            ("app_id", mock.app_id().into()),
            ("charset", b"utf-8".to_vec()),
            ("method", b"alipay.trade.page.pay.return".to_vec()),
            ("out_trade_no", b"1".to_vec()),
            ("sign_type", b"RSA2".to_vec()),
            ("timestamp", b"2016-11-12 17:51:07".to_vec()),
        ],
    };
    client.notifications().verify_return(&back.signed()).unwrap();
    refused(&client, "a return query", back.signed(), ErrorKind::Malformed);

    // A call of this app that has all that a notification of a payment has, but for its type.
    let call = call(&mock)
        .set("app_id", mock.app_id().as_bytes())
        .set("out_trade_no", b"1")
        .set("trade_status", b"TRADE_SUCCESS");
    client.notifications().verify_call("", call.signed()).unwrap();
    for error in [
        client.notifications().verify(call.signed()).map(|_| ()).unwrap_err(),
        client
            .notifications()
            .verify_parameters(call.signed())
            .map(|_| ())
            .unwrap_err(),
        client
            .notifications()
            .verify_return(&call.signed())
            .map(|_| ())
            .unwrap_err(),
        client
            .notifications()
            .receive(call.signed())
            .await
            .map(|_| ())
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains("`receive_call`"), "{error}");
        assert_eq!(response_status(&error), 400);
    }
}

/// Checks the signature of an answer with the program openssl, over the exact text of its response, which it returns.
fn response_of(mock: &Mock, answer: &str) -> String {
    let (response, rest) = answer
        .strip_prefix(r#"{"response":"#)
        .unwrap()
        .rsplit_once(r#","sign":""#)
        .unwrap();
    let sign = rest.split('"').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let public_key = KeyPair::parse(&mock.app_private_key()).unwrap().public_key();
    std::fs::write(path("key"), public_key.to_pem().unwrap()).unwrap();
    std::fs::write(path("text"), response).unwrap();
    let signature = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, sign).unwrap();
    std::fs::write(path("signature"), signature).unwrap();
    let output = Command::new("openssl")
        .args(["dgst", "-sha256", "-verify"])
        .arg(path("key"))
        .arg("-signature")
        .arg(path("signature"))
        .arg(path("text"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{answer}: {output:?}");
    response.to_owned()
}

#[tokio::test]
async fn an_answer_is_signed_over_its_exact_text() {
    let (mock, client) = start().await;
    let notifications = client.notifications();
    let call_of = |call: Forge| notifications.verify_call("", call.signed()).unwrap();
    let utf8 = call_of(call(&mock));
    for text in [
        r#"{"code":"10000","msg":"Success"}"#,
        r#"{ "code" : "10000", "name" : "你好 😀", "sign":"\"},\"sign\":\"" }"#,
        "{}",
    ] {
        let reply = notifications.call_reply(&utf8, Json::from_text(text)).await.unwrap();
        assert_eq!(response_of(&mock, &reply), text);
        serde_json::from_str::<Value>(&reply).unwrap();
    }
    // In GBK it is ASCII, which is the same there, and says the same.
    let (name, _, _) = encoding_rs::GBK.encode("你好");
    let gbk = call_of(call(&mock).set("charset", b"GBK").set("order_no", &name));
    assert_eq!(gbk.parameter("order_no"), Some("你好"));
    let response = json!({ "code": "10000", "name": "你好 😀" });
    let reply = notifications.call_reply(&gbk, response.clone()).await.unwrap();
    assert!(reply.is_ascii(), "{reply}");
    assert_eq!(
        serde_json::from_str::<Value>(&response_of(&mock, &reply)).unwrap(),
        response
    );
    for text in ["", "[]", "1", "{", "{}{}", r#"{"a":}"#, "{}}", r#"{"a":1},"sign":"x""#] {
        let error = notifications
            .call_reply(&utf8, Json::from_text(text))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{text}");
    }
}

/// The handler of a shop: it tells what it was asked for.
async fn called(received: ReceivedCall) -> Result<Reply, NotificationError> {
    let order_no = received.call.parameter("order_no").unwrap_or_default();
    if order_no == "database-is-down" {
        return Err("the database is down".into());
    }
    let response = json!({ "code": "10000", "order": order_no, "app": received.client.app_id() });
    Ok(received.reply(response).await?)
}

/// The address of a shop that takes calls at `/notify`.
fn serve(framework: Framework, receiver: CallReceiver) -> std::net::SocketAddr {
    let (listener, address): (TcpListener, _) = listen();
    match framework {
        Framework::Axum => {
            let router = axum::Router::new().route("/notify", axum::routing::any(called));
            serve_router(listener, router.with_state(receiver));
        }
        Framework::Actix => {
            use actix_web::{App, HttpServer, web};

            thread::spawn(move || {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(receiver.clone())
                        .route("/notify", web::route().to(called))
                });
                let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
                actix_web::rt::System::new().block_on(server).unwrap();
            });
        }
    }
    address
}

fn get(query: &str) -> Request {
    Request::new("GET", &format!("?{query}"), "", "")
}

fn is_json(answer: &Answer) -> bool {
    answer
        .head
        .contains("\r\ncontent-type: application/json;charset=utf-8\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_frameworks_take_calls_and_answer_signed() {
    let (mock, client) = start().await;
    let signed = call(&mock).signed();
    let (in_query, in_body) = signed.split_once('&').unwrap();
    let head = format!("Content-Length: {}\r\n", in_body.len());
    let halves = Request::new("POST", &format!("?{in_query}"), &head, in_body);
    for framework in FRAMEWORKS {
        let address = serve(framework, CallReceiver::new(client.clone()));
        for request in [Request::post(&signed), get(&signed), halves.clone()] {
            let answer = request.send(address).await;
            assert!(answer.status == 200 && is_json(&answer), "{framework:?} {answer:?}");
            let response: Value = serde_json::from_str(&response_of(&mock, &answer.body)).unwrap();
            let expected = json!({ "code": "10000", "order": "你好 & 1", "app": mock.app_id() });
            assert_eq!(response, expected);
        }
        // A handler's own error is nothing that the app has signed.
        let down = call(&mock).set("order_no", b"database-is-down").signed();
        let answer = Request::post(down).send(address).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "fail"), "{framework:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_gateway_calls_and_believes_the_answer() {
    for (mock, client) in [start().await, start_certified().await] {
        for framework in FRAMEWORKS {
            let address = serve(framework, CallReceiver::new(client.clone()));
            let url = format!("http://{address}/notify");
            for charset in ["utf-8", "GBK"] {
                let fields = json!({ "charset": charset, "order_no": "你好 & 1", "goods": [{ "id": 1 }] });
                let response = mock.call_merchant(&url, METHOD, fields).await.unwrap();
                assert_eq!(response["order"], "你好 & 1", "{framework:?} {charset}");
            }
            let down = json!({ "order_no": "database-is-down" });
            let error = mock.call_merchant(&url, METHOD, down).await.unwrap_err();
            assert!(
                matches!(error, MerchantCallError::Status { status: 503, .. }),
                "{error}"
            );
            let unknown = json!({ "charset": "UTF-16" });
            let error = mock.call_merchant(&url, METHOD, unknown).await.unwrap_err();
            assert!(matches!(error, MerchantCallError::Charset), "{error}");
        }
        // An answer by another key is not believed.
        let key = KeyPair::generate().unwrap().to_pem().unwrap();
        let credentials = Credentials::public_key(&key, &mock.alipay_public_key()).unwrap();
        let other = Client::builder(mock.app_id(), credentials).build().unwrap();
        let address = serve(Framework::Axum, CallReceiver::new(other));
        let url = format!("http://{address}/notify");
        let error = mock.call_merchant(&url, METHOD, json!({})).await.unwrap_err();
        assert!(matches!(error, MerchantCallError::Signature(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_frameworks_refuse_what_is_no_call() {
    let (mock, client) = start().await;
    let signed = call(&mock).signed();
    let notification = Forge::new(&mock).signed();
    let flipped = signed.replace("total_amount=0.01", "total_amount=1.01");
    let chunks = format!("2000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x2000));
    for framework in FRAMEWORKS {
        let address = serve(framework, CallReceiver::new(client.clone()).max_body(4096));
        for (what, request, status) in [
            (
                "another method",
                Request::new("PUT", "", "Content-Length: 0\r\n", ""),
                405,
            ),
            (
                "too large",
                Request::new("POST", "", "Content-Length: 4097\r\n", ""),
                413,
            ),
            (
                "too large in chunks",
                Request::new("POST", "", "Transfer-Encoding: chunked\r\n", &chunks),
                413,
            ),
            ("empty", Request::post(""), 400),
            ("an empty query", get(""), 400),
            ("a notification", Request::post(&notification), 400),
            ("JSON", Request::post("{}"), 400),
            ("twice", Request::post(&signed).with_query(&signed), 400),
        ] {
            let answer = request.send(address).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (status, "fail"),
                "{framework:?} {what}"
            );
            let allows = answer.head.contains("\r\nallow: get, post\r\n");
            assert_eq!(allows, status == 405, "{answer:?}");
        }
        // The answer of Alipay's guide: signed, and the same for all.
        let unsigned = signed.split("&sign=").next().unwrap();
        let mut answers = Vec::new();
        for request in [Request::post(&flipped), get(&flipped), get(unsigned)] {
            let answer = request.send(address).await;
            assert!(answer.status == 200 && is_json(&answer), "{framework:?} {answer:?}");
            answers.push(answer.body);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let response: Value = serde_json::from_str(&response_of(&mock, &answers[0])).unwrap();
        let fields = ["code", "msg", "sub_code", "sub_msg"].map(|name| response[name].as_str().unwrap().to_owned());
        assert_eq!(
            fields,
            ["40004", "Business Failed", "ISV-VERIFICATION-FAILED", "验签失败"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_signed_with_the_key_of_the_day() {
    let (mock, client) = start().await;
    let address = serve(Framework::Axum, CallReceiver::new(client.clone()));
    let refusal = get("method=a&utc_timestamp=1&sign=AAAA");
    response_of(&mock, &refusal.send(address).await.body);
    let next = KeyPair::generate().unwrap();
    let credentials = Credentials::public_key(&next.to_pem().unwrap(), &mock.alipay_public_key()).unwrap();
    client.set_credentials(credentials).unwrap();
    let answer = refusal.send(address).await;
    let value: Value = serde_json::from_str(&answer.body).unwrap();
    let response = answer
        .body
        .strip_prefix(r#"{"response":"#)
        .unwrap()
        .rsplit_once(r#","sign":"#)
        .unwrap()
        .0;
    let sign = value["sign"].as_str().unwrap();
    assert!(next.public_key().verify(SignType::Rsa2, response.as_bytes(), sign));
}

/// A signer that signs when it is let go, and counts.
#[derive(Debug)]
struct Slow {
    begun: AtomicUsize,
    reached: Notify,
    go: Semaphore,
    signs: bool,
}

impl Signer for Slow {
    fn sign_type(&self) -> alipay_api::sign::SignType {
        alipay_api::sign::SignType::Rsa2
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async move {
            self.begun.fetch_add(1, Ordering::Relaxed);
            self.reached.notify_one();
            self.go.acquire().await.unwrap().forget();
            if self.signs {
                Ok(vec![1])
            } else {
                Err(SignError::new("the key is away"))
            }
        })
    }
}

/// Anyone can send calls with a wrong signature, and break them off: that must not make a remote key sign again and again.
#[tokio::test]
async fn a_refusal_is_signed_once_whoever_breaks_off() {
    let (mock, _) = start().await;
    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(alipay_api::sign::SignType::Rsa2);
    let verifier = verifier.unwrap();
    for signs in [true, false] {
        let slow = Arc::new(Slow {
            begun: AtomicUsize::new(0),
            reached: Notify::new(),
            go: Semaphore::new(0),
            signs,
        });
        let credentials = Credentials::custom(Arc::clone(&slow) as _, Arc::clone(&verifier)).unwrap();
        let receiver = CallReceiver::new(Client::builder(mock.app_id(), credentials).build().unwrap());
        let forged = || {
            let request = axum::http::Request::get("/?method=a&utc_timestamp=1&sign=AAAA");
            ReceivedCall::from_request(request.body(axum::body::Body::empty()).unwrap(), &receiver)
        };
        tokio::select! {
            refused = forged() => panic!("{refused:?}"),
            () = slow.reached.notified() => {}
        }
        let error = forged().await.unwrap_err();
        assert!(
            error.status() == 403 && error.reply().is_none(),
            "nobody waits for it: {error:?}"
        );
        slow.go.add_permits(1);
        // The permit is taken when the task goes on; what comes after it finds its result.
        while slow.go.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        for _ in 0..3 {
            let error = forged().await.unwrap_err();
            assert_eq!(
                (error.status().as_u16(), error.reply().is_some()),
                if signs { (200, true) } else { (403, false) }
            );
        }
        assert_eq!(slow.begun.load(Ordering::Relaxed), 1);
    }
}
