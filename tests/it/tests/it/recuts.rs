//! Genuine notifications, cut up anew at random: the same signed text, so that every signature holds.

use std::collections::BTreeMap;

use alipay_api::{Client, Error, ErrorKind};
use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};

use crate::support::start;

const SEED: u64 = 20_261_127;
const GENUINE: usize = 50;
const RECUTS: usize = 2_000;

/// Subjects, bodies and `passback_params` that an honest merchant has, as they come back.
const TEXTS: [&str; 12] = [
    "",
    "测试订单 😀",
    "a=1&b=2&c=3",
    "a&b=c+d% \"q\" <x>",
    "https://example.com/?a=1&b=2&utm_source=x&z=4#&",
    "&",
    "&&=&",
    "uid%3D1%26trade_no%3D5",
    "& trade_no=1",
    "&amp;trade_no=1&quot;",
    r#"{"a":"1&b=2","c":[1,2]}"#,
    "R&D=1&status=2&type=3",
];

/// What messages say: JSON whose URLs have the names of the parameters behind it.
const CONTENTS: [&str; 6] = [
    "{}",
    r#"{"url":"https://example.com/?a=1&charset=utf-8&version=1.0&sign_type=RSA2&app_id=1&biz_content={}&notify_id=7&d=1"}"#,
    r#"{"a":"}&charset=GBK&cat=1\\\"}&cat=2","b":[{"c":"\"&d=1"}]}"#,
    r#"[{"out_trade_no":"1&trade_no=2&total_amount=3"},{"e":"&msg_method=x"}]"#,
    r#"{"detail":{"app_auth_token":"t&utc_timestamp=1","x":"&charge=5"}}"#,
    r#" {"text":"你好&cart=1\ud83d"} "#,
];

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// True this many times of a hundred.
    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for index in (1..list.len()).rev() {
            list.swap(index, self.below(index + 1));
        }
    }
}

