//! Transfers and invoices.

use alipay_mock::Mock;
use serde_json::json;

use crate::certificates::certified;
use crate::client::Client;

#[tokio::test]
async fn transfers_are_paid_out_once() {
    let mock = Mock::builder().balance(100).start().await.unwrap();
    let client = Client::of(&mock);
    let transfer = |number: &str, amount: &str| json!({ "out_biz_no": number, "payee_type": "ALIPAY_LOGONID", "payee_account": "csqnji8117@sandbox.com", "amount": amount });
    let method = "alipay.fund.trans.toaccount.transfer";
    let sent = client.call(method, &transfer("1", "60.00")).await;
    assert_eq!(
        client.call(method, &transfer("1", "60.00")).await.text("order_id"),
        sent.text("order_id")
    );
    assert_eq!(
        client.code(method, &transfer("1", "60.01")).await,
        "40004 PAYMENT_INFO_INCONSISTENCY"
    );
    assert_eq!(
        client.code(method, &transfer("2", "40.01")).await,
        "40004 PAYER_BALANCE_NOT_ENOUGH"
    );
    assert_eq!(
        client.code(method, &transfer("3", "0.01")).await,
        "40004 INVALID_PARAMETER"
    );
    assert_eq!(
        client.code(method, &transfer("4", "50000.00")).await,
        "40004 MEMO_REQUIRED_IN_TRANSFER_ERROR"
    );
    let found = client
        .call(
            "alipay.fund.trans.order.query",
            &json!({ "order_id": sent.text("order_id") }),
        )
        .await;
    assert_eq!(
        (found.text("status"), found.text("out_biz_no"), found.text("pay_date")),
        ("SUCCESS", "1", sent.text("pay_date"))
    );
    assert_eq!(
        client
            .code("alipay.fund.trans.order.query", &json!({ "out_biz_no": "9" }))
            .await,
        "40004 ORDER_NOT_EXIST"
    );
    assert_eq!(
        client
            .code("alipay.fund.trans.order.query", &json!({ "order_id": "9" }))
            .await,
        "40004 ORDER_ID_INVALID"
    );
}

#[tokio::test]
async fn uni_transfers_want_certificates() {
    let plain = Mock::start().await.unwrap();
    let (_mock, client) = certified().await;
    let content = json!({
        "out_biz_no": "1", "trans_amount": 82.32, "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
        "payee_info": { "identity": "egdjny5218@sandbox.com", "identity_type": "ALIPAY_LOGON_ID", "name": "沙箱环境" },
    });
    let method = "alipay.fund.trans.uni.transfer";
    assert_eq!(
        Client::of(&plain).code(method, &content).await,
        "40001 isv.missing-app-cert-sn"
    );
    let sent = client.call(method, &content).await;
    assert_eq!(
        (sent.code().as_str(), sent.text("status"), sent.text("out_biz_no")),
        ("10000", "SUCCESS", "1")
    );
    let nameless = json!({ "out_biz_no": "2", "trans_amount": "1.00", "payee_info": { "identity": "x" } });
    let refused = client.call(method, &nameless).await;
    assert_eq!(
        (refused.code().as_str(), refused.text("sub_msg")),
        (
            "40004 INVALID_PARAMETER",
            "参数无效: payee_info.identity_type: required"
        )
    );
}

