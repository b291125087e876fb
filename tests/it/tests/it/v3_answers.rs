//! V3 answers that a gateway, or somebody on the way, may send: made by hand, signed with Alipay's key where it says so. The twins of
//! `answers`, `tamper` and of the forged answers of `encryption`, which are V2's.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use alipay_api::{
    Client, ClientBuilder, Error, ErrorKind, Outcome, Protocol,
    encryption::EncryptionKey,
    system::{OauthToken, oauth_token::OauthTokenGrantType},
    trade::{Cancel, Pay, PayRequired, Query, QueryErrorCode, QueryResponse, Refund},
    transport::{BoxFuture, MAX_BODY, Request, ReqwestTransport, Response, Transport, TransportError},
};
use alipay_mock::{AesKey, EncryptType, Mock, keys::SignType};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use proptest::{prelude::*, sample::Index};

use crate::support::{builder, certified_builder, paid_order, price};

const KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
const OTHER_KEY: &str = "vEARwBsVE8dBrk0tiaNQtQ==";

/// An order, as a query is answered.
const ORDER: &str = r#"{"out_trade_no":"1","trade_no":"2026","trade_status":"TRADE_SUCCESS"}"#;

fn key(base64: &str) -> EncryptionKey {
    EncryptionKey::from_base64(base64).unwrap()
}

fn ciphertext(content: &str) -> String {
    let key = AesKey::from_base64(KEY).unwrap();
    key.encrypt(EncryptType::Aes, content.as_bytes())
}

/// A whole response, to be sent more than once.
type Whole = http::Response<Bytes>;

/// Answers each request with the next of these responses (the last for ever), and counts them.
#[derive(Clone, Debug, Default)]
struct Canned(Arc<Mutex<Vec<Whole>>>, Arc<AtomicUsize>);

impl Canned {
    fn set(&self, responses: impl IntoIterator<Item = Whole>) {
        *self.0.lock().unwrap() = responses.into_iter().collect();
        self.1.store(0, Ordering::SeqCst);
    }

    /// How many requests were answered.
    fn count(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Transport for Canned {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst);
        let responses = self.0.lock().unwrap();
        let response = responses[turn.min(responses.len() - 1)].clone();
        Box::pin(async move { Ok(response.map(Into::into)) })
    }
}

/// Passes requests on, and keeps the last answer.
#[derive(Debug)]
struct Recorder(ReqwestTransport, Canned);

impl Transport for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (head, body) = self.0.send(request).await?.into_parts();
            let body = body.collect(MAX_BODY).await?;
            self.1.set([http::Response::from_parts(head.clone(), body.clone())]);
            Ok(Response::from_parts(head, body.into()))
        })
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
        let mock = Mock::start().await.unwrap();
        Self::of(mock, builder)
    }

    async fn encrypting() -> Self {
        let mock = Mock::start().await.unwrap();
        Self::of(mock, |mock| builder(mock).encryption_key(key(KEY)).encrypt_calls(true))
    }

    fn of(mock: Mock, client: impl Fn(&Mock) -> ClientBuilder) -> Self {
        let canned = Canned::default();
        let client = client(&mock)
            .protocol(Protocol::V3)
            .transport(canned.clone())
            .max_attempts(1)
            .build()
            .unwrap();
        Self { mock, canned, client }
    }

    /// A client that sends again what may be sent again.
    fn persistent(&self) -> Client {
        let client = builder(&self.mock)
            .protocol(Protocol::V3)
            .transport(self.canned.clone());
        client.build().unwrap()
    }

    /// The response with this body, signed as another is.
    fn signed_as(&self, status: u16, body: impl Into<Bytes>, signed: &[u8]) -> Whole {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis().to_string();
        let message = [now.as_bytes(), b"\nb2a1\n", signed, b"\n"].concat();
        let sign = self.mock.alipay_key_pair().sign(SignType::Rsa2, &message).unwrap();
        http::Response::builder()
            .status(status)
            .header("alipay-timestamp", now)
            .header("alipay-nonce", "b2a1")
            .header("alipay-signature", sign)
            .body(body.into())
            .unwrap()
    }

    fn signed(&self, status: u16, body: &str) -> Whole {
        self.signed_as(status, body.to_owned(), body.as_bytes())
    }

    fn answers(&self, status: u16, body: &str) {
        self.canned.set([self.signed(status, body)]);
    }

    async fn query(&self, answer: Whole) -> Result<QueryResponse, Error> {
        self.canned.set([answer]);
        self.client.trade().query(Query::with_out_trade_no("1")).await
    }

    async fn refused(&self, answer: Whole) -> ErrorKind {
        self.query(answer).await.unwrap_err().kind()
    }

    async fn pay(&self, answer: Whole) -> Result<Outcome<alipay_api::trade::PayResponse>, Error> {
        self.canned.set([answer]);
        let required = PayRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        };
        let pay = Pay::with_auth_code("28763443825664394", required);
        self.client.trade().pay(pay).await
    }

    async fn unpaid(&self, answer: Whole) -> Error {
        self.pay(answer).await.unwrap_err()
    }
}

