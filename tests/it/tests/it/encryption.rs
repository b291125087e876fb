//! Content encryption: calls, answers, messages, and what mini programs send on.

use std::sync::{Arc, Mutex};

use alipay_api::{
    Client, ClientBuilder, Error, ErrorKind, Outcome,
    encryption::{DecryptionError, EncryptType, EncryptionKey, EncryptionKeyErrorKind},
    merchant::ImageUpload,
    notify::Notification,
    random::SeededRandom,
    system::{OauthToken, oauth_token::OauthTokenGrantType},
    trade::{AppPay, PagePay, Pay, PayRequired, Precreate, Query, QueryErrorCode, Refund, types::TradeStatus},
    transport::{BoxFuture, Request, ReqwestTransport, Response, Transport, TransportError},
    types::File,
};
use alipay_mock::{AesKey, EncryptType as MockType, Fault, Mock, SourceFile, keys::SignType};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    forge::Forge,
    support::{builder, certified_builder, price},
    tamper::{Canned, Recorder},
};

const KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
const OTHER_KEY: &str = "vEARwBsVE8dBrk0tiaNQtQ==";
const AUTH_CODE: &str = "28763443825664394";

fn key(base64: &str) -> EncryptionKey {
    EncryptionKey::from_base64(base64).unwrap()
}

fn aes_key() -> AesKey {
    AesKey::from_base64(KEY).unwrap()
}

/// A gateway that has the app's key.
async fn start() -> Mock {
    Mock::builder().aes_key(aes_key()).start().await.unwrap()
}

/// A client that encrypts all its calls.
fn encrypting(mock: &Mock) -> ClientBuilder {
    builder(mock).encryption_key(key(KEY)).encrypt_calls(true)
}

fn pay(out_trade_no: &str, amount: &str) -> Pay {
    let required = PayRequired {
        out_trade_no: out_trade_no.into(),
        total_amount: price(amount),
        subject: "测试订单".into(),
    };
    Pay::with_auth_code(AUTH_CODE, required)
}

/// What came encrypted, as the gateway has read it.
fn received(mock: &Mock, method: &str) -> Value {
    let request = mock.last_request(method).unwrap();
    let encrypt_type = MockType::from_name(&request["encrypt_type"]).unwrap();
    let plain = aes_key().decrypt(encrypt_type, &request["biz_content"]).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

/// The content of an answer's body, as it stands there.
fn node(body: &[u8]) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    let members = body.as_object().unwrap();
    let (_, node) = members.iter().find(|(name, _)| name.ends_with("_response")).unwrap();
    node.clone()
}

#[tokio::test]
async fn calls_are_encrypted_both_ways() {
    for is_certified in [false, true] {
        let gateway = Mock::builder().aes_key(aes_key());
        let gateway = if is_certified { gateway.certificates() } else { gateway };
        let mock = &gateway.start().await.unwrap();
        for encrypt_type in [EncryptType::Aes, EncryptType::AesV2] {
            let answers = Canned::default();
            let client = if is_certified {
                certified_builder(mock)
            } else {
                builder(mock)
            };
            let client = client.encryption_key(key(KEY).with_encrypt_type(encrypt_type));
            let client = client.transport(Recorder::new(&answers)).build().unwrap();
            let number = format!("order-{encrypt_type}");
            let precreate = Precreate::new(&*number, price("88.88"), "测试订单 \"\\");
            let order = client.trade().precreate(precreate).encrypted(true).await.unwrap();
            assert!(order.qr_code.starts_with(&mock.base_url()));
            assert_eq!(received(mock, "alipay.trade.precreate")["subject"], "测试订单 \"\\");
            let request = mock.last_request("alipay.trade.precreate").unwrap();
            assert_eq!(request["encrypt_type"], encrypt_type.as_str());
            assert!(node(&answers.get()).is_string(), "{:?}", answers.get());

            mock.pay(&number).unwrap();
            let raw = client
                .call_raw("alipay.trade.query", json!({ "out_trade_no": number }))
                .encrypted(true);
            let (raw, metadata) = raw.with_metadata().await.unwrap();
            assert_eq!(raw.code().as_deref(), Some("10000"));
            assert_eq!(raw.get::<String>("out_trade_no").unwrap().as_deref(), Some(&*number));
            assert_eq!(metadata.verified_content(), raw.as_str());
            assert!(raw.as_str().starts_with('{') && node(&answers.get()).is_string());

            // A call that does not say so is plain, and so is its answer.
            let order = client.trade().query(Query::with_out_trade_no(&*number)).await.unwrap();
            assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
            assert!(
                !mock
                    .last_request("alipay.trade.query")
                    .unwrap()
                    .contains_key("encrypt_type")
            );
            assert!(node(&answers.get()).is_object());
        }
    }
}

