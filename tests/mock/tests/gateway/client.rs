//! A V2 client in a hundred lines, with its own signatures.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use alipay_codegen::ir::{Kind, Spec};
use alipay_mock::{Builder, Mock};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) type Parameters = BTreeMap<String, String>;

/// Calls one gateway.
pub(crate) struct Client {
    pub(crate) gateway: String,
    pub(crate) app_id: String,
    key: KeyPair,
    /// What answers are verified by.
    pub(crate) alipay: Vec<u8>,
    /// Sent along with every call.
    pub(crate) serials: Vec<(String, String)>,
    pub(crate) http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) root: String,
    pub(crate) node: Value,
    pub(crate) signed: bool,
    /// The certificate that signed.
    pub(crate) alipay_cert_sn: Option<String>,
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.node[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field} in {self:?}"))
    }

    /// `10000`, or `40004 ACQ.TRADE_NOT_EXIST`.
    pub(crate) fn code(&self) -> String {
        let sub = self
            .node
            .get("sub_code")
            .and_then(Value::as_str)
            .map(|code| format!(" {code}"));
        format!("{}{}", self.text("code"), sub.unwrap_or_default())
    }
}

impl Client {
    pub(crate) fn of(mock: &Mock) -> Self {
        Self::new(
            mock.gateway_url(),
            mock.app_id(),
            &mock.app_private_key(),
            &mock.alipay_public_key(),
        )
    }

