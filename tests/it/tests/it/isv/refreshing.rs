use std::time::Duration;

use alipay_api::{ErrorKind, isv::store::MerchantKey};
use alipay_mock::Fault;

use super::{AHEAD, DUE, LIFETIME, MERCHANT, World, order, query};

#[tokio::test]
async fn a_token_is_refreshed_before_it_ends_and_nobody_waits() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    let first = world.stored().await;
    world.clock.advance(DUE);
    // The refresh is held back; the call is not.
    let (delay, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.open.auth.token.app", delay);
    order(&world.isv, "two").await.unwrap();
    release.reached().await;
    drop(release);
    world.isv.idle().await;
    let second = world.stored().await;
    assert_ne!(second.app_auth_token, first.app_auth_token);
    assert_ne!(second.app_refresh_token, first.app_refresh_token);
    assert_eq!(second.authorised_at, first.authorised_at);
    assert_eq!(second.issued_at, first.issued_at + DUE);
    assert_eq!(second.expires_at, Some(second.issued_at + LIFETIME));
    order(&world.isv, "three").await.unwrap();
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.events(), ["Authorised", "Refreshed"]);
}

#[tokio::test]
async fn many_calls_after_the_end_wait_for_one_refresh() {
    let world = World::authorised().await;
    world.clock.advance(LIFETIME * 2);
    let calls = (0..60).map(|number| {
        let isv = if number % 2 == 0 { &world.isv } else { &world.other }.clone();
        tokio::spawn(async move { order(&isv, &number.to_string()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.refreshes(), 1);
    assert!(world.mock.dead_refresh_tokens().is_empty());
}

#[tokio::test]
async fn a_token_that_another_process_has_replaced_is_looked_up_and_the_call_sent_again() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    world
        .clock
        .advance(LIFETIME.saturating_sub(AHEAD) + Duration::from_secs(1));
    let sweep = world.other.refresh_ending().await.unwrap();
    assert_eq!((sweep.refreshed, sweep.failed.len()), (1, 0));
    // With no grace, the old token is dead by now.
    let error = query(&world.isv).await;
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
    assert_eq!(world.refreshes(), 1);
    order(&world.isv, "two").await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_it_is_not_new() {
    let world = World::authorised().await;
    // The gateway's clock is ahead of the library's.
    let token = world.stored().await.app_auth_token;
    world.clock.advance(LIFETIME * 2);
    let mut behind = world.stored().await;
    behind.issued_at = world.clock.time();
    behind.expires_at = Some(world.clock.time() + LIFETIME);
    let key = MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id: MERCHANT,
    };
    let version = world.store.load(key).await.unwrap().unwrap().version;
    world.store.replace(key, Some(version), &behind).await.unwrap().unwrap();
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.sub_code(), Some("aop.app-auth-token-time-out"));
    assert_eq!(world.refreshes(), 0);
    assert_eq!(world.stored().await.app_auth_token, token);

    world.clock.advance(LIFETIME / 2);
    order(&world.isv, "one").await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn tokens_of_a_user_who_was_not_known_are_kept_and_tell_who_it_is() {
    let world = World::authorised().await;
    let mut nameless = world.stored().await;
    let user_id = std::mem::take(&mut nameless.user_id);
    assert!(!user_id.is_empty());
    let key = MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id: MERCHANT,
    };
    let version = world.store.load(key).await.unwrap().unwrap().version;
    world
        .store
        .replace(key, Some(version), &nameless)
        .await
        .unwrap()
        .unwrap();
    world.clock.advance(LIFETIME * 2);
    order(&world.isv, "one").await.unwrap();
    assert_eq!((world.refreshes(), world.stored().await.user_id), (1, user_id));
}

#[tokio::test]
async fn a_sweep_refreshes_what_ends_soon_and_only_that() {
    let world = World::authorised().await;
    assert_eq!(world.isv.refresh_ending().await.unwrap().refreshed, 0);
    world.clock.advance(DUE);
    assert_eq!(world.isv.refresh_ending().await.unwrap().refreshed, 1);
    assert_eq!(world.isv.refresh_ending().await.unwrap().refreshed, 0);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn a_refresh_goes_on_when_the_call_that_needs_it_is_dropped() {
    let world = World::authorised().await;
    let old = world.stored().await.app_refresh_token;
    world.clock.advance(LIFETIME * 2);
    let (delay, mut release) = Fault::delay();
    world.mock.fault_next_of("alipay.open.auth.token.app", delay);
    let isv = world.isv.clone();
    let call = tokio::spawn(async move { order(&isv, "one").await });
    release.reached().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(release);
    world.isv.idle().await;
    assert_ne!(world.stored().await.app_refresh_token, old);
    order(&world.isv, "one").await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn nobody_refreshes_while_the_outcome_of_a_refresh_is_open() {
    let world = World::authorised().await;
    let mut lifetimes = world.mock.lifetimes();
    lifetimes.app_auth_token_grace = LIFETIME;
    world.mock.set_lifetimes(lifetimes);
    world.clock.advance(DUE);
    world.mock.fault_next_of("alipay.open.auth.token.app", Fault::Truncated);
    // The token is good for a while: the call goes through, the refresh's answer is lost.
    order(&world.isv, "one").await.unwrap();
    world.isv.idle().await;
    assert_eq!(world.events(), ["Authorised", "RefreshFailed"]);
    let key = MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id: MERCHANT,
    };
    let second = Duration::from_secs(1);
    assert!(!world.store.lease(key, "somebody else", second).await.unwrap());
    // A failure that says that nothing was done gives the lease back.
    let world = World::authorised().await;
    world.clock.advance(DUE);
    world
        .mock
        .answer_next("alipay.open.auth.token.app", "40005", "isv.app-call-limited", false);
    order(&world.isv, "one").await.unwrap();
    world.isv.idle().await;
    assert_eq!(world.events(), ["Authorised", "RefreshFailed"]);
    assert!(world.store.lease(key, "somebody else", second).await.unwrap());
}

#[tokio::test]
async fn a_call_waits_no_longer_than_it_may() {
    let world = World::authorised().await;
    world.clock.advance(LIFETIME * 2);
    let key = MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id: MERCHANT,
    };
    let hour = Duration::from_hours(1);
    assert!(world.store.lease(key, "somebody who has died", hour).await.unwrap());
    let query = alipay_api::trade::Query::with_out_trade_no("one");
    let call = world.isv.merchant(MERCHANT).trade().query(query);
    let error = call.timeout(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_retryable() && !error.is_outcome_unknown());
}

#[tokio::test]
async fn idle_waits_for_a_refresh_that_has_only_begun() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    world.clock.advance(DUE);
    _ = query(&world.isv).await;
    // No sooner has the call come back than the process ends.
    world.isv.idle().await;
    assert_eq!(world.refreshes(), 1);
    assert_eq!(world.events(), ["Authorised", "Refreshed"]);
}

#[tokio::test]
async fn a_token_in_hand_is_the_present_one() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    world
        .clock
        .advance(LIFETIME.saturating_sub(AHEAD) + Duration::from_secs(1));
    world.other.refresh_ending().await.unwrap();
    // The first process has the old one in memory, which is dead.
    let client = world.isv.merchant_with_token(MERCHANT).await.unwrap();
    let query = alipay_api::trade::Query::with_out_trade_no("one");
    let error = client.trade().query(query).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"));
}

#[tokio::test]
async fn a_pair_of_another_merchant_is_not_stored() {
    let world = World::authorised().await;
    // Two merchants, and the store has the second one's refresh token under the first one's name.
    let code = world.mock.authorise(Some("2013121100055555"), None);
    world.isv.authorise(code).await.unwrap();
    let key = |auth_app_id| MerchantKey {
        app_id: world.client.app_id(),
        auth_app_id,
    };
    let other = world.store.load(key("2013121100055555")).await.unwrap().unwrap();
    let own = world.store.load(key(MERCHANT)).await.unwrap().unwrap();
    let mut mixed = own.authorisation.clone();
    mixed.app_refresh_token = other.authorisation.app_refresh_token;
    world
        .store
        .replace(key(MERCHANT), Some(own.version), &mixed)
        .await
        .unwrap()
        .unwrap();
    world.clock.advance(LIFETIME * 2);
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenRefresh);
    assert_eq!(world.stored().await, mixed);
}
