//! Answers that tests order, specs that users add, and methods that have a spec and no behaviour.

use std::panic::{AssertUnwindSafe, catch_unwind};

use alipay_mock::{Answer, AnswerError, Mock, SourceFile, StartError};
use serde_json::{Value, json};

use crate::client::{Client, Parameters, control};

const QUERY: &str = "alipay.trade.query";

/// A spec of a user's own, in a folder of a product that is built in.
fn thing() -> SourceFile {
    let text = "method: alipay.trade.thing.get\ntitle: 测试\ndoc: A test.\nsource: https://opendocs.alipay.com/x\nkind: server\nretry: read\n\
        request:\n  id: { type: string, required: true, doc: Which. }\n\
        response:\n  id: { type: string, echo: true, doc: Which. }\n  colour: { type: string, example: red, doc: My colour. }\n";
    SourceFile {
        path: "trade/alipay.trade.thing.get.yaml".to_owned(),
        text: text.to_owned(),
    }
}

/// What a call is answered with, and what the gateway says of where that comes from.
async fn source(client: &Client, parameters: &Parameters) -> (String, Option<String>) {
    let response = client.get(parameters).await;
    let source = response.headers().get("alipay-mock-answer");
    let source = source.map(|source| source.to_str().unwrap().to_owned());
    (client.read(&response.bytes().await.unwrap()).code(), source)
}

#[tokio::test]
async fn a_method_is_answered_as_ordered() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let asked = json!({ "out_trade_no": "1" });
    mock.answer(
        QUERY,
        json!({ "trade_status": "TRADE_FINISHED", "total_amount": "8.88" }),
    )
    .unwrap();
    for _ in 0..2 {
        let answer = client.call(QUERY, &asked).await;
        assert!(answer.signed);
        assert_eq!(answer.root, "alipay_trade_query_response");
        assert_eq!((answer.text("code"), answer.text("msg")), ("10000", "Success"));
        assert_eq!(
            (answer.text("trade_status"), answer.text("total_amount")),
            ("TRADE_FINISHED", "8.88")
        );
        // What every success has: this repeats the request.
        assert_eq!(answer.text("out_trade_no"), "1");
    }
    let signed = client.signed(QUERY, &asked, &[]);
    assert_eq!(
        source(&client, &signed).await,
        ("10000".to_owned(), Some("ordered".to_owned()))
    );
    // The request still has to be sound.
    assert_eq!(
        client.code(QUERY, &json!({ "out_trade_no": "x".repeat(65) })).await,
        "40004 ACQ.INVALID_PARAMETER"
    );

    mock.answer(QUERY, Answer::error("20000", "isp.unknow-error").once())
        .unwrap();
    assert_eq!(client.code(QUERY, &asked).await, "20000 isp.unknow-error");
    assert_eq!(client.code(QUERY, &asked).await, "10000");
    assert_eq!(mock.refusals_with("isp.unknow-error"), 1);
    mock.forget_answers(QUERY);
    assert_eq!(client.code(QUERY, &asked).await, "40004 ACQ.TRADE_NOT_EXIST");
    assert_eq!(source(&client, &signed).await.1, None);
}

#[tokio::test]
async fn an_outcome_that_is_no_error_can_be_ordered() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    mock.answer("alipay.trade.pay", json!({ "code": "10003", "trade_no": "77" }))
        .unwrap();
    let order =
        json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "x", "auth_code": "28763443825664394" });
    let answer = client.call("alipay.trade.pay", &order).await;
    assert_eq!((answer.code().as_str(), answer.text("trade_no")), ("10003", "77"));
    assert!(mock.trade("1").is_err(), "the gateway did nothing");
}

#[tokio::test]
async fn the_call_is_carried_out_where_that_is_ordered() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let create = "alipay.trade.create";
    mock.answer(create, Answer::from(json!({ "trade_no": "77" })).executed())
        .unwrap();
    let answer = client.create("1", "1.00", &[]).await;
    assert_eq!((answer.text("trade_no"), answer.text("out_trade_no")), ("77", "1"));
    assert_eq!(mock.trade("1").unwrap().total_amount, "1.00");
    // Where the gateway refuses to, it says so.
    assert_eq!(
        client.create("1", "2.00", &[]).await.code(),
        "40004 ACQ.CONTEXT_INCONSISTENT"
    );
}

