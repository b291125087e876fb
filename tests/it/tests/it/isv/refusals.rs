//! A refresh that Alipay refuses for good is asked for once.

use std::time::Duration;

use alipay_api::{
    Error, ErrorKind,
    isv::{Isv, store::AuthorisationState},
};
use alipay_mock::Fault;

use super::{LIFETIME, MERCHANT, World, order};
use crate::stores::{each::Handle, each_store};

const TOKEN: &str = "alipay.open.auth.token.app";

each_store!(
    a_refresh_that_is_refused_for_good_is_asked_for_once,
    what_is_wrong_with_the_app_loses_nobody,
);

async fn ten_calls(isvs: [&Isv; 2]) -> Vec<Error> {
    let mut errors = Vec::new();
    for number in 0..10 {
        errors.push(order(isvs[number % 2], &number.to_string()).await.unwrap_err());
    }
    errors
}

async fn a_refresh_that_is_refused_for_good_is_asked_for_once(one: Handle, other: Handle) {
    for (code, sub_code) in [("40004", "APP_ID_NOT_CONSISTENT"), ("40002", "isv.code-invalid")] {
        let world = World::with_stores(one.clone(), other.clone()).await;
        lose(&world, code, sub_code).await;
        // The merchant's next authorisation mends it.
        world.authorise().await;
        for isv in [&world.isv, &world.other] {
            order(isv, "one").await.unwrap();
        }
    }
}

/// The refresh is refused with this code, and the merchant lost.
async fn lose(world: &World, code: &str, sub_code: &str) {
    world.authorise().await;
    let authorised = world.mock.requests_of(TOKEN);
    world.clock.advance(LIFETIME * 2);
    world.mock.answer_next(TOKEN, code, sub_code, false);
    let errors = ten_calls([&world.isv, &world.other]).await;
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::AuthorisationLost, "{sub_code}: {error}");
        assert!(
            !error.is_retryable() && !error.is_outcome_unknown(),
            "{sub_code}: {error:?}"
        );
    }
    let cause = errors[0].cause().and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!(cause.and_then(Error::sub_code), Some(sub_code));
    assert_eq!(world.mock.requests_of(TOKEN), authorised + 1, "{sub_code}");
    assert_eq!(world.stored().await.state, AuthorisationState::Lost);
    assert_eq!(world.isv.refresh_ending().await.unwrap().failed.len(), 0);
    assert_eq!(world.events(), ["Authorised", "Lost"], "{sub_code}");
}

#[tokio::test]
async fn the_codes_that_lose_a_merchant() {
    let codes = [
        ("40004", "REFRESH_TOKEN_NOT_EXIST"),
        ("40004", "REFRESH_TOKEN_NOT_VALID"),
        ("40004", "REFRESH_TOKEN_TIME_OUT"),
        ("40004", "AUTH_CODE_NOT_EXIST"),
        ("40004", "AUTH_CODE_NOT_VALID"),
        ("40004", "AUTH_TOKEN_NOT_FOUND"),
        ("20001", "isv.invalid-auth-relations"),
        ("20001", "invalid-auth-relations"),
    ];
    let losses = codes.map(|(code, sub_code)| {
        tokio::spawn(async move {
            let world = World::start().await;
            lose(&world, code, sub_code).await;
        })
    });
    for loss in losses {
        loss.await.unwrap();
    }
}

async fn what_is_wrong_with_the_app_loses_nobody(one: Handle, other: Handle) {
    for (code, sub_code) in [
        ("40006", "isv.insufficient-isv-permissions"),
        ("40002", "isv.app-cert-expired"),
        ("40004", "APP_NOT_ISV"),
        ("40004", "GRANT_TYPE_INVALID"),
    ] {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.authorise().await;
        let authorised = world.mock.requests_of(TOKEN);
        world.clock.advance(LIFETIME * 2);
        world.mock.answer_next(TOKEN, code, sub_code, false);
        for error in ten_calls([&world.isv, &world.isv]).await {
            assert_eq!(error.kind(), ErrorKind::TokenRefresh, "{sub_code}: {error}");
            assert!(
                !error.is_retryable() && !error.is_outcome_unknown(),
                "{sub_code}: {error:?}"
            );
            let cause = error.cause().and_then(|cause| cause.downcast_ref::<Error>());
            assert_eq!(cause.and_then(Error::sub_code), Some(sub_code));
        }
        assert_eq!(world.mock.requests_of(TOKEN), authorised + 1, "{sub_code}");
        assert_eq!(world.stored().await.state, AuthorisationState::Active);
        assert_eq!(world.events(), ["Authorised", "RefreshFailed"], "{sub_code}");
        // It is mended: another process refreshes, and this one goes on.
        order(&world.other, "one").await.unwrap();
        order(&world.isv, "two").await.unwrap();
        assert!(world.mock.dead_refresh_tokens().is_empty());
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for fault in [None, Some(Fault::Unsigned)] {
        let world = World::authorised().await;
        world.clock.advance(LIFETIME * 2);
        let (code, sub_code) = match fault {
            // Signed, it would lose the merchant.
            Some(_) => ("40004", "APP_ID_NOT_CONSISTENT"),
            None => ("40005", "isv.app-call-limited"),
        };
        let is_limited = fault.is_none();
        world.mock.answer_next(TOKEN, code, sub_code, false);
        if let Some(fault) = fault {
            world.mock.fault_next_of(TOKEN, fault);
        }
        let error = order(&world.isv, "one").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenRefresh);
        assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error:?}");
        assert_eq!(world.stored().await.state, AuthorisationState::Active);
        assert_eq!(world.events(), ["Authorised", "RefreshFailed"]);
        if is_limited {
            order(&world.isv, "one").await.unwrap();
        } else {
            // The answer is anybody's, so the refresh may have been carried out: its lease stays until it ends.
            let second = Duration::from_secs(1);
            assert!(!world.store.lease(world.key(), "somebody else", second).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_token_that_is_lost_and_refused_is_not_sent_again() {
    let world = World::authorised().await;
    for isv in [&world.isv, &world.other] {
        order(isv, "one").await.unwrap();
    }
    world.clock.advance(LIFETIME / 2);
    world.mock.cancel_authorisation(MERCHANT).unwrap();
    let error = order(&world.isv, "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthorisationLost);
    // The other process has the same token, under the version before.
    let sent = world.mock.requests_of("alipay.trade.precreate");
    let error = order(&world.other, "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthorisationLost);
    assert_eq!(world.mock.requests_of("alipay.trade.precreate"), sent + 1);
    assert_eq!(world.events(), ["Authorised", "Lost"]);
}
