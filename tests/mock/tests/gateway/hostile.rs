//! Requests to the console that mean harm: each gets the right answer, nothing changes, and the gateway goes on.

use std::time::Duration;

use alipay_mock::Mock;
use serde_json::{Value, json};

use crate::client::{Client, control};
use crate::console::{PAGES, open, send, text};
use crate::guard::raw;

/// Pages of one thing, and files.
const OTHERS: [&str; 11] = [
    "console/order?app=1&number=1",
    "console/transfer?order=1",
    "console/preauthorization?app=1&number=1",
    "console/agreement?no=1",
    "console/request?number=1",
    "console/notification?id=1",
    "console/events",
    "console/console.css",
    "console/console.js",
    "console/icon.svg",
    "console/nothing",
];
/// Where forms go.
const FORMS: [&str; 5] = [
    "console/order?app=1&number=1",
    "console/notification",
    "console/send",
    "console/faults",
    "console/clock",
];
const HOST: &str = "Host: localhost:{port}";

/// Every address of the console.
fn routes() -> impl Iterator<Item = &'static str> {
    PAGES.into_iter().chain(OTHERS)
}

/// A gateway that has something to lose.
async fn start() -> (Mock, Client) {
    let builder = Mock::builder().body_timeout(Duration::from_millis(300));
    let mock = builder.start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "1.00", &[]).await;
    (mock, client)
}

/// All that the console can change, and all that a call would.
async fn all(mock: &Mock) -> Value {
    let (_, clock) = control(mock, None, "clock").await;
    let (_, faults) = control(mock, None, "faults").await;
    let (_, notifications) = control(mock, None, "notifications").await;
    let (_, requests) = control(mock, None, "requests").await;
    let (_, order) = control(mock, None, "trades/1").await;
    json!([clock["ahead"], faults, notifications, requests, order])
}

/// The gateway is there, and is as it was.
async fn is_unharmed(mock: &Mock, before: &Value) {
    assert_eq!(all(mock).await, *before);
    assert_eq!(open(mock, "").await.status, 200);
}

#[tokio::test]
async fn other_hosts_and_origins_are_refused_everywhere() {
    let (mock, _) = start().await;
    let before = all(&mock).await;
    for path in routes() {
        for verb in ["GET", "POST", "PUT", "DELETE"] {
            let line = format!("{verb} /{path} HTTP/1.1");
            for lines in [
                &[line.as_str(), "Host: evil.example:{port}"][..],
                &[&line, "Host: localhost.evil.example"],
                &[&line, HOST, "Host: evil.example"],
                &[&line, HOST, "Origin: https://evil.example"],
                &[&line, HOST, "Origin: null"],
                &[&line, HOST, "Origin: http://localhost:1"],
            ] {
                let status = raw(&mock, lines, b"").await;
                // Two hosts are no HTTP.
                assert!(
                    status == 403 || (lines[2..].contains(&"Host: evil.example") && status == 400),
                    "{lines:?}"
                );
            }
        }
    }
    is_unharmed(&mock, &before).await;
}

#[tokio::test]
async fn a_body_is_neither_large_nor_slow() {
    let (mock, client) = start().await;
    let before = all(&mock).await;
    let large = vec![b'x'; (256 << 10) + 1];
    for path in routes() {
        // The stream of events takes no body at all.
        let is_stream = path == "console/events";
        let request = client.http.post(format!("{}/{path}", mock.base_url()));
        let status = request.body(large.clone()).send().await.unwrap().status();
        assert_eq!(status, if is_stream { 405 } else { 413 }, "{path}");
    }
    // Somebody sends a byte and stops, at all addresses at once; meanwhile, others are answered.
    let lines: Vec<_> = routes()
        .filter(|path| *path != "console/events")
        .flat_map(|path| ["GET", "POST"].map(|verb| format!("{verb} /{path} HTTP/1.1")))
        .collect();
    let mock = &mock;
    let slow = lines.iter().map(|line| async move {
        let status = raw(mock, &[line, HOST, "Content-Length: 100"], b"x").await;
        assert_eq!(status, 408, "{line}");
    });
    tokio::join!(is_unharmed(mock, &before), futures_util::future::join_all(slow));
    // The other addresses with bodies have the same limit.
    for line in [
        "POST /gateway.do HTTP/1.1",
        "POST /v3/alipay/trade/query HTTP/1.1",
        "POST /_mock/clock HTTP/1.1",
        "POST /buyers HTTP/1.1",
        "POST /page/x HTTP/1.1",
    ] {
        assert_eq!(
            raw(mock, &[line, HOST, "Content-Length: 100"], b"x").await,
            408,
            "{line}"
        );
    }
    // A body that breaks its own rules is none.
    for path in FORMS {
        let line = format!("POST /{path} HTTP/1.1");
        let status = raw(mock, &[&line, HOST, "Transfer-Encoding: chunked"], b"no chunk\r\n\r\n").await;
        assert_eq!(status, 400, "{path}");
    }
    is_unharmed(mock, &before).await;
}