/// The answer without its signature.
fn unsigned(mut answer: Whole) -> Whole {
    for name in ["alipay-timestamp", "alipay-nonce", "alipay-signature"] {
        answer.headers_mut().remove(name);
    }
    answer
}

fn assert_unknown(error: &Error, kind: ErrorKind, what: &str) {
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (kind, true),
        "{what}: {error}"
    );
}

#[tokio::test]
async fn the_signature_is_over_the_exact_text() {
    let alipay = Answerer::new().await;
    let odd = "{ \"out_trade_no\" : \"1\" ,\n\t\"trade_no\":\"1\",\"trade_status\":\"WAIT_BUYER_PAY\",\"subject\":\"a } \\\" / \\u4f60 你 \\ud83d\\ude00\" }\n";
    let order = alipay.query(alipay.signed(200, odd)).await.unwrap();
    assert_eq!(order.subject.as_deref(), Some("a } \" / 你 你 😀"));
    // Another text of the same meaning. V2 alone takes a slash that is escaped: V3 signs the bytes.
    let slash = ORDER.replace("TRADE_SUCCESS", "a/b");
    for (body, signed) in [
        (ORDER.replace(':', ": "), ORDER.to_owned()),
        (format!("{ORDER}\n"), ORDER.to_owned()),
        (format!(" {ORDER}"), ORDER.to_owned()),
        (slash.replace('/', "\\/"), slash.clone()),
    ] {
        let answer = alipay.signed_as(200, body.clone(), signed.as_bytes());
        assert_eq!(alipay.refused(answer).await, ErrorKind::Verification, "{body}");
    }
    // Headers that nobody knows do not count.
    let mut answer = alipay.signed(200, ORDER);
    answer.headers_mut().insert("alipay-new", HeaderValue::from_static("1"));
    alipay.query(answer).await.unwrap();
}

