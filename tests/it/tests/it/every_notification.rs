//! Every notification that has a spec, by itself: filled, signed by its rule, verified and read. A new spec joins by itself.

use std::hash::{BuildHasher as _, RandomState};

use alipay_api::{Client, ErrorKind, notify::Notification as Told};
use alipay_codegen::ir::{Notification, Object, Scalar, Signature, Spec, Type, TypeBody};
use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};
use encoding_rs::GBK;
use serde_json::{Map, Value, json};

use crate::support::start;

fn spec() -> Spec {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec");
    let files = alipay_codegen::read_specs(root.as_ref()).unwrap();
    alipay_codegen::load(files).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What Alipay signs by, and the client that verifies it.
struct Alipay {
    key: KeyPair,
    client: Client,
    app_id: String,
    _mock: Mock,
}

impl Alipay {
    async fn start() -> Self {
        let (mock, client) = start().await;
        Self {
            key: mock.alipay_key_pair(),
            client,
            app_id: mock.app_id().to_owned(),
            _mock: mock,
        }
    }

    /// The form of these parameters, in the order that they have, with its signature.
    fn signed(&self, parameters: &[(String, Vec<u8>)], signs_sign_type: bool) -> Vec<u8> {
        let mut signed: Vec<_> = parameters.iter().collect();
        signed.retain(|(name, _)| signs_sign_type || name != "sign_type");
        signed.sort();
        let pairs: Vec<_> = signed
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
            .collect();
        let sign = self.key.sign(SignType::Rsa2, &pairs.join(&b'&')).unwrap();
        form(&[parameters, &[("sign".to_owned(), sign.into_bytes())]].concat())
    }

    fn verify(&self, body: &[u8]) -> Result<alipay_api::notify::Verified<Told>, alipay_api::Error> {
        self.client.notifications().verify(body)
    }

    fn refuses(&self, body: &[u8], what: &str) -> String {
        let error = self.verify(body).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Verification, "{what}: {error}");
        error.to_string()
    }
}

fn form(parameters: &[(String, Vec<u8>)]) -> Vec<u8> {
    let encoded = |value: &[u8]| form_urlencoded::byte_serialize(value).collect::<String>();
    let pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    pairs.join("&").into_bytes()
}

/// Random values of a notification's types, and the secrets among them.
struct Filling<'s> {
    notification: &'s Notification,
    state: u64,
    secrets: Vec<String>,
}

impl<'s> Filling<'s> {
    fn new(notification: &'s Notification, seed: u64) -> Self {
        Self {
            notification,
            state: seed,
            secrets: Vec::new(),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % limit
    }

    /// Text with something in it that is special in forms, in JSON or in what is signed.
    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = [
            "订单",
            "😀",
            "+",
            "%2B",
            "a b",
            "&",
            "=",
            "\"",
            "\\",
            "<&amp;>",
            "\u{1f}",
            "https://example.com/?q",
        ];
        let number = self.below(1_000_000);
        let parts = [self.below(PARTS.len()), self.below(PARTS.len())];
        format!("{}{number}{}", PARTS[parts[0]], PARTS[parts[1]])
    }

    fn object(&mut self, object: &'s Object) -> Map<String, Value> {
        let mut fields = Map::new();
        for field in &object.fields {
            let value = if field.secret {
                let secret = format!("secret{}{}", self.below(1_000_000), self.below(1_000_000));
                self.secrets.push(secret.clone());
                secret.into()
            } else {
                self.value(&field.ty)
            };
            fields.insert(field.name.clone(), value);
        }
        fields
    }

