//! Users who authorise the app, and the pages on which they and merchants do.

use std::sync::atomic::Ordering;

use alipay_mock::{Mock, Visitor};
use serde_json::{Value, json};

use crate::client::{Answer, Client, Parameters, control, unform, with_clock};

const TOKEN: &str = "alipay.system.oauth.token";
const SHARE: &str = "alipay.user.info.share";

async fn exchange(client: &Client, code: &str) -> Answer {
    let parameters = [("grant_type", "authorization_code"), ("code", code)];
    client.call_with(TOKEN, &json!({}), &parameters).await
}

async fn refresh(client: &Client, token: &str) -> Answer {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", token)];
    client.call_with(TOKEN, &json!({}), &parameters).await
}

async fn share(client: &Client, token: &str) -> Answer {
    client.call_with(SHARE, &json!({}), &[("auth_token", token)]).await
}

#[tokio::test]
async fn a_code_becomes_a_token_without_a_code() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let code = mock.authorise_user(Some("2088102150477652"), "auth_user");
    let granted = exchange(&client, &code).await;
    assert_eq!(granted.root, "alipay_system_oauth_token_response");
    assert!(granted.signed && granted.node.get("code").is_none() && granted.node.get("msg").is_none());
    assert_eq!(granted.text("user_id"), "2088102150477652");
    assert_eq!(granted.text("auth_start"), "2026-03-20 17:46:40");
    assert_eq!(
        (&granted.node["expires_in"], &granted.node["re_expires_in"]),
        (&json!(1_296_000), &json!(2_592_000))
    );
    for code in [code.as_str(), "none"] {
        let refused = exchange(&client, code).await;
        let seen = (refused.root.as_str(), refused.code(), refused.signed);
        assert_eq!(seen, ("error_response", "40002 isv.code-invalid".to_owned(), true));
    }
    let late = mock.authorise_user(None, "auth_base");
    seconds.fetch_add(24 * 3600, Ordering::SeqCst);
    assert_eq!(exchange(&client, &late).await.code(), "40002 isv.code-invalid");
    let strange = [("grant_type", "x"), ("code", "y")];
    let strange = client.call_with(TOKEN, &json!({}), &strange).await;
    assert_eq!(strange.code(), "40002 isv.grant-type-invalid");
}

#[tokio::test]
async fn tokens_are_refreshed_and_end() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let first = exchange(&client, &mock.authorise_user(None, "auth_user")).await;
    let shared = share(&client, first.text("access_token")).await;
    assert_eq!(
        (shared.code().as_str(), shared.text("nick_name")),
        ("10000", "支付宝小二")
    );
    let second = refresh(&client, first.text("refresh_token")).await;
    for (token, expected) in [
        (first.text("access_token"), "20001 aop.invalid-auth-token"),
        ("none", "20001 aop.invalid-auth-token"),
        (second.text("access_token"), "10000"),
    ] {
        assert_eq!(share(&client, token).await.code(), expected);
    }
    for token in [first.text("refresh_token"), "none"] {
        assert_eq!(refresh(&client, token).await.code(), "40002 isv.refresh-token-invalid");
    }
    seconds.fetch_add(15 * 24 * 3600, Ordering::SeqCst);
    let expired = share(&client, second.text("access_token")).await;
    assert_eq!(expired.code(), "20001 aop.auth-token-time-out");
    seconds.fetch_add(15 * 24 * 3600, Ordering::SeqCst);
    let expired = refresh(&client, second.text("refresh_token")).await;
    assert_eq!(expired.code(), "40002 isv.refresh-token-time-out");
}

