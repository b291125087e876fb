//! `alipay.trade.*`, as merchants call it.

use alipay_mock::{ControlError, Mock};
use serde_json::json;

use crate::browser::Browser;
use crate::client::{Client, form, unform, v1_message};

fn order(number: &str, amount: &str) -> serde_json::Value {
    json!({ "out_trade_no": number, "total_amount": amount, "subject": "A \"<b>测试<b>\" 'more' 😀" })
}

#[tokio::test]
async fn create_is_idempotent() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let first = client.create("1", "10.00", &[]).await;
    assert_eq!(first.code(), "10000");
    assert_eq!(
        client.create("1", "10.00", &[]).await.text("trade_no"),
        first.text("trade_no")
    );
    assert_eq!(
        client.create("1", "10.01", &[]).await.code(),
        "40004 ACQ.CONTEXT_INCONSISTENT"
    );
    mock.pay("1").unwrap();
    assert_eq!(
        client.create("1", "10.00", &[]).await.code(),
        "40004 ACQ.TRADE_HAS_SUCCESS"
    );
    client.create("2", "10.00", &[]).await;
    let closed = client.call("alipay.trade.close", &json!({ "out_trade_no": "2" })).await;
    assert_eq!((closed.code().as_str(), closed.text("out_trade_no")), ("10000", "2"));
    assert_eq!(
        client.create("2", "10.00", &[]).await.code(),
        "40004 ACQ.TRADE_HAS_CLOSE"
    );
    assert_eq!(
        client.code("alipay.trade.close", &json!({ "out_trade_no": "1" })).await,
        "40004 ACQ.REASON_TRADE_STATUS_INVALID"
    );
    assert_eq!(
        client.code("alipay.trade.close", &json!({ "out_trade_no": "3" })).await,
        "40004 ACQ.TRADE_NOT_EXIST"
    );
    assert_eq!(
        client.create("x", "0.00", &[]).await.code(),
        "40004 ACQ.INVALID_PARAMETER"
    );
}

#[tokio::test]
async fn a_precreated_order_becomes_a_trade_when_it_is_scanned() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let made = client.call("alipay.trade.precreate", &order("1", "0.01")).await;
    let code = format!("{}/qr/bax", mock.base_url());
    assert!(made.text("qr_code").starts_with(&code));
    let query = json!({ "out_trade_no": "1" });
    assert_eq!(
        client.code("alipay.trade.query", &query).await,
        "40004 ACQ.TRADE_NOT_EXIST"
    );
    let scanned = mock.scan("1").unwrap();
    let found = client.call("alipay.trade.query", &query).await;
    assert_eq!(
        (found.text("trade_status"), Some(found.text("trade_no"))),
        ("WAIT_BUYER_PAY", scanned.trade_no.as_deref())
    );
    mock.pay("1").unwrap();
    let found = client
        .call(
            "alipay.trade.query",
            &json!({ "trade_no": scanned.trade_no, "query_options": ["fund_bill_list"] }),
        )
        .await;
    assert_eq!(
        (found.text("trade_status"), found.text("total_amount")),
        ("TRADE_SUCCESS", "0.01")
    );
    assert_eq!(found.node["fund_bill_list"][0]["amount"], "0.01");
    assert_eq!(mock.pay("1"), Err(ControlError::Paid("1".to_owned())));
    assert_eq!(mock.pay("2"), Err(ControlError::NoOrder("2".to_owned())));
}

