//! Certificate mode against the embedded gateway, which changes its certificate, or has it forged.

use alipay_api::{
    ErrorKind, Protocol,
    notify::SUCCESS,
    trade::{Precreate, Query, types::TradeStatus},
};
use alipay_mock::{Forgery, Mock};
use tokio::sync::watch;

use crate::support::{certified_builder, merchant, paid_order, price, start_certified};

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_over_under_load_fails_no_call() {
    const CLIENTS: usize = 200;
    const CALLS: usize = 5;

    let (mock, client) = start_certified().await;
    let trade_no = paid_order(&mock, &client, "1", "88.80").await;
    let (done, mut progress) = watch::channel(0);
    let calls: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, trade_no, done) = (client.clone(), trade_no.clone(), done.clone());
            tokio::spawn(async move {
                for _ in 0..CALLS {
                    let order = client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
                    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
                    assert_eq!(order.trade_no, trade_no);
                    done.send_modify(|done| *done += 1);
                }
            })
        })
        .collect();
    // In the midst of it, with all of them at it.
    progress.wait_for(|done| *done >= CLIENTS * CALLS / 4).await.unwrap();
    let serial = mock.roll_over_alipay_certificate().unwrap();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*done.borrow(), CLIENTS * CALLS);
    assert_eq!(mock.requests_of(DOWNLOAD), 1);
    assert_eq!(mock.alipay_cert_sn(), serial);
}

#[tokio::test]
async fn one_roll_over_after_another_is_followed() {
    let (mock, client) = start_certified().await;
    paid_order(&mock, &client, "1", "0.01").await;
    for roll_overs in 1..=3 {
        mock.roll_over_alipay_certificate().unwrap();
        for _ in 0..2 {
            client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        }
        assert_eq!(mock.requests_of(DOWNLOAD), roll_overs);
    }
}

#[tokio::test]
async fn a_forged_certificate_is_refused() {
    for (protocol, forgery, downloads) in [
        (Protocol::V2, Forgery::SameSerial, 0),
        (Protocol::V2, Forgery::NewSerial, 1),
        (Protocol::V3, Forgery::SameSerial, 0),
        (Protocol::V3, Forgery::NewSerial, 1),
    ] {
        let (mock, _) = start_certified().await;
        let client = certified_builder(&mock).protocol(protocol).build().unwrap();
        paid_order(&mock, &client, "1", "0.01").await;
        mock.forge_alipay_certificate(Some(forgery)).unwrap();
        for _ in 0..3 {
            let error = client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
            // It refuses a payment too, but can't tell whether there was one.
            let error = client
                .trade()
                .precreate(Precreate::new("2", price("0.01"), "subject"))
                .await
                .unwrap_err();
            assert!(error.is_outcome_unknown(), "{error}");
        }
        assert_eq!(mock.requests_of(DOWNLOAD), downloads, "{protocol:?} {forgery:?}");
        mock.forge_alipay_certificate(None).unwrap();
        client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_that_was_exchanged_on_the_way_is_refused() {
    for protocol in [Protocol::V2, Protocol::V3] {
        let (mock, _) = start_certified().await;
        let old = certified_builder(&mock).protocol(protocol);
        let client = certified_builder(&mock).protocol(protocol).build().unwrap();
        paid_order(&mock, &client, "1", "0.01").await;
        mock.roll_over_alipay_certificate().unwrap();
        mock.forge_alipay_certificate(Some(Forgery::HandedOut)).unwrap();
        let error = client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        // So it is for the rest of the minute, even if the genuine one is handed out. Another process hasn't asked yet.
        mock.forge_alipay_certificate(None).unwrap();
        client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
        assert_eq!(mock.requests_of(DOWNLOAD), 1);
        let other = old.build().unwrap();
        other.trade().query(Query::with_out_trade_no("1")).await.unwrap();
        assert_eq!(mock.requests_of(DOWNLOAD), 2);
    }
}

#[tokio::test]
async fn a_notification_brings_a_new_certificate() {
    let (mock, client) = start_certified().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.roll_over_alipay_certificate().unwrap();
    mock.pay("1").unwrap();
    let body = posted.recv().await.unwrap();
    assert!(
        client
            .notifications()
            .verify(&body)
            .unwrap_err()
            .is_unknown_certificate()
    );
    let told = client.notifications().receive(&body).await.unwrap();
    told.expect_order("1", price("0.01")).unwrap();
    client.notifications().verify(&body).unwrap();
    assert_eq!(mock.requests_of(DOWNLOAD), 1);
}

#[tokio::test]
async fn forged_notifications_do_not_keep_out_a_genuine_one() {
    let (mock, client) = start_certified().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.roll_over_alipay_certificate().unwrap();
    mock.pay("1").unwrap();
    let genuine = posted.recv().await.unwrap();
    let named = mock.alipay_cert_sn();
    let text = String::from_utf8(genuine.clone()).unwrap();
    for number in 0..200_u32 {
        let forged = text.replace(&named, &format!("{number:032x}"));
        assert_ne!(forged, text);
        let error = client.notifications().receive(&forged).await.unwrap_err();
        assert!(error.is_unknown_certificate(), "{error}");
    }
    // Five for their names, one to ask which is the present one, and that one.
    assert_eq!(mock.requests_of(DOWNLOAD), 7);
    let told = client.notifications().receive(&genuine).await.unwrap();
    told.expect_order("1", price("0.01")).unwrap();
    assert_eq!(mock.requests_of(DOWNLOAD), 7);
}

#[tokio::test]
async fn notifications_that_name_no_certificate_follow_a_roll_over() {
    let mock = Mock::builder()
        .certificates()
        .notifications_without_serial()
        .start()
        .await
        .unwrap();
    let client = certified_builder(&mock).build().unwrap();
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    for out_trade_no in ["1", "2"] {
        let order = Precreate::new(out_trade_no, price("0.01"), "subject");
        client.trade().precreate(order).notify_url(&url).await.unwrap();
    }
    mock.pay("1").unwrap();
    let before = posted.recv().await.unwrap();
    mock.roll_over_alipay_certificate().unwrap();
    mock.pay("2").unwrap();
    let after = posted.recv().await.unwrap();
    let notifications = client.notifications();
    assert!(!String::from_utf8_lossy(&after).contains("alipay_cert_sn"));
    notifications.receive(&before).await.unwrap();
    // It may be a forgery as well: there is nothing to tell by.
    let error = notifications.receive(&after).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert_eq!(mock.requests_of(DOWNLOAD), 0);
    client.trade().query(Query::with_out_trade_no("2")).await.unwrap();
    for (body, out_trade_no) in [(&before, "1"), (&after, "2")] {
        let told = notifications.verify(body).unwrap();
        told.expect_order(out_trade_no, price("0.01")).unwrap();
    }
    assert_eq!(mock.requests_of(DOWNLOAD), 1);
}
