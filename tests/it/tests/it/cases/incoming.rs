//! Notifications, return URLs and app results of `tests/cases/`.

use alipay_api::{
    Client, Credentials, Error, ErrorKind,
    notify::{self, Notification, TradeStatusSync, Verified, trade_status_sync::TradeStatus},
    sign::{self, PrivateKey, PublicKey},
    trade::{AppPay, PagePay},
    types::Price,
};
use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::case;
use crate::support::{certified_builder, price, start, start_certified};

const OTHER_APP: &str = "2021000000000999";

/// What a case describes, made step by step.
struct Made<'a> {
    mock: &'a Mock,
    parameters: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl<'a> Made<'a> {
    fn new(mock: &'a Mock, case: &Value) -> Self {
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let mut fields: Map<_, _> = object(&super::case("notifications/base"));
        if let Some(keep) = case["keep"].as_array() {
            fields.retain(|name, _| keep.iter().any(|kept| kept == name));
        }
        fields.extend(object(&case["set"]));
        if case["only"].is_object() {
            fields = object(&case["only"]);
        }
        let text = |value: &Value| {
            let text = value.as_str().unwrap();
            text.replace("{app_id}", mock.app_id())
                .replace("{other_app_id}", OTHER_APP)
        };
        let parameters = fields
            .iter()
            .map(|(name, value)| (name.clone(), text(value).into_bytes()));
        Self {
            mock,
            parameters: parameters.collect(),
            body: Vec::new(),
        }
    }

    /// The body that the case's steps make.
    fn body(mut self, case: &Value) -> Vec<u8> {
        for step in case["steps"].as_array().unwrap() {
            let (name, argument) = match step {
                Value::Object(step) => step.iter().next().unwrap(),
                step => (&step.as_str().unwrap().to_owned(), &Value::Null),
            };
            self.step(name, argument);
        }
        self.body
    }

    fn step(&mut self, name: &str, argument: &Value) {
        match (name, argument.as_str()) {
            ("sign", None) => self.sign(&self.mock.alipay_key_pair(), &["sign_type"], Vec::clone),
            ("sign_with_sign_type", None) => self.sign(&self.mock.alipay_key_pair(), &[], Vec::clone),
            ("sign_by", Some("{other_alipay_key}")) => {
                self.sign(&KeyPair::generate().unwrap(), &["sign_type"], Vec::clone);
            }
            ("sign_over", Some("gbk")) => {
                self.sign(&self.mock.alipay_key_pair(), &["sign_type"], |value| in_gbk(value));
            }
            ("form", charset @ (None | Some("utf-8" | "gbk"))) => {
                let encoded = |value: &[u8]| match charset {
                    Some("gbk") => form_urlencoded::byte_serialize(&in_gbk(value)).collect::<String>(),
                    _ => form_urlencoded::byte_serialize(value).collect::<String>(),
                };
                let pairs = self
                    .parameters
                    .iter()
                    .map(|(name, value)| format!("{name}={}", encoded(value)));
                self.body = pairs.collect::<Vec<_>>().join("&").into_bytes();
            }
            ("json", None) => {
                let text = |value: &[u8]| Value::from(std::str::from_utf8(value).unwrap());
                let object: Map<_, _> = self
                    .parameters
                    .iter()
                    .map(|(name, value)| (name.clone(), text(value)))
                    .collect();
                self.body = Value::Object(object).to_string().into_bytes();
            }
            ("multipart", None) => {
                for (name, value) in &self.parameters {
                    let head = format!("--boundary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
                    self.body.extend([head.as_bytes(), value, b"\r\n"].concat());
                }
                self.body.extend(b"--boundary--\r\n");
            }
            ("append", Some(text)) => self.body.extend(text.as_bytes()),
            ("prepend", Some(text)) => self.body = [text.as_bytes(), &self.body].concat(),
            ("replace_in_values", None) => {
                let [from, to] = [0, 1].map(|at| argument[at].as_str().unwrap());
                for (_, value) in self.parameters.iter_mut().filter(|(name, _)| name != "sign") {
                    *value = std::str::from_utf8(value).unwrap().replace(from, to).into_bytes();
                }
            }
            _ => panic!("an unknown step: {name} {argument}"),
        }
    }

    /// Adds the signature over the values as `encode` has them, without the parameters that are `left_out`.
    fn sign(&mut self, key: &KeyPair, left_out: &[&str], encode: impl Fn(&Vec<u8>) -> Vec<u8>) {
        let is_signed = |(name, _): &&(String, Vec<u8>)| !left_out.contains(&name.as_str());
        let mut signed: Vec<_> = self.parameters.iter().filter(is_signed).collect();
        signed.sort();
        let pairs = signed
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", &encode(value)].concat());
        let text = pairs.collect::<Vec<_>>().join(&b'&');
        let sign = key.sign(SignType::Rsa2, &text).unwrap();
        self.parameters.push(("sign".to_owned(), sign.into_bytes()));
    }
}

fn in_gbk(text: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap();
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// The body that this case sends to `notify_url`.
fn body(mock: &Mock, name: &str) -> Vec<u8> {
    let case = case(name);
    Made::new(mock, &case).body(&case)
}

fn verify(client: &Client, body: &[u8]) -> Result<Verified<Notification>, Error> {
    client.notifications().verify(body)
}

/// The refusal of this body, whose message has these words.
async fn refusal(client: &Client, body: &[u8], words: &[&str]) -> Error {
    let error = verify(client, body).unwrap_err();
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
    assert!(
        message.starts_with("the notification") && !message.contains('\n'),
        "{message}"
    );
    let received = client.notifications().receive(body).await.unwrap_err();
    assert_eq!((received.kind(), received.to_string()), (error.kind(), message));
    error
}

/// The payment of the cases, as the merchant's books have it.
fn paid(told: Verified<Notification>) -> Verified<TradeStatusSync> {
    let told = told.expect_order("ORDER1", price("0.01")).unwrap();
    assert_eq!(told.trade_status, TradeStatus::TradeSuccess);
    assert_eq!(told.total_amount, Some(Price::from_cents(1)));
    told
}

#[tokio::test]
async fn what_they_start_from_is_taken() {
    let (mock, client) = start().await;
    let steps = serde_json::json!({"steps": ["sign", "form"]});
    paid(verify(&client, &Made::new(&mock, &steps).body(&steps)).unwrap());
}

#[tokio::test]
async fn a_parameter_that_a_router_added_is_named() {
    let (mock, client) = start().await;
    let body = body(&mock, "notifications/router-parameter");
    let words = [
        "the parameter `s` is not among what Alipay signed",
        "a router or a proxy",
        "raw body",
    ];
    let error = refusal(&client, &body, &words).await;
    assert_eq!(error.kind(), ErrorKind::Verification);
    // So are several, and one beside a parameter that no spec knows.
    let several = [&body[..], b"&_url=%2Fpay&utm_source=x"].concat();
    refusal(
        &client,
        &several,
        &["the parameters `_url`, `s`, `utm_source` are not among"],
    )
    .await;
    let unknown = serde_json::json!({"set": {"brand_new": "1"}, "steps": ["sign", "form", {"append": "&q=%2Fnotify"}]});
    let unknown = Made::new(&mock, &unknown).body(&unknown);
    refusal(&client, &unknown, &["the parameter `q` is not among"]).await;
    // A framework's `action`, which another kind of notification has.
    let framework = serde_json::json!({"steps": ["sign", "form", {"append": "&action=notify"}]});
    let framework = Made::new(&mock, &framework).body(&framework);
    refusal(&client, &framework, &["the parameter `action` is not among"]).await;
}

#[tokio::test]
async fn escapes_of_a_filter_are_named() {
    let (mock, client) = start().await;
    let body = body(&mock, "notifications/html-escaped-by-a-filter");
    let error = refusal(&client, &body, &["values hold HTML's escapes", "a filter", "raw body"]).await;
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn values_that_are_encoded_twice_or_never_are_named() {
    let (mock, client) = start().await;
    let case = serde_json::json!({"set": {"subject": "a+b%41 c"}, "steps": ["sign", "form"]});
    let body = Made::new(&mock, &case).body(&case);
    paid(verify(&client, &body).unwrap());
    let pairs = || form_urlencoded::parse(&body).into_owned();
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let twice = |(name, value): (String, String)| {
        let value = if name == "sign" { value } else { encoded(&value) };
        format!("{name}={}", encoded(&value))
    };
    let twice = pairs().map(twice).collect::<Vec<_>>().join("&");
    refusal(
        &client,
        twice.as_bytes(),
        &["values are percent-encoded once more than Alipay encodes them"],
    )
    .await;
    let never = pairs()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    refusal(&client, never.as_bytes(), &["values are not percent-encoded"]).await;
    let whole = encoded(std::str::from_utf8(&body).unwrap());
    refusal(&client, whole.as_bytes(), &["is percent-encoded once more"]).await;
}

#[tokio::test]
async fn another_app_is_named_beside_the_clients() {
    let (mock, client) = start().await;
    let body = body(&mock, "notifications/another-app-of-the-process");
    let named = [OTHER_APP, mock.app_id(), "nobody has verified"];
    assert_eq!(refusal(&client, &body, &named).await.kind(), ErrorKind::Verification);
    // Signed by Alipay, as one key may be for several apps.
    let signed = serde_json::json!({"set": {"app_id": OTHER_APP}, "steps": ["sign", "form"]});
    let signed = Made::new(&mock, &signed).body(&signed);
    let error = refusal(&client, &signed, &[OTHER_APP, mock.app_id(), "Alipay has signed it"]).await;
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Mismatch, true));

    let (mock, client) = start_certified().await;
    let named = [OTHER_APP, mock.app_id(), "nobody has verified"];
    for serial in [None, Some("0123456789abcdef0123456789abcdef")] {
        let mut case = case("notifications/another-app-of-the-process");
        if let Some(serial) = serial {
            case["set"]["alipay_cert_sn"] = serial.into();
        }
        let body = Made::new(&mock, &case).body(&case);
        assert_eq!(refusal(&client, &body, &named).await.kind(), ErrorKind::Verification);
    }
    let uncertain = certified_builder(&mock).build().unwrap();
    assert!(verify(&uncertain, &body).is_err());
}

#[tokio::test]
async fn a_wrong_key_of_alipays_is_suspected() {
    let (mock, _) = start().await;
    let stranger = KeyPair::generate().unwrap();
    let credentials =
        Credentials::public_key(&mock.app_private_key(), &stranger.public_key().to_pem().unwrap()).unwrap();
    let client = Client::builder(mock.app_id(), credentials).build().unwrap();
    let steps = serde_json::json!({"steps": ["sign", "form"]});
    let body = Made::new(&mock, &steps).body(&steps);
    refusal(
        &client,
        &body,
        &["Alipay public key", "that of another app", "sandbox or production"],
    )
    .await;
}

// A field that can't be read leaves the rest of the notification readable.

#[tokio::test]
async fn escapes_that_alipay_signed_leave_the_order_readable() {
    let (mock, client) = start().await;
    let told = paid(verify(&client, &body(&mock, "notifications/html-escaped-and-signed")).unwrap());
    let list = told.parameter("fund_bill_list").unwrap();
    assert!(list.starts_with("[{&quot;amount&quot;"), "{list}");
    assert!(told.fund_bill_list.is_empty());
}

#[tokio::test]
async fn a_fee_of_three_decimals_leaves_the_order_readable() {
    let (mock, client) = start().await;
    let told = paid(verify(&client, &body(&mock, "notifications/fee-of-three-decimals")).unwrap());
    assert_eq!(
        (told.charge_amount, told.parameter("charge_amount")),
        (None, Some("0.006"))
    );
}

#[tokio::test]
async fn a_time_with_an_offset_leaves_the_order_readable() {
    let (mock, client) = start().await;
    let told = paid(verify(&client, &body(&mock, "notifications/time-with-offset")).unwrap());
    assert_eq!(told.parameter("gmt_payment"), Some("2026-01-02T03:04:06+08:00"));
    let time = told.gmt_payment.map(|time| time.to_string());
    assert!(
        time.is_none() || time.as_deref() == Some("2026-01-02 03:04:06"),
        "{time:?}"
    );
}

#[tokio::test]
async fn a_line_end_behind_and_a_question_mark_in_front_are_taken_away() {
    let (mock, client) = start().await;
    for name in [
        "notifications/line-end-at-the-end",
        "notifications/question-mark-in-front",
    ] {
        let body = body(&mock, name);
        paid(verify(&client, &body).unwrap());
        paid(
            client
                .notifications()
                .receive([&body[..], b"\r\n"].concat())
                .await
                .unwrap(),
        );
    }
}

#[tokio::test]
async fn what_is_no_form_is_named() {
    let (mock, client) = start().await;
    let json = body(&mock, "notifications/json-body");
    let error = refusal(
        &client,
        &json,
        &["is JSON", "a form is wanted", "before a framework decodes it"],
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let multipart = body(&mock, "notifications/multipart-body");
    let error = refusal(
        &client,
        &multipart,
        &["is multipart", "application/x-www-form-urlencoded"],
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::Malformed);
    let xml = b"<xml><appid>wx1</appid><sign a=\"b\">1</sign></xml>";
    refusal(&client, xml, &["is XML"]).await;
    let steps = serde_json::json!({"steps": ["sign", "form", {"prepend": "https://example.com/notify?"}]});
    let url = Made::new(&mock, &steps).body(&steps);
    refusal(&client, &url, &["is a whole URL", "behind its `?`"]).await;
    refusal(&client, b"", &["is empty"]).await;
}

#[tokio::test]
async fn gbk_that_was_encoded_as_utf_8_is_named() {
    let (mock, client) = start().await;
    let body = body(&mock, "notifications/gbk-decoded-and-encoded-as-utf-8");
    refusal(
        &client,
        &body,
        &["says GBK", "in UTF-8", "encode them in the charset that it names"],
    )
    .await;
}

#[tokio::test]
async fn a_gateway_check_is_verified_and_answered() {
    let (mock, client) = start().await;
    let body = body(&mock, "notifications/gateway-check");
    assert!(!String::from_utf8_lossy(&body).contains("app_id="));
    for check in [verify(&client, &body), client.notifications().receive(&body).await] {
        let check = check.unwrap();
        assert_eq!(check.name(), notify::GATEWAY_CHECK);
        let reply = client
            .notifications()
            .gateway_check_reply(&check)
            .await
            .unwrap()
            .unwrap();
        let key = PrivateKey::parse(&mock.app_private_key()).unwrap().public_key();
        let inside = response_of(&reply, &key);
        let (start, end) = ("<biz_content>", "</biz_content><success>true</success>");
        let named = inside
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .unwrap();
        assert!(
            named.starts_with("MII") && PublicKey::parse(named).unwrap() == key,
            "{inside}"
        );
    }
    // It belongs to the app that its content names.
    let other = case("notifications/gateway-check");
    let other = serde_json::to_string(&other).unwrap().replace("{app_id}", OTHER_APP);
    let other: Value = serde_json::from_str(&other).unwrap();
    let other = Made::new(&mock, &other).body(&other);
    let error = refusal(&client, &other, &[OTHER_APP, mock.app_id(), "Alipay has signed it"]).await;
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

/// What stands in `<response>` of an answer to a gateway check, whose signature holds by this key.
pub(crate) fn response_of(reply: &str, key: &PublicKey) -> String {
    let between = |start: &str, end: &str| {
        let (_, rest) = reply
            .split_once(start)
            .unwrap_or_else(|| panic!("no {start} in {reply}"));
        rest.split_once(end)
            .unwrap_or_else(|| panic!("no {end} in {reply}"))
            .0
            .to_owned()
    };
    let start = r#"<?xml version="1.0" encoding="GBK"?><alipay><response>"#;
    assert!(
        reply.starts_with(start) && reply.ends_with("<sign_type>RSA2</sign_type></alipay>"),
        "{reply}"
    );
    assert!(reply.is_ascii(), "the same in GBK and UTF-8");
    let response = between("<response>", "</response>");
    let sign = BASE64_STANDARD.decode(between("<sign>", "</sign>")).unwrap();
    let verifier = key.verifier(sign::SignType::Rsa2).unwrap();
    verifier.verify(response.as_bytes(), &sign).unwrap();
    response
}

#[tokio::test]
async fn a_return_urls_question_mark_is_taken_away() {
    let (mock, client) = start().await;
    let query = body(&mock, "returns/question-mark-in-front");
    let query = std::str::from_utf8(&query).unwrap();
    assert!(query.starts_with('?'));
    let back = client.notifications().verify_return(query).unwrap();
    let back = back.expect_method::<PagePay>().unwrap();
    assert_eq!(
        (back.out_trade_no.as_str(), back.total_amount),
        ("ORDER1", Some(price("0.01")))
    );
    let message = |query: &str| {
        let error = client.notifications().verify_return(query).unwrap_err().to_string();
        assert!(error.starts_with("the return query"), "{error}");
        error
    };
    let whole = message(&format!("https://example.com/back{query}"));
    assert!(
        whole.contains("is a whole URL: give what stands behind its `?`"),
        "{whole}"
    );
    let own = message(&format!("{query}&shop=7"));
    assert!(
        own.contains("the parameter `shop` is not among") && own.contains("your return_url"),
        "{own}"
    );
}

/// The answer that the phone's Alipay app gets, with this content.
fn answer(mock: &Mock, content: &str) -> String {
    let sign = mock.alipay_key_pair().sign(SignType::Rsa2, content.as_bytes()).unwrap();
    format!(r#"{{"alipay_trade_app_pay_response":{content},"sign":"{sign}","sign_type":"RSA2"}}"#)
}

#[tokio::test]
async fn an_app_result_as_the_whole_object_is_named() {
    let (mock, client) = start().await;
    let case = case("app-results/whole-object");
    let content = case["content"].as_str().unwrap().replace("{app_id}", mock.app_id());
    let result = answer(&mock, &content);
    let verify = |result: &str| client.notifications().verify_app_result::<AppPay>(result);
    let paid = verify(&result).unwrap();
    assert_eq!(
        (paid.out_trade_no.as_str(), paid.total_amount),
        ("ORDER1", Some(price("0.01")))
    );
    let wrap = case["steps"][1]["wrap"].as_str().unwrap();
    let whole = wrap.replace(
        "<the answer as a JSON string>",
        &Value::from(result.as_str()).to_string(),
    );
    let on_android = format!("resultStatus={{9000}};memo={{}};result={{{result}}}");
    for whole in [whole, on_android] {
        let error = verify(&whole).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains("give its member `result` alone"), "{error}");
    }
}

#[tokio::test]
async fn an_app_result_of_another_method_is_refused() {
    let (mock, client) = start().await;
    let content = format!(
        r#"{{"code":"10000","app_id":"{}","out_trade_no":"1","trade_no":"2","total_amount":"0.01"}}"#,
        mock.app_id()
    );
    let result = answer(&mock, &content);
    client.notifications().verify_app_result::<AppPay>(&result).unwrap();
    let other = result.replace("alipay_trade_app_pay_response", "alipay_fund_trans_app_pay_response");
    let error = client.notifications().verify_app_result::<AppPay>(&other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}

#[tokio::test]
async fn an_app_result_after_a_cancelled_payment_is_named() {
    let (_mock, client) = start().await;
    let case = case("app-results/cancelled");
    let result = client
        .notifications()
        .verify_app_result::<AppPay>(case["text"].as_str().unwrap());
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(
        error
            .to_string()
            .contains("is empty, as after a payment that the buyer cancelled"),
        "{error}"
    );
}

#[tokio::test]
async fn an_app_result_that_nobody_signed_keeps_the_gateways_words() {
    let (_mock, client) = start().await;
    let case = case("app-results/unsigned-refusal");
    let result = client
        .notifications()
        .verify_app_result::<AppPay>(case["text"].as_str().unwrap());
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Gateway, false));
    assert_eq!(
        (error.code(), error.sub_code()),
        (Some("40003"), Some("isv.missing-signature-config"))
    );
    assert!(error.is_outcome_unknown());
    let message = error.to_string();
    for word in ["40003", "isv.missing-signature-config", "应用未配置", "(unsigned)"] {
        assert!(message.contains(word), "{message}");
    }
}

#[tokio::test]
async fn an_app_result_with_one_odd_field_is_read_and_one_that_contradicts_itself_proves_nothing() {
    let (mock, client) = start().await;
    let verify = |content: &str| {
        client
            .notifications()
            .verify_app_result::<AppPay>(&answer(&mock, content))
    };
    let paid = format!(
        r#"{{"code":"10000","msg":"x\ud83d","app_id":"{}","out_trade_no":"1","trade_no":"2026","total_amount":"1,00"}}"#,
        mock.app_id()
    );
    let read = verify(&paid).unwrap();
    assert_eq!((read.out_trade_no.as_str(), read.total_amount), ("1", None));
    assert_eq!(read.unreadable().collect::<Vec<_>>(), ["total_amount"]);
    assert_eq!(read.parameter("msg"), Some(r#""x\ud83d""#));
    let error = verify(&paid.replace(r#""msg":"#, r#""sub_code":"ACQ.X","msg":"#)).unwrap_err();
    assert_eq!(
        (error.kind(), error.is_outcome_unknown()),
        (ErrorKind::Gateway, true),
        "{error}"
    );
}
