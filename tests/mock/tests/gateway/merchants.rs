//! Merchants who authorise the app, and what comes of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use alipay_mock::{AuthorisationStatus, Mock, NotificationOutcome, RefreshTokenDeath};
use serde_json::{Value, json};

use crate::client::{Client, Parameters, control, unform, v1_message, v2_message, with_clock};
use crate::notifications::merchant;

const TOKEN: &str = "alipay.open.auth.token.app";

fn exchange(code: &str) -> Value {
    json!({ "grant_type": "authorization_code", "code": code })
}

fn refresh(token: &str) -> Value {
    json!({ "grant_type": "refresh_token", "refresh_token": token })
}

#[tokio::test]
async fn a_merchants_code_becomes_a_token_once() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let code = mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let granted = client.call(TOKEN, &exchange(&code)).await;
    let whose = (granted.text("auth_app_id"), granted.text("user_id"));
    assert_eq!(whose, ("2013121100055554", "2088102150527498"));
    assert_eq!(client.code(TOKEN, &exchange(&code)).await, "40004 AUTH_CODE_NOT_VALID");
    assert_eq!(client.code(TOKEN, &exchange("none")).await, "40004 AUTH_CODE_NOT_EXIST");
    let unknown = json!({ "grant_type": "x", "code": "y" });
    assert_eq!(client.code(TOKEN, &unknown).await, "40004 GRANT_TYPE_INVALID");
    let codeless = json!({ "grant_type": "authorization_code" });
    assert_eq!(client.code(TOKEN, &codeless).await, "40002 isv.invalid-parameter");

    let token = [("app_auth_token", granted.text("app_auth_token"))];
    assert_eq!(client.create("1", "1.00", &token).await.code(), "10000");
    let trade = mock.trade("1").unwrap();
    assert_eq!(
        (trade.auth_app_id, trade.seller_id),
        (whose.0.to_owned(), whose.1.to_owned())
    );
    // The order is that merchant's, not the app's own.
    let query = json!({ "out_trade_no": "1" });
    assert_eq!(
        client.code("alipay.trade.query", &query).await,
        "40004 ACQ.TRADE_NOT_EXIST"
    );
    assert_eq!(
        client.call_with("alipay.trade.query", &query, &token).await.code(),
        "10000"
    );

    let agreed = client
        .http
        .post(format!("{}/_mock/authorizations", mock.base_url()))
        .send()
        .await
        .unwrap();
    let agreed: Value = serde_json::from_slice(&agreed.bytes().await.unwrap()).unwrap();
    seconds.fetch_add(25 * 3600, Ordering::SeqCst);
    let late = exchange(agreed["app_auth_code"].as_str().unwrap());
    assert_eq!(client.code(TOKEN, &late).await, "40004 AUTH_CODE_NOT_VALID");
}

#[tokio::test]
async fn a_refresh_replaces_both_tokens() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let first = client
        .call(TOKEN, &exchange(&mock.authorise(Some("2013121100055554"), None)))
        .await;
    let again = refresh(first.text("app_refresh_token"));
    let second = client.call(TOKEN, &again).await;
    assert_ne!(second.text("app_auth_token"), first.text("app_auth_token"));
    assert_eq!(client.code(TOKEN, &again).await, "40004 REFRESH_TOKEN_NOT_VALID");
    assert_eq!(
        client.code(TOKEN, &refresh("none")).await,
        "40004 REFRESH_TOKEN_NOT_EXIST"
    );
    seconds.fetch_add(3600, Ordering::SeqCst);
    let old = [("app_auth_token", first.text("app_auth_token"))];
    assert_eq!(
        client.create("2", "1.00", &old).await.code(),
        "20001 aop.invalid-app-auth-token"
    );

    let method = "alipay.open.auth.token.app.query";
    let query = |token: &str| json!({ "app_auth_token": token });
    let live = client.call(method, &query(second.text("app_auth_token"))).await;
    let seen = (live.text("status"), live.text("auth_app_id"), live.text("auth_start"));
    assert_eq!(seen, ("valid", "2013121100055554", "2026-03-20 17:46:40"));
    let dead = client.call(method, &query(first.text("app_auth_token"))).await;
    assert_eq!(dead.text("status"), "invalid");
    assert_eq!(
        client.code(method, &query("none")).await,
        "40004 AUTH_TOKEN_NOT_EXISTED"
    );
}

