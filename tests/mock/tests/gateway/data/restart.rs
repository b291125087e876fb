//! Each kind of thing that the gateway knows is still there after a regular end.

use std::time::Duration;

use alipay_mock::{Builder, ComplaintStep, Lifetimes, Mock, NewComplaint, NotificationOutcome, Visitor};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::notifications::merchant;

/// Ends the gateway, and starts it again on the same data.
async fn again(mock: Mock, folder: &TempDir, change: impl FnOnce(Builder) -> Builder) -> (Mock, Client) {
    mock.shutdown().await;
    let mock = change(Mock::builder().data(folder.path())).start().await.unwrap();
    let client = Client::of(&mock);
    (mock, client)
}

#[tokio::test]
async fn orders_codes_and_balances_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::builder().data(folder.path()).balance(100).start().await.unwrap();
    let client = Client::of(&mock);
    let precreate = json!({ "out_trade_no": "scanned", "total_amount": "5.00", "subject": "测试订单" });
    let code = client
        .call("alipay.trade.precreate", &precreate)
        .await
        .text("qr_code")
        .to_owned();
    let trade_no = client.create("split", "10.00", &[]).await.text("trade_no").to_owned();
    mock.pay("split").unwrap();
    client.bind("2088101126708402").await;
    mock.set_royalty_ratio(50).unwrap();
    mock.allow_returns("2088101126708402");
    let settle = |number: &str, amount: &str| {
        let shares = json!([{ "trans_in": "2088101126708402", "amount": amount }]);
        json!({ "out_request_no": number, "trade_no": trade_no, "royalty_mode": "async", "royalty_parameters": shares })
    };
    let settle_no = client
        .call("alipay.trade.order.settle", &settle("s1", "5.00"))
        .await
        .text("settle_no")
        .to_owned();
    let transfer = |number: &str, amount: &str| json!({ "out_biz_no": number, "payee_type": "ALIPAY_USERID", "payee_account": "2088", "amount": amount });
    let sent = client
        .call("alipay.fund.trans.toaccount.transfer", &transfer("t1", "60.00"))
        .await;
    let invoices = json!([{ "invoice_code": "1" }]);
    mock.register_invoices("token", invoices.as_array().unwrap().clone());
    let before = (mock.trade("split").unwrap(), mock.movements());

    let (mock, client) = again(mock, &folder, |builder| builder.balance(100)).await;
    assert_eq!((mock.trade("split").unwrap(), mock.movements()), before);
    // The code is the same, and leads to its order.
    let same = client.call("alipay.trade.precreate", &precreate).await;
    let path = |code: &str| code.rsplit('/').next().unwrap().to_owned();
    assert_eq!(path(same.text("qr_code")), path(&code));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let scanned = http
        .get(format!("{}/qr/{}", mock.base_url(), path(&code)))
        .send()
        .await
        .unwrap();
    assert_eq!(scanned.status(), 200);
    assert_eq!(
        mock.trade("scanned").unwrap().trade_status.as_deref(),
        Some("WAIT_BUYER_PAY")
    );
    // A split goes on, its receiver is bound, and its share may come back.
    assert_eq!(
        client.code("alipay.trade.order.settle", &settle("s1", "5.00")).await,
        "10000"
    );
    assert_eq!(mock.carry_out_split(&settle_no, &[]).unwrap().settled_amount, "5.00");
    let refund = json!({
        "trade_no": trade_no, "refund_amount": "10.00",
        "refund_royalty_parameters": [{ "trans_out": "2088101126708402", "amount": "5.00" }],
    });
    assert_eq!(client.code("alipay.trade.refund", &refund).await, "10000");
    // A transfer's number stands for that transfer, and its money is gone.
    let repeated = client
        .call("alipay.fund.trans.toaccount.transfer", &transfer("t1", "60.00"))
        .await;
    assert_eq!(repeated.text("order_id"), sent.text("order_id"));
    assert_eq!(
        client
            .code("alipay.fund.trans.toaccount.transfer", &transfer("t2", "40.01"))
            .await,
        "40004 PAYER_BALANCE_NOT_ENOUGH"
    );
    let more = client
        .call("alipay.fund.trans.toaccount.transfer", &transfer("t2", "40.00"))
        .await;
    assert_ne!(more.text("order_id"), sent.text("order_id"));
}

