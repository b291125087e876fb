//! The payment codes of test buyers.

use alipay_mock::{ControlError, Mock, TestBuyer};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::{Client, control};

const PAY: &str = "alipay.trade.pay";

fn scanned(number: &str, amount: &str, buyer: TestBuyer) -> Value {
    json!({
        "out_trade_no": number, "total_amount": amount, "subject": "一壶茶", "scene": "bar_code", "auth_code": buyer.auth_code(),
    })
}

fn frozen(number: &str, buyer: TestBuyer) -> Value {
    json!({
        "out_order_no": number, "out_request_no": "1", "order_title": "押金", "amount": "20.00", "product_code": "PRE_AUTH",
        "auth_code": buyer.auth_code(), "auth_code_type": "bar_code",
    })
}

async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    (mock, client)
}

fn status(mock: &Mock, number: &str) -> String {
    mock.trade(number).unwrap().trade_status.unwrap()
}

fn none(number: &str) -> ControlError {
    ControlError::NoOrder(number.to_owned())
}

#[tokio::test]
async fn who_has_money_pays_whatever_the_amount_and_any_number_of_times() {
    let (mock, client) = start().await;
    for (number, amount) in [("1", "0.01"), ("2", "5000.00")] {
        let paid = client.call(PAY, &scanned(number, amount, TestBuyer::WithMoney)).await;
        assert_eq!((paid.code().as_str(), paid.text("buyer_pay_amount")), ("10000", amount));
        assert_eq!(paid.text("buyer_user_id"), TestBuyer::WithMoney.user_id());
    }
    let freeze = frozen("f", TestBuyer::WithMoney);
    let frozen = client.call("alipay.fund.auth.order.freeze", &freeze).await;
    assert_eq!(frozen.text("status"), "SUCCESS");
    assert_eq!(mock.movements().len(), 2);
}

#[tokio::test]
async fn who_has_none_is_refused_and_the_number_serves_for_another() {
    let (mock, client) = start().await;
    let refused = client.code(PAY, &scanned("1", "1.00", TestBuyer::WithoutMoney)).await;
    assert_eq!(refused, "40004 ACQ.BUYER_BALANCE_NOT_ENOUGH");
    assert_eq!(mock.trade("1"), Err(none("1")));
    let paid = client.code(PAY, &scanned("1", "1.00", TestBuyer::WithMoney)).await;
    assert_eq!(paid, "10000");
    let freeze = frozen("f", TestBuyer::WithoutMoney);
    let refused = client.code("alipay.fund.auth.order.freeze", &freeze).await;
    assert_eq!(refused, "40004 MONEY_NOT_ENOUGH");
}

#[tokio::test]
async fn who_has_to_enter_a_password_decides_on_a_page() {
    let (mock, client) = start().await;
    for number in ["pays", "leaves", "paid-in-process"] {
        let asked = client.call(PAY, &scanned(number, "1.00", TestBuyer::Password)).await;
        assert_eq!(asked.code(), "10003");
        assert!(asked.node.get("gmt_payment").is_none(), "{asked:?}");
        assert_eq!(status(&mock, number), "WAIT_BUYER_PAY");
    }
    // Nobody else can pay it.
    let other = client.code(PAY, &scanned("pays", "1.00", TestBuyer::WithMoney)).await;
    assert_eq!(other, "40004 ACQ.TRADE_BUYER_NOT_MATCH");

    let buyers = Browser::at(&client, &format!("{}/buyers", mock.base_url())).await;
    let open = async |number: &str| {
        let (_, rest) = buyers.html.split_once(number).unwrap();
        let (_, rest) = rest.split_once("<a href=\"").unwrap();
        let target = rest.split('"').next().unwrap();
        Browser::at(&client, &format!("{}{target}", mock.base_url())).await
    };
    let mut cashier = open("· pays ·").await;
    assert_eq!(cashier.shows("subject").as_deref(), Some("一壶茶"));
    cashier.press("agree").await;
    open("· leaves ·").await.press("refuse").await;
    mock.pay("paid-in-process").unwrap();
    assert_eq!(status(&mock, "pays"), "TRADE_SUCCESS");
    assert_eq!(status(&mock, "leaves"), "WAIT_BUYER_PAY");
    assert_eq!(status(&mock, "paid-in-process"), "TRADE_SUCCESS");
    let paid = client
        .call("alipay.trade.query", &json!({ "out_trade_no": "pays" }))
        .await;
    assert_eq!(paid.text("buyer_user_id"), TestBuyer::Password.user_id());

    let freeze = frozen("f", TestBuyer::Password);
    let frozen = client.call("alipay.fund.auth.order.freeze", &freeze).await;
    assert_eq!(frozen.text("status"), "INIT");
    let buyers = Browser::at(&client, &format!("{}/buyers", mock.base_url())).await;
    assert!(buyers.html.contains(&format!("/buyers/{}", frozen.text("auth_no"))));
    assert!(!buyers.html.contains("· pays ·"), "{}", buyers.html);
}

