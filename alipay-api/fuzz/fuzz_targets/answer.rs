//! Whatever answers, nothing panics; and what was read and is written again is read as the same.
#![no_main]

use alipay_api::{__private::read_answer, trade::Query};
use alipay_fuzz::CLIENT;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = read_answer::<Query>(&CLIENT, text.as_bytes());
    let Ok(order) = read_answer::<Query>(&CLIENT, answer(text).as_bytes()) else {
        return;
    };
    assert_eq!(order.clone(), order);
    // An unknown field may hold what JSON's grammar allows and no value is: a number without bound, half of a surrogate pair.
    let Ok(written) = serde_json::to_string(&order) else {
        return;
    };
    let again = read_answer::<Query>(&CLIENT, answer(&written).as_bytes()).expect("what was read before");
    assert_eq!(serde_json::to_string(&again).expect("JSON"), written);
});

fn answer(content: &str) -> String {
    format!(r#"{{"alipay_trade_query_response":{content},"sign":"AA=="}}"#)
}
