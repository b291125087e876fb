//! A living pair of tokens gives way to nothing but its successor, whatever the clocks of an app's processes say.

use std::time::{Duration, UNIX_EPOCH};

use alipay_api::{
    ErrorKind,
    isv::store::{Authorisation, AuthorisationState},
    notify::{Notification, SUCCESS, Verified},
    open_auth::{TokenApp, TokenAppResponse, token_app::TokenAppGrantType},
};
use alipay_mock::Fault;

use super::{DUE, LIFETIME, MERCHANT, World, order, refresh_of};
use crate::{
    stores::{each::Handle, each_store},
    support::merchant,
};

const TOKEN: &str = "alipay.open.auth.token.app";
const ASK: &str = "alipay.open.auth.token.app.query";
/// A token that was replaced is dead at once, or lives to its own end.
const GRACES: [Duration; 2] = [Duration::ZERO, LIFETIME];

each_store!(
    an_old_pair_that_is_put_back_changes_nothing,
    a_new_authorisation_is_stored_whatever_the_clocks_say,
    what_is_over_gives_way_after_a_clock_was_set_back,
    tokens_that_could_not_be_stored_are_taken_back,
    a_dead_pair_takes_the_place_of_no_living_one,
    a_repeated_notice_changes_nothing_where_this_clock_is_behind,
    an_old_withdrawal_ends_nothing_when_the_token_has_ended,
    what_was_withdrawn_during_a_refresh_stays_so_only_if_alipay_says_so,
    of_two_authorisations_at_once_the_later_one_is_stored_and_told,
    nothing_is_lost_while_alipay_does_not_tell,
    tokens_of_a_code_are_stored_where_alipay_will_never_tell,
);

async fn an_old_pair_that_is_put_back_changes_nothing(one: Handle, other: Handle) {
    // By its own clock, the first process has authorised the merchant long after the second one refreshes the tokens.
    for (grace, ahead) in GRACES.into_iter().flat_map(|grace| [(grace, 0), (grace, 55)]) {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.set_grace(grace);
        world.own_clock.set_ahead(ahead);
        world.authorise().await;
        let old = world.stored().await;
        world
            .clock
            .advance(Duration::from_secs(if ahead == 0 { LIFETIME.as_secs() / 2 } else { 2 }));
        world.refresh_after_refusal(&world.other).await;
        let successor = world.stored().await;
        assert_eq!(successor.authorised_at, old.authorised_at);
        assert!(successor.issued_at > old.issued_at, "{ahead} s");
        world.events();

        assert!(
            !world.isv.restore(MERCHANT, &old).await.unwrap(),
            "{grace:?}, {ahead} s"
        );
        assert_eq!(world.stored().await, successor);
        // Nor does it when both tokens have ended, and the refresh token lives.
        world.clock.advance(LIFETIME);
        assert!(
            !world.other.restore(MERCHANT, &old).await.unwrap(),
            "{grace:?}, {ahead} s"
        );
        assert_eq!(world.stored().await, successor);
        assert!(world.events().is_empty());
        // What is stored already is stored.
        assert!(world.isv.restore(MERCHANT, &successor).await.unwrap());
        for isv in [&world.isv, &world.other] {
            order(isv, "one").await.unwrap();
        }
        assert!(world.mock.dead_refresh_tokens().is_empty());
    }
}

async fn a_new_authorisation_is_stored_whatever_the_clocks_say(one: Handle, other: Handle) {
    for (grace, ahead) in GRACES
        .into_iter()
        .flat_map(|grace| [(grace, 30), (grace, 3600), (grace, -30)])
    {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.set_grace(grace);
        world.own_clock.set_ahead(ahead);
        world.authorise().await;
        let first = world.stored().await;
        world.clock.advance(Duration::from_secs(3));
        let code = world.mock.authorise(Some(MERCHANT), None);
        let merchants = world.other.authorise(code).await.unwrap();
        assert_eq!(merchants[0].auth_app_id, MERCHANT);
        assert!(world.has_latest().await, "{grace:?}, {ahead} s");
        assert_eq!(world.events(), ["Authorised", "Authorised"]);
        let second = world.stored().await;
        assert!(!world.isv.restore(MERCHANT, &first).await.unwrap());
        assert_eq!(world.stored().await, second);
        for isv in [&world.isv, &world.other] {
            order(isv, "one").await.unwrap();
        }
    }
}