#[tokio::test]
async fn an_exact_answer_is_sent_as_it_is() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let exact = Answer::from(json!({ "code": "40004", "hint": [1, "x"] })).exactly();
    mock.answer("alipay.trade.refund", exact).unwrap();
    let refund = json!({ "out_trade_no": "1", "refund_amount": "1.00" });
    let answer = client.call("alipay.trade.refund", &refund).await;
    assert!(answer.signed);
    assert_eq!(answer.node, json!({ "code": "40004", "hint": [1, "x"] }));
}

#[tokio::test]
async fn an_error_may_say_more() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let more = json!({ "code": "40004", "msg": "Refused", "sub_code": "ACQ.X", "sub_msg": "why", "out_trade_no": "1" });
    mock.answer(QUERY, more).unwrap();
    let answer = client.call(QUERY, &json!({ "out_trade_no": "1" })).await;
    assert_eq!(answer.code(), "40004 ACQ.X");
    assert_eq!(
        (answer.text("msg"), answer.text("sub_msg"), answer.text("out_trade_no")),
        ("Refused", "why", "1")
    );
}

#[tokio::test]
async fn a_closure_answers_by_the_request() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let answer = |request: &Value| match request["out_trade_no"].as_str() {
        Some("1") => json!({ "trade_no": "77", "trade_status": "TRADE_SUCCESS" }),
        _ => json!({ "code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST" }),
    };
    mock.answer(QUERY, answer).unwrap();
    for _ in 0..2 {
        let answer = client.call(QUERY, &json!({ "out_trade_no": "1" })).await;
        assert!(answer.signed);
        assert_eq!(
            (
                answer.code().as_str(),
                answer.text("trade_no"),
                answer.text("out_trade_no")
            ),
            ("10000", "77", "1")
        );
        let refused = client.code(QUERY, &json!({ "out_trade_no": "2" })).await;
        assert_eq!(refused, "40004 ACQ.TRADE_NOT_EXIST");
    }
    // It is asked about sound requests only.
    assert_eq!(client.code(QUERY, &json!({})).await, "40004 ACQ.INVALID_PARAMETER");
    let signed = client.signed(QUERY, &json!({ "out_trade_no": "1" }), &[]);
    assert_eq!(source(&client, &signed).await.1.as_deref(), Some("ordered"));

    // With the other ways in which an answer may be ordered.
    let once = Answer::of(|request| json!({ "code": "40004", "asked": request }))
        .exactly()
        .once();
    mock.answer(QUERY, once).unwrap();
    let answer = client.call(QUERY, &json!({ "trade_no": "3" })).await;
    assert_eq!(answer.node, json!({ "code": "40004", "asked": { "trade_no": "3" } }));
    assert_eq!(client.code(QUERY, &json!({ "out_trade_no": "1" })).await, "10000");
    assert!(mock.wrong_answers().is_empty());
}

#[tokio::test]
async fn a_closure_answers_what_is_carried_out_and_what_has_no_spec() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let answer = Answer::of(|request| json!({ "trade_no": request["subject"] })).executed();
    mock.answer("alipay.trade.create", answer).unwrap();
    assert_eq!(client.create("1", "1.00", &[]).await.text("trade_no"), "测试订单");
    assert_eq!(mock.trade("1").unwrap().total_amount, "1.00");

    let method = "alipay.shop.thing.get";
    mock.answer(method, |request: &Value| json!({ "twice": [request, request] }))
        .unwrap();
    let answer = client.call(method, &json!({ "a": { "b": 1 } })).await;
    assert_eq!(answer.node["twice"], json!([{ "a": { "b": 1 } }, { "a": { "b": 1 } }]));
}