#[tokio::test]
async fn what_is_shared_depends_on_user_and_scope() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let profile = json!({ "nick_name": "小明", "is_certified": "T", "not_a_field": 1 });
    assert_eq!(control(&mock, Some(profile), "users/2088").await.0, 200);
    let consent = json!({ "user_id": "2088", "open_id": "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5" });
    let (_, agreed) = control(&mock, Some(consent), "user-authorizations").await;
    let granted = exchange(&client, agreed["auth_code"].as_str().unwrap()).await;
    assert!(granted.node.get("user_id").is_none(), "the app has moved to open ids");
    let shared = share(&client, granted.text("access_token")).await;
    assert_eq!((shared.text("nick_name"), shared.text("is_certified")), ("小明", "T"));
    assert_eq!(shared.text("open_id"), granted.text("open_id"));
    let known = exchange(&client, &mock.authorise_user(None, "auth_base")).await;
    let refused = share(&client, known.text("access_token")).await;
    assert_eq!(refused.code(), "20001 aop.invalid-auth-token");
    assert_eq!(client.code(SHARE, &json!({})).await, "40002 isv.invalid-parameter");
}

/// Opens a page as a browser does: where it is sent, and with what.
async fn open(mock: &Mock, page: &str, parameters: &[(&str, &str)]) -> Result<(String, Parameters), String> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let url = format!("{}/oauth2/{page}?{query}", mock.base_url());
    let response = Client::of(mock).http.get(url).send().await.unwrap();
    match response.headers().get("location") {
        Some(target) => {
            assert_eq!(response.status(), 302);
            let (target, query) = target.to_str().unwrap().split_once('?').unwrap();
            Ok((target.to_owned(), unform(query)))
        }
        None => Err(String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap()),
    }
}

#[tokio::test]
async fn pages_send_the_browser_back_with_a_code() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let visitor: Value = json!({ "user_id": "2088000000000001", "auth_app_id": "2021000000000002" });
    assert_eq!(control(&mock, Some(visitor), "visitor").await.0, 200);
    let app = ("app_id", mock.app_id());
    let uri = ("redirect_uri", "https://example.com/callback?a=1");
    let asked = [app, ("scope", "auth_user"), uri, ("state", "x&y")];
    let (target, query) = open(&mock, "publicAppAuthorize.htm", &asked).await.unwrap();
    assert_eq!(
        (target.as_str(), query["a"].as_str()),
        ("https://example.com/callback", "1")
    );
    assert_eq!(
        (query["app_id"].as_str(), query["scope"].as_str()),
        (mock.app_id(), "auth_user")
    );
    assert_eq!(
        (query["source"].as_str(), query["state"].as_str()),
        ("alipay_wallet", "x&y")
    );
    let granted = exchange(&client, &query["auth_code"]).await;
    assert_eq!(granted.text("user_id"), "2088000000000001");

    for page in ["appToAppAuth.htm", "appToAppBatchAuth.htm"] {
        let (_, query) = open(&mock, page, &[app, uri]).await.unwrap();
        assert_eq!(
            (query["source"].as_str(), query.contains_key("state")),
            ("alipay_app_auth", false)
        );
        let code = json!({ "grant_type": "authorization_code", "code": query["app_auth_code"] });
        let granted = client.call("alipay.open.auth.token.app", &code).await;
        assert_eq!(granted.text("auth_app_id"), "2021000000000002");
    }

    let mut refusing = Visitor::default();
    refusing.agrees = false;
    mock.set_visitor(refusing);
    let (_, query) = open(&mock, "publicAppAuthorize.htm", &asked).await.unwrap();
    assert_eq!(
        (query.get("auth_code"), query["error_scope"].as_str()),
        (None, "auth_user")
    );
    let (_, query) = open(&mock, "appToAppAuth.htm", &[app, uri]).await.unwrap();
    assert!(!query.contains_key("app_auth_code"));
}

#[tokio::test]
async fn pages_that_nobody_should_open_stay_where_they_are() {
    let mock = Mock::start().await.unwrap();
    let app = ("app_id", mock.app_id());
    let uri = ("redirect_uri", "https://example.com/");
    for (parameters, expected) in [
        (&[("app_id", "1"), uri, ("scope", "auth_user")][..], "INVALID_APP_ID"),
        (
            &[app, ("redirect_uri", "javascript:alert(1)"), ("scope", "auth_user")],
            "INVALID_REDIRECT_URI",
        ),
        (&[app, uri], "INVALID_SCOPE"),
    ] {
        let page = open(&mock, "publicAppAuthorize.htm", parameters).await.unwrap_err();
        assert!(page.contains(expected), "{page}");
    }
}
