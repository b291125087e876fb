//! Spoiled answers.

use std::time::Duration;

use alipay_mock::{Fault, Mock};
use serde_json::json;

use super::client::{Caller, NOON, Reply, noon};

struct Played {
    mock: Mock,
    caller: Caller,
}

impl Played {
    async fn new() -> Self {
        let mock = Mock::builder().app_id("2021").clock(noon).start().await.unwrap();
        let caller = Caller::of(&mock);
        Self { mock, caller }
    }

    async fn reply(&self) -> Reply {
        let body = json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "x" }).to_string();
        let call = self.caller.call("POST", "/v3/alipay/trade/precreate", &body);
        call.auth(format!("app_id=2021,nonce=1,timestamp={NOON}")).send().await
    }

    async fn spoiled(&self, fault: Fault) -> Reply {
        self.mock.fault_next_of("alipay.trade.precreate", fault);
        self.reply().await
    }

    fn holds(&self, reply: &Reply) -> bool {
        reply.verifies(&self.caller, reply.header("alipay-signature").unwrap())
    }
}

#[tokio::test]
async fn what_is_no_answer() {
    let played = Played::new().await;
    let page = played.spoiled(Fault::HttpStatus(502)).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (502, Some("text/html;charset=utf-8"))
    );
    assert!(played.spoiled(Fault::Html).await.body.starts_with(b"<html>"));
    assert!(played.spoiled(Fault::Empty).await.body.is_empty());
    let moved = played.spoiled(Fault::Redirect("http://example.com/".to_owned())).await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("http://example.com/"))
    );
    let cut = played.spoiled(Fault::Truncated).await;
    assert!(serde_json::from_slice::<serde_json::Value>(&cut.body).is_err() && !played.holds(&cut));
    // Each call was carried out, and the next is answered well.
    assert!(played.mock.trade("1").is_ok());
    assert!(played.reply().await.is_signed(&played.caller));
}

#[tokio::test]
async fn what_is_signed_wrongly_or_not_at_all() {
    let played = Played::new().await;
    let unsigned = played.spoiled(Fault::Unsigned).await;
    assert!(unsigned.status == 200 && !unsigned.is_signed(&played.caller));
    let empty = played.spoiled(Fault::EmptySign).await;
    assert_eq!(empty.header("alipay-signature"), Some(""));
    for fault in [
        Fault::WrongSign,
        Fault::TamperedByte(7),
        Fault::SlashEscaped,
        Fault::DuplicateRoot,
        Fault::Header("alipay-timestamp".to_owned(), "1773979200001".to_owned()),
        Fault::Header("alipay-nonce".to_owned(), "0".to_owned()),
    ] {
        let name = format!("{fault:?}");
        assert!(!played.holds(&played.spoiled(fault).await), "{name}");
    }
    for name in ["alipay-timestamp", "alipay-nonce", "alipay-signature"] {
        let reply = played.spoiled(Fault::WithoutHeader(name.to_owned())).await;
        assert_eq!(reply.header(name), None);
        let reply = played
            .spoiled(Fault::HeaderTwice(name.to_owned(), "0".to_owned()))
            .await;
        let values: Vec<_> = reply.headers.get_all(name).iter().collect();
        assert!(values.len() == 2 && values[0] == "0", "{reply:?}");
    }
}

#[tokio::test]
async fn what_is_signed_but_unusual() {
    let played = Played::new().await;
    let signed = async |fault| {
        let reply = played.spoiled(fault).await;
        assert!(reply.is_signed(&played.caller), "{reply:?}");
        reply
    };
    assert!(
        signed(Fault::SlashEscapedSigned)
            .await
            .body
            .windows(2)
            .any(|two| two == b"\\/")
    );
    assert_eq!(signed(Fault::ExtraField).await.text("mock_text"), "new");
    assert!(signed(Fault::Oversized).await.body.len() > 8 << 20);
    // A success that is called a failure, and the reverse.
    let reply = signed(Fault::Status(400)).await;
    assert!(reply.status == 400 && reply.text("qr_code").starts_with("http://"));
    played
        .mock
        .answer_next("alipay.trade.precreate", "40004", "ACQ.SYSTEM_ERROR", false);
    assert_eq!(signed(Fault::Status(200)).await.code(), "200 ACQ.SYSTEM_ERROR");
    let old = signed(Fault::Stale(Duration::from_hours(1))).await;
    assert_eq!(old.header("alipay-timestamp"), Some("1773975600000"));
    let nothing = signed(Fault::NoContent { signed: true }).await;
    assert!(nothing.status == 204 && nothing.body.is_empty());
    let nothing = played.spoiled(Fault::NoContent { signed: false }).await;
    assert!(nothing.status == 204 && !nothing.is_signed(&played.caller));
}