/// The parameters of a payment, perhaps refunded or closed.
fn payment<'a>(app_id: &'a str, random: &mut Random) -> Vec<(&'static str, &'a str)> {
    let mut parameters = vec![
        ("auth_app_id", app_id),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2026-01-02 03:04:07"),
        ("gmt_create", "2026-01-02 03:04:05"),
        ("gmt_payment", "2026-01-02 03:04:06"),
        ("trade_no", "2026010222001400000000000001"),
        ("out_trade_no", "ORDER1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("seller_id", "2088000000000002"),
        ("buyer_logon_id", "b***@example.com"),
        ("total_amount", "0.01"),
        ("receipt_amount", "0.01"),
        ("buyer_pay_amount", "0.01"),
        ("point_amount", "0.00"),
        ("fund_bill_list", r#"[{"amount":"0.01","fundChannel":"ALIPAYACCOUNT"}]"#),
        (random.of(&["buyer_id", "buyer_open_id"]), "2088000000000001"),
    ];
    for field in ["subject", "body", "passback_params"] {
        if random.percent(80) {
            parameters.push((field, random.of(&TEXTS)));
        }
    }
    if random.percent(40) {
        parameters.extend([
            ("refund_fee", "0.01"),
            ("gmt_refund", "2026-01-03 03:04:06.123"),
            ("out_biz_no", "R1"),
        ]);
    }
    for optional in [
        ("gmt_close", ""),
        ("send_pay_date", "2026-01-02 03:04:06"),
        ("voucher_detail_list", "[]"),
        ("seller_email", "s@example.com"),
        // What no spec has yet.
        ("brand_new", "1"),
        ("out_new_no", "2"),
        ("zz_new", "x&a=1"),
    ] {
        if random.percent(40) {
            parameters.push(optional);
        }
    }
    parameters
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A notification that Alipay signed.
struct Genuine {
    /// By name.
    parameters: BTreeMap<&'static str, Vec<u8>>,
    /// Whether `sign_type` is signed too.
    signs_type: bool,
    sign: String,
}

impl Genuine {
    fn new(mock: &Mock, key: &KeyPair, kind: usize, random: &mut Random) -> Self {
        let number = |random: &mut Random| format!("2026{:012}", random.below(1_000_000_000)).into_bytes();
        let app_id = mock.app_id().as_bytes();
        let mut parameters: BTreeMap<&'static str, Vec<u8>> = BTreeMap::from([
            ("app_id", app_id.to_vec()),
            ("charset", b"utf-8".to_vec()),
            ("notify_id", number(random)),
            ("sign_type", b"RSA2".to_vec()),
            ("version", b"1.0".to_vec()),
        ]);
        let mut set = |list: &[(&'static str, &str)]| {
            parameters.extend(list.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())));
        };
        match kind {
            0..=4 => set(&payment(mock.app_id(), random)),
            // A merchant's authorisation.
            5 | 6 => set(&[
                ("auth_app_id", "2021000000000002"),
                (
                    "notify_type",
                    random.of(&["open_app_auth_notify", "open_app_auth_cancel"]),
                ),
                ("notify_time", "2026-01-02 03:04:07"),
                ("status", "execute_auth"),
                (
                    "biz_content",
                    r#"{"detail":{"app_id":"1","auth_app_id":"2","user_id":"3","app_auth_token":"t","app_refresh_token":"r"}}"#,
                ),
            ]),
            // A message.
            7 | 8 => set(&[
                (
                    "msg_method",
                    random.of(&["alipay.open.mini.version.audit.passed", "alipay.some.thing.changed"]),
                ),
                ("utc_timestamp", "1767290647000"),
                ("biz_content", random.of(&CONTENTS)),
                ("version", "1.1"),
            ]),
            // An agreement; of its end, so named, no spec tells.
            _ => set(&[
                ("auth_app_id", mock.app_id()),
                ("notify_type", random.of(&["dut_user_sign", "any_user_unsign"])),
                ("notify_time", "2026-01-02 03:04:07"),
                ("agreement_no", "20260102"),
                ("alipay_user_id", "2088000000000001"),
                ("external_agreement_no", "E&1"),
                ("personal_product_code", "CYCLE"),
                ("redirect_url", "https://example.com/?a=1&b=2&z=3"),
                ("status", "NORMAL"),
            ]),
        }
        if random.percent(15) {
            set(&[("alipay_cert_sn", "0123456789abcdef0123456789abcdef")]);
        }
        if random.percent(20) {
            for value in parameters.values_mut() {
                let (text, _, has_errors) = encoding_rs::GBK.encode(std::str::from_utf8(value).unwrap());
                *value = if has_errors { b"GBK".to_vec() } else { text.into_owned() };
            }
            parameters.insert("charset", b"GBK".to_vec());
        }
        // Of payments, authorisations and agreements it is known that they don't sign it.
        let named = parameters.get("notify_type").map(Vec::as_slice);
        let is_known = kind <= 4 || matches!(named, Some(b"open_app_auth_notify" | b"dut_user_sign"));
        let mut genuine = Self {
            parameters,
            signs_type: !is_known && random.percent(50),
            sign: String::new(),
        };
        genuine.sign = key.sign(SignType::Rsa2, &genuine.signed_text()).unwrap();
        genuine
    }

    fn signed(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let parameters = self
            .parameters
            .iter()
            .filter(|(name, _)| self.signs_type || **name != "sign_type");
        parameters.map(|(name, value)| (name.as_bytes(), value.as_slice()))
    }

    fn signed_text(&self) -> Vec<u8> {
        let pairs: Vec<_> = self
            .signed()
            .map(|(name, value)| [name, b"=", value].concat())
            .collect();
        pairs.join(&b'&')
    }

    fn pairs(&self) -> Pairs {
        let parameters = self.parameters.iter();
        parameters
            .map(|(name, value)| (name.as_bytes().to_vec(), value.clone()))
            .collect()
    }

    /// Other parameters of the same signed text: some swallow those behind them, some begin inside a value.
    fn recut(&self, random: &mut Random) -> Pairs {
        let text = self.signed_text();
        let genuine: Vec<_> = self.signed().map(|(name, _)| name).collect();
        let (keep, split) = (random.of(&[50, 80, 90, 97]), random.of(&[0, 5, 20, 60]));
        let mut pairs = Pairs::new();
        for part in text.split(|byte| *byte == b'&') {
            let named = part.iter().position(|byte| *byte == b'=').map(|at| part.split_at(at));
            let is_behind = |name: &[u8]| pairs.last().is_none_or(|(last, _)| last.as_slice() < name);
            match named.filter(|(name, _)| is_behind(name)) {
                Some((name, value))
                    if pairs.is_empty() || random.percent(if genuine.contains(&name) { keep } else { split }) =>
                {
                    pairs.push((name.to_vec(), value[1..].to_vec()));
                }
                _ => pairs.last_mut().unwrap().1.extend([b"&", part].concat()),
            }
        }
        if random.percent(3) && pairs.len() > 1 {
            // A name that swallows the parameter before it.
            let at = random.below(pairs.len() - 1);
            let (name, value) = pairs.remove(at);
            pairs[at].0 = [&name, b"=".as_slice(), &value, b"&", &pairs[at].0].concat();
        }
        // What nobody has signed.
        if !self.signs_type && pairs.iter().all(|(name, _)| name != b"sign_type") && random.percent(90) {
            pairs.push((b"sign_type".to_vec(), b"RSA2".to_vec()));
        }
        if random.percent(10) {
            let name = random.of(&["gmt_close", "out_biz_no", "msg_method", "zzz", "alipay_cert_sn"]);
            pairs.push((name.as_bytes().to_vec(), Vec::new()));
        }
        pairs
    }

    /// The body of a POST with these parameters.
    fn body(&self, mut pairs: Pairs, random: &mut Random) -> String {
        pairs.push((b"sign".to_vec(), self.sign.clone().into_bytes()));
        random.shuffle(&mut pairs);
        let encoded = |text: &[u8]| form_urlencoded::byte_serialize(text).collect::<String>();
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The parameters that are given out, but for empty ones.
fn told(client: &Client, body: &str) -> Result<Vec<(String, String)>, Error> {
    let notifications = client.notifications();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    match notifications.verify(body) {
        // What is verified and can't be read has its parameters all the same.
        Err(error) if error.kind() == ErrorKind::Decode => {
            let told = notifications.verify_parameters(body)?;
            Ok(told.parameters().map(owned).collect())
        }
        told => Ok(told?.parameters().map(owned).collect()),
    }
}

#[tokio::test]
async fn no_notification_that_was_cut_up_anew_is_taken() {
    let (mock, client) = start().await;
    let key = mock.alipay_key_pair();
    let mut random = Random(SEED);
    let (mut refused, mut same) = (0, 0);
    for number in 0..GENUINE {
        let genuine = Genuine::new(&mock, &key, number % 10, &mut random);
        let body = genuine.body(genuine.pairs(), &mut random);
        let expected = told(&client, &body).unwrap_or_else(|error| panic!("seed {SEED}, {number}: {error}: {body}"));
        let signed: Vec<_> = genuine.signed().filter(|(name, _)| *name != b"sign_type").collect();
        assert_eq!(expected.len(), signed.len(), "seed {SEED}, {number}");
        for _ in 0..RECUTS {
            let pairs = genuine.recut(&mut random);
            let body = genuine.body(pairs, &mut random);
            match told(&client, &body) {
                Ok(told) => {
                    assert_eq!(told, expected, "seed {SEED}, {number}: {body}");
                    same += 1;
                }
                Err(error) => {
                    let kind = error.kind();
                    assert!(
                        matches!(
                            kind,
                            ErrorKind::Verification | ErrorKind::Malformed | ErrorKind::Mismatch
                        ),
                        "{error}"
                    );
                    // The signature holds, so that nothing else has refused it.
                    let message = error.to_string();
                    let is_cut = ["does not show where that value ends", "not one whole JSON"];
                    refused += usize::from(is_cut.iter().any(|words| message.contains(words)));
                }
            }
        }
    }
    assert!(refused > GENUINE * RECUTS / 2, "{refused} refused, {same} the same");
}