#[tokio::test]
async fn pending_answers_and_refusals_are_encrypted_too() {
    let mock = start().await;
    let answers = Canned::default();
    let client = encrypting(&mock).transport(Recorder::new(&answers)).build().unwrap();
    let Outcome::Pending(order) = client.trade().pay(pay("1", "2000.00")).await.unwrap() else {
        panic!("2000.00 waits for the buyer");
    };
    assert_eq!(order.out_trade_no, "1");
    assert_eq!(received(&mock, "alipay.trade.pay")["auth_code"], AUTH_CODE);
    assert!(node(&answers.get()).is_string());
    let error = client.trade().query(Query::with_out_trade_no("2")).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(QueryErrorCode::AcqTradeNotExist));
    assert!(error.is_verified() && !error.is_outcome_unknown(), "{error}");
    assert!(node(&answers.get()).is_string());
    // What the gateway itself says is plain.
    mock.answer_next("alipay.trade.query", "20000", "isp.unknow-error", false);
    let once = encrypting(&mock)
        .max_attempts(1)
        .transport(Recorder::new(&answers))
        .build()
        .unwrap();
    let error = once.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
    assert_eq!(error.code(), Some("20000"), "{error}");
}

#[tokio::test]
async fn a_key_that_the_gateway_does_not_have_is_its_refusal() {
    for (given, sub_code) in [
        (None, "isv.decryption-error-not-valid-encrypt-key"),
        (Some(OTHER_KEY), "isv.decryption-error-unknown"),
    ] {
        let mut gateway = Mock::builder();
        if let Some(given) = given {
            gateway = gateway.aes_key(AesKey::from_base64(given).unwrap());
        }
        let mock = gateway.start().await.unwrap();
        let client = encrypting(&mock).max_attempts(1).build().unwrap();
        let error = client.trade().pay(pay("1", "1.00")).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sub_code()),
            (ErrorKind::Gateway, Some(sub_code)),
            "{error}"
        );
        assert!(error.is_verified() && !error.is_outcome_unknown(), "{error}");
    }
}

#[tokio::test]
async fn a_method_that_wants_encryption_is_refused_in_plain() {
    let spec = SourceFile {
        path: "trade/alipay.trade.secret.get.yaml".to_owned(),
        text: "method: alipay.trade.secret.get\ntitle: 测试\ndoc: A test.\nsource: https://opendocs.alipay.com/x\nkind: server\nretry: read\n\
               encrypt: required\nrequest:\n  name: { type: string, required: true, doc: Which. }\n"
            .to_owned(),
    };
    let mock = Mock::builder()
        .aes_key(aes_key())
        .spec_files([spec])
        .start()
        .await
        .unwrap();
    let client = builder(&mock).encryption_key(key(KEY)).build().unwrap();
    let call = || {
        client
            .call_raw("alipay.trade.secret.get", json!({ "name": "1" }))
            .reads()
    };
    let error = call().await.unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.missing-encrypt-type"), "{error}");
    call().encrypted(true).await.unwrap();
}

