//! What the gateway tells merchants of its own accord.

use std::sync::Arc;
use std::time::Duration;

use alipay_codegen::ir::Signature;
use alipay_mock::{Builder, ControlError, Mock, NotificationError, NotificationOutcome};
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Client, Parameters, control, spec, unform, v1_message, v2_message};

/// A merchant who answers the first notifications with `answers` and all others with `success`.
pub(crate) async fn merchant(answers: &'static [&'static str]) -> (String, mpsc::UnboundedReceiver<Bytes>) {
    let (sender, received) = mpsc::unbounded_channel();
    let answers = Arc::new(std::sync::Mutex::new(answers.iter()));
    let router = Router::new().route(
        "/notify",
        post(move |body: Bytes| async move {
            sender.send(body).unwrap();
            answers.lock().unwrap().next().copied().unwrap_or("success")
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

#[tokio::test]
async fn paid_refunded_and_closed_are_told() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let refund = serde_json::json!({ "out_trade_no": "1", "refund_amount": "4.00", "out_request_no": "r1" });
    client.call("alipay.trade.refund", &refund).await;
    client
        .call("alipay.trade.cancel", &serde_json::json!({ "out_trade_no": "1" }))
        .await;
    mock.notifications_settled().await;

    let spec = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../spec/notify/trade_status_sync.yaml"
    ))
    .unwrap();
    let mut told = Vec::new();
    while let Ok(body) = received.try_recv() {
        let fields = unform(std::str::from_utf8(&body).unwrap());
        assert!(
            client.verifies(v1_message(&fields).as_bytes(), &fields["sign"]),
            "{fields:?}"
        );
        for name in fields
            .keys()
            .filter(|name| !matches!(name.as_str(), "sign" | "sign_type"))
        {
            assert!(spec.contains(&format!("\n  {name}:")), "{name} is not in the spec");
        }
        assert_eq!(
            (
                fields["subject"].as_str(),
                fields["total_amount"].as_str(),
                fields["app_id"].as_str()
            ),
            ("测试订单", "10.00", mock.app_id())
        );
        told.push((
            fields["trade_status"].clone(),
            fields.get("refund_fee").cloned(),
            fields.get("out_biz_no").cloned(),
        ));
    }
    told.sort();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            ("TRADE_CLOSED".to_owned(), some("10.00"), some("1")),
            ("TRADE_SUCCESS".to_owned(), None, None),
            ("TRADE_SUCCESS".to_owned(), some("4.00"), some("r1")),
        ]
    );
    let view = mock.trade("1").unwrap();
    assert!(
        view.notifications
            .iter()
            .all(|notification| notification.outcome == NotificationOutcome::Delivered
                && notification.attempts.len() == 1)
    );
    assert_eq!((view.refunds.len(), view.refunded_amount.as_str()), (2, "10.00"));
}

#[tokio::test]
async fn only_the_seven_bytes_end_it() {
    let mock = Mock::builder()
        .notify_schedule(vec![Duration::from_millis(1); 7])
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["fail", "success\n", "SUCCESS", ""]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.close("1").unwrap();
    mock.notifications_settled().await;
    let mut bodies = Vec::new();
    while let Ok(body) = received.try_recv() {
        bodies.push(body);
    }
    assert_eq!(bodies.len(), 5);
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    let notification = mock.trade("1").unwrap().notifications.remove(0);
    assert_eq!(
        (notification.trade_status.as_deref(), notification.outcome),
        (Some("TRADE_CLOSED"), NotificationOutcome::Delivered)
    );
    assert_eq!(notification.attempts[1].answer, "success\n");
}

#[tokio::test]
async fn after_eight_attempts_it_is_given_up() {
    let mock = Mock::builder()
        .notify_schedule(vec![Duration::from_millis(1); 7])
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["no"; 100]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    client
        .create("2", "10.00", &[("notify_url", "http://127.0.0.1:1/nobody-listens")])
        .await;
    mock.pay("1").unwrap();
    mock.pay("2").unwrap();
    mock.notifications_settled().await;
    assert_eq!(std::iter::from_fn(|| received.try_recv().ok()).count(), 8);
    for number in ["1", "2"] {
        let notification = mock.trade(number).unwrap().notifications.remove(0);
        assert_eq!(
            (notification.attempts.len(), notification.outcome),
            (8, NotificationOutcome::GivenUp)
        );
    }
}

/// Whether the notification of this name is signed by its rule.
fn is_signed(client: &Client, name: &str, fields: &Parameters) -> bool {
    let notification = spec().notifications.iter().find(|spec| spec.name == name).unwrap();
    let message = if notification.signature == Signature::V2 {
        v2_message(fields)
    } else {
        v1_message(fields)
    };
    client.verifies(message.as_bytes(), &fields["sign"])
}

