//! Alipay changes its certificate, or a forger pretends it.

use std::time::Duration;

use serde_json::json;
use tokio::runtime;

use super::{
    CertificateErrorKind,
    gateway::{APP_ID, DOWNLOAD, Gateway, Hands, INTERMEDIATE, Identity, LAST, NEXT, PRESENT, ROOT, alipay},
    openssl,
};
use crate::{
    Client, Credentials, Error, ErrorKind, RawResponse,
    cert::{CertificateError, ChainFault},
    notify::Notification,
};

pub(super) const METHOD: &str = "alipay.test.query";
const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn call(client: &Client) -> Result<RawResponse, Error> {
    client.call_raw(METHOD, json!({})).await
}

/// What was wrong with the certificate, however deep in the error.
pub(super) fn certificate_error(error: &Error) -> &CertificateErrorKind {
    let mut outer = error;
    loop {
        let cause = outer.cause().unwrap_or_else(|| panic!("{error:?}"));
        if let Some(error) = cause.downcast_ref::<CertificateError>() {
            return error.kind();
        }
        outer = cause.downcast_ref().unwrap_or_else(|| panic!("{error:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_fetch_one_certificate() {
    const CALLS: usize = 200;

    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    call(&client).await.unwrap();
    gateway.sign_with(&NEXT);
    // It is handed out when every call has been answered with it.
    gateway.hold_downloads(1 + CALLS + 1);
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().code().as_deref(), Some("10000"));
    }
    assert_eq!((gateway.downloads(), gateway.calls_of(METHOD).len()), (1, 1 + CALLS));

    // The configured certificate is still trusted, and so is the next one.
    for identity in [&*PRESENT, &*NEXT, &*LAST, &*PRESENT, &*NEXT, &*LAST] {
        gateway.sign_with(identity);
        call(&client).await.unwrap();
    }
    assert_eq!(gateway.downloads(), 2);
}

#[tokio::test]
async fn the_download_may_be_signed_with_the_old_the_new_or_no_third() {
    for signer in [&*PRESENT, &*NEXT] {
        let gateway = Gateway::new();
        let client = gateway.client().build().unwrap();
        gateway.sign_with(&NEXT);
        gateway.sign_downloads_with(signer);
        call(&client).await.unwrap();
        assert_eq!(gateway.downloads(), 1);
    }
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.sign_downloads_with(&LAST);
    let error = call(&client).await.unwrap_err();
    assert!(error.is_unknown_certificate(), "{error}");
    // The third was not fetched: the chain of fetches could be endless.
    assert_eq!(gateway.downloads(), 1);
}

#[tokio::test]
async fn the_download_is_the_apps_own_call() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap().on_behalf_of("a merchant's token");
    gateway.sign_with(&NEXT);
    call(&client).await.unwrap();
    assert_eq!(gateway.calls_of(METHOD)[0]["app_auth_token"], "a merchant's token");
    assert!(!gateway.calls_of(DOWNLOAD)[0].contains_key("app_auth_token"));
}

#[tokio::test(start_paused = true)]
async fn a_forged_certificate_is_refused_for_a_minute() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let forged = Identity::forged();
    assert_eq!(forged.serial(), NEXT.serial());
    gateway.sign_with(&forged);
    gateway.hand_out(&NEXT.serial(), &forged.file);
    for _ in 0..3 {
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error}");
        assert!(
            matches!(
                certificate_error(&error),
                CertificateErrorKind::Chain {
                    fault: ChainFault::IssuerUnknown { .. } | ChainFault::BadSignature { .. },
                    ..
                }
            ),
            "{error}"
        );
    }
    assert_eq!(gateway.downloads(), 1);

    gateway.sign_with(&NEXT);
    gateway.hand_out(&NEXT.serial(), &NEXT.file);
    tokio::time::advance(59 * SECOND).await;
    call(&client).await.unwrap_err();
    tokio::time::advance(SECOND).await;
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 2);
}

