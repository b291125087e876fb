use alipay_api::{
    CheckErrorKind, ErrorKind,
    isv::store::AuthorisationState,
    open_auth::{TokenApp, TokenAppErrorCode, token_app::TokenAppGrantType},
};
use alipay_mock::Fault;

use super::{DUE, LIFETIME, MERCHANT, World, order};

#[tokio::test]
async fn a_dead_refresh_token_is_told_and_authorising_again_mends_it() {
    let world = World::authorised().await;
    // Somebody who does not share the store uses it up.
    let used = world.stored().await.app_refresh_token;
    let request = TokenApp::with_refresh_token(used, TokenAppGrantType::RefreshToken);
    world.client.open_auth().token_app(request).await.unwrap();
    world.clock.advance(LIFETIME * 2);
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthorisationLost);
    let cause = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<alipay_api::Error>());
    assert_eq!(
        cause.and_then(alipay_api::Error::sub_code_as),
        Some(TokenAppErrorCode::RefreshTokenNotValid)
    );
    assert_eq!(world.events(), ["Authorised", "Lost"]);
    assert_eq!(world.stored().await.state, AuthorisationState::Lost);

    // It is known now: nothing more is sent, by either process.
    let sent = world.mock.requests();
    for isv in [&world.isv, &world.other] {
        let error = order(isv, "one").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthorisationLost);
    }
    assert_eq!(world.mock.requests(), sent);
    assert!(world.events().is_empty());

    world.authorise().await;
    order(&world.other, "one").await.unwrap();
}

#[tokio::test]
async fn a_merchant_that_has_withdrawn_is_lost_without_a_notice_too() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    world.mock.cancel_authorisation(super::MERCHANT).unwrap();
    world.clock.advance(LIFETIME * 2);
    let error = order(&world.isv, "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthorisationLost);
    assert_eq!(world.stored().await.state, AuthorisationState::Lost);
}

#[tokio::test]
async fn a_token_serves_until_it_ends_also_when_it_is_the_last() {
    let world = World::authorised().await;
    let mut lifetimes = world.mock.lifetimes();
    lifetimes.app_auth_token_grace = LIFETIME;
    world.mock.set_lifetimes(lifetimes);
    let used = world.stored().await.app_refresh_token;
    let request = TokenApp::with_refresh_token(used, TokenAppGrantType::RefreshToken);
    world.client.open_auth().token_app(request).await.unwrap();
    world.clock.advance(DUE);
    order(&world.isv, "one").await.unwrap();
    world.isv.idle().await;
    assert_eq!(world.events(), ["Authorised", "Lost"]);
    order(&world.isv, "two").await.unwrap();
    order(&world.other, "three").await.unwrap();
    world.clock.advance(LIFETIME);
    assert_eq!(
        order(&world.isv, "four").await.unwrap_err().kind(),
        ErrorKind::AuthorisationLost
    );
}

#[tokio::test]
async fn an_unsigned_refusal_loses_nobody() {
    let world = World::authorised().await;
    world.clock.advance(LIFETIME * 2);
    world
        .mock
        .answer_next("alipay.open.auth.token.app", "40004", "REFRESH_TOKEN_NOT_VALID", false);
    world.mock.fault_next_of("alipay.open.auth.token.app", Fault::Unsigned);
    let error = order(&world.isv, "one").await.unwrap_err();
    // It is the refresh that has failed, and nothing of the order is in doubt.
    assert_eq!(error.kind(), ErrorKind::TokenRefresh);
    assert_eq!(error.method(), Some("alipay.trade.precreate"));
    assert!(!error.is_outcome_unknown() && error.is_retryable() && !error.is_verified());
    let cause = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<alipay_api::Error>());
    assert_eq!(
        cause.and_then(alipay_api::Error::method),
        Some("alipay.open.auth.token.app")
    );
    // Nor does the merchant have to authorise again.
    world
        .mock
        .answer_next("alipay.open.auth.token.app", "40004", "REFRESH_TOKEN_NOT_VALID", false);
    world.mock.fault_next_of("alipay.open.auth.token.app", Fault::Unsigned);
    let error = world.isv.merchant(MERCHANT).check().await.unwrap_err();
    assert_eq!(error.kind(), CheckErrorKind::MerchantToken);
    assert!(
        error
            .to_string()
            .starts_with("the merchant's token could not be refreshed: "),
        "{error}"
    );
    assert_eq!(world.stored().await.state, AuthorisationState::Active);
    assert_eq!(world.events(), ["Authorised", "RefreshFailed", "RefreshFailed"]);
}

#[tokio::test]
async fn an_unsigned_refusal_of_a_token_refreshes_nothing() {
    let world = World::authorised().await;
    world.clock.advance(LIFETIME / 2);
    world
        .mock
        .answer_next("alipay.trade.precreate", "20001", "aop.invalid-app-auth-token", false);
    world.mock.fault_next_of("alipay.trade.precreate", Fault::Unsigned);
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.sub_code(), Some("aop.invalid-app-auth-token"));
    assert!(!error.is_verified());
    assert_eq!(world.refreshes(), 0);
}