#[tokio::test]
async fn success_is_proven() {
    let alipay = Answerer::new().await;
    let number = r#""trade_no":"2026","out_trade_no":"1""#;
    for (status, body, kind) in [
        // Without what the spec says that it must have.
        (200, "{}".to_owned(), ErrorKind::Decode),
        (200, r#"{"out_trade_no":"1"}"#.to_owned(), ErrorKind::Decode),
        (
            200,
            r#"{"out_trade_no":"1","trade_no":null}"#.to_owned(),
            ErrorKind::Decode,
        ),
        (
            200,
            r#"{"out_trade_no":"1","trade_no":" "}"#.to_owned(),
            ErrorKind::Decode,
        ),
        (204, String::new(), ErrorKind::Decode),
        (200, String::new(), ErrorKind::Decode),
        // A signed error under a 2xx, also with all that a success has.
        (
            200,
            format!(r#"{{"code":"ACQ.TRADE_HAS_CLOSE",{number}}}"#),
            ErrorKind::Gateway,
        ),
        (201, format!(r#"{{"code":"40004",{number}}}"#), ErrorKind::Gateway),
        (200, format!(r#"{{"code":"BRAND_NEW",{number}}}"#), ErrorKind::Gateway),
        // A success under the status of an error.
        (400, format!("{{{number}}}"), ErrorKind::Gateway),
        (500, format!(r#"{{"code":"10000",{number}}}"#), ErrorKind::Gateway),
    ] {
        let what = format!("{status} {body}");
        let error = alipay.unpaid(alipay.signed(status, &body)).await;
        assert_unknown(&error, kind, &what);
        assert!(
            error.is_verified() && error.verified_content().is_some(),
            "{what}: {error}"
        );
        // For all that is known of a call by its path, an object is a success.
        let raw = alipay.client.v3_raw(http::Method::POST, "/v3/alipay/trade/pay").await;
        assert_eq!(raw.is_ok(), kind == ErrorKind::Decode, "{what}");
    }
    alipay.answers(200, r#"{"trade_no":"1","out_trade_no":"1","retry_flag":"perhaps"}"#);
    let error = alipay.client.trade().cancel(Cancel::with_out_trade_no("1")).await;
    assert_unknown(&error.unwrap_err(), ErrorKind::Decode, "cancel");
    for code in ["null", r#""""#, r#"" ""#, r#""10000""#] {
        let body = format!(r#"{{"code":{code},{number},"total_amount":"1.00"}}"#);
        assert!(
            matches!(alipay.pay(alipay.signed(200, &body)).await.unwrap(), Outcome::Done(_)),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_login_has_its_tokens_or_is_none() {
    let alipay = Answerer::new().await;
    let login = || {
        let token = OauthToken::with_code("code", OauthTokenGrantType::AuthorizationCode);
        alipay.client.system().oauth_token(token)
    };
    alipay.answers(200, r#"{"access_token":"a","refresh_token":"r","user_id":"2088"}"#);
    assert_eq!(login().await.unwrap().access_token.expose(), "a");
    for (body, kind) in [
        ("{}", ErrorKind::Decode),
        (r#"{"access_token":""}"#, ErrorKind::Decode),
        (r#"{"code":"code-invalid","access_token":"a"}"#, ErrorKind::Gateway),
    ] {
        alipay.answers(200, body);
        assert_eq!(login().await.unwrap_err().kind(), kind, "{body}");
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_believed() {
    let alipay = Answerer::new().await;
    let other = ORDER.replace(r#""out_trade_no":"1""#, r#""out_trade_no":"2""#);
    assert_eq!(
        alipay.refused(alipay.signed(200, &other)).await,
        ErrorKind::Verification
    );
    let error = alipay.unpaid(alipay.signed(200, &other)).await;
    assert_unknown(&error, ErrorKind::Verification, "pay");
    // An earlier question about the same order is another question too: V3's answers don't name their method.
    let open = ORDER.replace("TRADE_SUCCESS", "WAIT_BUYER_PAY");
    for body in [ORDER, &open] {
        let error = alipay.unpaid(alipay.signed(200, body)).await;
        assert_unknown(&error, ErrorKind::Verification, body);
    }
    // A read is sent once more, and no more.
    let client = alipay.persistent();
    let query = || client.trade().query(Query::with_out_trade_no("1"));
    alipay
        .canned
        .set([alipay.signed(200, &other), alipay.signed(200, ORDER)]);
    query().await.unwrap();
    assert_eq!(alipay.canned.count(), 2);
    alipay.canned.set([alipay.signed(200, &other)]);
    query().await.unwrap_err();
    assert!(alipay.canned.count() <= 2);
}

#[tokio::test]
async fn only_an_error_may_be_unsigned_and_it_decides_nothing() {
    let alipay = Answerer::new().await;
    for (status, body) in [
        (200, ORDER),
        (200, "{}"),
        (204, ""),
        (200, r#"{"code":"10003","out_trade_no":"1"}"#),
        (400, r#"{"code":"10003","out_trade_no":"1"}"#),
        (400, r#"{"code":"ACQ.TRADE_HAS_CLOSE"}"#),
        (400, r#"{"code":"40004"}"#),
    ] {
        let what = format!("{status} {body}");
        let error = alipay.unpaid(unsigned(alipay.signed(status, body))).await;
        assert_unknown(&error, ErrorKind::Verification, &what);
        assert!(!error.is_verified() && error.verified_content().is_none(), "{what}");
        // The same with a signature that is empty, or no base64.
        for sign in ["", "%", "AAAA"] {
            let mut answer = alipay.signed(status, body);
            answer
                .headers_mut()
                .insert("alipay-signature", HeaderValue::from_static(sign));
            assert_unknown(&alipay.unpaid(answer).await, ErrorKind::Verification, &what);
        }
    }
    // What the gateway says of a caller that it can't identify is shown, and proves nothing; signed, it does.
    for (is_signed, is_unknown) in [(false, true), (true, false)] {
        let answer = alipay.signed(401, r#"{"code":"invalid-signature","message":"验签出错"}"#);
        let answer = if is_signed { answer } else { unsigned(answer) };
        let error = alipay.unpaid(answer).await;
        assert_eq!(
            (error.kind(), error.is_verified(), error.is_outcome_unknown()),
            (ErrorKind::Gateway, is_signed, is_unknown),
            "{error}"
        );
        assert_eq!(error.sub_code(), Some("isv.invalid-signature"));
    }
    let pending = r#"{"code":"10003","out_trade_no":"1"}"#;
    assert!(alipay.pay(alipay.signed(200, pending)).await.unwrap().is_pending());
}

#[tokio::test]
async fn a_refusal_that_may_be_repeated_says_nothing_of_the_outcome() {
    let alipay = Answerer::new().await;
    alipay.answers(400, r#"{"code":"ACQ.TRADE_NOT_EXIST","message":"交易不存在"}"#);
    for (gateway, is_unknown) in [
        ("https://gateway.example/gateway.do", false),
        ("http://gateway.example/gateway.do", true),
    ] {
        let client = builder(&alipay.mock).gateway(gateway).protocol(Protocol::V3);
        let client = client.transport(alipay.canned.clone()).build().unwrap();
        let refund = Refund::with_out_trade_no("1", price("1.00"));
        let error = client.trade().refund(refund).await.unwrap_err();
        assert_eq!(error.is_outcome_unknown(), is_unknown, "{gateway}: {error}");
    }
}

#[tokio::test]
async fn a_read_with_half_an_answer_is_sent_again() {
    let alipay = Answerer::new().await;
    let client = alipay.persistent();
    for length in [1, ORDER.len() / 2, ORDER.len() - 1] {
        let half = alipay.signed_as(200, &ORDER.as_bytes()[..length], ORDER.as_bytes());
        alipay.canned.set([half.clone(), alipay.signed(200, ORDER)]);
        client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        assert_eq!(alipay.canned.count(), 2, "{length} bytes");
        let error = alipay.unpaid(half).await;
        assert_unknown(&error, ErrorKind::Malformed, "half");
        assert!(!error.is_retryable(), "{error}");
    }
    // Another page in its place is no half of an answer.
    alipay
        .canned
        .set([alipay.signed(200, "<html>"), alipay.signed(200, ORDER)]);
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
    assert_eq!(alipay.canned.count(), 1);
}

#[tokio::test]
async fn a_refusal_in_gbk_keeps_its_codes_and_is_verified_over_its_bytes() {
    let alipay = Answerer::new().await;
    let (body, _, _) = encoding_rs::GBK.encode(r#"{"code":"ACQ.TRADE_NOT_EXIST","message":"交易不存在，诚"}"#);
    let error = alipay
        .query(alipay.signed_as(400, body.to_vec(), &body))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(QueryErrorCode::AcqTradeNotExist), "{error}");
    assert!(error.is_verified(), "{error}");
    let mut changed = body.to_vec();
    let last = changed.len() - 4;
    changed[last] ^= 1;
    assert_eq!(
        alipay.refused(alipay.signed_as(400, changed, &body)).await,
        ErrorKind::Verification
    );
    let (success, _, _) = encoding_rs::GBK.encode(r#"{"trade_no":"1","trade_status":"好"}"#);
    let answer = alipay.signed_as(200, success.to_vec(), &success);
    assert_eq!(alipay.refused(answer).await, ErrorKind::Malformed);
}

#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    let alipay = Answerer::new().await;
    for (status, body) in [
        (200, "null".to_owned()),
        (200, "[]".to_owned()),
        (200, "\u{feff}{}".to_owned()),
        (200, format!("{ORDER} trailing")),
        (200, format!("{ORDER}{ORDER}")),
        (
            200,
            r#"{"trade_no":"1","trade_no":"1","trade_status":"TRADE_SUCCESS"}"#.to_owned(),
        ),
        (
            200,
            r#"{"trade_no":"1","tr\u0061de_no":"2","trade_status":"TRADE_SUCCESS"}"#.to_owned(),
        ),
        (200, "[".repeat(1 << 20)),
        // An error that is not JSON, signed or not.
        (400, "no".to_owned()),
        (400, String::new()),
        (404, "<html>not found</html>".to_owned()),
        (502, "<html>bad gateway</html>".to_owned()),
        // A redirect, and what is neither success nor error.
        (302, String::new()),
        (307, ORDER.to_owned()),
        (300, ORDER.to_owned()),
    ] {
        let what = format!("{status} {}", &body[..body.len().min(99)]);
        for answer in [alipay.signed(status, &body), unsigned(alipay.signed(status, &body))] {
            assert_eq!(alipay.refused(answer.clone()).await, ErrorKind::Malformed, "{what}");
            let error = alipay.unpaid(answer).await;
            assert_unknown(&error, ErrorKind::Malformed, &what);
        }
    }
    // What nobody has asked to be encrypted.
    let answer = alipay.signed(200, &ciphertext(ORDER));
    assert_eq!(alipay.refused(answer).await, ErrorKind::Malformed);
    let many: Vec<String> = (0..200_000).map(|n| format!(r#""m{n}":1"#)).collect();
    let error = alipay
        .query(alipay.signed(200, &format!("{{{}}}", many.join(","))))
        .await;
    assert!(matches!(
        error.unwrap_err().kind(),
        ErrorKind::Malformed | ErrorKind::Decode
    ));
}

#[tokio::test]
async fn a_header_twice_is_refused_even_if_both_are_the_same() {
    let alipay = Answerer::new().await;
    for name in ["alipay-timestamp", "alipay-nonce", "alipay-signature", "alipay-sn"] {
        let mut answer = alipay.signed(200, ORDER);
        let name: HeaderName = name.parse().unwrap();
        let value = answer.headers().get(&name).cloned();
        let value = value.unwrap_or_else(|| HeaderValue::from_static("0"));
        answer.headers_mut().insert(name.clone(), value.clone());
        answer.headers_mut().append(name.clone(), value);
        assert_eq!(alipay.refused(answer).await, ErrorKind::Malformed, "{name}");
    }
}

#[tokio::test]
async fn an_error_without_its_code_is_no_success() {
    let alipay = Answerer::new().await;
    for body in ["{}", r#"{"message":"no code"}"#, r#"{"code":""}"#] {
        let error = alipay.unpaid(alipay.signed(400, body)).await;
        assert_unknown(&error, ErrorKind::Gateway, body);
    }
    let answer = alipay.signed(400, r#"{"code":"\ud800"}"#);
    assert_eq!(alipay.refused(answer).await, ErrorKind::Malformed);
}

#[tokio::test]
async fn a_code_that_nobody_describes_leaves_the_outcome_unknown() {
    let alipay = Answerer::new().await;
    for code in [
        "BRAND_NEW",
        "ACQ.SYSTEM_ERROR",
        "brand-new",
        "unknow-error",
        "20000",
        "40004",
    ] {
        let error = alipay
            .unpaid(alipay.signed(400, &format!(r#"{{"code":"{code}","message":"m"}}"#)))
            .await;
        assert_unknown(&error, ErrorKind::Gateway, code);
        assert!(error.is_verified(), "{code}: {error}");
    }
}

#[tokio::test]
async fn errors_show_no_token_and_no_line_break() {
    let alipay = Answerer::new().await;
    let answer = alipay.signed(200, r#"{"app_auth_token":"201509BBeff9351a"#);
    let error = alipay.query(answer).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("201509BBeff9351a"), "{error}");
    let long = "long ".repeat(1000);
    let body = format!(r#"{{"code":"ACQ.X","message":"x\n2026 INFO paid \u001b[2J {long}"}}"#);
    let error = alipay.query(alipay.signed(400, &body)).await.unwrap_err();
    let shown = error.to_string();
    assert!(!shown.contains(char::is_control) && shown.len() < 1000, "{shown}");
}

/// In certificate mode: who may have signed.
#[tokio::test]
async fn certificates_stand_in_nobodys_place() {
    let mock = Mock::builder().certificates().start().await.unwrap();
    let [app_sn, root_sn] = {
        let client = certified_builder(&mock).protocol(Protocol::V3).build().unwrap();
        let _ = client.trade().query(Query::with_out_trade_no("1")).await;
        let request = mock.last_request("alipay.trade.query").unwrap();
        ["app_cert_sn", "alipay_root_cert_sn"].map(|name| request[name].clone())
    };
    let alipay = Answerer::of(mock, certified_builder);
    let named = |sn: &str| {
        let mut answer = alipay.signed(200, ORDER);
        answer.headers_mut().insert("alipay-sn", sn.parse().unwrap());
        answer
    };
    alipay.query(named(&alipay.mock.alipay_cert_sn())).await.unwrap();
    let of_root = root_sn.split('_').next().unwrap();
    for (sn, is_serial) in [
        (&*app_sn, true),
        (of_root, true),
        ("00000000000000000000000000000000", true),
        ("x", false),
    ] {
        // The download is answered with the same.
        let error = alipay.query(named(sn)).await.unwrap_err();
        assert_eq!(error.is_unknown_certificate(), is_serial, "{sn}: {error}");
        assert_eq!(error.kind() == ErrorKind::Verification, !is_serial, "{sn}: {error}");
        let error = alipay.unpaid(named(sn)).await;
        assert!(error.is_outcome_unknown() && !error.is_verified(), "{sn}: {error}");
    }
    // What can't be read is not as good as no name.
    let mut unreadable = named("x");
    let bytes = HeaderValue::from_bytes(b"\xe4\xbd\xa0").unwrap();
    unreadable.headers_mut().insert("alipay-sn", bytes);
    assert_eq!(alipay.refused(unreadable).await, ErrorKind::Malformed);
    // Signed by the app itself, in Alipay's name.
    let app = alipay.mock.app_key_pair().unwrap();
    let mut forged = named(&alipay.mock.alipay_cert_sn());
    let time = forged.headers()["alipay-timestamp"].to_str().unwrap();
    let sign = app.sign(SignType::Rsa2, format!("{time}\nb2a1\n{ORDER}\n").as_bytes());
    let sign = sign.unwrap().parse().unwrap();
    forged.headers_mut().insert("alipay-signature", sign);
    assert_eq!(alipay.refused(forged).await, ErrorKind::Verification);
}

#[tokio::test]
async fn ciphertexts_are_alipays_and_whole() {
    let alipay = Answerer::encrypting().await;
    let paid = r#"{"trade_no":"2026","out_trade_no":"1","total_amount":"1.00"}"#;
    let text = ciphertext(paid);
    assert!(matches!(
        alipay.pay(alipay.signed(200, &text)).await.unwrap(),
        Outcome::Done(_)
    ));
    let other = AesKey::from_base64(OTHER_KEY).unwrap();
    let with_other_key = other.encrypt(EncryptType::Aes, paid.as_bytes());
    let flipped = |at: usize| {
        let mut text = text.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    // Signed by Alipay, and not to be decrypted.
    for wrong in [
        with_other_key,
        flipped(0),
        flipped(text.len() / 2),
        // By a block.
        ciphertext(&paid[..paid.len() - 20]),
        ciphertext("[]"),
        ciphertext("no JSON"),
        ciphertext(""),
    ] {
        let error = alipay.unpaid(alipay.signed(200, &wrong)).await;
        assert_unknown(&error, ErrorKind::Decode, &wrong);
        assert!(error.is_verified(), "{error}");
    }
    // No ciphertext any more.
    for wrong in [&text[..text.len() - 1], &text[..20], "%"] {
        let error = alipay.unpaid(alipay.signed(200, wrong)).await;
        assert_unknown(&error, ErrorKind::Malformed, wrong);
    }
    // Signed by nobody: nothing is decrypted, and an error decides nothing either.
    for (status, content) in [(200, paid), (400, r#"{"code":"ACQ.TRADE_HAS_CLOSE"}"#)] {
        let answer = unsigned(alipay.signed(status, &ciphertext(content)));
        let error = alipay.unpaid(answer).await;
        assert_unknown(&error, ErrorKind::Verification, content);
        assert!(error.sub_code().is_none() && !error.is_verified(), "{error}");
    }
    // An encrypted error under a 2xx, and the reverse.
    for (status, content) in [(200, r#"{"code":"ACQ.TRADE_HAS_CLOSE"}"#), (400, paid)] {
        let error = alipay.unpaid(alipay.signed(status, &ciphertext(content))).await;
        assert_unknown(&error, ErrorKind::Gateway, content);
    }
    // The signature is over the ciphertext, not over what is in it.
    let answer = alipay.signed_as(200, text.clone(), paid.as_bytes());
    assert_unknown(&alipay.unpaid(answer).await, ErrorKind::Verification, "plain");
    // With another key on this side.
    let client = builder(&alipay.mock)
        .encryption_key(key(OTHER_KEY))
        .protocol(Protocol::V3)
        .transport(alipay.canned.clone())
        .build()
        .unwrap();
    alipay.answers(200, &ciphertext(ORDER));
    let query = client.trade().query(Query::with_out_trade_no("1")).encrypted(true);
    let error = query.await.unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Decode, true));
}

/// A genuine answer, and a client that gets whatever stands in `canned`.
struct Genuine {
    answer: Whole,
    canned: Canned,
    client: Client,
}

/// Of all ways that there are: by protocol, with keys or certificates, plain or encrypted; a success or a refusal.
struct AllGenuine {
    runtime: tokio::runtime::Runtime,
    ways: Vec<Genuine>,
}

fn all_genuine() -> &'static AllGenuine {
    static ALL: OnceLock<AllGenuine> = OnceLock::new();
    ALL.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let ways = runtime.block_on(genuine());
        AllGenuine { runtime, ways }
    })
}

async fn genuine() -> Vec<Genuine> {
    let mut ways = Vec::new();
    let aes = || AesKey::from_base64(KEY).unwrap();
    for is_certified in [false, true] {
        let mock = Mock::builder().aes_key(aes());
        let mock = if is_certified { mock.certificates() } else { mock };
        let mock = mock.start().await.unwrap();
        let of = if is_certified { certified_builder } else { builder };
        paid_order(&mock, &of(&mock).build().unwrap(), "1", "0.01").await;
        for protocol in [Protocol::V2, Protocol::V3] {
            for is_encrypted in [false, true] {
                for number in ["1", "2"] {
                    let client = || {
                        let client = of(&mock).protocol(protocol).encryption_key(key(KEY));
                        client.encrypt_calls(is_encrypted).max_attempts(1)
                    };
                    let canned = Canned::default();
                    let recorder = Recorder(ReqwestTransport::new().unwrap(), canned.clone());
                    let sender = client().transport(recorder).build().unwrap();
                    let asked = sender.trade().query(Query::with_out_trade_no(number)).await;
                    assert!(asked.map_or_else(|error| error.is_verified(), |_| true));
                    let answer = canned.0.lock().unwrap()[0].clone();
                    let client = client().transport(canned.clone()).build().unwrap();
                    ways.push(Genuine { answer, canned, client });
                }
            }
        }
    }
    ways
}

/// The bytes of an answer that prove it: its body and these headers, where it has them.
const PROOF: [&str; 4] = ["alipay-timestamp", "alipay-nonce", "alipay-signature", "alipay-sn"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_is_refused_before_a_field_is_read(way: Index, part in 0..=PROOF.len(), at: Index, change in 1..=u8::MAX) {
        let all = all_genuine();
        let Genuine { answer, canned, client } = way.get(&all.ways);
        let mut changed = answer.clone();
        let mut what = "body";
        let header = PROOF.get(part).filter(|name| answer.headers().contains_key(**name));
        // In V2, the body has it all, and more: what stands around the content and its signature is not signed.
        let mut is_proof = true;
        if let Some(name) = header {
            what = name;
            let mut value = answer.headers()[*name].as_bytes().to_vec();
            let at = at.index(value.len());
            value[at] ^= change;
            // Else no HTTP would bring it.
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            changed.headers_mut().insert(*name, value);
        } else {
            let mut body = answer.body().to_vec();
            let at = at.index(body.len());
            body[at] ^= change;
            if let Some(place) = place_of(answer.body(), b"\"alipay_cert_sn\"") {
                is_proof = !(place..place + b"\"alipay_cert_sn\"".len()).contains(&at);
            }
            *changed.body_mut() = body.into();
        }
        canned.set([changed]);
        let asked = all.runtime.block_on(async { client.trade().query(Query::with_out_trade_no("1")).await });
        if !is_proof {
            return Ok(());
        }
        let error = match asked {
            Ok(order) => return Err(TestCaseError::fail(format!("{what}: {order:?}"))),
            Err(error) => error,
        };
        prop_assert!(!error.is_verified() && error.verified_content().is_none(), "{}: {}", what, error);
    }

    #[test]
    fn no_bytes_panic_or_pass(status in 200_u16..600, body: Vec<u8>, subject: String, sign in "[ -~]{0,40}", time: u64) {
        let (runtime, alipay) = shared();
        let forged = serde_json::json!({ "trade_no": "1", "trade_status": "TRADE_SUCCESS", "subject": subject });
        for body in [body, forged.to_string().into_bytes()] {
            for sign in [None, Some(&sign)] {
                let mut answer = http::Response::builder().status(status).header("alipay-timestamp", time).header("alipay-nonce", "1");
                if let Some(sign) = sign {
                    answer = answer.header("alipay-signature", sign);
                }
                alipay.canned.set([answer.body(body.clone().into()).unwrap()]);
                let query = alipay.client.trade().query(Query::with_out_trade_no("1"));
                let error = runtime.block_on(async { query.await }).unwrap_err();
                prop_assert!(!error.is_verified(), "{}", error);
            }
        }
    }
}

/// One that all cases of a property share.
fn shared() -> &'static (tokio::runtime::Runtime, Answerer) {
    static SHARED: OnceLock<(tokio::runtime::Runtime, Answerer)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let alipay = runtime.block_on(Answerer::new());
        (runtime, alipay)
    })
}

fn place_of(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