#[tokio::test]
async fn only_alipays_own_certificate_is_taken() {
    // The same authorities vouch for merchants.
    let merchant = Identity::new(
        "/C=CN/O=Shop/OU=Alipay/CN=2088000000000001-2021000000000001",
        "101",
        &LAST.key,
        &INTERMEDIATE,
    );
    let by_root = Identity::new("/C=CN/CN=Direct", "7", &LAST.key, &ROOT);
    // The right common name, but another organisation or country, or no organisation.
    let name = "CN=支付宝(中国)网络技术有限公司-2088000000000001";
    let [other, foreign, none] = ["/C=CN/O=Other/", "/C=US/O=Shop/", "/C=CN/"]
        .map(|rest| Identity::new(&format!("{rest}{name}"), "101", &LAST.key, &INTERMEDIATE));
    for stranger in [merchant, by_root, other, foreign, none] {
        let gateway = Gateway::new();
        let client = gateway.client().build().unwrap();
        gateway.sign_with(&stranger);
        gateway.hand_out(&stranger.serial(), &stranger.file);
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
        assert!(
            matches!(certificate_error(&error), CertificateErrorKind::AnotherHolder { .. }),
            "{error}"
        );
    }

    // Nor one whose key can be broken.
    let short = openssl::key(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let short = alipay("103", &short);
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&short);
    gateway.hand_out(&short.serial(), &short.file);
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    let kind = certificate_error(&error);
    assert!(
        matches!(
            kind,
            CertificateErrorKind::Chain {
                fault: ChainFault::ShortKey,
                ..
            }
        ),
        "{kind:?}"
    );

    // Nor one that is Alipay's, but not the one that was named.
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.sign_downloads_with(&PRESENT);
    gateway.hand_out(&NEXT.serial(), &LAST.file);
    let error = call(&client).await.unwrap_err();
    let alipay_serial = LAST.serial();
    assert_eq!(
        *certificate_error(&error),
        CertificateErrorKind::AnotherSerial { alipay_serial }
    );

    // Nor content that is not a certificate.
    let enough = NEXT.file.repeat(16);
    let large = format!("{}{}", " ".repeat(64 << 10), NEXT.file);
    for garbage in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----",
        &NEXT.key,
        &enough,
        &large,
    ] {
        let gateway = Gateway::new();
        let client = gateway.client().build().unwrap();
        gateway.sign_with(&NEXT);
        gateway.sign_downloads_with(&PRESENT);
        gateway.hand_out(&NEXT.serial(), garbage);
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        certificate_error(&error);
        assert_eq!(gateway.downloads(), 1);
    }
}

#[tokio::test]
async fn a_serial_that_nobody_knows_is_an_error_that_says_so() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let unknown = alipay("999", &LAST.key);
    gateway.sign_with(&unknown);
    gateway.sign_downloads_with(&PRESENT);
    let error = call(&client).await.unwrap_err();
    assert!(error.is_unknown_certificate() && error.is_outcome_unknown(), "{error}");
    let message = error.to_string();
    assert!(
        message.starts_with("alipay.test.query: the answer can't be verified: Alipay's certificate ")
            && message.contains("isv.alipay-cert-not-exist"),
        "{message}"
    );
    assert!(error.raw_body().is_some());
}

#[tokio::test]
async fn an_unsigned_download_is_refused() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.do_not_sign_downloads();
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert!(error.to_string().contains("the answer has no signature"), "{error}");
}

#[tokio::test]
async fn the_answer_must_be_signed_by_the_certificate_that_it_carries() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    // Somebody who has seen the genuine certificate, but has another key.
    let thief = Identity {
        file: NEXT.file.clone(),
        key: openssl::THIRD_RSA_KEY.clone(),
    };
    gateway.sign_with(&thief);
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert!(
        error.to_string().contains("the answer's signature does not hold"),
        "{error}"
    );
}

#[tokio::test]
async fn cancelling_one_waiter_does_not_cancel_the_fetch() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.hold_downloads(100);
    let first = tokio::spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    gateway.called(2).await;
    let second = tokio::spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    gateway.called(3).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gateway.release();
    second.await.unwrap().unwrap();
    assert_eq!(gateway.downloads(), 1);
}