#[tokio::test]
async fn who_is_slow_is_waited_for() {
    let (mock, client) = start().await;
    let (released, paid, closed) = (
        scanned("1", "1.00", TestBuyer::Slow),
        scanned("2", "1.00", TestBuyer::Slow),
        scanned("3", "1.00", TestBuyer::Slow),
    );
    let one = async |content: &Value, act: &dyn Fn()| {
        let answered = client.call(PAY, content);
        tokio::pin!(answered);
        let placed = mock.until(|mock| mock.trade(content["out_trade_no"].as_str().unwrap()).ok());
        tokio::select! {
            placed = placed => assert_eq!(placed.trade_status.as_deref(), Some("WAIT_BUYER_PAY")),
            answer = &mut answered => panic!("the gateway did not wait: {answer:?}"),
        }
        act();
        let answer = answered.await;
        assert_eq!(answer.code(), "10003");
    };
    one(&released, &|| mock.release_slow_buyers()).await;
    assert_eq!(status(&mock, "1"), "TRADE_SUCCESS");
    one(&paid, &|| _ = mock.pay("2").unwrap()).await;
    assert_eq!(status(&mock, "2"), "TRADE_SUCCESS");
    one(&closed, &|| _ = mock.close("3").unwrap()).await;
    assert_eq!(status(&mock, "3"), "TRADE_CLOSED");
    assert_eq!(mock.movements().len(), 2);

    // The buyer decides even if the merchant has hung up.
    let mut alone = client.signed(PAY, &scanned("4", "1.00", TestBuyer::Slow), &[]);
    alone.retain(|_, value| !value.is_empty());
    let calling = client.get(&alone);
    tokio::select! {
        _ = mock.until(|mock| mock.trade("4").ok()) => {}
        answer = calling => panic!("the gateway did not wait: {answer:?}"),
    }
    let (code, _) = control(&mock, Some(json!({})), "buyers/release").await;
    assert_eq!(code, 200);
    mock.until(|mock| mock.trade("4").ok().filter(|trade| trade.paid_at.is_some()))
        .await;
}

#[tokio::test]
async fn an_unknown_outcome_was_carried_out_or_not() {
    let (mock, client) = start().await;
    for (number, buyer) in [("paid", TestBuyer::UnknownPaid), ("unpaid", TestBuyer::UnknownUnpaid)] {
        let answer = client.code(PAY, &scanned(number, "1.00", buyer)).await;
        assert_eq!(answer, "20000 isp.unknow-error");
        let answer = client
            .code("alipay.fund.auth.order.freeze", &frozen(number, buyer))
            .await;
        assert_eq!(answer, "20000 isp.unknow-error");
    }
    let query = json!({ "out_trade_no": "paid" });
    assert_eq!(
        client.call("alipay.trade.query", &query).await.text("trade_status"),
        "TRADE_SUCCESS"
    );
    assert_eq!(
        mock.preauth("paid").unwrap().order_status.as_deref(),
        Some("AUTHORIZED")
    );
    assert_eq!(mock.trade("unpaid"), Err(none("unpaid")));
    assert_eq!(
        mock.preauth("unpaid"),
        Err(ControlError::NoPreauth("unpaid".to_owned()))
    );
    assert_eq!(mock.movements().len(), 1);
}

#[tokio::test]
async fn the_page_shows_codes_and_pictures_in_both_languages() {
    let (mock, client) = start().await;
    let mut page = Browser::at(&client, &format!("{}/buyers", mock.base_url())).await;
    assert_eq!(page.status, 200);
    for (index, buyer) in TestBuyer::ALL.into_iter().enumerate() {
        let shown = page.shows(&format!("code_{}", index + 1));
        assert_eq!(shown.as_deref(), Some(buyer.auth_code()));
    }
    assert_eq!(page.html.matches("<svg ").count(), TestBuyer::ALL.len());
    assert!(
        !page.html.contains("<script") && !page.html.contains(" src="),
        "{}",
        page.html
    );
    page.reload(&[("accept-language", "en")]).await;
    assert!(page.html.contains("Payment codes of test buyers"), "{}", page.html);
    // What a merchant writes is text.
    let mut content = scanned("1", "1.00", TestBuyer::Password);
    content["subject"] = "<b>x".into();
    assert_eq!(client.code(PAY, &content).await, "10003");
    page.reload(&[]).await;
    assert!(
        page.html.contains("&#60;b&#62;x") && !page.html.contains("<b>"),
        "{}",
        page.html
    );
    // It has an address that anybody can guess: no page of another site reads it.
    page.reload(&[("host", "evil.example")]).await;
    assert_eq!(page.status, 403);
    let missing = Browser::at(&client, &format!("{}/buyers/2026", mock.base_url())).await;
    assert_eq!(missing.status, 404);

    let (_, listed) = control(&mock, None, "buyers").await;
    assert_eq!(
        listed[2],
        json!({ "buyer": "password", "user_id": "2088102175300143", "auth_code": "286000000000000103" })
    );
}
