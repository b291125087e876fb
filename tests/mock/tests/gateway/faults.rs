//! Spoiled answers.

use alipay_mock::{Fault, Mock};
use serde_json::{Value, json};

use crate::client::Client;

struct Played {
    mock: Mock,
    client: Client,
}

impl Played {
    async fn new() -> Self {
        let mock = Mock::start().await.unwrap();
        let client = Client::of(&mock);
        Self { mock, client }
    }

    async fn send(&self) -> Result<reqwest::Response, reqwest::Error> {
        let content = json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "x" });
        let parameters = self.client.signed("alipay.trade.precreate", &content, &[]);
        self.client
            .http
            .get(format!("{}?{}", self.client.gateway, crate::client::form(&parameters)))
            .send()
            .await
    }

    async fn body(&self, fault: Fault) -> Vec<u8> {
        self.mock.fault_next(fault);
        self.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// The parts of a body, and whether its signature holds over the node.
    fn parts(&self, body: &[u8]) -> (Vec<u8>, bool) {
        let start = b"{\"alipay_trade_precreate_response\":".len();
        let mark = b",\"sign\":\"";
        let end = body.windows(mark.len()).rposition(|window| window == mark).unwrap();
        let sign = std::str::from_utf8(&body[end + mark.len()..body.len() - 2]).unwrap();
        (body[start..end].to_vec(), self.client.verifies(&body[start..end], sign))
    }
}

#[tokio::test]
async fn what_is_no_answer() {
    let played = Played::new().await;
    played.mock.fault_next(Fault::HttpStatus(503));
    assert_eq!(played.send().await.unwrap().status(), 503);
    assert!(
        String::from_utf8(played.body(Fault::Html).await)
            .unwrap()
            .starts_with("<html>")
    );
    assert!(played.body(Fault::Empty).await.is_empty());
    assert!(serde_json::from_slice::<Value>(&played.body(Fault::Truncated).await).is_err());
    played
        .mock
        .fault_next(Fault::Redirect("http://example.com/".to_owned()));
    let redirect = played.send().await.unwrap();
    assert_eq!(
        (
            redirect.status().as_u16(),
            redirect.headers()["location"].to_str().unwrap()
        ),
        (302, "http://example.com/")
    );
    played.mock.fault_next(Fault::CloseConnection);
    assert!(played.send().await.is_err());
    played.mock.fault_next(Fault::CutOff);
    assert!(played.send().await.unwrap().bytes().await.is_err());
    // The call was carried out every time, and the next one is answered well.
    assert_eq!(played.mock.trade("1").unwrap().total_amount, "1.00");
    assert!(played.parts(&played.send().await.unwrap().bytes().await.unwrap()).1);
}

#[tokio::test]
async fn what_is_signed_wrongly() {
    let played = Played::new().await;
    let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
    assert!(!text(played.body(Fault::Unsigned).await).contains("\"sign\""));
    assert!(text(played.body(Fault::EmptySign).await).ends_with(",\"sign\":\"\"}"));
    assert!(!played.parts(&played.body(Fault::WrongSign).await).1);
    for index in [0, 7, 100_000] {
        assert!(!played.parts(&played.body(Fault::TamperedByte(index)).await).1);
    }
    let twice = text(played.body(Fault::DuplicateRoot).await);
    assert_eq!(twice.matches("\"alipay_trade_precreate_response\":").count(), 2);

    let (node, holds) = played.parts(&played.body(Fault::SlashEscaped).await);
    assert!(!holds && text(node).contains("\\/qr\\/bax"));
    let (node, holds) = played.parts(&played.body(Fault::SlashEscapedSigned).await);
    assert!(holds && text(node).contains("\\/qr\\/bax"));
}

#[tokio::test]
async fn what_is_signed_but_unusual() {
    let played = Played::new().await;
    let (node, holds) = played.parts(&played.body(Fault::GbkBody).await);
    assert!(holds && std::str::from_utf8(&node).is_err());
    let (node, holds) = played.parts(&played.body(Fault::ExtraField).await);
    assert!(holds && serde_json::from_slice::<Value>(&node).unwrap()["mock_text"] == "new");
    let body = played.body(Fault::Oversized).await;
    assert!(body.len() > 8 << 20 && played.parts(&body).1);
}

#[tokio::test]
async fn a_delayed_answer_waits_for_its_release() {
    let played = Played::new().await;
    let (fault, mut release) = Fault::delay();
    played.mock.fault_next(fault);
    let answer = played.send();
    let watch = async {
        release.reached().await;
        assert!(played.mock.trade("1").is_ok());
        release.release();
    };
    let (answer, ()) = tokio::join!(answer, watch);
    assert!(played.parts(&answer.unwrap().bytes().await.unwrap()).1);
}