    fn value(&mut self, ty: &'s Type) -> Value {
        match ty {
            Type::List(item) => (0..=self.below(3)).map(|_| self.value(item)).collect(),
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::Named(named) => {
                let mut types = self.notification.types.iter();
                match &types.find(|own| own.name == named.name).unwrap().body {
                    TypeBody::Enum(values) => match self.below(values.len() + 1) {
                        // A value that is younger than the spec.
                        0 => self.text().into(),
                        place => values[place - 1].value.as_str().into(),
                    },
                    TypeBody::Object(object) => {
                        let mut fields = self.object(object);
                        let unknown = json!({ "number": self.below(99), "text": self.text(), "list": [true, null] });
                        fields.insert("a_member_without_a_spec".to_owned(), unknown);
                        fields.into()
                    }
                }
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar) -> Value {
        let numbers = [self.below(28) + 1, self.below(24), self.below(60)];
        let date = format!("2026-11-{:02}", numbers[0]);
        match scalar {
            Scalar::String | Scalar::Url => self.text().into(),
            Scalar::Int => (self.below(2_000_000_000) * 1000).into(),
            Scalar::Bool => (self.below(2) == 0).into(),
            Scalar::Price => format!("{}.{:02}", self.below(1000), numbers[2]).into(),
            Scalar::DateTime => format!("{date} {:02}:{:02}:07", numbers[1], numbers[2]).into(),
            Scalar::Date => date.into(),
            Scalar::Json => json!({ "text": self.text(), "list": [numbers[2]] }).to_string().into(),
            Scalar::File => panic!("no notification has a file"),
        }
    }

    /// The notification, every field filled, and a parameter that its spec does not have.
    fn fields(&mut self, app_id: &str) -> Map<String, Value> {
        let mut fields = self.object(&self.notification.body);
        let is_message = fields.contains_key("msg_method");
        let named_by = if is_message { "msg_method" } else { "notify_type" };
        for (name, value) in [
            ("app_id", app_id),
            ("charset", "utf-8"),
            (named_by, self.notification.name.as_str()),
            ("a_parameter_without_a_spec", "+ 新"),
        ] {
            fields.insert(name.to_owned(), value.into());
        }
        fields
    }
}

/// The parameters that carry these fields.
fn parameters(fields: &Map<String, Value>) -> Vec<(String, Vec<u8>)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let sign_type = [("sign_type".to_owned(), b"RSA2".to_vec())];
    let fields = fields.iter();
    let fields = fields.map(|(name, value)| (name.clone(), text(value).into_bytes()));
    fields.chain(sign_type).collect()
}

/// Whether `sign_type` is signed, by each rule that the notification may be signed by.
fn rules(notification: &Notification) -> &'static [bool] {
    match notification.signature {
        Signature::V1 => &[false],
        Signature::V2 => &[true],
        Signature::Unproven => &[false, true],
    }
}

#[tokio::test]
async fn what_was_signed_by_its_rule_is_read_whole() {
    let (alipay, spec) = (Alipay::start().await, spec());
    let seed = RandomState::new().hash_one("notifications");
    let mut values = 0;
    for notification in &spec.notifications {
        for round in 0..4 {
            let name = &notification.name;
            let at = format!("{name}, seed {seed}, round {round}");
            let mut filling = Filling::new(notification, seed.wrapping_add(round));
            let fields = filling.fields(&alipay.app_id);
            values += fields.len();
            for signs_sign_type in rules(notification) {
                let body = alipay.signed(&parameters(&fields), *signs_sign_type);
                let told = alipay.verify(&body).unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(told.name(), name, "{at}");
                assert!(!matches!(*told, Told::Other(_)), "{at}");
                assert_eq!(told.unreadable().count(), 0, "{at}: {told:?}");
                assert_eq!(
                    serde_json::to_value(&*told).unwrap(),
                    Value::Object(fields.clone()),
                    "{at}"
                );
                let shown = format!("{told:?}");
                assert!(
                    !filling.secrets.iter().any(|secret| shown.contains(secret)),
                    "{at}: {shown}"
                );
            }
        }
    }
    let count = spec.notifications.len();
    assert!(
        count >= 30 && values > 2000,
        "{count} notifications, {values} parameters"
    );
}

#[tokio::test]
async fn what_was_signed_by_another_rule_is_refused() {
    let (alipay, spec) = (Alipay::start().await, spec());
    let mut refused = [0; 2];
    for notification in &spec.notifications {
        let &[signs_sign_type] = rules(notification) else {
            continue;
        };
        let fields = Filling::new(notification, 7).fields(&alipay.app_id);
        let body = alipay.signed(&parameters(&fields), !signs_sign_type);
        let message = alipay.refuses(&body, &notification.name);
        let (signed, proven) = if signs_sign_type {
            ("without", "with")
        } else {
            ("with", "without")
        };
        for words in [
            format!("holds {signed} `sign_type`"),
            format!("signs a `{}` {proven} it", notification.name),
        ] {
            assert!(message.contains(&words), "{message}");
        }
        refused[usize::from(signs_sign_type)] += 1;
    }
    assert!(refused[0] >= 7 && refused[1] >= 1, "{refused:?}");
}

