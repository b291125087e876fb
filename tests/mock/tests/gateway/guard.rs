//! Who may use the control endpoints.

use std::time::Duration;

use alipay_mock::Mock;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;

/// The status of a request with exactly these lines in its head, and this body, whatever the head says of it.
pub(crate) async fn raw(mock: &Mock, head: &[&str], body: &[u8]) -> u16 {
    let address = mock.base_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head
        .join("\r\n")
        .replace("{port}", mock.base_url().rsplit(':').next().unwrap());
    let request = format!("{head}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    // An answer to a body that was not read can end with a reset.
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the gateway answers");
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The same without a body.
async fn status(mock: &Mock, head: &[&str]) -> u16 {
    let head: Vec<_> = head.iter().copied().chain(["Content-Length: 0"]).collect();
    raw(mock, &head, b"").await
}

const PAY: &str = "POST /_mock/trades/1/pay HTTP/1.1";
const REQUESTS: &str = "GET /_mock/requests HTTP/1.1";

#[tokio::test]
async fn a_name_that_leads_here_by_somebody_elses_word_is_refused() {
    let mock = Mock::start().await.unwrap();
    for host in [
        "evil.example:{port}",
        "evil.example",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "evil-localhost",
        "192.168.0.2:{port}",
        "0.0.0.0:{port}",
        "",
        "a b",
    ] {
        for line in [PAY, REQUESTS] {
            assert_eq!(
                status(&mock, &[line, &format!("Host: {host}")]).await,
                403,
                "{line} {host}"
            );
        }
    }
    // A target in absolute form counts, whatever the header says.
    let absolute = "GET http://evil.example/_mock/requests HTTP/1.1";
    assert_eq!(status(&mock, &[absolute, "Host: localhost:{port}"]).await, 403);
    assert_eq!(status(&mock, &["GET /_mock/requests HTTP/1.0"]).await, 403);
    for host in [
        "127.0.0.1:{port}",
        "127.1.2.3",
        "[::1]:{port}",
        "localhost:{port}",
        "LOCALHOST.",
        "shop.localhost:1",
    ] {
        assert_eq!(
            status(&mock, &[REQUESTS, &format!("Host: {host}")]).await,
            200,
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "1.00", &[]).await;
    let host = "Host: localhost:{port}";
    for origin in [
        "https://evil.example",
        "null",
        "",
        "http://localhost:1",
        "http://127.0.0.1:{port}",
        "file://localhost:{port}",
    ] {
        let lines = [PAY, host, &format!("Origin: {origin}")];
        assert_eq!(status(&mock, &lines).await, 403, "{origin}");
        let lines = ["POST /_mock/next HTTP/1.1", host, &format!("Origin: {origin}")];
        assert_eq!(status(&mock, &lines).await, 403, "{origin}");
    }
    let both = [
        PAY,
        host,
        "Origin: http://localhost:{port}",
        "Origin: https://evil.example",
    ];
    assert_eq!(status(&mock, &both).await, 403);
    let order = client.call("alipay.trade.query", &json!({ "out_trade_no": "1" })).await;
    assert_eq!(order.text("trade_status"), "WAIT_BUYER_PAY");
    // A page of the gateway's own may.
    assert_eq!(
        status(&mock, &[PAY, host, "Origin: http://localhost:{port}"]).await,
        200
    );
}

#[tokio::test]
async fn the_gateway_and_its_pages_take_any() {
    let mock = Mock::start().await.unwrap();
    let lines = ["Host: shop.example", "Origin: https://shop.example"];
    for line in [
        "POST /gateway.do HTTP/1.1",
        "GET /oauth2/publicAppAuthorize.htm?app_id=1 HTTP/1.1",
    ] {
        assert_eq!(status(&mock, &[line, lines[0], lines[1]]).await, 200, "{line}");
    }
    // A page for a browser, whose form comes from the merchant's site.
    let client = Client::of(&mock);
    let content = json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "s", "product_code": "FAST_INSTANT_TRADE_PAY" });
    let form = crate::client::form(&client.signed("alipay.trade.page.pay", &content, &[]));
    let posted = client
        .http
        .post(&client.gateway)
        .header("Origin", "https://shop.example");
    let posted = posted.header("Content-Type", "application/x-www-form-urlencoded");
    let page = posted.body(form).send().await.unwrap().text().await.unwrap();
    assert!(page.is_empty() && mock.trade("1").is_ok(), "{page}");
}

#[tokio::test]
async fn names_can_be_added() {
    let builder = Mock::builder()
        .allow_host("alipay-mock")
        .unwrap()
        .allow_host("192.168.0.2")
        .unwrap();
    let mock = builder.start().await.unwrap();
    for host in ["alipay-mock:8080", "Alipay-Mock", "192.168.0.2:80", "localhost"] {
        assert_eq!(
            status(&mock, &[REQUESTS, &format!("Host: {host}")]).await,
            200,
            "{host}"
        );
    }
    for host in ["alipay", "x.alipay-mock", "192.168.0.3"] {
        assert_eq!(
            status(&mock, &[REQUESTS, &format!("Host: {host}")]).await,
            403,
            "{host}"
        );
    }
    for name in ["http://alipay-mock", "alipay-mock:80", "", ".", "*", "a/b", "a b"] {
        let error = Mock::builder().allow_host(name).err().expect(name);
        assert!(error.to_string().contains("is not a host name"), "{error}");
    }
}

#[tokio::test]
async fn an_address_needs_no_name_where_all_are_listened_on() {
    let mock = Mock::builder()
        .listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    assert_eq!(status(&mock, &[REQUESTS, "Host: 172.17.0.2:{port}"]).await, 200);
    assert_eq!(status(&mock, &[REQUESTS, "Host: evil.example:{port}"]).await, 403);
}