#[tokio::test]
async fn every_notification_of_the_specs_can_be_sent() {
    for (mock, is_certified) in [
        (Mock::start().await.unwrap(), false),
        (Mock::builder().certificates().start().await.unwrap(), true),
    ] {
        let client = Client::of(&mock);
        let (url, mut received) = merchant(&[]).await;
        for notification in &spec().notifications {
            let name = notification.name.as_str();
            let ordered = mock.notify(name, json!({})).unwrap();
            let (notify_id, body) = (ordered.notify_id().to_owned(), ordered.body().to_owned());
            ordered.send(&url).unwrap();
            assert_eq!(received.recv().await.unwrap(), body);
            let fields = unform(&body);
            assert!(is_signed(&client, name, &fields), "{body}");
            assert_eq!(fields.contains_key("alipay_cert_sn"), is_certified);
            let kind = fields.get("notify_type").or_else(|| fields.get("msg_method"));
            assert_eq!(kind.map(String::as_str), Some(name));
            assert_eq!(
                (fields["notify_id"].as_str(), fields["app_id"].as_str()),
                (notify_id.as_str(), mock.app_id())
            );
            // All that is required is there, at every depth where a value says something.
            for field in notification.body.fields.iter().filter(|field| field.required) {
                assert!(!fields[&field.name].is_empty(), "{name}: {}", field.name);
            }
        }
        mock.notifications_settled().await;
        let names: Vec<_> = mock.notifications().into_iter().map(|view| view.name).collect();
        let expected: Vec<_> = spec().notifications.iter().map(|spec| spec.name.clone()).collect();
        assert_eq!(names, expected);
        assert!(names.len() >= 4, "{names:?}");
        let is_delivered = |outcome| outcome == NotificationOutcome::Delivered;
        assert!(mock.notifications().iter().all(|view| is_delivered(view.outcome)));
    }
}