    pub(crate) fn new(gateway: String, app_id: &str, private_key: &str, alipay_public_key: &str) -> Self {
        Self {
            gateway,
            app_id: app_id.to_owned(),
            key: KeyPair::from_pkcs8(&STANDARD.decode(private_key).unwrap()).unwrap(),
            alipay: STANDARD.decode(alipay_public_key).unwrap(),
            serials: Vec::new(),
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    /// The parameters of a call, signed.
    pub(crate) fn signed(&self, method: &str, content: &Value, extra: &[(&str, &str)]) -> Parameters {
        let mut parameters: Parameters = [
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-03-20 12:00:00"),
            ("version", "1.0"),
        ]
        .into_iter()
        .chain(self.serials.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        .chain(extra.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        parameters.insert("biz_content".to_owned(), content.to_string());
        parameters.retain(|_, value| !value.is_empty());
        self.sign(&mut parameters);
        parameters
    }

    pub(crate) fn sign(&self, parameters: &mut Parameters) {
        parameters.remove("sign");
        let message: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.join("&").as_bytes(),
                &mut signature,
            )
            .unwrap();
        parameters.insert("sign".to_owned(), STANDARD.encode(signature));
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.alipay)
            .verify(message, &STANDARD.decode(signature).unwrap())
            .is_ok()
    }

    /// Calls with everything in the body.
    pub(crate) async fn call(&self, method: &str, content: &Value) -> Answer {
        self.call_with(method, content, &[]).await
    }

    /// Calls, and gives only the code of the answer.
    pub(crate) async fn code(&self, method: &str, content: &Value) -> String {
        self.call(method, content).await.code()
    }

    pub(crate) async fn call_with(&self, method: &str, content: &Value, extra: &[(&str, &str)]) -> Answer {
        self.post(&self.signed(method, content, extra)).await
    }

    pub(crate) async fn post(&self, parameters: &Parameters) -> Answer {
        let request = self
            .http
            .post(&self.gateway)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        self.read(
            &request
                .body(form(parameters))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap(),
        )
    }

    pub(crate) async fn get(&self, parameters: &Parameters) -> reqwest::Response {
        self.http
            .get(format!("{}?{}", self.gateway, form(parameters)))
            .send()
            .await
            .unwrap()
    }

    /// Takes an answer apart by hand, and checks its signature over the exact text of the node.
    pub(crate) fn read(&self, body: &[u8]) -> Answer {
        let text = std::str::from_utf8(body).unwrap();
        let (root, rest) = text.strip_prefix("{\"").unwrap().split_once("\":").unwrap();
        let (node, sign) = match rest.rsplit_once(",\"sign\":\"") {
            Some((node, sign)) => (node, Some(sign.strip_suffix("\"}").unwrap())),
            None => (rest.strip_suffix('}').unwrap(), None),
        };
        let (node, alipay_cert_sn) = match node.rsplit_once(",\"alipay_cert_sn\":\"") {
            Some((node, sn)) => (node, Some(sn.strip_suffix('"').unwrap().to_owned())),
            None => (node, None),
        };
        if let Some(sign) = sign {
            assert!(self.verifies(node.as_bytes(), sign), "{text}");
        }
        let answer = Answer {
            root: root.to_owned(),
            node: serde_json::from_str(node).unwrap(),
            signed: sign.is_some(),
            alipay_cert_sn,
        };
        keeps_to_its_spec(&answer);
        answer
    }

    /// Creates an order for a named buyer.
    pub(crate) async fn create(&self, number: &str, amount: &str, extra: &[(&str, &str)]) -> Answer {
        let content = json!({ "out_trade_no": number, "total_amount": amount, "subject": "测试订单", "buyer_id": "2088102146225135" });
        self.call_with("alipay.trade.create", &content, extra).await
    }

    /// Lets this account receive shares of payments.
    pub(crate) async fn bind(&self, account: &str) {
        let content = json!({ "receiver_list": [{ "type": "userId", "account": account }] });
        assert_eq!(self.code("alipay.trade.royalty.relation.bind", &content).await, "10000");
    }
}

/// All specs.
pub(crate) fn spec() -> &'static Spec {
    static SPEC: OnceLock<Spec> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    SPEC.get_or_init(|| alipay_codegen::load(alipay_codegen::read_specs(&folder).unwrap()).unwrap())
}

/// A success has only fields that its method's spec knows, and all that are always there.
fn keeps_to_its_spec(answer: &Answer) {
    let mut methods = spec().products.iter().flat_map(|product| &product.methods);
    let name = answer.root.trim_end_matches("_response").replace('_', ".");
    let Some(method) = methods.find(|method| method.name == name).filter(|_| {
        answer
            .node
            .get("code")
            .is_none_or(|_| answer.text("code").starts_with('1'))
    }) else {
        return;
    };
    // What an app or a browser brings back has protocol fields too.
    if method.kind != Kind::Server {
        return;
    }
    let (known, node) = (&method.response.fields, answer.node.as_object().unwrap());
    for name in node.keys().filter(|name| !matches!(name.as_str(), "code" | "msg")) {
        let is_known = known.iter().any(|field| field.name == *name);
        assert!(is_known, "{name} is not in the spec of {}", method.name);
    }
    for field in known.iter().filter(|field| field.required) {
        let is_there = node.contains_key(&field.name);
        assert!(is_there, "{} is missing from the answer of {}", field.name, method.name);
    }
}

pub(crate) fn form(parameters: &Parameters) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

/// The parameters of a form or a query.
pub(crate) fn unform(form: &str) -> Parameters {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// The V1 rule: what is signed of a notification or a return.
pub(crate) fn v1_message(parameters: &Parameters) -> String {
    message(parameters, &["sign", "sign_type"])
}

/// The V2 rule: what is signed of a message.
pub(crate) fn v2_message(parameters: &Parameters) -> String {
    message(parameters, &["sign"])
}

fn message(parameters: &Parameters, left_out: &[&str]) -> String {
    let pairs: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A gateway whose clock only moves when it is told to.
pub(crate) async fn with_clock(change: impl FnOnce(Builder) -> Builder) -> (Mock, Client, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(1_774_000_000));
    let clock = Arc::clone(&seconds);
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst));
    let mock = change(Mock::builder()).clock(now).start().await.unwrap();
    let client = Client::of(&mock);
    (mock, client, seconds)
}

/// Asks the control endpoint, or posts to it: the status, and the answer.
pub(crate) async fn control(mock: &Mock, body: Option<Value>, path: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/_mock/{path}", mock.base_url());
    let request = match body {
        Some(body) => http.post(url).body(body.to_string()),
        None => http.get(url),
    };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
    )
}