#[tokio::test]
async fn tokens_end_by_the_gateways_clock() {
    let (mock, client, seconds) = with_clock(|builder| {
        builder
            .app_auth_token_lifetime(Duration::from_secs(2))
            .app_refresh_token_lifetime(Duration::from_secs(10))
            .app_auth_token_grace(Duration::ZERO)
    })
    .await;
    let first = client.call(TOKEN, &exchange(&mock.authorise(Some("2021"), None))).await;
    assert_eq!((first.text("expires_in"), first.text("re_expires_in")), ("2", "10"));
    let paid =
        async |token: &str, number: &str| client.create(number, "1.00", &[("app_auth_token", token)]).await.code();
    let token = first.text("app_auth_token");
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(paid(token, "1").await, "10000");
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(paid(token, "2").await, "20001 aop.app-auth-token-time-out");
    assert_eq!(mock.authorisation("2021").unwrap().status, AuthorisationStatus::Expired);

    let second = client.call(TOKEN, &refresh(first.text("app_refresh_token"))).await;
    assert_eq!(paid(second.text("app_auth_token"), "3").await, "10000");
    let third = client.call(TOKEN, &refresh(second.text("app_refresh_token"))).await;
    assert_eq!(
        paid(second.text("app_auth_token"), "4").await,
        "20001 aop.invalid-app-auth-token"
    );
    assert_eq!(paid(third.text("app_auth_token"), "5").await, "10000");
    let view = mock.authorisation("2021").unwrap();
    assert_eq!((view.refreshes, view.status), (2, AuthorisationStatus::Valid));
    assert_eq!(view.app_auth_token, third.text("app_auth_token"));

    seconds.fetch_add(10, Ordering::SeqCst);
    let late = client.code(TOKEN, &refresh(third.text("app_refresh_token"))).await;
    assert_eq!(late, "40004 REFRESH_TOKEN_TIME_OUT");
    let dead = mock.dead_refresh_tokens();
    assert_eq!((dead.len(), dead[0].cause), (1, RefreshTokenDeath::Expired));
}

#[tokio::test]
async fn a_merchant_can_withdraw() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    assert!(mock.authorisation("2021").is_err());
    assert!(mock.cancel_authorisation("2021").is_err());
    let granted = client.call(TOKEN, &exchange(&mock.authorise(Some("2021"), None))).await;
    let view = mock.cancel_authorisation("2021").unwrap();
    assert_eq!(view.status, AuthorisationStatus::Cancelled);
    assert!(mock.cancel_authorisation("2021").is_err());
    let token = [("app_auth_token", granted.text("app_auth_token"))];
    assert_eq!(
        client.create("1", "1.00", &token).await.code(),
        "20001 aop.invalid-app-auth-token"
    );
    let again = client.code(TOKEN, &refresh(granted.text("app_refresh_token"))).await;
    assert_eq!(again, "40004 REFRESH_TOKEN_NOT_VALID");
    assert_eq!(mock.dead_refresh_tokens()[0].cause, RefreshTokenDeath::Cancelled);
}

/// What a notice may hold, by its spec.
fn keeps_to_its_spec(name: &str, fields: &Parameters) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let spec = alipay_codegen::load(alipay_codegen::read_specs(&folder).unwrap()).unwrap();
    let spec = spec.notifications.iter().find(|known| known.name == name).unwrap();
    for field in fields
        .keys()
        .filter(|field| !matches!(field.as_str(), "sign" | "sign_type"))
    {
        assert!(spec.body.fields.iter().any(|known| known.name == *field), "{field}");
    }
    for field in spec.body.fields.iter().filter(|field| field.required) {
        assert!(fields.contains_key(&field.name), "{}", field.name);
    }
}

