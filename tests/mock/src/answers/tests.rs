use serde_json::json;

use super::*;
use crate::specs::tests::{file, with};

const QUERY: &str = "alipay.trade.query";

fn error(method: &str, answer: impl Into<Answer>) -> String {
    let specs = Specs::load(Vec::new()).unwrap();
    let ordered = Answers::default().order(&specs, method, answer.into());
    ordered.unwrap_err().to_string()
}

#[test]
fn what_does_not_keep_to_the_spec_is_refused() {
    let spec = "the answer to `alipay.trade.query` does not keep to its spec: ";
    let advice = "; correct it, or order the answer with `exactly`";
    for (answer, said) in [
        (
            json!({ "trade_state": "TRADE_SUCCESS" }),
            "trade_state: the response has no such field",
        ),
        (
            json!({ "fund_bill_list": [{ "amount": "1.00", "money": 1 }] }),
            "fund_bill_list[0].money: the response has no such field",
        ),
        (
            json!({ "total_amount": "1.001" }),
            "total_amount: must be an amount with at most two decimals",
        ),
        (json!({ "fund_bill_list": {} }), "fund_bill_list: must be a list"),
    ] {
        assert_eq!(error(QUERY, answer), format!("{spec}{said}{advice}"));
    }
    assert_eq!(
        error(QUERY, json!([])),
        "the answer to `alipay.trade.query` is no JSON object"
    );
    assert_eq!(
        error(QUERY, json!({ "code": 10000 })),
        "the answer to `alipay.trade.query` has a wrong `code`: must be text"
    );
    let page = "a browser opens `alipay.trade.page.pay` and gets a page: only an error can be ordered for it";
    assert_eq!(error("alipay.trade.page.pay", json!({})), page);
    assert_eq!(error("alipay.trade.page.pay", Answer::from(json!({})).exactly()), page);
}

#[test]
fn the_next_answers_come_before_the_lasting_one() {
    let specs = Specs::load(Vec::new()).unwrap();
    let answers = Answers::default();
    let order = |answer: Answer| answers.order(&specs, QUERY, answer).unwrap();
    let take = || {
        let taken = answers.take(QUERY);
        taken.map(|answer| answer.failure().map(|failure| failure.sub_code.into_owned()))
    };
    let named = |name: &str| Some(Some(name.to_owned()));
    order(Answer::error("40004", "LASTING"));
    order(Answer::error("40004", "FIRST").once());
    order(Answer::error("40004", "SECOND").once());
    assert_eq!(
        [take(), take(), take(), take()],
        [named("FIRST"), named("SECOND"), named("LASTING"), named("LASTING")]
    );
    order(json!({}).into());
    assert_eq!(take(), Some(None));
    answers.forget(QUERY);
    assert!(!answers.has(QUERY));
    assert_eq!(take(), None);
    order(Answer::error("40004", "ONLY").once());
    assert!(answers.has(QUERY));
    assert_eq!(take(), named("ONLY"));
    assert!(!answers.has(QUERY));
}

#[test]
fn a_field_of_the_response_may_be_called_sub_code() {
    let specs = with(vec![file(
        "alipay.test.thing.get",
        "kind: server\nretry: read\nresponse:\n  sub_code: { type: string, own: true, doc: What the thing is made of. }\n",
    )]);
    let answers = Answers::default();
    let failed = |answer: Value| {
        answers.order(&specs, "alipay.test.thing.get", answer.into()).unwrap();
        answers.take("alipay.test.thing.get").unwrap().failure().is_some()
    };
    assert!(!failed(json!({ "sub_code": "WOOD" })));
    assert!(!failed(json!({ "code": "10000", "sub_code": "WOOD" })));
    assert!(failed(json!({ "code": "40004", "sub_code": "THING_NOT_EXIST" })));
}

#[test]
fn a_code_of_the_methods_own_is_the_answers_code() {
    let method = "alipay.test.thing.get";
    let specs = with(vec![file(
        method,
        "kind: server\nretry: read\noutcomes: { \"200\": done }\n\
         response:\n  code: { type: string, own: true, example: '200', doc: How it went. }\n\
         \x20 msg: { type: string, own: true, doc: The same in words. }\n",
    )]);
    let target = Target::Described(specs.method(method).unwrap());
    let answers = Answers::default();
    for (answer, expected) in [
        (
            json!({ "code": "200", "msg": "done" }),
            r#"{"code":"200","msg":"done"}"#,
        ),
        (json!({ "msg": "done" }), r#"{"code":"200","msg":"done"}"#),
        (json!({ "code": "10000" }), r#"{"code":"10000","msg":"Success"}"#),
    ] {
        answers.order(&specs, method, answer.into()).unwrap();
        let outcome = answers
            .take(method)
            .unwrap()
            .outcome(target, &Map::new(), Timestamp::UNIX_EPOCH);
        let Ok(Outcome::Success(code, fields)) = outcome else {
            panic!("{expected}");
        };
        assert_eq!(crate::protocol::v2::answer::Answer::success(&code, &fields), expected);
    }
}