async fn what_is_over_gives_way_after_a_clock_was_set_back(one: Handle, other: Handle) {
    for state in [AuthorisationState::Lost, AuthorisationState::Cancelled] {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.own_clock.set_ahead(3600);
        world.authorise().await;
        let mut over = world.stored().await;
        over.state = state;
        world.write(&over).await;
        world.own_clock.set_ahead(0);
        world.clock.advance(Duration::from_secs(1));
        world.authorise().await;
        assert!(world.has_latest().await);
        assert_eq!(world.stored().await.state, AuthorisationState::Active);
        order(&world.other, "one").await.unwrap();

        // The same, of tokens that are put back.
        world.write(&over).await;
        let code = world.mock.authorise(Some(MERCHANT), None);
        let kept = granted(&world, world.exchange(by_code(code)).await);
        assert!(world.isv.restore(MERCHANT, &kept).await.unwrap());
        assert_eq!(world.stored().await, kept);
        order(&world.other, "two").await.unwrap();
        // And where somebody knows better of these very tokens.
        let mut over = kept.clone();
        over.state = state;
        world.write(&over).await;
        assert!(world.isv.restore(MERCHANT, &kept).await.unwrap());
        assert_eq!(world.stored().await, kept);
    }
}

async fn tokens_that_could_not_be_stored_are_taken_back(one: Handle, other: Handle) {
    // By the clock of the process that has died with them, they are older than those that they were made of.
    for (grace, behind) in GRACES.into_iter().flat_map(|grace| [(grace, 0), (grace, 3600)]) {
        for time in [Duration::from_secs(1), LIFETIME * 2] {
            let world = World::with_stores(one.clone(), other.clone()).await;
            world.set_grace(grace);
            world.authorise().await;
            let first = world.stored().await;
            world.clock.advance(Duration::from_secs(1));
            let answer = world.exchange(refresh_of(&first)).await;
            let mut kept = granted(&world, answer);
            kept.authorised_at = first.authorised_at - Duration::from_secs(behind);
            kept.issued_at -= Duration::from_secs(behind);
            world.clock.advance(time);
            assert!(
                world.isv.restore(MERCHANT, &kept).await.unwrap(),
                "{grace:?}, {behind} s, {time:?}"
            );
            assert_eq!(world.stored().await, kept);
            order(&world.other, "one").await.unwrap();
            assert!(world.mock.dead_refresh_tokens().is_empty());
        }
    }
}

async fn a_dead_pair_takes_the_place_of_no_living_one(one: Handle, other: Handle) {
    let world = World::with_stores(one, other).await;
    world.authorise().await;
    let living = world.stored().await;
    for state in [AuthorisationState::Lost, AuthorisationState::Cancelled] {
        let mut dead = living.clone();
        dead.state = state;
        dead.issued_at += Duration::from_secs(10);
        assert!(!world.isv.restore(MERCHANT, &dead).await.unwrap());
        dead.app_refresh_token = "another".into();
        assert!(!world.isv.restore(MERCHANT, &dead).await.unwrap());
        assert_eq!(world.stored().await, living);
        // From a backup into an empty store, it comes back as it was.
        world.isv.remove(MERCHANT).await.unwrap();
        assert!(world.isv.restore(MERCHANT, &dead).await.unwrap());
        assert_eq!(world.stored().await, dead);
        assert!(world.isv.restore(MERCHANT, &living).await.unwrap());
    }
    // Another merchant's tokens are nobody's here.
    let code = world.mock.authorise(Some("2013121100055555"), None);
    let strange = granted(&world, world.exchange(by_code(code)).await);
    let error = world.isv.restore(MERCHANT, &strange).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains(MERCHANT), "{error}");
    assert_eq!(world.stored().await, living);
}

