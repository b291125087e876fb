//! The pages on which users and merchants authorise the app.

use alipay_mock::{Mock, Visitor};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{Client, Parameters, control, unform};
use crate::users::exchange;

const LOGIN: &str = "publicAppAuthorize.htm";
const MERCHANT: &str = "appToAppAuth.htm";
const CALLBACK: &str = "https://example.com/callback?a=1";

/// Opens a page as a browser does.
async fn open(mock: &Mock, page: &str, parameters: &[(&str, &str)]) -> Browser {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let url = format!("{}/oauth2/{page}?{query}", mock.base_url());
    Browser::at(&Client::of(mock), &url).await
}

/// What the app's address is called with.
fn brought(url: &str) -> Parameters {
    unform(url.strip_prefix("https://example.com/callback?").expect(url))
}

#[tokio::test]
async fn users_and_merchants_agree_or_refuse() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let visitor: Value = json!({ "user_id": "2088000000000001", "auth_app_id": "2021000000000002" });
    assert_eq!(control(&mock, Some(visitor), "visitor").await.0, 200);
    let (app, uri) = (("app_id", mock.app_id()), ("redirect_uri", CALLBACK));
    let asked = [app, ("scope", "auth_user"), uri, ("state", "x&y")];
    let mut user = open(&mock, LOGIN, &asked).await;
    assert_eq!(user.shows("scope").as_deref(), Some("auth_user"));
    let page = user.url.clone();
    user.press("agree").await;
    let query = brought(&user.goes_to().unwrap());
    for (name, value) in [
        ("a", "1"),
        ("app_id", mock.app_id()),
        ("scope", "auth_user"),
        ("source", "alipay_wallet"),
        ("state", "x&y"),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    let granted = exchange(&client, &query["auth_code"]).await;
    assert_eq!(granted.text("user_id"), "2088000000000001");
    // The page has decided: it brings the same, and asks nothing any more.
    let again = Browser::at(&client, &page).await;
    assert_eq!(brought(&again.goes_to().unwrap()), query);
    assert!(!again.html.contains("<form"), "{}", again.html);
    // Somebody else logs in.
    let mut other = open(&mock, LOGIN, &asked).await;
    other.press_as("agree", "2088102146225135").await;
    let granted = exchange(&client, &brought(&other.goes_to().unwrap())["auth_code"]).await;
    assert_eq!(granted.text("user_id"), "2088102146225135");
    let mut refusing = open(&mock, LOGIN, &asked).await;
    refusing.press("refuse").await;
    let query = brought(&refusing.goes_to().unwrap());
    assert_eq!(
        (query.get("auth_code"), query["error_scope"].as_str()),
        (None, "auth_user")
    );

    for page in [MERCHANT, "appToAppBatchAuth.htm"] {
        let mut merchant = open(&mock, page, &[app, uri]).await;
        assert!(merchant.shows("auth_app_id").unwrap().contains("2021000000000002"));
        merchant.press("agree").await;
        let query = brought(&merchant.goes_to().unwrap());
        assert_eq!(
            (query["source"].as_str(), query.contains_key("state")),
            ("alipay_app_auth", false)
        );
        let code = json!({ "grant_type": "authorization_code", "code": query["app_auth_code"] });
        let granted = client.call("alipay.open.auth.token.app", &code).await;
        assert_eq!(granted.text("auth_app_id"), "2021000000000002");
    }
    let mut merchant = open(&mock, MERCHANT, &[app, uri]).await;
    merchant.press("refuse").await;
    assert!(!brought(&merchant.goes_to().unwrap()).contains_key("app_auth_code"));
}

#[tokio::test]
async fn who_answers_without_looking_is_sent_back_at_once() {
    let mock = Mock::start().await.unwrap();
    let (app, uri) = (("app_id", mock.app_id()), ("redirect_uri", CALLBACK));
    // Nobody is asked for this scope.
    let silent = open(&mock, LOGIN, &[app, uri, ("scope", "auth_base")]).await;
    assert!(brought(&silent.url).contains_key("auth_code"));
    let asked = [app, ("scope", "auth_user"), uri];
    for agrees in [true, false] {
        let mut visitor = Visitor::default();
        visitor.agrees = Some(agrees);
        mock.set_visitor(visitor);
        let user = open(&mock, LOGIN, &asked).await;
        assert_eq!(
            (user.status, brought(&user.url).contains_key("auth_code")),
            (303, agrees)
        );
        let merchant = open(&mock, MERCHANT, &[app, uri]).await;
        assert_eq!(brought(&merchant.url).contains_key("app_auth_code"), agrees);
    }
    // An address that is no ASCII is encoded.
    let user = open(
        &mock,
        LOGIN,
        &[
            app,
            ("scope", "auth_user"),
            ("redirect_uri", "https://example.com/回来"),
        ],
    )
    .await;
    assert!(
        user.url.starts_with("https://example.com/%E5%9B%9E%E6%9D%A5?app_id="),
        "{}",
        user.url
    );
}

#[tokio::test]
async fn a_code_is_given_once_however_often_the_button_is_pressed() {
    let mock = Mock::start().await.unwrap();
    let (app, uri) = (("app_id", mock.app_id()), ("redirect_uri", CALLBACK));
    let mut user = open(&mock, LOGIN, &[app, ("scope", "auth_user"), uri]).await;
    // The same page in another tab.
    let mut tab = Browser::at(&Client::of(&mock), &user.url).await;
    assert_ne!(tab.token(), user.token());
    user.press("agree").await;
    tab.press("refuse").await;
    assert_eq!(tab.status, 403);
    tab.reload(&[]).await;
    assert_eq!(tab.goes_to(), user.goes_to());
}

#[tokio::test]
async fn pages_that_nobody_should_open_stay_where_they_are() {
    let mock = Mock::start().await.unwrap();
    let app = ("app_id", mock.app_id());
    let uri = ("redirect_uri", "https://example.com/");
    let long = "x".repeat(20_000);
    for (parameters, expected) in [
        (&[("app_id", "1"), uri, ("scope", "auth_user")][..], "INVALID_APP_ID"),
        (
            &[app, ("redirect_uri", "javascript:alert(1)"), ("scope", "auth_user")],
            "INVALID_REDIRECT_URI",
        ),
        (&[app, uri], "INVALID_SCOPE"),
        (
            &[app, uri, ("scope", "auth_user"), ("state", &long)],
            "INVALID_PARAMETER",
        ),
    ] {
        let page = open(&mock, LOGIN, parameters).await;
        assert_eq!(page.shows("sub_code").as_deref(), Some(expected), "{}", page.html);
        assert!(page.goes_to().is_none() && page.url.contains("/oauth2/"));
    }
}
