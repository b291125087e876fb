use std::time::Duration;

use alipay_api::{
    ErrorKind,
    isv::store::AuthorisationState,
    notify::SUCCESS,
    open_auth::{TokenAppErrorCode, token_app_query::TokenAppQueryStatus},
    trade::{AppPay, PagePay},
};

use super::{DUE, MERCHANT, World, order};
use crate::support::{merchant, price};

#[tokio::test]
async fn a_merchants_calls_carry_its_token() {
    let world = World::authorised().await;
    assert_eq!(world.events(), ["Authorised"]);
    order(&world.isv, "one").await.unwrap();
    let token = world.stored().await.app_auth_token;
    let sent = world.mock.last_request("alipay.trade.precreate").unwrap();
    assert_eq!(sent.get("app_auth_token").map(String::as_str), Some(token.expose()));

    // Another process finds it in the store.
    order(&world.other, "two").await.unwrap();
    let known = world.isv.authorisation(MERCHANT).await.unwrap();
    assert_eq!(known.auth_app_id, MERCHANT);
    assert_eq!(known.status, TokenAppQueryStatus::Valid);
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test]
async fn a_merchant_that_has_not_authorised_is_an_error_before_anything_is_sent() {
    let world = World::start().await;
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorisation);
    assert!(!error.is_outcome_unknown() && !error.is_retryable());
    assert_eq!(error.method(), Some("alipay.trade.precreate"));
    assert!(error.to_string().contains(MERCHANT), "{error}");
    assert_eq!(world.mock.requests(), 0);
}

#[tokio::test]
async fn a_code_works_once_and_for_a_day() {
    let world = World::start().await;
    let code = world.mock.authorise(Some(MERCHANT), None);
    world.isv.authorise(code.clone()).await.unwrap();
    let error = world.isv.authorise(code).await.unwrap_err();
    assert_eq!(
        error.sub_code_as::<TokenAppErrorCode>(),
        Some(TokenAppErrorCode::AuthCodeNotValid)
    );
    let code = world.mock.authorise(Some(MERCHANT), None);
    world.clock.advance(Duration::from_hours(25));
    let error = world.isv.authorise(code).await.unwrap_err();
    assert_eq!(
        error.sub_code_as::<TokenAppErrorCode>(),
        Some(TokenAppErrorCode::AuthCodeNotValid)
    );
    let error = world.isv.authorise("invented").await.unwrap_err();
    assert_eq!(
        error.sub_code_as::<TokenAppErrorCode>(),
        Some(TokenAppErrorCode::AuthCodeNotExist)
    );
    assert_eq!(world.events(), ["Authorised"]);
}

#[tokio::test]
async fn pages_take_a_client_with_the_token_in_hand() {
    let world = World::authorised().await;
    let order = || PagePay::new("one", price("0.01"), "测试订单");
    let error = world
        .isv
        .merchant(MERCHANT)
        .trade()
        .page_pay(order())
        .form()
        .unwrap_err();
    assert!(error.to_string().contains("merchant_with_token"), "{error}");
    let client = world.isv.merchant_with_token(MERCHANT).await.unwrap();
    let form = client.trade().page_pay(order()).form().unwrap();
    assert!(form.contains(world.stored().await.app_auth_token.expose()));
}

#[tokio::test]
async fn asynchronous_pages_wait_for_the_merchants_present_token() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    // The first process has the old token in memory, which is dead.
    world.clock.advance(DUE);
    world.other.refresh_ending().await.unwrap();
    let present = world.stored().await.app_auth_token.expose().to_owned();
    let merchant = world.isv.merchant(MERCHANT);
    let page = merchant
        .trade()
        .page_pay(PagePay::new("two", price("0.01"), "测试订单"));
    assert!(page.form_async().await.unwrap().contains(&present));
    let app = AppPay::new("three", price("0.01"), "测试订单");
    let order_string = merchant.trade().app_pay(app).order_string_async().await.unwrap();
    assert!(order_string.contains(&format!("app_auth_token={present}&")));
    assert_eq!(page.url_async().await.unwrap_err().kind(), ErrorKind::Request);
    let url = page.url_with_app_auth_token_async().await.unwrap();
    assert!(url.contains(&format!("app_auth_token={present}&")));
    for error in [page.url_with_app_auth_token().unwrap_err(), page.form().unwrap_err()] {
        assert!(
            error
                .to_string()
                .contains("_async`, or take the client from Isv::merchant_with_token"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn notices_bring_and_end_an_authorisation() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let world = World::start().await;
    world.mock.set_app_gateway_url(Some(&url)).unwrap();
    _ = world.mock.authorise(Some(MERCHANT), Some("2088102150527498"));
    let notice = world
        .client
        .notifications()
        .verify(posted.recv().await.unwrap())
        .unwrap();
    assert!(world.isv.accept(&notice).await.unwrap());
    assert_eq!(world.events(), ["Authorised"]);
    assert_eq!(world.stored().await.user_id, "2088102150527498");
    order(&world.isv, "one").await.unwrap();
    // Once more, as Alipay does: nothing new.
    assert!(world.isv.accept(&notice).await.unwrap());
    assert!(world.events().is_empty());

    world.clock.advance(Duration::from_secs(1));
    world.mock.cancel_authorisation(MERCHANT).unwrap();
    let withdrawn = world
        .client
        .notifications()
        .verify(posted.recv().await.unwrap())
        .unwrap();
    assert!(world.isv.accept(&withdrawn).await.unwrap());
    assert_eq!(world.events(), ["Cancelled"]);
    assert_eq!(world.stored().await.state, AuthorisationState::Cancelled);
    let sent = world.mock.requests();
    let error = order(&world.isv, "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthorisationCancelled);
    assert_eq!(world.mock.requests(), sent);

    // The old notices come late: the merchant has authorised again.
    world.clock.advance(Duration::from_secs(1));
    world.authorise().await;
    for late in [&notice, &withdrawn] {
        world.isv.accept(late).await.unwrap();
    }
    assert_eq!(world.stored().await.state, AuthorisationState::Active);
    order(&world.isv, "three").await.unwrap();
}

#[tokio::test]
async fn other_notifications_are_not_of_merchants() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let world = World::authorised().await;
    let order = alipay_api::trade::Precreate::new("one", price("0.01"), "测试订单");
    world.client.trade().precreate(order).notify_url(url).await.unwrap();
    world.mock.pay("one").unwrap();
    let paid = world
        .client
        .notifications()
        .verify(posted.recv().await.unwrap())
        .unwrap();
    assert!(!world.isv.accept(&paid).await.unwrap());
}

#[tokio::test]
async fn tokens_that_were_kept_elsewhere_are_taken_back() {
    let world = World::authorised().await;
    let kept = world.stored().await;
    let fresh = World::start().await;
    assert!(fresh.isv.restore(MERCHANT, &kept).await.unwrap());
    assert_eq!(fresh.stored().await, kept);
    let mut older = kept.clone();
    older.authorised_at -= Duration::from_secs(1);
    older.app_refresh_token = "older".into();
    assert!(!fresh.isv.restore(MERCHANT, &older).await.unwrap());
    assert_eq!(fresh.stored().await, kept);
}

#[tokio::test]
async fn a_merchant_that_is_removed_has_to_authorise_again() {
    let world = World::authorised().await;
    order(&world.isv, "one").await.unwrap();
    world.isv.remove(MERCHANT).await.unwrap();
    let error = order(&world.isv, "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorisation);
    world.authorise().await;
    order(&world.isv, "two").await.unwrap();
}
