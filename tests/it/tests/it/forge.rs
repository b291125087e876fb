//! Notifications that a test signs itself.

use alipay_api::notify::GATEWAY_CHECK;
use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};

/// A notification of a payment, signed by whoever holds the key.
pub(crate) struct Forge {
    pub(crate) key: KeyPair,
    pub(crate) parameters: Vec<(&'static str, Vec<u8>)>,
}

impl Forge {
    pub(crate) fn new(mock: &Mock) -> Self {
        let text = |text: &str| text.as_bytes().to_vec();
        Self {
            key: mock.alipay_key_pair(),
            parameters: vec![
                ("app_id", text(mock.app_id())),
                ("charset", text("utf-8")),
                ("notify_type", text("trade_status_sync")),
                ("out_trade_no", text("1")),
                ("sign_type", text("RSA2")),
                ("subject", text("你好")),
                ("total_amount", text("0.01")),
                ("trade_status", text("TRADE_SUCCESS")),
            ],
        }
    }

    pub(crate) fn set(mut self, name: &'static str, value: &[u8]) -> Self {
        self.parameters.retain(|(parameter, _)| *parameter != name);
        self.parameters.push((name, value.to_vec()));
        self
    }

    /// The body, signed over everything but what `left_out` names, and over empty values only if they are `kept`.
    pub(crate) fn body(&self, left_out: &[&str], kept: bool) -> String {
        let mut signed: Vec<_> = self
            .parameters
            .iter()
            .filter(|(name, _)| !left_out.contains(name))
            .collect();
        signed.sort();
        signed.retain(|(_, value)| kept || !value.is_empty());
        let text: Vec<Vec<u8>> = signed
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
            .collect();
        let sign = self.key.sign(SignType::Rsa2, &text.join(&b'&')).unwrap();
        let encoded = |value: &[u8]| form_urlencoded::byte_serialize(value).collect::<String>();
        let pairs = self
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let pairs: Vec<String> = pairs.chain([format!("sign={}", encoded(sign.as_bytes()))]).collect();
        pairs.join("&")
    }

    pub(crate) fn signed(&self) -> String {
        self.body(&["sign_type"], true)
    }
}

/// A form of these parameters.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish()
}

/// A message to the app's gateway address, signed as messages are.
pub(crate) fn service_call(mock: &Mock, service: &str, content: &str) -> String {
    let parameters = [
        ("biz_content", content),
        ("charset", "GBK"),
        ("service", service),
        ("sign_type", "RSA2"),
    ];
    let text: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let sign = mock
        .alipay_key_pair()
        .sign(SignType::Rsa2, text.join("&").as_bytes())
        .unwrap();
    form(&[&parameters[..], &[("sign", &sign)]].concat())
}

/// What such a message says: the app and the event.
pub(crate) fn gateway_content(app_id: &str, event: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"gbk\"?><XML><AppId><![CDATA[{app_id}]]></AppId><EventType><![CDATA[{event}]]></EventType></XML>"
    )
}

/// A gateway check of the mock's app.
pub(crate) fn gateway_check(mock: &Mock) -> String {
    service_call(mock, GATEWAY_CHECK, &gateway_content(mock.app_id(), "verifygw"))
}
