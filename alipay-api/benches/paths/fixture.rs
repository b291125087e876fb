//! Keys, clients and messages.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::{
    Client, Credentials, Protocol,
    sign::{BadSignature, BoxFuture, PrivateKey, PublicKey, SignError, SignType, Signer, Verifier},
    trade::{PagePay, Precreate},
};
use alipay_mock::keys::KeyPair;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use criterion::Criterion;
use http::Response;

pub(crate) const APP_ID: &str = "2021000000000001";

/// Long enough for a median that holds to a percent on a shared machine.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(6))
        .sample_size(200)
}

/// The app's keys and Alipay's.
pub(crate) struct Keys {
    pub(crate) app: KeyPair,
    pub(crate) alipay: KeyPair,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            app: KeyPair::generate().expect("a key"),
            alipay: KeyPair::generate().expect("a key"),
        }
    }

    pub(crate) fn app_private_key(&self) -> PrivateKey {
        PrivateKey::parse(&self.app.to_pem().expect("PEM")).expect("the app's key")
    }

    pub(crate) fn alipay_public_key(&self) -> PublicKey {
        PublicKey::parse(&self.alipay.public_key().to_base64().expect("base64")).expect("Alipay's key")
    }

    /// A client that signs and verifies.
    pub(crate) fn client(&self) -> Client {
        self.client_of(Protocol::V2)
    }

    /// The same, by this protocol.
    pub(crate) fn client_of(&self, protocol: Protocol) -> Client {
        let credentials = Credentials::keys(self.app_private_key(), self.alipay_public_key(), SignType::Rsa2);
        client(credentials.expect("credentials"), protocol)
    }

    /// Alipay's signature, in base64.
    pub(crate) fn sign(&self, text: &str) -> String {
        self.alipay
            .sign(alipay_mock::keys::SignType::Rsa2, text.as_bytes())
            .expect("a signature")
    }
}

/// A client whose signatures cost nothing.
pub(crate) fn client_without_crypto() -> Client {
    client_without_crypto_of(Protocol::V2)
}

/// The same, by this protocol.
pub(crate) fn client_without_crypto_of(protocol: Protocol) -> Client {
    client(
        Credentials::custom(Arc::new(Free), Arc::new(Free)).expect("credentials"),
        protocol,
    )
}

fn client(credentials: Credentials, protocol: Protocol) -> Client {
    let client = Client::builder(APP_ID, credentials).protocol(protocol);
    client.build().expect("a client")
}

/// The order of the page payment.
pub(crate) fn order() -> PagePay {
    PagePay::new(
        "20161112000100010001",
        "88.88".parse().expect("a price"),
        "Iphone6 16G 深空灰色",
    )
    .body("Iphone6 16G")
    .timeout_express("90m")
}

/// The order of a QR code.
pub(crate) fn precreate() -> Precreate {
    Precreate::new(
        "20161112000100010001",
        "88.88".parse().expect("a price"),
        "Iphone6 16G 深空灰色",
    )
    .body("Iphone6 16G")
    .timeout_express("90m")
}

/// A payment notification with 22 parameters beside `sign` and `sign_type`.
pub(crate) fn notification(keys: &Keys) -> String {
    let mut parameters = [
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("buyer_id", "2088102116773037"),
        ("buyer_logon_id", "159****5620"),
        ("buyer_pay_amount", "88.88"),
        ("charset", "utf-8"),
        (
            "fund_bill_list",
            r#"[{"amount":"88.88","fundChannel":"ALIPAYACCOUNT"}]"#,
        ),
        ("gmt_create", "2024-01-02 03:04:05"),
        ("gmt_payment", "2024-01-02 03:04:07"),
        ("invoice_amount", "88.88"),
        ("notify_id", "ac05099524730693a8b330c5ecf72da9786"),
        ("notify_time", "2024-01-02 03:04:08"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", "20161112000100010001"),
        ("point_amount", "0.00"),
        ("receipt_amount", "88.88"),
        ("seller_id", "2088102119685838"),
        ("subject", "Iphone6 16G 深空灰色"),
        ("total_amount", "88.88"),
        ("trade_no", "2024010222001473700100000001"),
        ("trade_status", "TRADE_SUCCESS"),
        ("version", "1.0"),
    ];
    parameters.sort_unstable();
    let text: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let sign = keys.sign(&text.join("&"));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .append_pair("sign", &sign)
        .append_pair("sign_type", "RSA2")
        .finish()
}

/// The text that the notification's signature is over, and the signature.
pub(crate) fn signed_text(notification: &str) -> (Vec<u8>, Vec<u8>) {
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(notification.as_bytes()).into_owned().collect();
    parameters.sort();
    let mut sign = Vec::new();
    let mut text = Vec::new();
    for (name, value) in parameters {
        match &*name {
            "sign" => sign = BASE64_STANDARD.decode(value).expect("base64"),
            "sign_type" => {}
            _ => text.push(format!("{name}={value}")),
        }
    }
    (text.join("&").into_bytes(), sign)
}

/// The content of an answer to a query.
pub(crate) const QUERY_CONTENT: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","buyer_pay_amount":"88.88","buyer_user_id":"2088102116773037","fund_bill_list":[{"amount":"88.88","fund_channel":"ALIPAYACCOUNT"}],"invoice_amount":"88.88","out_trade_no":"20161112000100010001","point_amount":"0.00","receipt_amount":"88.88","send_pay_date":"2024-01-02 03:04:07","total_amount":"88.88","trade_no":"2024010222001473700100000001","trade_status":"TRADE_SUCCESS"}"#;

/// An answer to a query.
pub(crate) fn query_answer(keys: &Keys) -> String {
    let sign = keys.sign(QUERY_CONTENT);
    format!(r#"{{"alipay_trade_query_response":{QUERY_CONTENT},"sign":"{sign}"}}"#)
}

/// The same by V3, and what its signature is over.
pub(crate) fn v3_query_answer(keys: &Keys) -> (Response<Bytes>, String) {
    const START: &str = r#"{"code":"10000","msg":"Success","#;
    let body = format!("{{{}", QUERY_CONTENT.strip_prefix(START).expect("a success"));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time")
        .as_millis();
    let nonce = "b2a1c4d39f6e4a0c8c7d5e3f1a2b4c6d";
    let message = format!("{now}\n{nonce}\n{body}\n");
    let answer = Response::builder()
        .header("alipay-timestamp", now.to_string())
        .header("alipay-nonce", nonce)
        .header("alipay-signature", keys.sign(&message))
        .body(Bytes::from(body))
        .expect("an answer");
    (answer, message)
}

#[derive(Debug)]
struct Free;

impl Signer for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async { Ok(vec![0x5a; 256]) })
    }

    fn sign_now(&self, _: &[u8]) -> Option<Result<Vec<u8>, SignError>> {
        Some(Ok(vec![0x5a; 256]))
    }
}

impl Verifier for Free {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }
}
