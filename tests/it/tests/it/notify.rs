//! Notifications: those that the gateway sends, and those that nobody should believe.

use alipay_api::{
    Client, ErrorKind,
    notify::{Notification, SUCCESS, TradeStatusSync, Verified, response_status, trade_status_sync::TradeStatus},
    trade::Precreate,
};
use alipay_mock::{Mock, keys::KeyPair};

use crate::{
    forge::Forge,
    support::{merchant, price, shared, start, start_lenient},
};

#[tokio::test]
async fn a_payment_is_told_and_verified() {
    let (mock, client) = start_lenient().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let subject = "a&b=c+d% \"q\" <你好> 😀";
    client
        .trade()
        .precreate(Precreate::new("1", price("0.01"), subject))
        .notify_url(url)
        .await
        .unwrap();
    let trade_no = mock.pay("1").unwrap().trade.trade_no.unwrap();
    let body = posted.recv().await.unwrap();
    let told = client.notifications().verify(&body).unwrap();
    assert_eq!(told.name(), "trade_status_sync");
    assert!(told.notify_id().is_some());
    let told: Verified<TradeStatusSync> = told.expect_order("1", price("0.01")).unwrap();
    assert_eq!(
        (told.trade_status.clone(), told.trade_no.as_str()),
        (TradeStatus::TradeSuccess.into(), trade_no.as_str())
    );
    assert_eq!(told.subject.as_deref(), Some(subject));
    assert_eq!(told.fund_bill_list[0].amount, Some(price("0.01")));
    let told = told.expect_seller(mock.seller_id()).unwrap();
    assert_eq!(
        told.expect_seller("2088000000000000").unwrap_err().kind(),
        ErrorKind::Mismatch
    );
}

#[tokio::test]
async fn a_notification_is_sent_again_until_it_is_taken() {
    let mock = Mock::builder()
        .notify_schedule(vec![std::time::Duration::from_millis(5); 7])
        .start()
        .await
        .unwrap();
    let client = crate::support::builder(&mock).build().unwrap();
    let (url, mut posted) = merchant(&["fail", "success\n", SUCCESS]).await;
    client
        .trade()
        .precreate(Precreate::new("1", price("0.01"), "subject"))
        .notify_url(url)
        .await
        .unwrap();
    mock.pay("1").unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let body = posted.recv().await.unwrap();
        ids.push(
            client
                .notifications()
                .verify(&body)
                .unwrap()
                .notify_id()
                .unwrap()
                .to_owned(),
        );
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    mock.notifications_settled().await;
    assert!(posted.try_recv().is_err(), "the third was taken");
}

#[tokio::test]
async fn another_order_amount_or_kind_is_a_mismatch() {
    let (mock, client) = start().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    client
        .trade()
        .precreate(Precreate::new("1", price("0.01"), "subject"))
        .notify_url(url)
        .await
        .unwrap();
    mock.pay("1").unwrap();
    let body = posted.recv().await.unwrap();
    let told = || client.notifications().verify(&body).unwrap();
    for (refused, words) in [
        (told().expect_order("2", price("0.01")), "names the order `1`, not `2`"),
        (
            told().expect_order("1", price("0.02")),
            "the amount of the order `1` is `0.01` there, not `0.02`",
        ),
        (told().expect_seller("2088000000000000"), "names the seller `2088"),
        (
            told().expect_merchant("2021000000000999"),
            "names the merchant's app `20",
        ),
    ] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Mismatch, true));
        let message = error.to_string();
        assert!(
            message.starts_with("the notification is verified, but ") && message.contains(words),
            "{message}"
        );
        assert_eq!(response_status(&error), 422);
    }
    let other = Client::builder("2021000000000999", credentials(&mock))
        .gateway(mock.gateway_url())
        .build()
        .unwrap();
    assert_eq!(
        other.notifications().verify(&body).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
}

#[tokio::test]
async fn a_changed_byte_is_refused() {
    let (mock, client) = start().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    client
        .trade()
        .precreate(Precreate::new("1", price("0.01"), "你好 + %"))
        .notify_url(url)
        .await
        .unwrap();
    mock.pay("1").unwrap();
    let body = posted.recv().await.unwrap();
    let genuine: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
    for index in 0..body.len() {
        for change in [0x01, 0x20, 0x80] {
            let mut changed = body.clone();
            changed[index] ^= change;
            match client.notifications().verify(&changed) {
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::Verification | ErrorKind::Malformed),
                    "{error}"
                ),
                // `%3A` and `%3a` are the same byte.
                Ok(_) => assert!(
                    form_urlencoded::parse(&changed)
                        .into_owned()
                        .eq(genuine.iter().cloned()),
                    "byte {index}"
                ),
            }
        }
    }
    for length in 0..body.len() {
        client.notifications().verify(&body[..length]).unwrap_err();
    }
}

