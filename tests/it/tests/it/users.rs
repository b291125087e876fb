//! Users who log in: from the page to the profile, and what is refused on the way.

use alipay_api::{
    ErrorClass, ErrorKind,
    gateway::GatewayErrorCode,
    oauth::{State, scope},
    system::{OauthToken, OauthTokenErrorCode},
    user::{InfoShare, info_share::InfoShareGender},
};
use alipay_mock::Mock;

use crate::{
    browser::browse,
    buttons::{goes_to, press},
    support::start,
};

/// Opens an address as a browser does, and presses a button of the page: the query that the browser is sent back with.
async fn walk(mock: &Mock, address: &str, button: &str) -> String {
    let (_, page) = browse(address).await;
    let (_, decided) = press(&mock.base_url(), &page, button).await;
    let target = goes_to(&decided).unwrap();
    target.split_once('?').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_user_logs_in_over_the_page() {
    let (mock, client) = start().await;
    let state = State::generate().unwrap();
    let address = client
        .oauth()
        .user_url(&[scope::AUTH_USER], "https://example.com/callback", &state);
    let callback = client
        .oauth()
        .user_callback(&walk(&mock, &address, "agree").await, &state)
        .unwrap();
    assert_eq!(callback.scopes, ["auth_user"]);
    let exchange = || OauthToken::with_code(callback.auth_code.clone(), "authorization_code");
    let granted = client.system().oauth_token(exchange()).await.unwrap();
    assert_eq!(granted.user_id.as_deref(), Some("2088102104794936"));
    assert_eq!(
        (granted.expires_in, granted.re_expires_in),
        (Some(1_296_000), Some(2_592_000))
    );
    assert!(granted.auth_start.is_some());
    assert!(!format!("{granted:?}").contains(granted.access_token.expose()));
    let received = mock.last_request("alipay.system.oauth.token").unwrap();
    assert!(
        received.contains_key("code") && !received.contains_key("biz_content"),
        "{received:?}"
    );

    let shared = client
        .user()
        .info_share(InfoShare::new(granted.access_token.clone()))
        .await
        .unwrap();
    assert_eq!(shared.nick_name.as_deref(), Some("支付宝小二"));
    assert_eq!(shared.gender, Some(InfoShareGender::Female.into()));

    let error = client.system().oauth_token(exchange()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Gateway, Some("40002")));
    assert_eq!(error.sub_code_as(), Some(OauthTokenErrorCode::IsvCodeInvalid));

    let refresh = || OauthToken::with_refresh_token(granted.refresh_token.clone(), "refresh_token");
    let renewed = client.system().oauth_token(refresh()).await.unwrap();
    assert_ne!(renewed.access_token, granted.access_token);
    let error = client.system().oauth_token(refresh()).await.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(OauthTokenErrorCode::IsvRefreshTokenInvalid));
    let old = client.user().info_share(InfoShare::new(granted.access_token)).await;
    let error = old.unwrap_err();
    assert_eq!(error.sub_code_as(), Some(GatewayErrorCode::AopInvalidAuthToken));
    assert_eq!(error.class(), Some(ErrorClass::Setup));
}

#[tokio::test]
async fn a_user_who_refuses_gives_no_code() {
    let (mock, client) = start().await;
    let state = State::generate().unwrap();
    let address = client
        .oauth()
        .user_url(&[scope::AUTH_USER], "https://example.com/", &state);
    let query = walk(&mock, &address, "refuse").await;
    let error = client.oauth().user_callback(&query, &state).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorisation);
    assert!(error.to_string().contains("auth_user"), "{error}");
}

#[tokio::test]
async fn a_merchant_authorises_over_the_page() {
    let (mock, client) = start().await;
    let state = State::generate().unwrap();
    let address = client
        .oauth()
        .merchant_url("https://example.com/callback?from=alipay", &state);
    let query = walk(&mock, &address, "agree").await;
    let callback = client.oauth().merchant_callback(&query, &state).unwrap();
    let exchange = alipay_api::open_auth::TokenApp::with_code(callback.app_auth_code, "authorization_code");
    let granted = client.open_auth().token_app(exchange).await.unwrap();
    let known = mock.authorisation(&granted.auth_app_id).unwrap();
    assert_eq!(known.app_auth_token, granted.app_auth_token.expose());
}
