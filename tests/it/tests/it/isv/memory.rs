//! Errors that are kept for a while, or given to be kept, have no bodies.

use std::sync::{Arc, Mutex};

use alipay_api::{
    Error,
    isv::{Isv, IsvEvent},
};
use alipay_mock::Fault;

use super::{DUE, LIFETIME, World, order};

const TOKEN: &str = "alipay.open.auth.token.app";

/// Whether the error has a body, or one of its sources has.
fn has_body(error: &Error) -> bool {
    let source = error.cause().and_then(|source| source.downcast_ref::<Error>());
    error.raw_body().is_some() || source.is_some_and(has_body)
}

#[tokio::test]
async fn what_those_who_wait_are_told_has_no_body() {
    let world = World::authorised().await;
    world.clock.advance(LIFETIME * 2);
    world.mock.fault_next_of(TOKEN, Fault::Html);
    let calls = (0..20).map(|number: u32| {
        let isv = world.isv.clone();
        tokio::spawn(async move { order(&isv, &number.to_string()).await.unwrap_err() })
    });
    let mut bodies = 0;
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap();
        assert!(error.to_string().contains("could not be refreshed"), "{error}");
        bodies += usize::from(has_body(&error));
    }
    // Only who has asked Alipay has it.
    assert_eq!(bodies, 1);
    assert_eq!(world.mock.requests_of(TOKEN), 2);
}

#[tokio::test]
async fn what_sweeps_and_listeners_are_told_has_no_body() {
    let world = World::authorised().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let isv = Isv::builder(world.client.clone(), Arc::clone(&world.store))
        .refresh_ahead(super::AHEAD)
        .on_event(move |event| told.lock().unwrap().push(event.clone()))
        .build();
    // Refused for what may pass, then for good.
    world.clock.advance(DUE);
    world.mock.answer_next(TOKEN, "40005", "isv.app-call-limited", false);
    world.mock.answer_next(TOKEN, "40004", "REFRESH_TOKEN_NOT_VALID", false);
    for sub_code in ["isv.app-call-limited", "REFRESH_TOKEN_NOT_VALID"] {
        let sweep = isv.refresh_ending().await.unwrap();
        let (_, error) = &sweep.failed[0];
        let source = error.cause().and_then(|source| source.downcast_ref::<Error>());
        assert_eq!(source.unwrap_or(error).sub_code(), Some(sub_code));
        assert!(!has_body(error), "{error:?}");
    }
    let events = events.lock().unwrap();
    let [
        IsvEvent::RefreshFailed { error: failed, .. },
        IsvEvent::Lost { error: lost, .. },
    ] = &**events
    else {
        panic!("{events:?}");
    };
    assert!(failed.sub_code().is_some() && lost.sub_code().is_some());
    assert!(!has_body(failed) && !has_body(lost));
}