#[tokio::test]
async fn each_query_knows_the_transfers_of_its_own_interface() {
    let (_mock, client) = certified().await;
    let (legacy, common) = ("alipay.fund.trans.order.query", "alipay.fund.trans.common.query");
    let uni = json!({
        "out_biz_no": "1", "trans_amount": "82.32", "passback_params": "a=b",
        "payee_info": { "identity": "egdjny5218@sandbox.com", "identity_type": "ALIPAY_LOGON_ID", "name": "沙箱环境" },
    });
    let sent = client.call("alipay.fund.trans.uni.transfer", &uni).await;
    let [order, movement] = ["order_id", "pay_fund_order_id"].map(|name| sent.text(name).to_owned());

    let named = |number: &str, product: &str| json!({ "out_biz_no": number, "product_code": product, "biz_scene": "DIRECT_TRANSFER" });
    let by_number = named("1", "TRANS_ACCOUNT_NO_PWD");
    let by_order = json!({ "order_id": order, "out_biz_no": "none" });
    let by_movement = json!({ "pay_fund_order_id": movement, "order_id": "none" });
    for request in [&by_number, &by_order, &by_movement] {
        let found = client.call(common, request).await;
        assert_eq!(
            (
                found.text("order_id"),
                found.text("pay_fund_order_id"),
                found.text("out_biz_no")
            ),
            (order.as_str(), movement.as_str(), "1")
        );
        assert_eq!(
            (
                found.text("status"),
                found.text("trans_amount"),
                found.text("passback_params")
            ),
            ("SUCCESS", "82.32", "a=b")
        );
        assert_eq!(found.text("pay_date"), sent.text("trans_date"));
    }
    assert_eq!(
        client.code(common, &named("1", "STD_RED_PACKET")).await,
        "40004 ORDER_NOT_EXIST"
    );
    assert_eq!(
        client.code(common, &json!({ "out_biz_no": "1" })).await,
        "40004 INVALID_PARAMETER"
    );
    assert_eq!(client.code(common, &json!({})).await, "40004 INVALID_PARAMETER");
    for request in [json!({ "out_biz_no": "1" }), json!({ "order_id": order })] {
        assert_eq!(client.code(legacy, &request).await, "40004 ORDER_NOT_EXIST");
    }

    // The older interface's numbers are its own.
    let transfer = json!({ "out_biz_no": "1", "payee_type": "ALIPAY_LOGONID", "payee_account": "csqnji8117@sandbox.com", "amount": "1.00" });
    let sent = client.call("alipay.fund.trans.toaccount.transfer", &transfer).await;
    assert_ne!(sent.text("order_id"), order);
    let found = client.call(legacy, &json!({ "out_biz_no": "1" })).await;
    assert_eq!(found.text("order_id"), sent.text("order_id"));
    assert_eq!(client.call(common, &by_number).await.text("order_id"), order);
    let found = client.call(common, &json!({ "order_id": sent.text("order_id") })).await;
    assert_eq!(found.text("order_id"), sent.text("order_id"));
}

#[tokio::test]
async fn a_transfer_to_a_bank_card_is_under_way() {
    let (_mock, client) = certified().await;
    let content = json!({
        "out_biz_no": "1", "trans_amount": "82.32", "product_code": "TRANS_BANKCARD_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
        "payee_info": { "identity": "6214839486384758", "identity_type": "BANKCARD_NO", "name": "沙箱环境" },
    });
    let sent = client.call("alipay.fund.trans.uni.transfer", &content).await;
    assert_eq!(sent.text("status"), "DEALING");
    let asked = json!({ "order_id": sent.text("order_id") });
    let found = client.call("alipay.fund.trans.common.query", &asked).await;
    assert_eq!((found.text("status"), found.text("order_fee")), ("DEALING", "0.00"));
    assert!(found.node.get("arrival_time_end").is_some() && found.node.get("trans_amount").is_none());
}

#[tokio::test]
async fn invoices_come_by_token() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let content = json!({ "invoice_token": "123456", "scene": "INVOICE_EXPENSE" });
    let method = "alipay.ebpp.invoice.token.batchquery";
    assert_eq!(client.code(method, &content).await, "40004 INVOICE_INVALID_TOKEN");
    let url = format!("{}/_mock/invoices/123456", mock.base_url());
    client
        .http
        .post(url)
        .body(json!([{ "invoice_code": "4112740003", "invoice_amount": "1.00" }]).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(
        client.call(method, &content).await.node["invoice_element_list"][0]["invoice_code"],
        "4112740003"
    );
}