#[test]
fn a_runtime_that_ends_leaves_the_fetch_to_another() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.hold_downloads(100);
    let first = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let second = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let abandoned = first.spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    first.block_on(gateway.called(2));
    let waiting = second.spawn(async move { call(&client).await });
    second.block_on(gateway.called(3));
    drop(first);
    gateway.release();
    second.block_on(waiting).unwrap().unwrap();
    assert!(second.block_on(abandoned).unwrap_err().is_cancelled());
    assert_eq!(gateway.downloads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_within_its_own_time() {
    let gateway = Gateway::new();
    let client = gateway
        .client()
        .attempt_timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    gateway.sign_with(&NEXT);
    gateway.hold_downloads(100);
    let began = tokio::time::Instant::now();
    let error = client
        .call_raw(METHOD, json!({}))
        .timeout(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(error.is_unknown_certificate() && error.is_outcome_unknown(), "{error}");
    gateway.release();
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetched_certificate_expires() {
    let gateway = Gateway::new();
    let client = gateway.client();
    // No certificate is made after this.
    let clock = Hands::now();
    let client = client.clock(clock.clone()).build().unwrap();
    gateway.sign_with(&NEXT);
    call(&client).await.unwrap();
    clock.move_on(Duration::from_hours(366 * 24));
    let error = call(&client).await.unwrap_err();
    assert!(error.is_unknown_certificate(), "{error}");
    assert_eq!(gateway.downloads(), 1);
    tokio::time::advance(60 * SECOND).await;
    let error = call(&client).await.unwrap_err();
    assert!(
        matches!(certificate_error(&error), CertificateErrorKind::Expired { .. }),
        "{error}"
    );
    assert_eq!(gateway.downloads(), 2);
}

#[tokio::test]
async fn a_notification_may_fetch_a_certificate() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    let body = NEXT.notification(&NEXT.serial());
    let error = client.notifications().verify(&body).unwrap_err();
    assert!(error.is_unknown_certificate(), "{error}");
    assert_eq!(gateway.downloads(), 0);
    let received = client.notifications().receive(&body).await.unwrap();
    assert!(matches!(&*received, Notification::Other(other) if other.name == "test_sync"));
    client.notifications().verify(&body).unwrap();
    client.notifications().receive(&body).await.unwrap();
    assert_eq!(gateway.downloads(), 1);
    // The configured certificate needs no fetch.
    client
        .notifications()
        .verify(PRESENT.notification(&PRESENT.serial()))
        .unwrap();
    // Knowing the certificate is no signature.
    let error = client
        .notifications()
        .receive(LAST.notification(&NEXT.serial()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test(start_paused = true)]
async fn outsiders_cause_few_fetches() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let receive = async |serial: &str| {
        client
            .notifications()
            .receive(LAST.notification(serial))
            .await
            .unwrap_err()
    };
    for number in 0..50 {
        let error = receive(&format!("{number:032x}")).await;
        assert!(error.is_unknown_certificate(), "{error}");
    }
    // One of them asked which certificate is the current one.
    assert_eq!(gateway.downloads(), 6);
    // The gateway's answers have fetches of their own.
    gateway.sign_with(&NEXT);
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 7);
    tokio::time::advance(60 * SECOND).await;
    receive(&format!("{:032x}", 7)).await;
    assert_eq!(gateway.downloads(), 8);

    // What can't be a serial, or can't be for the app, causes none.
    for serial in ["x", "", &"F".repeat(32), &"0".repeat(33), "../../../../../etc/passwd"] {
        receive(serial).await;
    }
    let other_app = LAST.notification(&"1".repeat(32)).replace(APP_ID, "2021000000000002");
    let error = client.notifications().receive(other_app).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert_eq!(gateway.downloads(), 8);
}

#[tokio::test(start_paused = true)]
async fn forged_notifications_keep_out_no_genuine_one() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let forge = async |numbers: std::ops::Range<u32>| {
        for number in numbers {
            let forged = LAST.notification(&format!("{number:032x}"));
            let error = client.notifications().receive(&forged).await.unwrap_err();
            assert!(error.is_unknown_certificate(), "{error}");
        }
    };
    let receive = async |identity: &Identity| {
        let body = identity.notification(&identity.serial());
        client.notifications().receive(&body).await.map(drop)
    };
    gateway.sign_with(&NEXT);
    forge(0..100).await;
    // Five by their names, one to ask, and one for the certificate that the answer to that was signed with.
    assert_eq!(gateway.downloads(), 7);
    assert!(!gateway.calls_of(DOWNLOAD)[5].contains_key("app_auth_token"));
    receive(&NEXT).await.unwrap();
    assert_eq!(gateway.downloads(), 7);

    // Alipay changes to another, just after somebody has asked: after ten seconds the next notification asks again.
    gateway.sign_with(&LAST);
    let error = receive(&LAST).await.unwrap_err();
    assert!(error.to_string().contains("too many unknown certificates"), "{error}");
    tokio::time::advance(10 * SECOND).await;
    receive(&LAST).await.unwrap();
    assert_eq!(gateway.downloads(), 9);
}

#[tokio::test(start_paused = true)]
async fn forged_notifications_cause_few_calls_however_long_they_go_on() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let began = tokio::time::Instant::now();
    let mut number = 0;
    let nothing = "0".repeat(32);
    let body = LAST.notification(&nothing);
    while began.elapsed() < 600 * SECOND {
        for _ in 0..5 {
            number += 1;
            let forged = body.replace(&nothing, &format!("{number:032x}"));
            client.notifications().receive(&forged).await.unwrap_err();
        }
        tokio::time::advance(SECOND).await;
    }
    assert!(
        (60..=10 * (5 + 6) + 11).contains(&gateway.downloads()),
        "{}",
        gateway.downloads()
    );
}

