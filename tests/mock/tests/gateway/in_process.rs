//! A gateway without a server, and the money that moved.

use std::time::SystemTime;

use alipay_mock::{Gateway, Mock, MovementKind};
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, Parameters, control};

fn gateway(seed: u64) -> Gateway {
    let builder = Mock::builder().clock(|| SystemTime::UNIX_EPOCH);
    builder.in_process(seed).unwrap()
}

fn request(parameters: &Parameters) -> Request<Bytes> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    Request::post("/gateway.do").body(form.finish().into()).unwrap()
}

/// The calls of a short life of an order, and of two transfers.
fn calls() -> [(&'static str, Value); 6] {
    let transfer = |number: &str| json!({ "out_biz_no": number, "payee_type": "ALIPAY_USERID", "payee_account": "2088", "amount": "5.00" });
    let pay = json!({ "out_trade_no": "1", "total_amount": "9.00", "subject": "x", "auth_code": "28763443825664394" });
    [
        ("alipay.trade.pay", pay),
        (
            "alipay.trade.refund",
            json!({ "out_trade_no": "1", "refund_amount": "2.00", "out_request_no": "r" }),
        ),
        ("alipay.trade.cancel", json!({ "out_trade_no": "1" })),
        ("alipay.fund.trans.toaccount.transfer", transfer("t1")),
        ("alipay.fund.trans.toaccount.transfer", transfer("t2")),
        (
            "alipay.trade.precreate",
            json!({ "out_trade_no": "2", "total_amount": "9.00", "subject": "x" }),
        ),
    ]
}

#[tokio::test]
async fn the_same_requests_have_the_same_answers_to_the_byte() {
    // Both have the keys that all gateways of a process share.
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let requests = calls().map(|(method, content)| request(&client.signed(method, &content, &[])));
    let answers = |seed| {
        let gateway = gateway(seed);
        requests.clone().map(|request| {
            let answer = gateway.handle(&request);
            assert_eq!(answer.status(), StatusCode::OK);
            format!("{:?} {}", answer.headers(), String::from_utf8_lossy(answer.body()))
        })
    };
    let [first, again, other] = [7, 7, 8].map(answers);
    assert_eq!(first, again);
    assert_ne!(first, other);
    for answer in first {
        assert!(answer.contains(r#""code":"10000""#), "{answer}");
    }
    // Another seed, and a server, differ in the numbers that they issue only.
    assert_eq!(client.code(calls()[0].0, &calls()[0].1).await, "10000");
}

#[tokio::test]
async fn each_movement_of_money_is_written_down_once() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let gateway = gateway(0);
    for (method, content) in calls() {
        // What is repeated moves nothing.
        for _ in 0..2 {
            gateway.handle(&request(&client.signed(method, &content, &[])));
            client.code(method, &content).await;
        }
    }
    assert!(gateway.pay("2").is_ok() && gateway.pay("2").is_err());
    assert!(mock.pay("2").is_ok() && mock.pay("2").is_err());
    let expected = [
        (MovementKind::Payment, "1", "9.00"),
        (MovementKind::Refund, "r", "2.00"),
        // The cancel's, which goes by the order's number.
        (MovementKind::Refund, "1", "7.00"),
        (MovementKind::Payment, "2", "9.00"),
        (MovementKind::Transfer, "t1", "5.00"),
        (MovementKind::Transfer, "t2", "5.00"),
    ];
    for mut movements in [gateway.movements(), mock.movements()] {
        movements.sort_by_key(|movement| movement.kind == MovementKind::Transfer);
        let moved: Vec<_> = movements
            .iter()
            .map(|movement| (movement.kind, &*movement.number, &*movement.amount))
            .collect();
        assert_eq!(moved, expected);
        assert_eq!(movements[1].out_trade_no.as_deref(), Some("1"));
    }
    let (status, told) = control(&mock, None, "movements").await;
    assert_eq!((status, &told[0]["kind"]), (200, &json!("payment")));
    assert_eq!(told.as_array().unwrap().len(), expected.len());
}

#[test]
fn what_is_not_for_the_gateway_is_not_found() {
    let answer = gateway(0).handle(&Request::get("/elsewhere").body(Bytes::new()).unwrap());
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let answer = gateway(0).handle(&Request::get("/gateway.do").body(Bytes::new()).unwrap());
    assert!(answer.body().starts_with(br#"{"error_response""#), "{answer:?}");
}

#[test]
fn the_console_shows_a_simulation() {
    let gateway = gateway(1);
    let get = |path: &str| gateway.console(&Request::get(path).body(Bytes::new()).unwrap());
    let page = get("/console/orders");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let html = std::str::from_utf8(page.body()).unwrap();
    assert!(html.contains("<section id=\"orders\""), "{html}");
    assert_eq!(get("/console/nothing").status(), StatusCode::NOT_FOUND);
    let large = Request::post("/console/clock")
        .body(vec![b'x'; 300 << 10].into())
        .unwrap();
    assert_eq!(gateway.console(&large).status(), StatusCode::PAYLOAD_TOO_LARGE);
    let unsigned = Request::post("/console/clock").body("press=reset".into()).unwrap();
    assert_eq!(gateway.console(&unsigned).status(), StatusCode::FORBIDDEN);
}