async fn a_repeated_notice_changes_nothing_where_this_clock_is_behind(one: Handle, other: Handle) {
    for grace in GRACES {
        let (url, mut posted) = merchant(&[SUCCESS]).await;
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.set_grace(grace);
        world.own_clock.set_ahead(-200);
        world.mock.set_app_gateway_url(Some(&url)).unwrap();
        _ = world.mock.authorise(Some(MERCHANT), None);
        let notice = notice(&world, &posted.recv().await.unwrap());
        assert!(world.isv.accept(&notice).await.unwrap());
        assert_eq!(world.events(), ["Authorised"]);
        // What is stored now was given out before the notice was sent, as this clock has it.
        world.clock.advance(Duration::from_mins(1));
        world.refresh_after_refusal(&world.isv).await;
        let stored = world.stored().await;
        assert!(stored.issued_at < stored.authorised_at);
        assert_eq!(world.events(), ["Refreshed"]);

        assert!(world.isv.accept(&notice).await.unwrap());
        assert_eq!(world.stored().await, stored, "{grace:?}");
        assert!(world.has_latest().await && world.events().is_empty());
        // A new one is another thing.
        world.clock.advance(Duration::from_secs(1));
        _ = world.mock.authorise(Some(MERCHANT), None);
        let newer = self::notice(&world, &posted.recv().await.unwrap());
        assert!(world.isv.accept(&newer).await.unwrap());
        assert!(world.has_latest().await, "{grace:?}");
        assert!(world.isv.accept(&notice).await.unwrap());
        assert!(world.has_latest().await, "{grace:?}");
        order(&world.isv, "one").await.unwrap();
        assert!(world.mock.dead_refresh_tokens().is_empty());
    }
}

async fn an_old_withdrawal_ends_nothing_when_the_token_has_ended(one: Handle, other: Handle) {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let world = World::with_stores(one, other).await;
    world.authorise().await;
    world.mock.set_app_gateway_url(Some(&url)).unwrap();
    world.mock.cancel_authorisation(MERCHANT).unwrap();
    let withdrawn = notice(&world, &posted.recv().await.unwrap());
    world.mock.set_app_gateway_url(None).unwrap();
    world.authorise().await;
    world.clock.advance(LIFETIME * 2);
    assert!(world.isv.accept(&withdrawn).await.unwrap());
    assert_eq!(world.stored().await.state, AuthorisationState::Active);
    order(&world.isv, "one").await.unwrap();
}

async fn what_was_withdrawn_during_a_refresh_stays_so_only_if_alipay_says_so(one: Handle, other: Handle) {
    for is_true in [false, true] {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.authorise().await;
        world.clock.advance(DUE);
        let (delay, mut release) = Fault::delay();
        world.mock.fault_next_of(TOKEN, delay);
        let isv = world.isv.clone();
        let refresh = tokio::spawn(async move { isv.refresh_ending().await });
        release.reached().await;
        let mut cancelled = world.stored().await;
        cancelled.state = AuthorisationState::Cancelled;
        world.write(&cancelled).await;
        if is_true {
            world.mock.cancel_authorisation(MERCHANT).unwrap();
        }
        drop(release);
        assert!(refresh.await.unwrap().unwrap().failed.is_empty());
        if is_true {
            assert_eq!(world.stored().await, cancelled);
            assert_eq!(world.events(), ["Authorised"]);
        } else {
            assert_eq!(world.stored().await.state, AuthorisationState::Active);
            assert!(world.has_latest().await);
            assert_eq!(world.events(), ["Authorised", "Refreshed"]);
            order(&world.other, "two").await.unwrap();
        }
    }
}