#[tokio::test]
async fn what_was_changed_is_refused() {
    let (alipay, spec) = (Alipay::start().await, spec());
    for notification in &spec.notifications {
        let fields = Filling::new(notification, 11).fields(&alipay.app_id);
        let parameters = parameters(&fields);
        let genuine = alipay.signed(&parameters, rules(notification)[0]);
        alipay.verify(&genuine).unwrap();
        let sign = form_urlencoded::parse(&genuine)
            .find(|(name, _)| name == "sign")
            .unwrap()
            .1;
        let with_sign = |mut parameters: Vec<(String, Vec<u8>)>| {
            parameters.push(("sign".to_owned(), sign.as_bytes().to_vec()));
            form(&parameters)
        };
        assert_eq!(with_sign(parameters.clone()), genuine);
        for place in 0..parameters.len() {
            let (name, is_signed) = (&parameters[place].0, parameters[place].0 != "sign_type");
            let what = format!("{} with another `{name}`", notification.name);
            let mut changed = parameters.clone();
            changed[place].1.push(b'1');
            alipay.refuses(&with_sign(changed), &what);
            if is_signed || rules(notification)[0] {
                let mut without = parameters.clone();
                without.remove(place);
                alipay.refuses(&with_sign(without), &format!("{} without `{name}`", notification.name));
            }
        }
        let added = [parameters.clone(), vec![("one_more".to_owned(), b"1".to_vec())]].concat();
        alipay.refuses(&with_sign(added), &notification.name);
    }
}

/// A message of a transfer.
fn transfer(alipay: &Alipay, charset: &str, content: &[u8]) -> Vec<(String, Vec<u8>)> {
    let texts = [
        ("app_id", alipay.app_id.as_str()),
        ("charset", charset),
        ("msg_method", "alipay.fund.trans.order.changed"),
        ("notify_id", "2026112700222150000001"),
        ("sign_type", "RSA2"),
        ("utc_timestamp", "1795776000123"),
        ("version", "1.1"),
    ];
    let texts = texts.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let content = [("biz_content".to_owned(), content.to_vec())];
    texts.into_iter().chain(content).collect()
}

#[tokio::test]
async fn a_message_has_any_json_in_its_content() {
    let alipay = Alipay::start().await;
    // In GBK, the second byte of 乗 is that of a backslash, and of 剕 that of a bar.
    let content = r#" {"out_biz_no":"乗剕&charset=utf-8&app_id=1","order_id":20260624110075000006530000014566, "trans_amount":"32.00",
        "status":"SUCCESS","fail_reason":"\ud83d\ude00 \"好\"","pay_date":"2026-11-27 08:08:08","later":{"n":123456789012345678901234567890.10}} "#;
    let (gbk, _, has_errors) = GBK.encode(content);
    assert!(!has_errors && gbk.windows(2).any(|pair| pair == [0x81, 0x5C]));
    for (charset, content) in [("UTF-8", content.as_bytes()), ("GBK", &gbk)] {
        for signs_sign_type in [false, true] {
            let body = alipay.signed(&transfer(&alipay, charset, content), signs_sign_type);
            let told = alipay.verify(&body).unwrap();
            let Told::FundTransOrderChanged(message) = &*told else {
                panic!("{told:?}");
            };
            let transfer = &message.biz_content;
            assert_eq!(transfer.out_biz_no, "乗剕&charset=utf-8&app_id=1");
            assert_eq!(transfer.order_id, "20260624110075000006530000014566");
            assert_eq!(transfer.fail_reason.as_deref(), Some("😀 \"好\""));
            assert_eq!(transfer.trans_amount, Some(crate::support::price("32.00")));
            assert_eq!(
                transfer.extra.get("later"),
                Some(r#"{"n":123456789012345678901234567890.10}"#)
            );
            assert_eq!(message.utc_timestamp, Some(1_795_776_000_123));
            assert_eq!(told.unreadable().count(), 0);
        }
    }
}

#[tokio::test]
async fn a_name_that_is_only_claimed_relaxes_no_rule() {
    let alipay = Alipay::start().await;
    let payment = |extra: &[(&str, &str)]| -> Vec<(String, Vec<u8>)> {
        let texts = [
            ("app_id", alipay.app_id.as_str()),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", "1"),
            ("sign_type", "RSA2"),
        ];
        let texts = texts.iter().chain(extra);
        texts
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect()
    };
    let by_other_rule = alipay.signed(&payment(&[]), true);
    for name in ["msg_method=x", "msg_method=servicemarket_order_notify", "msg_method="] {
        let body = [by_other_rule.as_slice(), b"&", name.as_bytes()].concat();
        alipay.refuses(&body, name);
    }
    // An empty name, signed, names nothing.
    let nameless = payment(&[("msg_method", "")]);
    assert!(matches!(
        *alipay.verify(&alipay.signed(&nameless, false)).unwrap(),
        Told::TradeStatusSync(_)
    ));
    alipay.refuses(&alipay.signed(&nameless, true), "an empty name");
}
