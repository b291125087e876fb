use alipay_api::{
    __private::read_answer,
    Error,
    trade::{Query, QueryResponse},
};
use bytes::Bytes;
use http::Response;

use crate::client::CLIENT;

/// Whatever answers, nothing panics; and what was read and is written again is read as the same.
///
/// # Panics
/// If that is not so.
pub fn answer(body: &[u8]) {
    let _ = read(body);
    let Ok(text) = std::str::from_utf8(body) else { return };
    let _ = read(signed(text).as_bytes());
    // Members beside those that an order must have.
    let content = format!(r#"{{"code":"10000","trade_no":"1","trade_status":"TRADE_SUCCESS",{text}}}"#);
    let Ok(order) = read(signed(&content).as_bytes()) else {
        return;
    };
    assert_eq!(order.clone(), order);
    // An unknown field may hold what JSON's grammar allows and no value is: half of a surrogate pair.
    let Ok(written) = serde_json::to_string(&order) else {
        return;
    };
    let succeeded = written.replacen('{', r#"{"code":"10000","#, 1);
    let again = read(signed(&succeeded).as_bytes()).expect("what was read before");
    assert_eq!(serde_json::to_string(&again).expect("JSON"), written);
}

fn read(body: &[u8]) -> Result<QueryResponse, Error> {
    read_answer::<Query>(&CLIENT, &Response::new(Bytes::copy_from_slice(body)))
}

fn signed(content: &str) -> String {
    format!(r#"{{"alipay_trade_query_response":{content},"sign":"AA=="}}"#)
}