#[tokio::test]
async fn the_app_is_told_of_both() {
    let (url, mut received) = merchant(&["fail"]).await;
    let mock = Mock::builder()
        .notify_schedule(vec![Duration::from_millis(1); 7])
        .app_gateway_url(url)
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let code = mock.authorise(Some("2021"), Some("2088"));
    mock.notifications_settled().await;
    let body = received.recv().await.unwrap();
    assert_eq!(body, received.recv().await.unwrap(), "the first was refused");
    let told = unform(std::str::from_utf8(&body).unwrap());
    keeps_to_its_spec("open_app_auth_notify", &told);
    assert!(client.verifies(v1_message(&told).as_bytes(), &told["sign"]), "{told:?}");
    assert!(!client.verifies(v2_message(&told).as_bytes(), &told["sign"]));
    let detail = &serde_json::from_str::<Value>(&told["biz_content"]).unwrap()["detail"];
    assert_eq!(
        (&detail["auth_app_id"], &detail["user_id"], &detail["app_auth_code"]),
        (&json!("2021"), &json!("2088"), &json!(code))
    );
    // The code stands for the very tokens that the notice gave.
    let granted = client.call(TOKEN, &exchange(&code)).await;
    assert_eq!(granted.text("app_auth_token"), detail["app_auth_token"]);
    assert_eq!(granted.text("app_refresh_token"), detail["app_refresh_token"]);

    mock.cancel_authorisation("2021").unwrap();
    mock.notifications_settled().await;
    let told = unform(std::str::from_utf8(&received.recv().await.unwrap()).unwrap());
    keeps_to_its_spec("alipay.open.auth.appauth.cancelled", &told);
    assert!(client.verifies(v1_message(&told).as_bytes(), &told["sign"]), "{told:?}");
    assert!(!client.verifies(v2_message(&told).as_bytes(), &told["sign"]));
    let content: Value = serde_json::from_str(&told["biz_content"]).unwrap();
    assert_eq!(content["auth_app_id"], "2021");
    assert_eq!(content["app_auth_token"], granted.text("app_auth_token"));
    let notifications = mock.authorisation("2021").unwrap().notifications;
    let seen: Vec<_> = notifications
        .iter()
        .map(|one| (one.name.as_str(), one.attempts.len(), one.outcome))
        .collect();
    let delivered = NotificationOutcome::Delivered;
    assert_eq!(
        seen,
        [
            ("open_app_auth_notify", 2, delivered),
            ("alipay.open.auth.appauth.cancelled", 1, delivered)
        ]
    );
}