#[tokio::test]
async fn a_call_that_cannot_be_encrypted_is_not_sent() {
    let mock = start().await;
    let client = builder(&mock).build().unwrap();
    let without_key = client.trade().pay(pay("1", "1.00")).encrypted(true).await.unwrap_err();
    assert_eq!(without_key.kind(), ErrorKind::Configuration);
    assert_eq!(
        without_key.to_string(),
        "alipay.trade.pay: the call is to be encrypted, and the client has no AES key: give it by ClientBuilder::encryption_key"
    );
    let error = builder(&mock).encrypt_calls(true).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);

    let client = builder(&mock).encryption_key(key(KEY)).build().unwrap();
    let token = || {
        OauthToken::with_code(
            "4b203fe6c11548bcabd8da5bb087a83b",
            OauthTokenGrantType::AuthorizationCode,
        )
    };
    let picture = || {
        ImageUpload::new()
            .image_type("png")
            .image_content(File::new("a.png", &b"a picture"[..]))
    };
    let raw = || client.call_raw("alipay.trade.query", Value::Null);
    for error in [
        client.system().oauth_token(token()).encrypted(true).await.unwrap_err(),
        client
            .merchant()
            .image_upload(picture())
            .encrypted(true)
            .await
            .unwrap_err(),
        raw().encrypted(true).await.unwrap_err(),
        raw()
            .file("file", File::new("a.png", &b"a picture"[..]))
            .encrypted(true)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(
            error
                .to_string()
                .contains("the request has nothing that Alipay encrypts"),
            "{error}"
        );
        assert!(!error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    }
    assert_eq!(mock.requests(), 0);

    // Where all calls are encrypted, these go out as they can.
    let client = encrypting(&mock).build().unwrap();
    client.merchant().image_upload(picture()).await.unwrap();
    assert!(
        !mock
            .last_request("alipay.merchant.image.upload")
            .unwrap()
            .contains_key("encrypt_type")
    );
    let error = client.system().oauth_token(token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gateway);
    assert!(
        !mock
            .last_request("alipay.system.oauth.token")
            .unwrap()
            .contains_key("encrypt_type")
    );
    client
        .trade()
        .precreate(Precreate::new("1", price("1.00"), "x"))
        .encrypted(false)
        .await
        .unwrap();
    assert!(
        !mock
            .last_request("alipay.trade.precreate")
            .unwrap()
            .contains_key("encrypt_type")
    );
    let page = client
        .trade()
        .page_pay(PagePay::new("1", price("1.00"), "subject"))
        .url()
        .unwrap();
    let app = client
        .trade()
        .app_pay(AppPay::new("1", price("1.00"), "subject"))
        .order_string()
        .unwrap();
    for text in [page, app] {
        assert!(text.contains("subject") && !text.contains("encrypt_type"), "{text}");
    }
}

/// Passes requests on, and keeps their contents.
#[derive(Clone, Debug)]
struct Contents(ReqwestTransport, Arc<Mutex<Vec<String>>>);

impl Transport for Contents {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body = request.body().as_bytes().unwrap().to_vec();
        let content = form_urlencoded::parse(&body).find(|(name, _)| name == "biz_content");
        self.1.lock().unwrap().push(content.unwrap().1.into_owned());
        self.0.send(request)
    }
}

#[tokio::test]
async fn what_is_sent_again_is_the_same_ciphertext() {
    let mock = start().await;
    let client = encrypting(&mock).build().unwrap();
    crate::support::paid_order(&mock, &client, "1", "20.00").await;
    for (number, encrypt_type) in [("1", EncryptType::Aes), ("2", EncryptType::AesV2)] {
        let contents = Contents(ReqwestTransport::new().unwrap(), Arc::default());
        let client = encrypting(&mock)
            .encryption_key(key(KEY).with_encrypt_type(encrypt_type))
            .random_source(SeededRandom::new(1))
            .transport(contents.clone())
            .build()
            .unwrap();
        mock.fault_next(Fault::HttpStatus(502));
        let refund = Refund::with_out_trade_no("1", price("5.00")).out_request_no(number);
        let refund = client.trade().refund(refund).await.unwrap();
        assert_eq!(refund.fund_change, Some(false), "the first attempt was carried out");
        let contents = contents.1.lock().unwrap();
        assert_eq!(contents.len(), 2);
        assert_eq!(contents[0], contents[1]);
        assert_eq!(received(&mock, "alipay.trade.refund")["out_request_no"], number);
    }
}