async fn of_two_authorisations_at_once_the_later_one_is_stored_and_told(one: Handle, other: Handle) {
    for (grace, ahead) in GRACES.into_iter().flat_map(|grace| [(grace, 0), (grace, 30)]) {
        let world = World::with_stores(one.clone(), other.clone()).await;
        world.set_grace(grace);
        world.own_clock.set_ahead(ahead);
        let first = world.mock.authorise(Some(MERCHANT), None);
        // The first code's answer is slow, and the merchant authorises once more meanwhile.
        let (delay, mut release) = Fault::delay();
        world.mock.fault_next_of(TOKEN, delay);
        let isv = world.isv.clone();
        let slow = tokio::spawn(async move { isv.authorise(first).await });
        release.reached().await;
        world.clock.advance(Duration::from_secs(1));
        let code = world.mock.authorise(Some(MERCHANT), None);
        world.other.authorise(code).await.unwrap();
        let newer = world.stored().await;
        drop(release);
        let error = slow.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthorisationSuperseded, "{error}");
        assert!(!error.is_retryable() && !error.is_outcome_unknown());
        assert!(error.to_string().contains(MERCHANT), "{error}");
        assert_eq!(world.stored().await, newer);
        assert_eq!(world.events(), ["Authorised"], "{grace:?}, {ahead} s");
        order(&world.isv, "one").await.unwrap();
    }
}

async fn nothing_is_lost_while_alipay_does_not_tell(one: Handle, other: Handle) {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let world = World::with_stores(one, other).await;
    world.authorise().await;
    world.clock.advance(Duration::from_secs(1));
    world.mock.set_app_gateway_url(Some(&url)).unwrap();
    let code = world.mock.authorise(Some(MERCHANT), None);
    world.mock.set_app_gateway_url(None).unwrap();
    let notice = notice(&world, &posted.recv().await.unwrap());
    let stored = world.stored().await;
    world.events();
    // A question is asked three times.
    let away = || (0..3).for_each(|_| world.mock.answer_next(ASK, "20000", "isp.unknow-error", false));

    let mut kept = stored.clone();
    kept.app_refresh_token = "another".into();
    away();
    let error = world.isv.restore(MERCHANT, &kept).await.unwrap_err();
    assert_eq!((error.method(), error.is_retryable()), (Some(ASK), true));
    away();
    world.isv.accept(&notice).await.unwrap_err();
    assert_eq!(world.stored().await, stored);
    assert!(world.events().is_empty());

    // Tokens of a code are handed over, and stored when Alipay tells.
    away();
    let merchants = world.isv.authorise(code).await.unwrap();
    assert_eq!(merchants.len(), 1);
    assert_eq!(world.events(), ["NotStored", "Authorised"]);
    assert!(world.has_latest().await);
    // Alipay sends the notice again.
    assert!(world.isv.accept(&notice).await.unwrap());
    assert!(world.has_latest().await && world.events().is_empty());
}

async fn tokens_of_a_code_are_stored_where_alipay_will_never_tell(one: Handle, other: Handle) {
    let world = World::with_stores(one, other).await;
    world.own_clock.set_ahead(30);
    world.authorise().await;
    world.own_clock.set_ahead(0);
    let never = || {
        let code = "isv.insufficient-isv-permissions";
        world.mock.answer_next(ASK, "40006", code, false);
    };
    let first = world.stored().await;
    never();
    world.authorise().await;
    assert!(world.has_latest().await);
    assert_eq!(world.events(), ["Authorised", "Authorised"]);
    // It is up to whoever puts tokens back.
    never();
    let error = world.isv.restore(MERCHANT, &first).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("isv.insufficient-isv-permissions"));
    assert!(world.has_latest().await);
}

fn by_code(code: String) -> TokenApp {
    TokenApp::with_code(code, TokenAppGrantType::AuthorizationCode)
}

/// Tokens as another system keeps them.
fn granted(world: &World, answer: TokenAppResponse) -> Authorisation {
    // As far as every store keeps it.
    let age = world.clock.time().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(age).unwrap());
    let mut granted = Authorisation::new(answer.app_auth_token, answer.app_refresh_token, answer.user_id, now);
    granted.expires_at = Some(now + LIFETIME);
    granted
}

fn notice(world: &World, body: &[u8]) -> Verified<Notification> {
    world.client.notifications().verify(body).expect("a genuine notice")
}
