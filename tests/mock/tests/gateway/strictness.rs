//! What Alipay refuses by its documentation, and what a lenient gateway takes all the same.

use alipay_mock::{Builder, Mock};
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::browser::Browser;
use crate::certificates::certified_with;
use crate::client::Client;

async fn both() -> [(Mock, Client); 2] {
    let start = async |builder: Builder| {
        let mock = builder.start().await.unwrap();
        let client = Client::of(&mock);
        (mock, client)
    };
    [start(Mock::builder()).await, start(Mock::builder().lenient()).await]
}

fn order(number: &str, subject: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": "1.00", "subject": subject, "buyer_id": "2088102146225135" })
}

#[tokio::test]
async fn numbers_and_subjects_consist_of_what_is_documented() {
    const CREATE: &str = "alipay.trade.create";
    let [(_strict, strict), (_mock, lenient)] = both().await;
    let longest = "x".repeat(64);
    for (number, subject) in [("aZ09_-|", "一壶茶 <\"'%+;:?#"), (&longest, "x")] {
        assert_eq!(strict.code(CREATE, &order(number, subject)).await, "10000");
    }
    for (number, subject, told) in [
        ("a b", "x", "out_trade_no: must not contain ' '"),
        ("a.b", "x", "out_trade_no: must not contain '.'"),
        ("订单", "x", "out_trade_no: must not contain '订'"),
        ("<1>", "x", "out_trade_no: must not contain '<'"),
        ("1", "a/b", "subject: must not contain '/'"),
        ("1", "a=b", "subject: must not contain '='"),
        ("1", "a&b", "subject: must not contain '&'"),
    ] {
        let refused = strict.call(CREATE, &order(number, subject)).await;
        assert_eq!(refused.code(), "40004 ACQ.INVALID_PARAMETER");
        assert!(refused.text("sub_msg").ends_with(told), "{refused:?}");
        let number = format!("{number}{subject}");
        assert_eq!(lenient.code(CREATE, &order(&number, subject)).await, "10000");
    }
    // A browser is told which parameter it is.
    let page = Browser::open(
        &strict,
        "alipay.trade.page.pay",
        &order("1", "<script>alert(1)</script>"),
        &[],
    )
    .await;
    assert_eq!(page.shows("sub_code").as_deref(), Some("ACQ.INVALID_PARAMETER"));
    assert!(
        page.html.contains("subject") && !page.html.contains("<script"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn a_bank_account_comes_with_its_bank() {
    const TRANSFER: &str = "alipay.fund.trans.uni.transfer";
    let content = |number: &str, kind: &str, bank: Value| {
        json!({
            "out_biz_no": number, "trans_amount": "82.32", "product_code": "TRANS_BANKCARD_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
            "payee_info": { "identity": "6214839486384758", "identity_type": kind, "name": "沙箱环境", "bankcard_ext_info": bank },
        })
    };
    let bank = || json!({ "inst_name": "招商银行", "account_type": "2" });
    let (_strict, strict) = certified_with(Mock::builder()).await;
    let (_mock, lenient) = certified_with(Mock::builder().lenient()).await;
    for missing in [Value::Null, json!({})] {
        let refused = strict
            .call(TRANSFER, &content("1", "BANKCARD_ACCOUNT", missing.clone()))
            .await;
        assert_eq!(refused.code(), "40004 INVALID_PARAMETER");
        assert!(
            refused.text("sub_msg").contains("payee_info.bankcard_ext_info"),
            "{refused:?}"
        );
        let number = missing.to_string();
        assert_eq!(
            lenient
                .code(TRANSFER, &content(&number, "BANKCARD_ACCOUNT", missing))
                .await,
            "10000"
        );
    }
    assert_eq!(
        strict.code(TRANSFER, &content("1", "BANKCARD_ACCOUNT", bank())).await,
        "10000"
    );
    assert_eq!(
        strict
            .code(TRANSFER, &content("2", "ALIPAY_LOGON_ID", Value::Null))
            .await,
        "10000"
    );
}

#[tokio::test]
async fn notifications_have_alipays_content_type() {
    for (mock, client) in both().await {
        let is_lenient = client.code("alipay.trade.create", &order("a b", "x")).await == "10000";
        let (sender, mut received) = mpsc::unbounded_channel();
        let router = Router::new().route(
            "/",
            post(move |headers: HeaderMap| async move {
                sender
                    .send(headers["content-type"].to_str().unwrap().to_owned())
                    .unwrap();
                "success"
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        client.create("1", "1.00", &[("notify_url", &url)]).await;
        mock.pay("1").unwrap();
        let expected = if is_lenient {
            "application/x-www-form-urlencoded; charset=utf-8"
        } else {
            "application/x-www-form-urlencoded; text/html; charset=utf-8"
        };
        assert_eq!(received.recv().await.unwrap(), expected);
    }
}

/// Uploads a picture of this size and name.
async fn upload(client: &Client, name: &str, size: usize) -> String {
    let parameters = client.signed(
        "alipay.merchant.image.upload",
        &json!({}),
        &[("biz_content", ""), ("image_type", "png")],
    );
    let mut body = Vec::new();
    for (name, value) in &parameters {
        body.extend(format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = format!("--X\r\nContent-Disposition: form-data; name=\"image_content\"; filename=\"{name}\"\r\n\r\n");
    body.extend(head.bytes());
    body.extend(vec![b'x'; size]);
    body.extend(b"\r\n--X--\r\n");
    let request = client.http.post(&client.gateway);
    let request = request.header("content-type", "multipart/form-data; boundary=X");
    let answer = request.body(body).send().await.unwrap().bytes().await.unwrap();
    client.read(&answer).code()
}

#[tokio::test]
async fn files_have_the_sizes_and_names_of_the_spec() {
    const MOST: usize = 5 << 20;
    let [(mock, strict), (_mock, lenient)] = both().await;
    for (name, size) in [("a.png", 1), ("b;c.JPG", 9), ("a.png", MOST)] {
        assert_eq!(upload(&strict, name, size).await, "10000", "{name}");
    }
    for (name, size, code) in [
        ("a.png", MOST + 1, "40004 IMAGE_SIZE_OVERRANGE"),
        ("a.exe", 1, "40002 isv.invalid-file-extension"),
        ("png", 1, "40002 isv.invalid-file-extension"),
    ] {
        assert_eq!(upload(&strict, name, size).await, code, "{name}");
        assert_eq!(upload(&lenient, name, size).await, "10000", "{name}");
    }
    upload(&strict, "b;c.jpg", 9).await;
    let files = mock.last_files("alipay.merchant.image.upload").unwrap();
    assert_eq!(files[0].1.name, "b;c.jpg");
}
