//! What outlives the gateway: many orders at once, sudden ends, and starts on what was left.

mod kills;
mod listener;
mod load;
mod restart;
mod start;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::Client;

/// An amount in fen.
type Fen = u64;

/// As the wire has it.
fn yuan(fen: Fen) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// Reads it.
fn fen(yuan: &str) -> Fen {
    let (whole, cents) = yuan.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{yuan}");
    whole.parse::<Fen>().unwrap() * 100 + cents.parse::<Fen>().unwrap()
}

/// What moved money: `payment 1`, or `refund 1 r1`.
type Movements = BTreeMap<String, Fen>;

/// The ledger, read through the control endpoint. Nothing may be there twice.
fn movements(ledger: &Value) -> Movements {
    let mut all = Movements::new();
    for movement in ledger.as_array().unwrap() {
        let text = |name: &str| movement[name].as_str().unwrap();
        let name = match text("kind") {
            "payment" => format!("payment {}", text("number")),
            kind => format!("{kind} {} {}", text("out_trade_no"), text("number")),
        };
        let earlier = all.insert(name.clone(), fen(text("amount")));
        assert_eq!(earlier, None, "{name} moved twice");
    }
    all
}

/// What an order of this number costs, and what is refunded of it at a time.
fn amounts(number: &str) -> (Fen, [Fen; 2]) {
    let total = 1000
        + number
            .bytes()
            .fold(0, |sum, byte| (sum * 31 + Fen::from(byte)) % 90_000);
    (total, [total / 3, total / 4])
}

/// The numbers of an order's refunds.
const REFUNDS: [&str; 2] = ["r1", "r2"];

/// A refund of the order.
fn refund(number: &str, index: usize) -> Value {
    let (_, refunds) = amounts(number);
    json!({ "out_trade_no": number, "out_request_no": REFUNDS[index], "refund_amount": yuan(refunds[index]) })
}

/// Asks the control endpoint of a gateway at this address. No answer is an error.
async fn control(client: &Client, path: &str, body: Option<Value>) -> Result<Value, reqwest::Error> {
    let url = client.gateway.replace("/gateway.do", "/_mock/") + path;
    let request = match body {
        Some(body) => client.http.post(url).body(body.to_string()),
        None => client.http.get(url),
    };
    let bytes = request.send().await?.error_for_status()?.bytes().await?;
    Ok(serde_json::from_slice(&bytes).unwrap())
}
