//! Fetches that are disturbed.

use std::time::Duration;

use serde_json::json;
use tokio::{runtime, time::Instant};

use super::{
    gateway::{Gateway, LAST, NEXT, PRESENT, Trouble, alipay},
    rollover::{METHOD, call},
};
use crate::{Error, ErrorKind};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_download_that_hangs_loses_no_call() {
    const CALLS: usize = 20;

    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.trouble_downloads([Trouble::Silence; 4]);
    let began = Instant::now();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((gateway.downloads(), gateway.calls_of(METHOD).len()), (5, CALLS));
    // Longer than an attempt, shorter than a call may take.
    assert!((20..30).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_download_ends_with_the_outage() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.trouble_downloads([Trouble::Unavailable; 7]);
    let began = Instant::now();
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 8);
    assert!(began.elapsed() < 15 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_not_remembered_for_a_minute() {
    let gateway = Gateway::new();
    let client = gateway.client().total_timeout(3 * SECOND).build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.trouble_downloads([Trouble::Unavailable; 50]);
    let error = call(&client).await.unwrap_err();
    assert!(error.is_unknown_certificate() && error.is_outcome_unknown(), "{error}");
    let message = error.to_string();
    assert!(message.contains("HTTP status 503"), "{message}");
    gateway.end_troubles();
    let began = Instant::now();
    call(&client).await.unwrap();
    assert!(began.elapsed() <= 2 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_outage_causes_few_fetches() {
    let gateway = Gateway::new();
    let client = gateway.client().total_timeout(SECOND / 2).build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.trouble_downloads([Trouble::Silence; 500]);
    let began = Instant::now();
    while began.elapsed() < 58 * SECOND {
        call(&client).await.unwrap_err();
        tokio::time::advance(SECOND / 4).await;
    }
    assert!((3..=20).contains(&gateway.downloads()), "{}", gateway.downloads());
}

#[tokio::test(start_paused = true)]
async fn an_answer_does_not_take_a_notifications_failure_for_its_own() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    // A notification names the serial before Alipay publishes the certificate.
    let coming = alipay("2000", &LAST.key);
    gateway.sign_with(&coming);
    gateway.sign_downloads_with(&PRESENT);
    let body = coming.notification(&coming.serial());
    for _ in 0..2 {
        let error = client.notifications().receive(&body).await.unwrap_err();
        assert!(error.is_unknown_certificate(), "{error}");
    }
    assert_eq!(gateway.downloads(), 1);
    gateway.hand_out(&coming.serial(), &coming.file);
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 2);
    client.notifications().receive(&body).await.unwrap();
    assert_eq!(gateway.downloads(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waited_for_a_notifications_fetch_begins_its_own() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let coming = alipay("2001", &LAST.key);
    gateway.sign_with(&coming);
    gateway.sign_downloads_with(&PRESENT);
    gateway.hold_downloads(100);
    let body = coming.notification(&coming.serial());
    let told = tokio::spawn({
        let client = client.clone();
        async move { client.notifications().receive(&body).await }
    });
    gateway.called(1).await;
    let called = tokio::spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    gateway.called(2).await;
    // The result of the first download is known already.
    gateway.hand_out(&coming.serial(), &coming.file);
    gateway.release();
    called.await.unwrap().unwrap();
    assert!(told.await.unwrap().unwrap_err().is_unknown_certificate());
    assert_eq!(gateway.downloads(), 2);
}

#[test]
fn a_runtime_that_stands_still_holds_nobody_up() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.trouble_downloads([Trouble::Silence]);
    let still = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    still.spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    still.block_on(gateway.called(2));
    // Nothing happens there from now on.
    let driven = runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    driven.block_on(async {
        let began = Instant::now();
        call(&client).await.unwrap();
        assert!(began.elapsed() < 5 * SECOND, "{:?}", began.elapsed());
    });
    assert_eq!(gateway.downloads(), 2);
}

#[test]
fn to_receive_takes_a_runtime_from_the_first_day_on() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for identity in [&*PRESENT, &*NEXT] {
        let body = identity.notification(&identity.serial());
        let error = poll_once(client.notifications().receive(&body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("tokio runtime"), "{error}");
        runtime.block_on(client.notifications().receive(&body)).unwrap();
    }
}

/// Polls a future that is ready at once, without a runtime.
fn poll_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn a_signature_that_names_no_certificate_is_verified_with_all_known_ones() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    let notifications = client.notifications();
    notifications.verify(PRESENT.unnamed_notification()).unwrap();
    for body in [NEXT.unnamed_notification(), LAST.unnamed_notification()] {
        let error = notifications.receive(&body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
        assert!(error.to_string().contains("names none to fetch"), "{error}");
    }
    assert_eq!(gateway.downloads(), 0);
    gateway.sign_with(&NEXT);
    call(&client).await.unwrap();
    for identity in [&*PRESENT, &*NEXT] {
        notifications.verify(identity.unnamed_notification()).unwrap();
        notifications.receive(identity.unnamed_notification()).await.unwrap();
    }
    notifications.verify(LAST.unnamed_notification()).unwrap_err();
    // A signature that names a certificate is verified with that one only.
    let error = notifications.verify(PRESENT.notification(&NEXT.serial())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert_eq!(gateway.downloads(), 1);
}

#[tokio::test]
async fn what_is_remembered_of_a_failure_is_small() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&alipay("2002", &LAST.key));
    gateway.sign_downloads_with(&PRESENT);
    let error = client.call_raw(METHOD, json!({})).await.unwrap_err();
    assert!(error.raw_body().is_some());
    let behind = |error: &Error| error.cause()?.downcast_ref::<Error>().cloned();
    let mut errors = 0;
    for error in std::iter::successors(behind(&error), behind) {
        assert!(error.raw_body().is_none(), "{error}");
        errors += 1;
    }
    assert_eq!(errors, 2);
}