#[tokio::test]
async fn a_closure_that_goes_wrong_is_told_to_the_caller_and_to_the_test() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    mock.answer(QUERY, |request: &Value| match request["out_trade_no"].as_str() {
        Some("field") => json!({ "trade_state": "TRADE_SUCCESS" }),
        Some("panic") => panic!("no order {}", request["out_trade_no"]),
        Some("list") => json!([]),
        _ => json!({ "trade_no": "77" }),
    })
    .unwrap();
    let field = "the answer to `alipay.trade.query` does not keep to its spec: trade_state: the response has no such field; correct it, or order the answer with `exactly`";
    let panicked = "the answer to `alipay.trade.query` can't be made: its closure panicked: no order \"panic\"";
    let list = "the answer to `alipay.trade.query` is no JSON object";
    for (number, said) in [("field", field), ("panic", panicked), ("list", list)] {
        let answer = client.call(QUERY, &json!({ "out_trade_no": number })).await;
        assert!(answer.signed);
        assert_eq!(
            (answer.code().as_str(), answer.text("sub_msg")),
            ("40004 mock.wrong-answer", said)
        );
        // The gateway goes on.
        assert_eq!(client.code(QUERY, &json!({ "out_trade_no": "1" })).await, "10000");
    }
    assert_eq!(mock.refusals_with("mock.wrong-answer"), 3);
    let told: Vec<_> = mock.wrong_answers().iter().map(AnswerError::to_string).collect();
    assert_eq!(told, [field, panicked, list]);
    assert!(mock.wrong_answers().is_empty(), "each is told once");

    // Who does not ask is told all the same.
    client.call(QUERY, &json!({ "out_trade_no": "list" })).await;
    let panic = catch_unwind(AssertUnwindSafe(|| drop(mock))).unwrap_err();
    let said = format!("the gateway was given answers that it could not send: {list}");
    assert_eq!(panic.downcast_ref::<String>(), Some(&said));
}

#[tokio::test]
async fn a_closure_can_only_refuse_what_a_browser_opens() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let page = "alipay.trade.page.pay";
    mock.answer(page, |request: &Value| match request["subject"].as_str() {
        Some("refused") => json!({ "code": "40004", "sub_code": "ACQ.X" }),
        _ => json!({}),
    })
    .unwrap();
    for (subject, sub_code) in [("refused", "ACQ.X"), ("x", "mock.wrong-answer")] {
        let order = json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": subject, "product_code": "FAST_INSTANT_TRADE_PAY" });
        let html = client
            .get(&client.signed(page, &order, &[]))
            .await
            .text()
            .await
            .unwrap();
        assert!(html.contains(&format!("<dd id=\"sub_code\">{sub_code}</dd>")), "{html}");
    }
    assert_eq!(
        mock.wrong_answers(),
        [AnswerError::Page {
            method: page.to_owned()
        }]
    );
}

#[tokio::test]
async fn methods_without_a_spec_can_be_answered_too() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let method = "alipay.shop.thing.make";
    assert_eq!(client.code(method, &json!({})).await, "40002 isv.invalid-method");
    mock.answer(method, Answer::from(json!({ "thing": { "id": 1 } })).once())
        .unwrap();
    let answer = client.call(method, &json!({ "anything": 1 })).await;
    assert_eq!(
        (answer.root.as_str(), answer.code().as_str()),
        ("alipay_shop_thing_make_response", "10000")
    );
    assert_eq!(answer.node["thing"], json!({ "id": 1 }));
    assert_eq!(mock.requests_of(method), 1);
    assert_eq!(client.code(method, &json!({})).await, "40002 isv.invalid-method");
}

#[tokio::test]
async fn a_login_without_a_code_can_be_answered() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let method = "alipay.system.oauth.token";
    let asked = [("grant_type", "authorization_code"), ("code", "x")];
    mock.answer(method, json!({ "access_token": "token", "user_id": "2088" }))
        .unwrap();
    let answer = client.call_with(method, &json!({}), &asked).await;
    assert_eq!(
        (answer.root.as_str(), answer.text("access_token")),
        ("alipay_system_oauth_token_response", "token")
    );
    assert!(answer.node.get("code").is_none());
    mock.answer(method, Answer::error("40002", "isv.code-invalid")).unwrap();
    let answer = client.call_with(method, &json!({}), &asked).await;
    assert_eq!(
        (answer.root.as_str(), answer.code().as_str()),
        ("error_response", "40002 isv.code-invalid")
    );
}