#[tokio::test]
async fn malformed_forms_change_nothing() {
    let (mock, client) = start().await;
    let before = all(&mock).await;
    let deep = "[".repeat(100_000);
    let many = "press=pay&".repeat(20_000);
    for path in routes() {
        for body in [
            &b""[..],
            b"&&&===",
            b"token",
            b"token=%00%ff%zz&press=reset",
            b"\xff\xfe\x00=%zz%&press=pay",
            b"{\"token\":\"\",\"press\":\"pay\"}",
            b"--a\r\nContent-Disposition: form-data; name=\"press\"\r\n\r\npay\r\n--a--\r\n",
            deep.as_bytes(),
            many.as_bytes(),
        ] {
            for content_type in [
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=a",
                "application/json",
                "text/plain;charset=utf-16",
            ] {
                let request = client.http.post(format!("{}/{path}", mock.base_url()));
                let request = request.header("content-type", content_type).body(body.to_vec());
                let expected = if path == "console/events" { 405 } else { 403 };
                assert_eq!(request.send().await.unwrap().status(), expected, "{path}");
            }
        }
    }
    // With the token of a page, but otherwise no form of the console's.
    let fields = [
        ("press", "\u{0}../../../\u{ffff}"),
        ("id", "../../../etc/passwd"),
        ("name", "../../../etc/passwd"),
        ("url", "file:///etc/passwd"),
        ("fields", deep.as_str()),
        ("fault", "../../x"),
        ("withdraw", "../../x"),
        ("time", "99999999-99-99T99:99"),
        ("seconds", "NaN"),
    ];
    for path in FORMS {
        for fields in [&fields[..], &[]] {
            let page = send(&mock, path, fields).await;
            assert!(
                (400..500).contains(&page.status),
                "{path} {}: {}",
                page.status,
                text(&page.html)
            );
        }
    }
    for press in [
        "advance 1e999",
        "advance NaN",
        "advance -1e15",
        "advance ",
        "advance 1 2",
        "set",
    ] {
        let page = send(&mock, "console/clock", &[("press", press)]).await;
        assert_eq!(page.status, 400, "{press}");
    }
    is_unharmed(&mock, &before).await;
}

#[tokio::test]
async fn names_lead_nowhere_else() {
    let (mock, client) = start().await;
    // A request with such names is in the journal as what it is: text.
    let name = "../../../../etc/passwd";
    client.call(name, &json!({ "out_trade_no": name })).await;
    let before = all(&mock).await;
    let page = open(&mock, &format!("console/request?number={}", mock.requests())).await;
    assert_eq!((page.status, page.shows("method").as_str()), (200, name));
    let long = "../".repeat(1_000);
    let ids = [
        name,
        "..\\..\\windows\\win.ini",
        "/etc/passwd",
        "file:///etc/passwd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "1/../1",
        "1\u{0}",
        "1;",
        "-1",
        "01 ",
        "18446744073709551616",
        "1e0",
        "*",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        &long,
    ];
    for id in ids {
        let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        for path in [
            format!("console/order?app={}&number={id}", mock.app_id()),
            format!("console/order?app={id}&number=1"),
            format!("console/transfer?order={id}"),
            format!("console/preauthorization?app={id}&number={id}"),
            format!("console/agreement?no={id}"),
            format!("console/request?number=x{id}"),
            format!("console/notification?id={id}"),
            format!("console/send?name={id}"),
        ] {
            let page = open(&mock, &path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(
                !page.html.contains("<script>alert") && !page.html.contains("root:"),
                "{path}"
            );
        }
    }
    for number in [
        "1/../1",
        "-1",
        "1.0",
        "0x1",
        "18446744073709551616",
        "1%00",
        "%2e%2e%2f1",
    ] {
        assert_eq!(
            open(&mock, &format!("console/request?number={number}")).await.status,
            404,
            "{number}"
        );
    }
    // As paths, exactly as they stand here.
    for path in [
        "/console/../../../etc/passwd",
        "/console/../console/clock",
        "/console/%2e%2e/%2e%2e/etc/passwd",
        "/console/..%2f..%2fetc%2fpasswd",
        "/console//etc/passwd",
        "/console/..",
        "/console/./clock",
        "/console/clock/",
        "/console/%00",
        "/console/console.css%00.html",
        "/console/console.css/../../Cargo.toml",
        "/console/..\\..\\Cargo.toml",
        "/../etc/passwd",
        "//etc/passwd",
    ] {
        for verb in ["GET", "POST"] {
            let status = raw(&mock, &[&format!("{verb} {path} HTTP/1.1"), HOST], b"").await;
            assert!(
                status == 404 || (verb == "POST" && status == 403),
                "{verb} {path} {status}"
            );
        }
    }
    is_unharmed(&mock, &before).await;
}