#[tokio::test]
async fn an_ordered_notification_says_what_the_test_says() {
    let mock = Mock::builder()
        .notifications_without_serial()
        .certificates()
        .start()
        .await
        .unwrap();
    let client = Client::of(&mock);
    let said = json!({
        "notify_id": "n1", "out_trade_no": "1", "trade_status": "TRADE_SUCCESS", "total_amount": "0.01", "subject": "测试",
        "fund_bill_list": [{ "amount": "0.01" }],
    });
    let trade = mock.notify("trade_status_sync", said).unwrap();
    assert_eq!(trade.notify_id(), "n1");
    let fields = unform(trade.body());
    assert!(is_signed(&client, "trade_status_sync", &fields));
    let shown = [
        "out_trade_no",
        "trade_status",
        "total_amount",
        "subject",
        "fund_bill_list",
        "version",
        "charset",
    ];
    let expected = [
        "1",
        "TRADE_SUCCESS",
        "0.01",
        "测试",
        r#"[{"amount":"0.01"}]"#,
        "1.0",
        "utf-8",
    ];
    assert_eq!(shown.map(|name| fields[name].as_str()), expected);
    assert!(
        !fields.contains_key("refund_fee"),
        "what nobody said and nothing requires is not there"
    );

    // What a message tells stands in `biz_content`; what is required there is added.
    let content = json!({ "biz_content": { "auth_app_id": "2021", "user_id": "2088" } });
    let cancelled = mock.notify("alipay.open.auth.appauth.cancelled", content).unwrap();
    let fields = unform(cancelled.body());
    assert!(is_signed(&client, "alipay.open.auth.appauth.cancelled", &fields));
    let content: Value = serde_json::from_str(&fields["biz_content"]).unwrap();
    assert_eq!(
        content,
        json!({ "app_id": mock.app_id(), "auth_app_id": "2021", "user_id": "2088" })
    );
    assert_eq!(fields["version"], "1.1");

    // In GBK, which the signature is over.
    let gbk = mock
        .notify("trade_status_sync", json!({ "charset": "GBK", "subject": "测试" }))
        .unwrap();
    assert!(
        gbk.body().contains("subject=%B2%E2%CA%D4&") && gbk.body().contains("charset=GBK&"),
        "{}",
        gbk.body()
    );
    assert!(mock.notifications().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn what_is_no_notification_is_refused() {
    let mock = Mock::start().await.unwrap();
    let error = |name: &str, fields: Value| mock.notify(name, fields).unwrap_err().to_string();
    let trade = "the notification `trade_status_sync` does not keep to its spec: ";
    for (fields, said) in [
        (
            json!({ "trade_state": "x" }),
            "trade_state: the notification has no such field",
        ),
        (json!({ "sign": "x" }), "sign: the notification has no such field"),
        (
            json!({ "total_amount": "1.001" }),
            "total_amount: must be an amount with at most two decimals",
        ),
        (
            json!({ "fund_bill_list": [{ "x": 1 }] }),
            "fund_bill_list[0].x: the notification has no such field",
        ),
        (json!({ "charset": "big5" }), "charset: must be UTF-8 or GBK"),
    ] {
        assert_eq!(error("trade_status_sync", fields), format!("{trade}{said}"));
    }
    assert_eq!(
        error("trade_status_sync", json!([])),
        "the fields of the notification `trade_status_sync` are no JSON object"
    );
    assert_eq!(
        error("trade_status", json!({})),
        "no spec describes the notification `trade_status`: correct its name, or add its spec"
    );
    let sent = mock
        .notify("trade_status_sync", json!({}))
        .unwrap()
        .send("/notify")
        .unwrap_err();
    assert_eq!(
        sent,
        ControlError::Setting("\"/notify\" is not an absolute http or https URL".to_owned())
    );
    let unknown = NotificationError::Unknown { name: "x".to_owned() };
    assert_eq!(mock.notify("x", json!({})).unwrap_err(), unknown);
    assert!(mock.notifications().is_empty());
}

#[tokio::test]
async fn notifications_are_ordered_over_http_too() {
    let retry = |builder: Builder| builder.notify_schedule(vec![Duration::from_millis(1); 7]);
    let mock = retry(Mock::builder()).start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["fail"]).await;
    let name = "trade_status_sync";
    let order = |body| control(&mock, Some(body), "notifications");
    let fields = json!({ "out_trade_no": "1", "trade_status": "TRADE_CLOSED" });
    let (status, signed) = order(json!({ "name": name, "fields": fields, "url": url })).await;
    assert_eq!(status, 200);
    mock.notifications_settled().await;
    for _ in 0..2 {
        assert_eq!(received.recv().await.unwrap(), signed["body"].as_str().unwrap());
    }
    let (_, all) = control(&mock, None, "notifications").await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(all[0]["notify_id"], signed["notify_id"]);
    assert_eq!(
        [
            &all[0]["name"],
            &all[0]["trade_status"],
            &all[0]["outcome"],
            &all[0]["attempts"][0]["answer"]
        ],
        ["trade_status_sync", "TRADE_CLOSED", "delivered", "fail"]
    );

    // Only handed out.
    let (status, signed) = order(json!({ "name": name })).await;
    assert!(status == 200 && is_signed(&client, name, &unform(signed["body"].as_str().unwrap())));
    for (body, said) in [
        (
            json!({ "name": "x" }),
            "no spec describes the notification `x`: correct its name, or add its spec",
        ),
        (
            json!({ "name": name, "url": "x" }),
            "\"x\" is not an absolute http or https URL",
        ),
        (
            json!({ "name": name, "fields": { "x": 1 } }),
            "the notification `trade_status_sync` does not keep to its spec: x: the notification has no such field",
        ),
    ] {
        assert_eq!(order(body).await, (400, json!({ "error": said })));
    }
    assert_eq!(mock.notifications().len(), 1);
}

#[tokio::test]
async fn a_notification_is_kept_with_its_body_and_sent_again() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    client.create("1", "10.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let arrived = |mock: &Mock, attempts: usize| {
        let told = mock.trade("1").unwrap().notifications.pop()?;
        (told.outcome == NotificationOutcome::Delivered && told.attempts.len() == attempts).then_some(told)
    };
    let told = mock.until(|mock| arrived(mock, 1)).await;
    let first = received.recv().await.unwrap();
    assert_eq!(told.body.as_bytes(), first);
    assert!(!format!("{told:?}").contains(&told.body));

    mock.resend_notification(&told.notify_id).unwrap();
    mock.until(|mock| arrived(mock, 2)).await;
    let (status, _) = control(
        &mock,
        Some(json!({})),
        &format!("notifications/{}/resend", told.notify_id),
    )
    .await;
    assert_eq!(status, 200);
    mock.until(|mock| arrived(mock, 3)).await;
    for _ in 0..2 {
        assert_eq!(received.recv().await.unwrap(), first, "byte for byte");
    }
    assert!(received.try_recv().is_err());
    assert_eq!(
        mock.resend_notification("x"),
        Err(ControlError::NoNotification("x".to_owned()))
    );
    let (status, refused) = control(&mock, Some(json!({})), "notifications/x/resend").await;
    assert_eq!((status, &refused["error"]), (404, &json!("there is no notification x")));
}