#[tokio::test]
async fn face_to_face_payments_may_wait_for_the_buyer() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let pay = |number: &str, amount: &str, code: &str| json!({ "out_trade_no": number, "total_amount": amount, "subject": "x", "scene": "bar_code", "auth_code": code });
    let paid = client
        .call("alipay.trade.pay", &pay("1", "1000.00", "28763443825664394"))
        .await;
    assert_eq!(
        (paid.code().as_str(), paid.text("receipt_amount")),
        ("10000", "1000.00")
    );
    assert!(paid.node.get("gmt_payment").is_some());
    let waiting = client
        .call("alipay.trade.pay", &pay("2", "1000.01", "28763443825664394"))
        .await;
    assert_eq!(
        (waiting.code().as_str(), waiting.text("msg")),
        ("10003", "order success pay inprocess")
    );
    assert_eq!(
        client
            .call("alipay.trade.query", &json!({ "out_trade_no": "2" }))
            .await
            .text("trade_status"),
        "WAIT_BUYER_PAY"
    );
    mock.pay("2").unwrap();
    assert_eq!(
        client
            .call("alipay.trade.query", &json!({ "out_trade_no": "2" }))
            .await
            .text("trade_status"),
        "TRADE_SUCCESS"
    );
    assert_eq!(
        client
            .code("alipay.trade.pay", &pay("3", "1.00", "6901234567892"))
            .await,
        "40004 ACQ.PAYMENT_AUTH_CODE_INVALID"
    );
    assert_eq!(
        client
            .code("alipay.trade.pay", &pay("1", "1000.00", "28763443825664394"))
            .await,
        "40004 ACQ.TRADE_HAS_SUCCESS"
    );
}

#[tokio::test]
async fn a_browser_gets_a_cashier_and_comes_back_signed() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let extra = [("return_url", "https://shop.example.com/back?a=1#top")];
    for (number, method) in [("p|1-2_3", "alipay.trade.page.pay"), ("w1", "alipay.trade.wap.pay")] {
        let mut content = order(number, "88.80");
        content["product_code"] = "QUICK_WAP_PAY".into();
        let parameters = client.signed(method, &content, &extra);
        assert_eq!(mock.trade(number), Err(ControlError::NoOrder(number.to_owned())));
        let mut page = Browser::follow(&client, client.get(&parameters).await).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["content-type"], "text/html;charset=utf-8");
        assert_eq!(page.shows("subject").as_deref(), content["subject"].as_str());
        assert!(!page.html.contains("<b>测试"), "{}", page.html);
        assert_eq!(
            mock.trade(number).unwrap().trade_status.as_deref(),
            Some("WAIT_BUYER_PAY")
        );

        page.press("agree").await;
        let back = page.goes_to().unwrap();
        let query = back.strip_prefix("https://shop.example.com/back?a=1&").unwrap();
        let query = query.strip_suffix("#top").unwrap();
        let returned = unform(query);
        assert!(client.verifies(v1_message(&returned).as_bytes(), &returned["sign"]));
        assert_eq!(
            (returned["out_trade_no"].as_str(), returned["method"].as_str()),
            (number, format!("{method}.return").as_str())
        );
        assert_eq!(
            (returned["total_amount"].as_str(), returned["seller_id"].as_str()),
            ("88.80", mock.seller_id())
        );
    }
    let broken = client
        .get(&client.signed("alipay.trade.page.pay", &json!({ "out_trade_no": "1" }), &[]))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        broken.contains("<dd id=\"sub_code\">ACQ.INVALID_PARAMETER</dd>") && broken.contains("total_amount: required"),
        "{broken}"
    );
}

#[tokio::test]
async fn an_order_string_is_taken_as_the_app_delivers_it() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let order_string = form(&client.signed("alipay.trade.app.pay", &order("a1", "9.00"), &[]));
    let opened = client
        .http
        .post(&client.gateway)
        .header("content-type", "text/plain")
        .body(order_string)
        .send()
        .await
        .unwrap();
    let opened = client.read(&opened.bytes().await.unwrap());
    assert_eq!((opened.code().as_str(), opened.text("total_amount")), ("10000", "9.00"));
    let payment = mock.pay("a1").unwrap();
    assert_eq!(payment.return_url, None);
    let result = payment.app_result.unwrap();
    let body = result.strip_suffix(",\"sign_type\":\"RSA2\"}").unwrap();
    let read = client.read(format!("{body}}}").as_bytes());
    assert_eq!(
        (read.root.as_str(), read.text("out_trade_no"), read.signed),
        ("alipay_trade_app_pay_response", "a1", true)
    );
    assert_eq!(read.text("trade_no"), opened.text("trade_no"));
}