#[tokio::test]
async fn a_changed_byte_in_an_encrypted_answer_is_refused() {
    let mock = start().await;
    let canned = Canned::default();
    let client = encrypting(&mock).transport(Recorder::new(&canned)).build().unwrap();
    crate::support::paid_order(&mock, &client, "1", "0.01").await;
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    let genuine = canned.get();
    let client = encrypting(&mock)
        .transport(canned.clone())
        .max_attempts(1)
        .build()
        .unwrap();
    let query = || async { client.trade().query(Query::with_out_trade_no("1")).await };
    query().await.expect("the recorded answer holds");
    for index in 0..genuine.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut changed = genuine.to_vec();
            changed[index] ^= change;
            canned.set(changed);
            let error = query().await.expect_err("a changed byte");
            let is_refused = matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed);
            assert!(
                is_refused && !error.is_verified(),
                "byte {index} ^ {change:#x}: {error}"
            );
        }
    }
    for length in 0..genuine.len() {
        canned.set(&genuine[..length]);
        assert_eq!(
            query().await.expect_err("cut short").kind(),
            ErrorKind::Malformed,
            "{length} bytes"
        );
    }
}

/// Somebody who answers in the gateway's place.
struct Answerer {
    mock: Mock,
    canned: Canned,
    client: Client,
}

impl Answerer {
    async fn new() -> Self {
        let mock = start().await;
        let canned = Canned::default();
        let client = encrypting(&mock)
            .transport(canned.clone())
            .max_attempts(1)
            .build()
            .unwrap();
        Self { mock, canned, client }
    }

    fn sign(&self, content: &str) -> String {
        let key = self.mock.alipay_key_pair();
        key.sign(SignType::Rsa2, content.as_bytes()).unwrap()
    }