fn credentials(mock: &Mock) -> alipay_api::Credentials {
    alipay_api::Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap()
}

fn verify(client: &Client, body: &str) -> Result<Verified<Notification>, ErrorKind> {
    client.notifications().verify(body).map_err(|error| error.kind())
}

#[tokio::test]
async fn both_rules_and_both_ways_with_empty_values_are_understood() {
    let (mock, client) = start().await;
    let payment = Forge::new(&mock).set("body", b"");
    // Whether `sign_type` is signed is only known where there is a spec.
    let other = Forge::new(&mock).set("body", b"").set("notify_type", b"no_such_sync");
    for body in [
        payment.body(&["sign_type"], true),
        payment.body(&["sign_type"], false),
        other.body(&["sign_type"], true),
        other.body(&["sign_type"], false),
        other.body(&[], true),
        other.body(&[], false),
    ] {
        let told = verify(&client, &body).unwrap();
        assert_eq!(told.parameter("subject"), Some("你好"));
        // A sender that forgets to encode `+` in the signature is forgiven.
        assert!(verify(&client, &body.replace("%2B", "+")).is_ok());
    }
    for body in [payment.body(&[], true), payment.body(&[], false)] {
        assert_eq!(verify(&client, &body), Err(ErrorKind::Verification));
    }
}

#[tokio::test]
async fn gbk_is_read_as_gbk() {
    let (mock, client) = start().await;
    let (subject, _, _) = encoding_rs::GBK.encode("测试订单");
    let forge = Forge::new(&mock).set("charset", b"GBK").set("subject", &subject);
    let told = verify(&client, &forge.signed()).unwrap().expect_trade().unwrap();
    assert_eq!(told.subject.as_deref(), Some("测试订单"));
    let forge = Forge::new(&mock).set("charset", b"utf-8").set("subject", &subject);
    assert_eq!(verify(&client, &forge.signed()), Err(ErrorKind::Malformed));
    let forge = Forge::new(&mock).set("charset", b"utf-7");
    assert_eq!(verify(&client, &forge.signed()), Err(ErrorKind::Malformed));
}

#[tokio::test]
async fn merchants_of_an_isv_are_told_apart() {
    let (mock, client) = start().await;
    let told = |body: &str| client.notifications().verify(body).unwrap();
    let body = Forge::new(&mock).set("auth_app_id", b"2021000000000002").signed();
    let expected = told(&body).expect_merchant("2021000000000002").unwrap();
    expected.expect_order("1", price("0.01")).unwrap();
    let error = told(&body).expect_merchant("2021000000000003").unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Mismatch, true));
    let body = Forge::new(&mock).signed();
    assert!(told(&body).expect_merchant("").is_err());
}