#[tokio::test]
async fn refunds_and_cancels() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "10.00", &[]).await;
    let refund =
        |number: &str, amount: &str| json!({ "out_trade_no": "1", "refund_amount": amount, "out_request_no": number });
    assert_eq!(
        client.code("alipay.trade.refund", &refund("r1", "1.00")).await,
        "40004 ACQ.TRADE_STATUS_ERROR"
    );
    mock.pay("1").unwrap();
    let first = client.call("alipay.trade.refund", &refund("r1", "3.00")).await;
    assert_eq!((first.text("fund_change"), first.text("refund_fee")), ("Y", "3.00"));
    let again = client.call("alipay.trade.refund", &refund("r1", "3.00")).await;
    assert_eq!((again.text("fund_change"), again.text("refund_fee")), ("N", "3.00"));
    assert_eq!(
        client.code("alipay.trade.refund", &refund("r1", "3.01")).await,
        "40004 ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    assert_eq!(
        client.code("alipay.trade.refund", &refund("", "3.00")).await,
        "40004 ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    );
    assert_eq!(
        client.code("alipay.trade.refund", &refund("r2", "7.01")).await,
        "40004 ACQ.REASON_TRADE_REFUND_FEE_ERR"
    );

    let ask =
        |number: &str| json!({ "out_trade_no": "1", "out_request_no": number, "query_options": ["gmt_refund_pay"] });
    let found = client.call("alipay.trade.fastpay.refund.query", &ask("r1")).await;
    assert_eq!(
        (
            found.text("refund_status"),
            found.text("refund_amount"),
            found.text("total_amount")
        ),
        ("REFUND_SUCCESS", "3.00", "10.00")
    );
    assert!(found.node.get("gmt_refund_pay").is_some());
    let absent = client.call("alipay.trade.fastpay.refund.query", &ask("r9")).await;
    assert_eq!(absent.node, json!({ "code": "10000", "msg": "Success" }));

    let cancel = client
        .call("alipay.trade.cancel", &json!({ "out_trade_no": "1" }))
        .await;
    assert_eq!((cancel.text("action"), cancel.text("retry_flag")), ("refund", "N"));
    assert_eq!(mock.trade("1").unwrap().trade_status.as_deref(), Some("TRADE_CLOSED"));
    let nothing = client
        .call("alipay.trade.cancel", &json!({ "out_trade_no": "none" }))
        .await;
    assert_eq!(
        (
            nothing.code().as_str(),
            nothing.text("retry_flag"),
            nothing.node.get("action")
        ),
        ("10000", "N", None)
    );
    assert_eq!(
        client.code("alipay.trade.cancel", &json!({ "trade_no": "1" })).await,
        "40004 ACQ.INVALID_PARAMETER"
    );
}

#[tokio::test]
async fn settlements_are_made_once_and_found_again() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let trade_no = client.create("1", "10.00", &[]).await.text("trade_no").to_owned();
    mock.pay("1").unwrap();
    client.bind("2088101126708402").await;
    let settle = |number: &str, amount: &str| json!({ "out_request_no": number, "trade_no": trade_no, "royalty_parameters": [{ "trans_in": "2088101126708402", "amount": amount }] });
    let settled = client.call("alipay.trade.order.settle", &settle("s1", "2.00")).await;
    assert_eq!(
        client
            .call("alipay.trade.order.settle", &settle("s1", "2.00"))
            .await
            .text("settle_no"),
        settled.text("settle_no")
    );
    assert_eq!(
        client.code("alipay.trade.order.settle", &settle("s1", "2.01")).await,
        "40004 ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    assert_eq!(
        client.code("alipay.trade.order.settle", &settle("s2", "8.01")).await,
        "40004 ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"
    );
    let asking = "alipay.trade.order.settle.query";
    for request in [
        json!({ "settle_no": settled.text("settle_no") }),
        json!({ "trade_no": trade_no, "out_request_no": "s1" }),
    ] {
        let found = client.call(asking, &request).await;
        assert_eq!(found.text("out_request_no"), "s1");
        let details = found.node["royalty_detail_list"].as_array().unwrap();
        let [share] = details.as_slice() else {
            panic!("{details:?}")
        };
        assert_eq!(
            [
                &share["operation_type"],
                &share["state"],
                &share["amount"],
                &share["trans_in"]
            ],
            ["transfer", "SUCCESS", "2.00", "2088101126708402"]
        );
    }
    for request in [
        json!({ "settle_no": trade_no }),
        json!({ "trade_no": trade_no, "out_request_no": "s2" }),
        json!({ "trade_no": "1", "out_request_no": "s1" }),
        json!({ "out_request_no": "s1" }),
        json!({ "trade_no": trade_no }),
    ] {
        assert_eq!(client.code(asking, &request).await, "40004 INVALID_PARAMETER");
    }
}

