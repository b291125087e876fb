//! Answers of the gateway.

use alipay_api::{
    Client, Error, ErrorKind,
    trade::{Pay, PayRequired, PayResponse, Query, QueryResponse, types::TradeStatus},
};
use alipay_mock::{
    Mock,
    keys::{KeyPair, SignType},
};

use super::case;
use crate::{
    support::{builder, price, start},
    tamper::Canned,
};

/// A gateway whose one answer is the case of this name.
struct Answered {
    mock: Mock,
    client: Client,
    canned: Canned,
}

impl Answered {
    async fn by(name: &str) -> Self {
        let (mock, _) = start().await;
        let case = case(name);
        let content = case["content"].as_str().unwrap();
        let content = match case["charset"].as_str() {
            Some("gbk") => encoding_rs::GBK.encode(content).0.into_owned(),
            None => content.as_bytes().to_vec(),
            Some(charset) => panic!("{charset}"),
        };
        let key = match case["sign_by"].as_str() {
            Some("{other_alipay_key}") => KeyPair::generate().unwrap(),
            None => mock.alipay_key_pair(),
            Some(key) => panic!("{key}"),
        };
        let root = format!("{}_response", case["method"].as_str().unwrap().replace('.', "_"));
        let mut body = format!("{{\"{root}\":").into_bytes();
        body.extend(&content);
        if case["signed"] == true {
            let sign = key.sign(SignType::Rsa2, &content).unwrap();
            body.extend(format!(",\"sign\":\"{sign}\"").as_bytes());
        }
        body.push(b'}');
        let canned = Canned::default();
        canned.set(body);
        let client = builder(&mock).transport(canned.clone()).build().unwrap();
        Self { mock, client, canned }
    }

    async fn query(&self) -> Result<QueryResponse, Error> {
        self.client.trade().query(Query::with_out_trade_no("ORDER1")).await
    }

    async fn pay(&self) -> PayResponse {
        let pay = Pay::with_auth_code(
            "28763443825664394",
            PayRequired {
                out_trade_no: "ORDER1".into(),
                total_amount: price("1.00"),
                subject: "subject".into(),
            },
        );
        self.client.trade().pay(pay).await.unwrap().done().expect("it is done")
    }
}

#[tokio::test]
async fn a_fee_of_three_decimals_is_no_reason_not_to_know_of_a_payment() {
    let paid = Answered::by("answers/fee-of-three-decimals").await.pay().await;
    assert_eq!((paid.trade_no.as_str(), paid.out_trade_no.as_str()), ("2026", "ORDER1"));
    assert_eq!(paid.total_amount, Some(price("1.00")));
    assert_eq!(paid.extra.unreadable().collect::<Vec<_>>(), ["charge_amount"]);
}

#[tokio::test]
async fn half_an_emoji_hides_neither_status_nor_amount() {
    let order = Answered::by("answers/half-an-emoji").await.query().await.unwrap();
    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
    assert_eq!((order.total_amount, order.subject), (Some(price("1.00")), None));
}

#[tokio::test]
async fn an_unsigned_refusal_in_gbk_has_its_codes_and_may_pass() {
    let answered = Answered::by("answers/gbk-unsigned-refusal").await;
    let error = answered.query().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_verified()),
        (ErrorKind::Gateway, false),
        "{error}"
    );
    assert_eq!(
        (error.code(), error.sub_code()),
        (Some("20000"), Some("aop.unknow-error"))
    );
    assert!(
        error.is_retryable() && error.to_string().contains("系统繁忙"),
        "{error}"
    );
    assert_eq!(answered.canned.sent(), 3, "a reading call is sent again");
}

#[tokio::test]
async fn the_words_of_a_wrong_signature_are_not_lost() {
    let answered = Answered::by("answers/invalid-signature-without-quotation").await;
    let error = answered.query().await.unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.invalid-signature"));
    assert!(
        error.to_string().contains("请确认charset参数放在了URL查询字符串中"),
        "{error}"
    );
}

#[tokio::test]
async fn another_key_of_alipays_is_suspected() {
    let answered = Answered::by("answers/wrong-alipay-key").await;
    let error = answered.query().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    let shown = error.to_string();
    assert!(shown.contains("another app") && shown.contains("sandbox"), "{shown}");
    assert!(!shown.contains(answered.mock.app_id()), "{shown}");
}
