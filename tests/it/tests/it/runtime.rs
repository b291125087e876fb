//! Where a call is awaited: outside of tokio, or in a runtime that lacks something, it is an error and no panic.

use std::{
    future::{Future, IntoFuture as _},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use alipay_api::{
    ErrorKind,
    isv::{Isv, store::MemoryStore},
    trade::{Precreate, Query},
};
use serde_json::json;

use crate::support::{builder, certified_builder, price, shared, start_certified};

fn precreate() -> Precreate {
    Precreate::new("1", price("1.00"), "subject")
}

/// Drives a future where there is no tokio.
fn without_tokio<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("it waits for what nobody wakes")
}

#[test]
fn outside_a_runtime_a_call_is_an_error() {
    let (_, mock, client) = shared();
    let (create, query) = (
        client.trade().precreate(precreate()),
        client.call_raw("alipay.trade.query", json!({})),
    );
    let merchant = Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
    let of_merchant = merchant
        .merchant("2021000000000042")
        .trade()
        .query(Query::with_out_trade_no("1"));
    for error in [
        without_tokio(create.into_future()).unwrap_err(),
        without_tokio(query.into_future()).unwrap_err(),
        without_tokio(of_merchant.into_future()).unwrap_err(),
        without_tokio(merchant.authorise("code")).unwrap_err(),
        without_tokio(merchant.merchant_with_token("2021000000000042")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!error.is_outcome_unknown() && !error.is_retryable(), "{error}");
        assert!(error.to_string().contains("there is no tokio runtime here"), "{error}");
    }
    assert_eq!(mock.requests_of("alipay.open.auth.token.app"), 0);
}

#[test]
fn a_runtime_without_drivers_is_an_error() {
    let (_, _, client) = shared();
    let query = || client.trade().query(Query::with_out_trade_no("1")).into_future();
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = bare.block_on(query()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(
        error.to_string().contains("has no timers: build it with enable_all()"),
        "{error}"
    );
    // A connection of another runtime would serve it: this client has none.
    let fresh = builder(&shared().1).build().unwrap();
    let timed = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let error = timed
        .block_on(fresh.trade().precreate(precreate()).into_future())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(!error.is_outcome_unknown() && !error.is_retryable(), "{error}");
    assert!(
        error.to_string().contains("has no IO: build it with enable_all()"),
        "{error}"
    );
}

#[test]
fn a_notification_that_needs_a_certificate_needs_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mock, _client) = runtime.block_on(start_certified());
    let client = certified_builder(&mock).build().unwrap();
    let received = client.notifications();
    let body = format!(
        "alipay_cert_sn={}&app_id={}&charset=utf-8&sign=eA%3D%3D&sign_type=RSA2&notify_id=1",
        "0".repeat(32),
        mock.app_id()
    );
    let error = without_tokio(received.receive(body.as_bytes())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}