#[tokio::test]
async fn many_notifications_ask_once_and_one_that_goes_away_stops_no_other() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    for number in 0..5 {
        let forged = LAST.notification(&format!("{number:032x}"));
        client.notifications().receive(&forged).await.unwrap_err();
    }
    gateway.hold_downloads(100);
    let receive = |body: String| {
        let client = client.clone();
        tokio::spawn(async move { client.notifications().receive(&body).await.map(drop) })
    };
    // A forger who breaks off the connection at once.
    let forged = receive(LAST.notification(&format!("{:032x}", 5)));
    gateway.called(6).await;
    let genuine: Vec<_> = (0..20).map(|_| receive(NEXT.notification(&NEXT.serial()))).collect();
    forged.abort();
    assert!(forged.await.unwrap_err().is_cancelled());
    gateway.release();
    for genuine in genuine {
        genuine.await.unwrap().unwrap();
    }
    assert_eq!(gateway.downloads(), 7);
}

#[tokio::test]
async fn the_gateway_can_not_have_certificates_fetched_for_ever() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let mut serials = Vec::new();
    gateway.sign_downloads_with(&PRESENT);
    for number in 0..25 {
        let identity = alipay(&format!("{}", 1000 + number), &LAST.key);
        gateway.sign_with(&identity);
        call(&client).await.unwrap_err();
        serials.push(identity.serial());
    }
    assert_eq!(gateway.downloads(), 20);
}

#[tokio::test]
async fn public_key_mode_takes_no_notice_of_serials() {
    let gateway = Gateway::new();
    let alipay_key = crate::sign::PrivateKey::parse(&PRESENT.key).unwrap().public_key();
    let app_key = crate::sign::PrivateKey::parse(&openssl::THIRD_RSA_KEY).unwrap();
    let credentials = Credentials::keys(app_key, alipay_key, crate::sign::SignType::Rsa2).unwrap();
    let client = Client::builder(APP_ID, credentials)
        .transport(gateway.clone())
        .build()
        .unwrap();
    call(&client).await.unwrap();
    let anything = PRESENT.notification("no serial at all");
    client.notifications().verify(&anything).unwrap();
    client.notifications().receive(&anything).await.unwrap();
    gateway.sign_with(&NEXT);
    assert_eq!(call(&client).await.unwrap_err().kind(), ErrorKind::Verification);
    assert_eq!(gateway.downloads(), 0);
}