#[tokio::test]
async fn answers_are_ordered_over_http_too() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let asked = json!({ "out_trade_no": "1" });
    let order = |body| control(&mock, Some(body), "answers");
    let finished = json!({ "trade_status": "TRADE_FINISHED" });
    assert_eq!(order(json!({ "method": QUERY, "answer": finished })).await.0, 200);
    let error = json!({ "code": "40004", "sub_code": "ACQ.X" });
    assert_eq!(
        order(json!({ "method": QUERY, "answer": error, "once": true })).await.0,
        200
    );
    assert_eq!(client.code(QUERY, &asked).await, "40004 ACQ.X");
    assert_eq!(client.call(QUERY, &asked).await.text("trade_status"), "TRADE_FINISHED");
    let (status, said) = order(json!({ "method": QUERY, "answer": { "trade_state": "x" } })).await;
    assert_eq!(status, 400);
    let expected = "the answer to `alipay.trade.query` does not keep to its spec: trade_state: the response has no such field; correct it, or order the answer with `exactly`";
    assert_eq!(said["error"], expected);
    let exact =
        json!({ "method": QUERY, "answer": { "trade_state": "x" }, "exactly": true, "once": true, "executed": false });
    assert_eq!(order(exact).await.0, 200);
    assert_eq!(client.get(&client.signed(QUERY, &asked, &[])).await.status(), 200);
    assert_eq!(order(json!({ "method": QUERY, "answer": null })).await.0, 200);
    assert_eq!(client.code(QUERY, &asked).await, "40004 ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn added_specs_stand_beside_the_built_in_ones_and_are_not_played() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("trade")).unwrap();
    std::fs::write(folder.path().join(thing().path), thing().text).unwrap();
    let mock = Mock::builder().specs(folder.path()).start().await.unwrap();
    let client = Client::of(&mock);
    let method = "alipay.trade.thing.get";
    assert_eq!(client.code(method, &json!({})).await, "40002 isv.invalid-parameter");
    let signed = client.signed(method, &json!({ "id": "1" }), &[]);
    assert_eq!(
        source(&client, &signed).await,
        ("10000".to_owned(), Some("not-played".to_owned()))
    );
    let answer = client.call(method, &json!({ "id": "1" })).await;
    assert!(answer.signed);
    assert_eq!(
        answer.node,
        json!({ "code": "10000", "msg": "Success", "id": "1", "colour": "red" })
    );
    assert_eq!(client.create("1", "1.00", &[]).await.code(), "10000");

    assert_eq!(
        (mock.not_played_of(method), mock.not_played_of("alipay.trade.create")),
        (2, 0)
    );
    let (_, requests) = control(&mock, None, "requests").await;
    assert_eq!(requests["not_played"], json!({ "alipay.trade.thing.get": 2 }));
}

#[tokio::test]
async fn a_page_without_behaviour_says_that_it_is_one() {
    let mut page = thing();
    page.text = page
        .text
        .replace("kind: server\nretry: read\n", "kind: page\n")
        .replace("echo: true, ", "");
    let mock = Mock::builder().spec_files([page]).start().await.unwrap();
    let client = Client::of(&mock);
    let signed = client.signed("alipay.trade.thing.get", &json!({ "id": "1" }), &[]);
    let html = client.get(&signed).await.text().await.unwrap();
    assert!(html.contains("<dd id=\"method\">alipay.trade.thing.get</dd>"), "{html}");
}

#[tokio::test]
async fn a_method_that_is_built_in_cannot_be_added() {
    let mut file = thing();
    file.path = "trade/alipay.trade.query.yaml".to_owned();
    file.text = file.text.replace("alipay.trade.thing.get", QUERY);
    let error = Mock::builder().spec_files([file]).start().await.unwrap_err();
    assert!(matches!(error, StartError::Specs(_)));
    assert_eq!(
        error.to_string(),
        "`alipay.trade.query` has two specs, the built-in trade/alipay.trade.query.yaml and the added trade/alipay.trade.query.yaml: remove one"
    );
}