#[tokio::test]
async fn other_programs_play_the_merchant_over_http() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    let post = async |path: &str, body: Value| control(&mock, Some(body), path).await;
    assert_eq!(post("app-gateway", json!({ "url": "nowhere" })).await.0, 400);
    assert_eq!(post("app-gateway", json!({ "url": url })).await.0, 200);
    let (status, lifetimes) = post("lifetimes", json!({ "app_auth_token": 2, "app_auth_token_grace": 0 })).await;
    assert_eq!(
        (status, &lifetimes["app_auth_token"], &lifetimes["auth_code"]),
        (200, &json!(2.0), &json!(86_400.0))
    );
    assert_eq!(control(&mock, None, "lifetimes").await.1, lifetimes);
    assert_eq!(post("lifetimes", json!({ "app_auth_tokens": 2 })).await.0, 400);

    let (_, agreed) = post("authorizations", json!({ "auth_app_id": "2021" })).await;
    let granted = client
        .call(TOKEN, &exchange(agreed["app_auth_code"].as_str().unwrap()))
        .await;
    assert_eq!(granted.text("expires_in"), "2");
    client.call(TOKEN, &refresh(granted.text("app_refresh_token"))).await;
    client.call(TOKEN, &refresh(granted.text("app_refresh_token"))).await;
    let (_, dead) = control(&mock, None, "dead-refresh-tokens").await;
    assert_eq!(
        dead,
        json!([{ "app_refresh_token": granted.text("app_refresh_token"), "auth_app_id": "2021", "cause": "replaced" }])
    );
    let (_, view) = control(&mock, None, "authorizations/2021").await;
    assert_eq!((&view["status"], &view["refreshes"]), (&json!("valid"), &json!(1)));
    assert_eq!(
        post("authorizations/2021/cancel", json!({})).await.1["status"],
        "cancelled"
    );
    assert_eq!(post("authorizations/2021/cancel", json!({})).await.0, 409);
    assert_eq!(control(&mock, None, "authorizations/2022").await.0, 404);
    let (_, requests) = control(&mock, None, "requests").await;
    assert_eq!(
        requests,
        json!({ "total": 3, "methods": { TOKEN: 3 }, "refusals": { "REFRESH_TOKEN_NOT_VALID": 1 }, "not_played": {} })
    );
    assert_eq!(mock.refusals_with("REFRESH_TOKEN_NOT_VALID"), 1);
    assert_eq!(mock.refusals_with("REFRESH_TOKEN_NOT_EXIST"), 0);
    mock.notifications_settled().await;
    assert!(received.recv().await.is_some() && received.recv().await.is_some());
}

#[tokio::test]
async fn transfers_come_out_of_the_merchants_account() {
    let mock = Mock::builder().balance(10).start().await.unwrap();
    let client = Client::of(&mock);
    let granted = client.call(TOKEN, &exchange(&mock.authorise(None, None))).await;
    let token = [("app_auth_token", granted.text("app_auth_token"))];
    let (transferring, asking) = ("alipay.fund.trans.toaccount.transfer", "alipay.fund.trans.order.query");
    let transfer = json!({ "out_biz_no": "1", "payee_type": "ALIPAY_LOGONID", "payee_account": "a@example.com", "amount": "6.00" });
    let query = json!({ "out_biz_no": "1" });
    let sent = client.call_with(transferring, &transfer, &token).await;
    assert_eq!(sent.code(), "10000");
    assert_eq!(client.code(asking, &query).await, "40004 ORDER_NOT_EXIST");
    // The app's own account still holds all it had, and has a number 1 of its own.
    let own = client.call(transferring, &transfer).await;
    assert_ne!(own.text("order_id"), sent.text("order_id"));
    let found = client.call_with(asking, &query, &token).await;
    assert_eq!(found.text("order_id"), sent.text("order_id"));
}

#[tokio::test]
async fn a_split_of_another_merchants_order_is_not_told() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let granted = client.call(TOKEN, &exchange(&mock.authorise(None, None))).await;
    let token = [("app_auth_token", granted.text("app_auth_token"))];
    let trade_no = client.create("1", "10.00", &[]).await.text("trade_no").to_owned();
    mock.pay("1").unwrap();
    client.bind("2088101126708402").await;
    let settle = json!({ "out_request_no": "s1", "trade_no": trade_no, "royalty_parameters": [{ "trans_in": "2088101126708402", "amount": "2.00" }] });
    let settled = client.call("alipay.trade.order.settle", &settle).await;
    let asking = "alipay.trade.order.settle.query";
    let (by_trade, by_settlement) = (
        json!({ "out_request_no": "s1", "trade_no": trade_no }),
        json!({ "settle_no": settled.text("settle_no") }),
    );
    let other = client.call_with(asking, &by_trade, &token).await;
    assert_eq!(other.code(), "40004 MERCHANT_TRADE_NOT_MATCH");
    let other = client.call_with(asking, &by_settlement, &token).await;
    assert_eq!(other.code(), "40004 INVALID_PARAMETER");
    assert_eq!(client.code(asking, &by_settlement).await, "10000");
}