#[tokio::test]
async fn an_outcome_can_be_made_unknown() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "10.00", &[]).await;
    mock.pay("1").unwrap();
    let refund = json!({ "out_trade_no": "1", "refund_amount": "10.00" });
    mock.answer_next("alipay.trade.refund", "40004", "ACQ.SYSTEM_ERROR", false);
    assert_eq!(
        client.code("alipay.trade.query", &json!({ "out_trade_no": "1" })).await,
        "10000"
    );
    assert_eq!(
        client.code("alipay.trade.refund", &refund).await,
        "40004 ACQ.SYSTEM_ERROR"
    );
    assert_eq!(mock.trade("1").unwrap().refunded_amount, "0.00");
    mock.answer_next("alipay.trade.refund", "20000", "aop.unknow-error", true);
    assert_eq!(
        client.code("alipay.trade.refund", &refund).await,
        "20000 aop.unknow-error"
    );
    assert_eq!(mock.trade("1").unwrap().refunded_amount, "10.00");
    assert_eq!(
        client.call("alipay.trade.refund", &refund).await.text("fund_change"),
        "N"
    );
}

#[tokio::test]
async fn the_control_endpoint_speaks_json() {
    let mock = Mock::builder().lenient().start().await.unwrap();
    let client = Client::of(&mock);
    client.create("a b/1", "10.00", &[]).await;
    let url = format!("{}/_mock/trades/a%20b%2F1", mock.base_url());
    let read = |response: reqwest::Response| async {
        serde_json::from_slice::<serde_json::Value>(&response.bytes().await.unwrap()).unwrap()
    };
    let shown = read(client.http.get(&url).send().await.unwrap()).await;
    assert_eq!(
        (&shown["trade_status"], &shown["total_amount"]),
        (&json!("WAIT_BUYER_PAY"), &json!("10.00"))
    );
    let closed = client.http.post(format!("{url}/close")).send().await.unwrap();
    assert_eq!(read(closed).await["trade_status"], "TRADE_CLOSED");
    let paid = client.http.post(format!("{url}/pay")).send().await.unwrap();
    assert_eq!(paid.status(), 409);
    assert_eq!(read(paid).await["error"], "trade a b/1 is closed");
    assert_eq!(
        client
            .http
            .get(format!("{}/_mock/trades/none", mock.base_url()))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let next = client.http.post(format!("{}/_mock/next", mock.base_url()));
    let next = next
        .body(json!({ "method": "alipay.trade.query", "code": "40004", "sub_code": "ACQ.SYSTEM_ERROR" }).to_string());
    assert_eq!(next.send().await.unwrap().status(), 200);
    assert_eq!(
        client
            .code("alipay.trade.query", &json!({ "out_trade_no": "a b/1" }))
            .await,
        "40004 ACQ.SYSTEM_ERROR"
    );
    assert_eq!(
        client
            .http
            .post(format!("{}/_mock/next", mock.base_url()))
            .body("{")
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
}