#[tokio::test]
async fn what_is_genuine_and_cannot_be_read_has_its_parameters() {
    let (mock, client) = start().await;
    let bills = br#"[{"amount":"0.01"},{"amount":"0.001"}]"#;
    let body = Forge::new(&mock)
        .set("receipt_amount", b"0.005")
        .set("fund_bill_list", bills)
        .signed();
    let told = verify(&client, &body)
        .unwrap()
        .expect_order("1", price("0.01"))
        .unwrap();
    let unreadable: Vec<_> = told.unreadable().collect();
    assert_eq!(unreadable, ["receipt_amount", "fund_bill_list[1].amount"]);
    assert_eq!((told.receipt_amount, told.fund_bill_list[1].amount), (None, None));
    assert_eq!(told.fund_bill_list[0].amount, Some(price("0.01")));
    assert_eq!(told.extra.get("receipt_amount"), Some(r#""0.005""#));
    let told = client.notifications().verify_parameters(&body).unwrap();
    assert_eq!(
        (told.name.as_str(), told.parameter("receipt_amount")),
        ("trade_status_sync", Some("0.005"))
    );
    assert!(told.parameter("out_trade_no").is_some());
    assert_eq!(client.notifications().receive_parameters(&body).await.unwrap(), told);
    let forged = body.replace("0.005", "0.006");
    let error = client.notifications().verify_parameters(&forged).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn what_nobody_signed_is_refused() {
    let (mock, client) = start().await;
    let body = Forge::new(&mock).signed();
    let (unsigned, sign) = body.rsplit_once("&sign=").unwrap();
    for (what, body, kind) in [
        ("nothing", String::new(), ErrorKind::Malformed),
        ("no form", "hello".to_owned(), ErrorKind::Malformed),
        ("no signature", unsigned.to_owned(), ErrorKind::Verification),
        (
            "an empty signature",
            format!("{unsigned}&sign="),
            ErrorKind::Verification,
        ),
        ("no base64", format!("{unsigned}&sign=%21"), ErrorKind::Verification),
        (
            "a short signature",
            format!("{unsigned}&sign=AAAA"),
            ErrorKind::Verification,
        ),
        ("two signatures", format!("{body}&sign={sign}"), ErrorKind::Malformed),
        (
            "a parameter twice",
            format!("{body}&total_amount=0.01"),
            ErrorKind::Malformed,
        ),
        (
            "another parameter",
            format!("{body}&refund_fee=0.01"),
            ErrorKind::Verification,
        ),
        (
            "too much",
            format!("{body}&body={}", "x".repeat(1 << 20)),
            ErrorKind::Malformed,
        ),
        (
            "too many",
            body.clone() + "&" + &(0..600).map(|n| format!("x{n}=1")).collect::<Vec<_>>().join("&"),
            ErrorKind::Malformed,
        ),
    ] {
        assert_eq!(verify(&client, &body), Err(kind), "{what}");
    }
    let stranger = Forge {
        key: KeyPair::generate().unwrap(),
        ..Forge::new(&mock)
    };
    assert_eq!(verify(&client, &stranger.signed()), Err(ErrorKind::Verification));
}

#[tokio::test]
async fn a_downgrade_is_refused() {
    let (mock, client) = start().await;
    let forge = Forge::new(&mock).set("sign_type", b"RSA");
    assert_eq!(verify(&client, &forge.signed()), Err(ErrorKind::Verification));
}

#[tokio::test]
async fn an_unknown_kind_keeps_its_parameters() {
    let (mock, client) = start().await;
    let forge = Forge::new(&mock)
        .set("notify_type", b"new_sync")
        .set("total_amount", b"not an amount");
    let told = verify(&client, &forge.signed()).unwrap();
    assert!(matches!(&*told, Notification::Other(other) if other.name == "new_sync"));
    assert_eq!(told.parameter("subject"), Some("你好"));
    assert_eq!(told.expect_trade().unwrap_err().kind(), ErrorKind::Mismatch);
    // An amount that can't be read is not as expected.
    let forge = Forge::new(&mock).set("total_amount", b"not an amount");
    let told = verify(&client, &forge.signed()).unwrap();
    assert_eq!(told.unreadable().collect::<Vec<_>>(), ["total_amount"]);
    let error = told.expect_order("1", price("0.01")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[tokio::test]
async fn what_belongs_to_no_app_or_hides_it_is_refused() {
    let (mock, client) = start().await;
    let mut forge = Forge::new(&mock).set("app_id", b"9999");
    assert_eq!(verify(&client, &forge.signed()), Err(ErrorKind::Mismatch));
    // The same signed text, its first two parameters sent as one whose name swallows them.
    let body = forge
        .signed()
        .replace("&app_id=9999", "")
        .replace("charset=utf-8", "app_id%3D9999%26charset=utf-8");
    assert_eq!(verify(&client, &body), Err(ErrorKind::Malformed));
    forge.parameters.retain(|(name, _)| *name != "app_id");
    assert_eq!(verify(&client, &forge.signed()), Err(ErrorKind::Mismatch));
}

#[tokio::test]
async fn values_can_not_be_cut_up_into_parameters_nor_swallow_them() {
    const BIG: &str = "x&out_trade_no=BIG&total_amount=999.00&trade_status=TRADE_SUCCESS&zz=";

    let (mock, client) = start().await;
    let forge = Forge::new(&mock).set("body", BIG.as_bytes());
    let genuine = forge.signed();
    // What Alipay signed, cut up at the value's own `&`: the rest of the genuine parameters are in `zz`.
    let mut signed: Vec<_> = forge
        .parameters
        .iter()
        .filter(|(name, _)| *name != "sign_type")
        .collect();
    signed.sort();
    let text: Vec<_> = signed
        .iter()
        .map(|(name, value)| [name.as_bytes(), b"=", value].concat())
        .collect();
    let text = String::from_utf8(text.join(&b'&')).unwrap();
    let (cut, rest) = text.split_once("zz=").unwrap();
    let rest: String = form_urlencoded::byte_serialize(rest.as_bytes()).collect();
    let (_, sign) = genuine.rsplit_once("&sign=").unwrap();
    let recut = format!("{cut}zz={rest}&sign_type=RSA2&sign={sign}");
    for body in [recut, genuine] {
        let error = client.notifications().verify(body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
        assert!(
            error.to_string().contains("does not show where that value ends"),
            "{error}"
        );
    }
    // Whole parameters into the value before them.
    let forge = Forge::new(&mock).set("gmt_payment", b"1").set("gmt_refund", b"2");
    let body = forge
        .signed()
        .replace("&gmt_refund=2", "")
        .replace("gmt_payment=1", "gmt_payment=1%26gmt_refund%3D2");
    assert_eq!(verify(&client, &body), Err(ErrorKind::Verification));

    for value in [
        "&=+%\"<>你好",
        "a=1&b=2",
        "&",
        "&total_amount",
        "total_amount=1",
        "& subject=",
        "&&=&",
    ] {
        let forge = Forge::new(&mock).set("body", value.as_bytes());
        let told = verify(&client, &forge.signed())
            .unwrap()
            .expect_order("1", price("0.01"))
            .unwrap();
        assert_eq!(told.body.as_deref(), Some(value));
    }
}

#[tokio::test]
async fn empty_values_that_nobody_signed_are_dropped() {
    let (mock, client) = start().await;
    let body = Forge::new(&mock).signed() + "&body=&refund_fee=&msg_method=";
    let told = verify(&client, &body)
        .unwrap()
        .expect_order("1", price("0.01"))
        .unwrap();
    assert_eq!((told.body.as_deref(), told.parameter("msg_method")), (None, None));
}

#[tokio::test]
async fn a_certificates_serial_may_be_signed_or_not() {
    let (mock, client) = start().await;
    let forge = Forge::new(&mock).set("alipay_cert_sn", b"0123456789abcdef0123456789abcdef");
    let signed = verify(&client, &forge.signed()).unwrap();
    assert!(signed.parameter("alipay_cert_sn").is_some());
    // Nobody has signed it here: so it isn't handed on.
    let unsigned = verify(&client, &forge.body(&["sign_type", "alipay_cert_sn"], true)).unwrap();
    assert_eq!(unsigned.parameter("alipay_cert_sn"), None);
    assert_eq!(unsigned.parameter("out_trade_no"), Some("1"));
    // Nothing else may be added so.
    let body = forge.body(&["sign_type", "out_trade_no"], true);
    assert_eq!(verify(&client, &body), Err(ErrorKind::Verification));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_signed_bytes_panic(subject: Vec<u8>, amount: Vec<u8>, charset in "(utf-8|GBK|UTF8|x|)", list: String) {
        let (_, mock, client) = shared();
        let forge = Forge::new(mock)
            .set("subject", &subject)
            .set("total_amount", &amount)
            .set("charset", charset.as_bytes())
            .set("fund_bill_list", list.as_bytes());
        // Whatever it is, it is signed: so it is read, or it is said why not.
        if let Err(kind) = verify(client, &forge.signed()) {
            proptest::prop_assert!(matches!(kind, ErrorKind::Malformed | ErrorKind::Decode), "{kind:?}");
        }
    }

    #[test]
    fn no_mangled_bytes_pass(start_at: proptest::sample::Index, length in 0_usize..20, insert: Vec<u8>) {
        let (_, mock, client) = shared();
        let genuine = Forge::new(mock).signed().into_bytes();
        let at = start_at.index(genuine.len());
        let mut body = genuine.clone();
        body.splice(at..(at + length).min(genuine.len()), insert);
        let pairs = |body: &[u8]| {
            // Both are taken away.
            let body = body.strip_prefix(b"?").unwrap_or(body);
            let end = body.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
            let mut pairs: Vec<_> = form_urlencoded::parse(&body[..end]).into_owned().collect();
            // Neither is signed: a payment's notification may lack its `sign_type`, and `+` may be a blank in `sign`.
            pairs.retain(|(name, _)| name != "sign" && name != "sign_type");
            pairs.sort();
            pairs
        };
        if client.notifications().verify(&body).is_ok() {
            proptest::prop_assert_eq!(pairs(&body), pairs(&genuine));
        }
    }
}
