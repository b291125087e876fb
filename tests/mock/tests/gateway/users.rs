//! Users who authorise the app.

use std::sync::atomic::Ordering;

use alipay_mock::Mock;
use serde_json::json;

use crate::client::{Answer, Client, control, with_clock};

const TOKEN: &str = "alipay.system.oauth.token";
const SHARE: &str = "alipay.user.info.share";

pub(crate) async fn exchange(client: &Client, code: &str) -> Answer {
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