    /// The answer to a payment with this content, and the signature of that text.
    fn answers(&self, content: &str, signed: &str) {
        let sign = self.sign(signed);
        self.canned
            .set(format!(r#"{{"alipay_trade_pay_response":{content},"sign":"{sign}"}}"#));
    }

    async fn pay(&self) -> Result<Outcome<alipay_api::trade::PayResponse>, Error> {
        self.client.trade().pay(pay("1", "1.00")).await
    }

    async fn refused(&self) -> Error {
        let error = self.pay().await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error}");
        error
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", aes_key().encrypt(MockType::Aes, text.as_bytes()))
}

const PAID: &str = r#"{"code":"10000","msg":"Success","trade_no":"2","out_trade_no":"1","total_amount":"1.00","receipt_amount":"1.00","buyer_logon_id":"1","gmt_payment":"2026-01-02 03:04:05"}"#;

#[tokio::test]
async fn the_signature_is_over_the_ciphertext_with_its_quotes() {
    let alipay = Answerer::new().await;
    let ciphertext = quoted(PAID);
    alipay.answers(&ciphertext, &ciphertext);
    alipay.pay().await.unwrap().done().unwrap();
    for signed in [ciphertext.trim_matches('"'), PAID, &ciphertext[..ciphertext.len() - 1]] {
        alipay.answers(&ciphertext, signed);
        assert_eq!(alipay.refused().await.kind(), ErrorKind::Verification, "{signed}");
    }
    // Slashes may be escaped before or after it is signed.
    let long = quoted(&PAID.replace("\"2\"", &format!("\"{}\"", "2".repeat(600))));
    assert!(long.contains('/'));
    let escaped = long.replace('/', "\\/");
    for signed in [&long, &escaped] {
        alipay.answers(&escaped, signed);
        alipay.pay().await.unwrap().done().unwrap();
    }
    // Without a signature, nothing is decrypted: a success nor a refusal.
    for content in [PAID, r#"{"code":"40004","msg":"","sub_code":"ACQ.TRADE_HAS_CLOSE"}"#] {
        for sign in ["", r#","sign":"""#] {
            alipay
                .canned
                .set(format!(r#"{{"alipay_trade_pay_response":{}{sign}}}"#, quoted(content)));
            let error = alipay.refused().await;
            assert_eq!((error.kind(), error.code()), (ErrorKind::Verification, None), "{error}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_decrypted_leaves_the_outcome_open() {
    let alipay = Answerer::new().await;
    let genuine = quoted(PAID);
    let other = AesKey::from_base64(OTHER_KEY)
        .unwrap()
        .encrypt(MockType::Aes, PAID.as_bytes());
    let mut texts = vec![
        format!("\"{other}\""),
        "\"\"".to_owned(),
        "\"code\"".to_owned(),
        quoted("[]"),
        quoted(""),
    ];
    // Of another length; and a last block whose padding is none.
    texts.extend([1, 4, 5, 20].map(|cut| format!("{}\"", &genuine[..genuine.len() - 1 - cut])));
    texts.push(format!("\"{}\"", aes_key().encrypt(MockType::AesV2, PAID.as_bytes())));
    for text in texts {
        alipay.answers(&text, &text);
        let error = alipay.refused().await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{text}: {error}");
        assert!(
            error.is_verified() && error.query_method() == Some("alipay.trade.query"),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .contains("the answer is signed, but can't be decrypted"),
            "{error}"
        );
        assert!(error.cause().unwrap().is::<DecryptionError>());
        // Nothing is lost: whoever has the key can read it.
        assert_eq!(error.verified_content(), Some(&*text));
    }
    // Of a ciphertext that is decrypted, everything holds that holds of a plain text.
    let elsewhere = quoted(&PAID.replace(r#""out_trade_no":"1""#, r#""out_trade_no":"7""#));
    alipay.answers(&elsewhere, &elsewhere);
    let error = alipay.refused().await;
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert!(error.to_string().contains("about another `out_trade_no`"), "{error}");
    let uncoded = quoted(r#"{"trade_no":"1"}"#);
    alipay.answers(&uncoded, &uncoded);
    let error = alipay.refused().await;
    assert_eq!(
        (error.kind(), error.verified_content()),
        (ErrorKind::Decode, Some(r#"{"trade_no":"1"}"#))
    );
}

#[tokio::test]
async fn plain_and_encrypted_answers_are_told_apart() {
    let alipay = Answerer::new().await;
    // Alipay has signed that it is paid: what else could be asked?
    alipay.answers(PAID, PAID);
    alipay.pay().await.unwrap().done().unwrap();
    alipay.canned.set(format!(r#"{{"alipay_trade_pay_response":{PAID}}}"#));
    assert_eq!(alipay.refused().await.kind(), ErrorKind::Verification);
    alipay.canned.set(
        r#"{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id","sub_msg":"无效的AppID参数"}}"#,
    );
    let error = alipay.refused().await;
    assert_eq!(
        (error.kind(), error.is_verified()),
        (ErrorKind::Gateway, false),
        "{error}"
    );
    // Nobody has asked for a ciphertext.
    let ciphertext = quoted(PAID);
    alipay.answers(&ciphertext, &ciphertext);
    let error = alipay
        .client
        .trade()
        .pay(pay("1", "1.00"))
        .encrypted(false)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("encryption was not asked for"), "{error}");
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_secret_that_an_encrypted_answer_quotes_is_hidden() {
    let alipay = Answerer::new().await;
    let refusal = json!({ "code": "40004", "msg": "Business Failed", "sub_code": "ACQ.INVALID_PARAMETER", "sub_msg": format!("{AUTH_CODE} 错误") });
    let ciphertext = quoted(&refusal.to_string());
    alipay.answers(&ciphertext, &ciphertext);
    let error = alipay.pay().await.unwrap_err();
    assert_eq!(error.sub_message(), Some("*** 错误"));
    assert!(!format!("{error} {error:?}").contains(AUTH_CODE));
    let call = alipay.client.trade().pay(pay("1", "1.00")).encrypted(true);
    assert!(!format!("{call:?}").contains(KEY));
}

/// A gateway whose messages are encrypted.
async fn messages() -> Mock {
    Mock::builder()
        .aes_key(aes_key())
        .encrypted_messages()
        .start()
        .await
        .unwrap()
}

const CHANGED: &str = "alipay.fund.trans.order.changed";

fn transferred() -> Value {
    json!({ "biz_content": { "out_biz_no": "1", "order_id": "20260624110075000006530000014566", "status": "SUCCESS", "fail_reason": "好/\"" } })
}

#[tokio::test]
async fn encrypted_messages_are_read_like_plain_ones() {
    let mock = messages().await;
    let client = builder(&mock).encryption_key(key(KEY)).build().unwrap();
    for charset in ["utf-8", "GBK"] {
        let mut fields = transferred();
        fields["charset"] = charset.into();
        let message = mock.notify(CHANGED, fields).unwrap();
        let body = message.body();
        assert!(
            body.contains("encrypt_type=AES") && !body.contains("out_biz_no"),
            "{body}"
        );
        let told = client.notifications().verify(body).unwrap();
        assert_eq!(told.unreadable().count(), 0);
        assert!(told.parameter("biz_content").unwrap().contains("\"out_biz_no\":\"1\""));
        let received = client.notifications().receive(body).await.unwrap();
        let parameters = client.notifications().verify_parameters(body).unwrap();
        assert_eq!(received.parameter("biz_content"), parameters.parameter("biz_content"));
        let Notification::FundTransOrderChanged(transfer) = told.into_inner() else {
            panic!("another kind");
        };
        assert_eq!(transfer.encrypt_type.as_deref(), Some("AES"));
        assert_eq!(transfer.biz_content.order_id, "20260624110075000006530000014566");
        assert_eq!(transfer.biz_content.fail_reason.as_deref(), Some("好/\""));
        // Any other byte is not what Alipay has signed.
        for index in (0..body.len()).step_by(7) {
            let mut changed = body.as_bytes().to_vec();
            changed[index] ^= 1;
            let told = client.notifications().verify(changed);
            assert!(told.is_err_and(|error| !error.is_verified()), "byte {index}");
        }
    }
    // Payments are never encrypted.
    let paid = json!({ "out_trade_no": "1", "trade_status": "TRADE_SUCCESS", "total_amount": "0.01" });
    let paid = mock.notify("trade_status_sync", paid).unwrap();
    client.notifications().verify(paid.body()).unwrap();
}

#[tokio::test]
async fn a_message_that_cannot_be_decrypted_is_refused_and_kept() {
    let mock = messages().await;
    let message = mock.notify(CHANGED, transferred()).unwrap();
    let body = message.body();
    for (builder, kind, says) in [
        (builder(&mock), ErrorKind::Configuration, "the client has no AES key"),
        (
            builder(&mock).encryption_key(key(OTHER_KEY)),
            ErrorKind::Decode,
            "its `biz_content` is encrypted, and can't be decrypted",
        ),
    ] {
        let client = builder.build().unwrap();
        let error = client.notifications().verify(body).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.is_verified() && error.to_string().contains(says), "{error}");
        // Alipay sends it again, until the key is right.
        assert_eq!(alipay_api::notify::response_status(&error), 500);
        let kept = client.notifications().verify_parameters(body).unwrap();
        let ciphertext = kept.parameter("biz_content").unwrap();
        assert!(aes_key().decrypt(MockType::Aes, ciphertext).is_ok());
    }
    let client = builder(&mock).encryption_key(key(KEY)).build().unwrap();
    let forged = |encrypt_type: &str, content: &str| {
        let forged = Forge::new(&mock)
            .set("msg_method", CHANGED.as_bytes())
            .set("version", b"1.1");
        forged
            .set("encrypt_type", encrypt_type.as_bytes())
            .set("biz_content", content.as_bytes())
            .signed()
    };
    let error = client.notifications().verify(forged("DES", "AAAA")).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Decode && error.to_string().contains("by `DES`"),
        "{error}"
    );
    let v2 = aes_key().encrypt(MockType::AesV2, br#"{"order_id":"7"}"#);
    let told = client.notifications().verify(forged("AES_V2", &v2)).unwrap();
    assert_eq!(told.parameter("biz_content"), Some(r#"{"order_id":"7"}"#));
    // A plain content, whatever the parameter says.
    let told = client
        .notifications()
        .verify(forged("AES", r#"{"order_id":"7"}"#))
        .unwrap();
    assert_eq!(told.parameter("biz_content"), Some(r#"{"order_id":"7"}"#));
}

/// What a mini program gets.
struct Program {
    mock: Mock,
    client: Client,
}

impl Program {
    async fn new() -> Self {
        let mock = start().await;
        let client = builder(&mock).encryption_key(key(KEY)).build().unwrap();
        Self { mock, client }
    }

    fn sign(&self, text: &str) -> String {
        let key = self.mock.alipay_key_pair();
        key.sign(SignType::Rsa2, text.as_bytes()).unwrap()
    }

    /// An encrypted payload with this content.
    fn payload(&self, content: &str) -> Value {
        let ciphertext = aes_key().encrypt(MockType::Aes, content.as_bytes());
        json!({ "response": ciphertext, "sign": self.sign(&format!("\"{ciphertext}\"")) })
    }

    fn opened(&self, payload: &Value) -> Result<alipay_api::RawResponse, Error> {
        self.client.decrypt_payload(payload.to_string())
    }
}

const PHONE: &str = r#"{"code":"10000","msg":"Success","mobile":"1597671905"}"#;

#[tokio::test]
async fn a_phone_number_is_verified_and_decrypted() {
    let program = Program::new().await;
    let payload = program.payload(PHONE);
    let phone = program.opened(&payload).unwrap();
    assert_eq!(phone.get::<String>("mobile").unwrap().as_deref(), Some("1597671905"));
    assert_eq!(phone.as_str(), PHONE);
    assert!(!format!("{phone:?}").contains("1597671905"));
    for (name, value) in [
        ("sign_type", "RSA2"),
        ("encrypt_type", "AES"),
        ("charset", "UTF-8"),
        ("new", "1"),
    ] {
        let mut payload = payload.clone();
        payload[name] = value.into();
        program.opened(&payload).unwrap();
    }
    let v2 = aes_key().encrypt(MockType::AesV2, PHONE.as_bytes());
    let sign = program.sign(&format!("\"{v2}\""));
    program
        .opened(&json!({ "response": v2, "sign": sign, "encrypt_type": "AES_V2" }))
        .unwrap();
    let certified = Mock::builder().certificates().start().await.unwrap();
    let sign = certified
        .alipay_key_pair()
        .sign(SignType::Rsa2, format!("\"{v2}\"").as_bytes())
        .unwrap();
    let client = certified_builder(&certified).encryption_key(key(KEY)).build().unwrap();
    let payload = json!({ "response": v2, "sign": sign, "encrypt_type": "AES_V2" });
    client.decrypt_payload(payload.to_string()).unwrap();

    // Every changed byte of it is refused before anything is read.
    let genuine = program.payload(PHONE).to_string();
    for index in 0..genuine.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut changed = genuine.clone().into_bytes();
            changed[index] ^= change;
            let error = program.client.decrypt_payload(changed).expect_err("a changed byte");
            let is_refused = matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed);
            assert!(
                is_refused && !error.is_verified(),
                "byte {index} ^ {change:#x}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn payloads_that_are_none_are_typed_errors() {
    let program = Program::new().await;
    let kind = |payload: &Value| program.opened(payload).unwrap_err().kind();
    let changed = |name: &str, value: Value| {
        let mut payload = program.payload(PHONE);
        payload[name] = value;
        payload
    };
    let unquoted = aes_key().encrypt(MockType::Aes, PHONE.as_bytes());
    let unquoted = json!({ "response": unquoted, "sign": program.sign(&unquoted) });
    for (payload, kind_of_it) in [
        (json!({}), ErrorKind::Malformed),
        (json!("x"), ErrorKind::Malformed),
        (changed("response", Value::Null), ErrorKind::Malformed),
        (changed("response", "".into()), ErrorKind::Malformed),
        (changed("charset", "GBK".into()), ErrorKind::Malformed),
        (changed("encrypt_type", "DES".into()), ErrorKind::Malformed),
        (changed("sign_type", "RSA".into()), ErrorKind::Verification),
        (changed("sign", "".into()), ErrorKind::Verification),
        (changed("sign", "AAAA".into()), ErrorKind::Verification),
        (changed("sign", "?".into()), ErrorKind::Verification),
        (unquoted, ErrorKind::Verification),
        // Nobody has signed it.
        (json!({ "response": PHONE }), ErrorKind::Verification),
        (json!({ "response": { "mobile": "1" } }), ErrorKind::Verification),
        // Nothing says that it is a success.
        (program.payload(r#"{"mobile":"1"}"#), ErrorKind::Decode),
        (program.payload("[]"), ErrorKind::Decode),
    ] {
        assert_eq!(kind(&payload), kind_of_it, "{payload}");
    }
    // As the whole object, and as its text, by nobody or by Alipay.
    let refusal = r#"{"code":"40001","msg":"Missing Required Arguments","subCode":"isv.missing-encrypt-key","subMsg":"缺少加密配置"}"#;
    let object: Value = serde_json::from_str(refusal).unwrap();
    for (payload, is_verified) in [
        (json!({ "response": object }), false),
        (json!({ "response": refusal }), false),
        (json!({ "response": refusal, "sign": program.sign(refusal) }), true),
        (program.payload(refusal), true),
        (program.payload(&refusal.replace("subCode", "sub_code")), true),
    ] {
        let error = program.opened(&payload).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Gateway, Some("40001")),
            "{error}"
        );
        assert_eq!(error.sub_code(), Some("isv.missing-encrypt-key"), "{payload}");
        assert_eq!(error.is_verified(), is_verified, "{payload}");
        assert!(!error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    }
    let busy =
        r#"{"code":"20000","msg":"Service Currently Unavailable","subCode":"aop.unknow-error","subMsg":"系统繁忙"}"#;
    assert!(program.opened(&program.payload(busy)).unwrap_err().is_retryable());
    // Alipay has signed it, so it is genuine, though plain.
    program
        .opened(&json!({ "response": PHONE, "sign": program.sign(PHONE) }))
        .unwrap();

    let payload = program.payload(PHONE).to_string();
    for (builder, kind) in [
        (builder(&program.mock), ErrorKind::Configuration),
        (builder(&program.mock).encryption_key(key(OTHER_KEY)), ErrorKind::Decode),
    ] {
        let error = builder.build().unwrap().decrypt_payload(&payload).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.is_verified(), "{error}");
    }
    let error = EncryptionKey::from_base64(&program.mock.app_private_key()).unwrap_err();
    assert_eq!(error.kind(), EncryptionKeyErrorKind::AnotherKey);
}

proptest! {
    #[test]
    fn whatever_is_asked_comes_back(subject in "\\PC{1,60}", is_v2: bool, seed: u64) {
        let (runtime, mock) = shared();
        runtime.block_on(async {
            let encrypt_type = if is_v2 { EncryptType::AesV2 } else { EncryptType::Aes };
            let client = encrypting(mock)
                .encryption_key(key(KEY).with_encrypt_type(encrypt_type))
                .random_source(SeededRandom::new(seed))
                .build()
                .unwrap();
            let number = format!("{seed}-{encrypt_type}");
            let business = json!({ "out_trade_no": number, "total_amount": "0.01", "subject": subject });
            // A subject that would make a notification ambiguous is refused before it is sent.
            if client.call_raw("alipay.trade.precreate", business.clone()).await.is_ok() {
                assert_eq!(received(mock, "alipay.trade.precreate"), business);
            }
        });
    }
}

/// A gateway that the cases of a property share.
fn shared() -> &'static (tokio::runtime::Runtime, Mock) {
    static SHARED: std::sync::OnceLock<(tokio::runtime::Runtime, Mock)> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mock = Mock::builder().aes_key(aes_key()).lenient().start();
        let mock = runtime.block_on(mock).unwrap();
        (runtime, mock)
    })
}