#[tokio::test]
async fn authorisations_and_settings_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::builder()
        .data(folder.path())
        .app_id("2021")
        .seller_id("2088")
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let exchange = |code: &str| json!({ "grant_type": "authorization_code", "code": code });
    let renew = |token: &str| json!({ "grant_type": "refresh_token", "refresh_token": token });
    let used = mock.authorise(Some("2023"), None);
    let grant = client.call("alipay.open.auth.token.app", &exchange(&used)).await;
    let (token, refresh) = (grant.text("app_auth_token"), grant.text("app_refresh_token"));
    let unused = mock.authorise(Some("2024"), Some("2088000000000001"));
    mock.set_visitor(serde_json::from_value::<Visitor>(json!({ "user_id": "2088777" })).unwrap());
    let profile: Map<String, Value> = [("nick_name".to_owned(), json!("某人"))].into_iter().collect();
    mock.set_profile("2088777", profile);
    let user_code = mock.authorise_user(None, "auth_user");
    let mut lifetimes = Lifetimes::default();
    lifetimes.app_auth_token = Duration::from_hours(2);
    mock.set_lifetimes(lifetimes);
    mock.set_app_gateway_url(Some("http://127.0.0.1:1/app")).unwrap();
    client.create("1", "10.00", &[("app_auth_token", token)]).await;
    mock.pay("1").unwrap();
    let complaint = mock.complain("1", NewComplaint::new("重复扣款", "扣了两次")).unwrap();
    let before = (mock.authorisation("2023").unwrap(), mock.authorisation("2024").unwrap());

    let (mock, client) = again(mock, &folder, |builder| builder).await;
    assert_eq!((mock.app_id(), mock.seller_id()), ("2021", "2088"));
    assert_eq!(
        (mock.authorisation("2023").unwrap(), mock.authorisation("2024").unwrap()),
        before
    );
    assert_eq!(mock.lifetimes(), lifetimes);
    let found = client
        .call_with(
            "alipay.trade.query",
            &json!({ "out_trade_no": "1" }),
            &[("app_auth_token", token)],
        )
        .await;
    assert_eq!(found.text("trade_status"), "TRADE_SUCCESS");
    // A code serves once, and a refresh token once, whatever happened between.
    assert_eq!(
        client.code("alipay.open.auth.token.app", &exchange(&unused)).await,
        "10000"
    );
    assert_ne!(
        client.code("alipay.open.auth.token.app", &exchange(&used)).await,
        "10000"
    );
    let renewed = client.call("alipay.open.auth.token.app", &renew(refresh)).await;
    assert_eq!(renewed.node["expires_in"].to_string().trim_matches('"'), "7200");
    let (mock, client) = again(mock, &folder, |builder| builder).await;
    assert_ne!(
        client.code("alipay.open.auth.token.app", &renew(refresh)).await,
        "10000"
    );
    let dead = mock.dead_refresh_tokens();
    assert_eq!(dead.len(), 1);
    let grant = [("grant_type", "authorization_code"), ("code", user_code.as_str())];
    let owner = client.call_with("alipay.system.oauth.token", &json!({}), &grant).await;
    let shared = client
        .call_with(
            "alipay.user.info.share",
            &json!({}),
            &[("auth_token", owner.text("access_token"))],
        )
        .await;
    assert_eq!(shared.text("nick_name"), "某人");
    mock.step_complaint(&complaint.complain_event_id, ComplaintStep::Withdraw)
        .unwrap();
    // What this start says goes before what was kept, and is kept.
    let (mock, _) = again(mock, &folder, |builder| builder.lifetimes(Lifetimes::default())).await;
    assert_eq!(
        (mock.dead_refresh_tokens(), mock.lifetimes()),
        (dead, Lifetimes::default())
    );
    let (mock, _) = again(mock, &folder, |builder| builder).await;
    assert_eq!(mock.lifetimes(), Lifetimes::default());
}

#[tokio::test]
async fn certificates_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mock = Mock::builder()
        .data(folder.path())
        .certificates()
        .start()
        .await
        .unwrap();
    let (first, app) = (mock.alipay_cert_sn(), mock.app_cert());
    let second = mock.roll_over_alipay_certificate().unwrap();
    let (mock, mut client) = again(mock, &folder, Builder::certificates).await;
    assert_eq!((mock.alipay_cert_sn(), mock.app_cert()), (second.clone(), app));
    client.serials = crate::certificates::serials(&mock.app_cert(), &mock.root_cert());
    // The earlier one is still handed out, and the next is issued by the same authority.
    let download = json!({ "alipay_cert_sn": first });
    assert_eq!(
        client.code("alipay.open.app.alipaycert.download", &download).await,
        "10000"
    );
    assert_eq!(client.create("1", "1.00", &[]).await.alipay_cert_sn, Some(second));
    let roots = mock.root_cert();
    mock.roll_over_alipay_certificate().unwrap();
    let (mock, _) = again(mock, &folder, Builder::certificates).await;
    assert_eq!(mock.root_cert(), roots);
    // The app's files have the certificate that is in use.
    assert_eq!(
        std::fs::read_to_string(folder.path().join("alipay-cert.crt")).unwrap(),
        mock.alipay_cert()
    );
}

#[tokio::test]
async fn a_delivery_has_the_rest_of_its_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let with_schedule = |builder: Builder| builder.notify_schedule(vec![Duration::from_millis(300); 3]);
    let mock = with_schedule(Mock::builder().data(folder.path()))
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["no"; 100]).await;
    client.create("1", "1.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let mut bodies = vec![received.recv().await.unwrap()];
    // The gateway ends in the first pause, and goes on with three attempts that are left.
    let (mock, _) = again(mock, &folder, with_schedule).await;
    let pending = mock.trade("1").unwrap().notifications.remove(0);
    assert!(
        !pending.attempts.is_empty() && pending.outcome == NotificationOutcome::Pending,
        "{pending:?}"
    );
    mock.notifications_settled().await;
    while let Ok(body) = received.try_recv() {
        bodies.push(body);
    }
    assert!(
        bodies.len() == 4 && bodies.iter().all(|body| *body == bodies[0]),
        "{}",
        bodies.len()
    );
    let (mock, _) = again(mock, &folder, with_schedule).await;
    mock.notifications_settled().await;
    let given_up = mock.notifications().remove(0);
    assert_eq!(
        (given_up.attempts.len(), given_up.outcome),
        (4, NotificationOutcome::GivenUp)
    );
    assert!(received.try_recv().is_err());
}
