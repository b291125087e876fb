//! What Alipay and buyers do later, through the control endpoint: splits, applications, complaints.

use std::sync::atomic::Ordering;

use alipay_mock::Mock;
use serde_json::{Value, json};

use crate::client::{Client, control, with_clock};

const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn a_split_waits_for_the_endpoint() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.bind("2088101126708402").await;
    let trade_no = client.create("1", "10.00", &[]).await.text("trade_no").to_owned();
    mock.pay("1").unwrap();
    let (status, _) = control(&mock, Some(json!({ "ratio": 101 })), "royalties").await;
    assert_eq!(status, 400);
    let terms = json!({ "ratio": 50, "allow_returns": ["2088101126708402"] });
    assert_eq!(control(&mock, Some(terms), "royalties").await.0, 200);
    let shares = json!([{ "trans_in": "2088101126708402", "amount": "5.00" }]);
    let settle =
        json!({ "out_request_no": "s1", "trade_no": trade_no, "royalty_mode": "async", "royalty_parameters": shares });
    let settled = client.call("alipay.trade.order.settle", &settle).await;
    let path = format!("splits/{}/carry-out", settled.text("settle_no"));
    let failing = json!({ "failing": ["2088101126708402"] });
    let (status, trade) = control(&mock, Some(failing), &path).await;
    assert_eq!((status, &trade["settled_amount"]), (200, &json!("0.00")));
    let (status, answer) = control(&mock, Some(Value::Null), &path).await;
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = control(&mock, Some(json!({})), &path).await;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(control(&mock, Some(json!({})), "splits/1/carry-out").await.0, 404);
    let query = json!({ "trade_no": trade_no, "out_request_no": "s1" });
    let found = client.call("alipay.trade.order.settle.query", &query).await;
    let detail = &found.node["royalty_detail_list"][0];
    assert_eq!(
        [&detail["state"], &detail["error_code"]],
        ["FAIL", "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH"]
    );
}

#[tokio::test]
async fn frozen_money_is_free_after_thirty_days() {
    let (mock, client, clock) = with_clock(|builder| builder).await;
    client.bind("2088101126708402").await;
    let order = json!({
        "out_trade_no": "1", "total_amount": "10.00", "subject": "测试订单", "buyer_id": "2088102146225135",
        "extend_params": { "royalty_freeze": "true" },
    });
    let created = client.call("alipay.trade.create", &order).await;
    let trade_no = created.text("trade_no");
    mock.pay("1").unwrap();
    let split = |number: &str| {
        let shares = json!([{ "trans_in": "2088101126708402", "amount": "1.00" }]);
        json!({ "out_request_no": number, "trade_no": trade_no, "royalty_parameters": shares })
    };
    assert_eq!(client.code("alipay.trade.order.settle", &split("s1")).await, "10000");
    clock.fetch_add(30 * DAY - 1, Ordering::Relaxed);
    assert_eq!(mock.trade("1").unwrap().frozen_amount, "9.00");
    clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(mock.trade("1").unwrap().frozen_amount, "0.00");
    assert_eq!(
        client.code("alipay.trade.order.settle", &split("s2")).await,
        "40004 ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"
    );
}

#[tokio::test]
async fn applications_are_decided_through_the_endpoint() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let apply = async |number: &str| {
        let application = json!({ "external_id": number, "name": "张三", "alipay_logon_id": "a@example.com" });
        let applied = client
            .call("ant.merchant.expand.indirect.zft.simplecreate", &application)
            .await;
        format!("applications/{}", applied.text("order_id"))
    };
    let (first, second) = (apply("1").await, apply("2").await);
    let (status, shown) = control(&mock, None, &first).await;
    assert_eq!(
        (status, &shown["status"], &shown["smid"]),
        (200, &json!("waiting"), &Value::Null)
    );
    let pass = format!("{first}/pass");
    let (status, shown) = control(&mock, Some(json!({ "memo": "ok" })), &pass).await;
    assert_eq!((status, &shown["status"]), (200, &json!("passed")));
    assert_eq!(control(&mock, Some(json!({})), &pass).await.0, 409);
    let reject = format!("{second}/reject");
    assert_eq!(control(&mock, Some(json!({})), &reject).await.0, 400);
    let (status, shown) = control(&mock, Some(json!({ "reason": "资质不全" })), &reject).await;
    assert_eq!((status, &shown["status"]), (200, &json!("rejected")));
    assert_eq!(control(&mock, None, "applications/1").await.0, 404);
}

#[tokio::test]
async fn buyers_complain_through_the_endpoint() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "10.00", &[]).await;
    let complaint = json!({ "reason": "重复扣款", "content": "扣了两次", "demand": "我要退款" });
    let path = "trades/1/complaints";
    let (status, answer) = control(&mock, Some(complaint.clone()), path).await;
    assert_eq!((status, &answer["error"]), (409, &json!("nobody has paid order 1")));
    mock.pay("1").unwrap();
    assert_eq!(control(&mock, Some(json!({ "reason": "重复扣款" })), path).await.0, 400);
    let (status, made) = control(&mock, Some(complaint), path).await;
    assert_eq!((status, &made["status"]), (200, &json!("MERCHANT_PROCESSING")));
    let one = format!("complaints/{}", made["complain_event_id"].as_str().unwrap());
    let step = format!("{one}/step");
    let reply = json!({ "step": "reply", "content": "在吗" });
    let (status, shown) = control(&mock, Some(reply), &step).await;
    assert_eq!((status, &shown["messages"][0]["writer"]), (200, &json!("USER")));
    assert_eq!(control(&mock, Some(json!({ "step": "accept" })), &step).await.0, 409);
    assert_eq!(control(&mock, Some(json!({ "step": "jump" })), &step).await.0, 400);
    assert_eq!(control(&mock, Some(json!({ "step": "withdraw" })), &step).await.0, 200);
    let (_, shown) = control(&mock, None, &one).await;
    assert_eq!(shown["status"], "CANCELLED");
    assert_eq!(control(&mock, None, "complaints/1").await.0, 404);
    let list = client
        .call("alipay.merchant.tradecomplain.batchquery", &json!({}))
        .await;
    assert_eq!(list.node["trade_complain_infos"][0]["status"], "CANCELLED");
}
