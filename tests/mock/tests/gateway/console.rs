//! The console: its pages, what it orders, and who may use it.

use std::time::Duration;

use alipay_mock::{Builder, Fault, Mock, NotificationOutcome};
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::client::{Client, control, form};
use crate::notifications::merchant;

/// All pages that list something.
pub(crate) const PAGES: [&str; 13] = [
    "",
    "console/orders",
    "console/refunds",
    "console/transfers",
    "console/preauthorizations",
    "console/agreements",
    "console/authorizations",
    "console/requests",
    "console/notifications",
    "console/faults",
    "console/clock",
    "console/buyers",
    "console/send?name=trade_status_sync",
];

const QUERY: &str = "alipay.trade.query";

/// A page, as a browser has it.
pub(crate) struct Page {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
        }
    }

    /// The text of the element of this name.
    pub(crate) fn shows(&self, id: &str) -> String {
        let (_, rest) = self
            .html
            .split_once(&format!(" id=\"{id}\""))
            .unwrap_or_else(|| panic!("{id}: {}", self.html));
        let (_, rest) = rest.split_once('>').unwrap();
        let end = if id == "note" { "</p>" } else { "</dd>" };
        text(rest.split(end).next().unwrap())
    }

    /// The text of the section of this name.
    pub(crate) fn section(&self, id: &str) -> String {
        let (_, rest) = self
            .html
            .split_once(&format!("<section id=\"{id}\""))
            .unwrap_or_else(|| panic!("{id}: {}", self.html));
        let (_, rest) = rest.split_once('>').unwrap();
        text(rest.split("</section>").next().unwrap())
    }
}

/// Text without tags, as it is read.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        text.push(' ');
    }
    let entities = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ];
    let text = entities
        .iter()
        .fold(text, |text, (entity, plain)| text.replace(entity, plain));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A browser of a person who reads English.
pub(crate) async fn open(mock: &Mock, path: &str) -> Page {
    let request = Client::of(mock).http.get(format!("{}/{path}", mock.base_url()));
    Page::of(request.header("accept-language", "en").send().await.unwrap()).await
}

/// Sends a form, with the token of the console's pages and with these headers.
async fn send_with(mock: &Mock, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
    let page = open(mock, "console/clock").await;
    let (_, rest) = page.html.split_once("name=\"token\" value=\"").unwrap();
    let token = rest.split('"').next().unwrap();
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("token", token)
        .extend_pairs(fields)
        .finish();
    let request = Client::of(mock).http.post(format!("{}/{path}", mock.base_url()));
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept-language", "en");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    Page::of(request.body(body).send().await.unwrap()).await
}

pub(crate) async fn send(mock: &Mock, path: &str, fields: &[(&str, &str)]) -> Page {
    send_with(mock, path, fields, &[]).await
}

#[tokio::test]
async fn pages_are_in_the_browsers_language_and_safe() {
    let mock = Mock::start().await.unwrap();
    let http = Client::of(&mock).http;
    for path in PAGES {
        for (language, tag, word) in [("zh-CN", "zh-CN", "概览"), ("en-GB", "en", "Overview")] {
            let request = http.get(format!("{}/{path}", mock.base_url()));
            let page = Page::of(request.header("accept-language", language).send().await.unwrap()).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(
                page.html.contains(word) && page.html.contains(&format!("<html lang=\"{tag}\">")),
                "{path}"
            );
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(page.headers["x-frame-options"], "DENY");
            assert_eq!(page.headers["x-content-type-options"], "nosniff");
            assert!(!page.headers.contains_key("access-control-allow-origin"));
            // Nothing inline, nothing from elsewhere.
            for harm in ["<style", " style=", " onclick=", "javascript:", "src=\"http"] {
                assert!(!page.html.contains(harm), "{path} {harm}");
            }
        }
    }
    for (file, content_type) in [
        ("console.css", "text/css; charset=utf-8"),
        ("console.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let page = open(&mock, &format!("console/{file}")).await;
        assert_eq!(
            (page.status, page.headers["content-type"].to_str().unwrap()),
            (200, content_type)
        );
    }
    for path in [
        "console/nothing",
        "console/order",
        "console/order?app=1&number=2",
        "console/request?number=1",
        "console/request?number=x",
        "console/notification?id=1",
        "console/agreement?no=1",
        "console/preauthorization?app=1&number=2",
        "console/transfer?order=1",
    ] {
        assert_eq!(open(&mock, path).await.status, 404, "{path}");
    }
    assert_eq!(
        http.delete(format!("{}/console/faults", mock.base_url()))
            .send()
            .await
            .unwrap()
            .status(),
        405
    );
}

#[tokio::test]
async fn a_payment_is_shown_with_all_that_belongs_to_it() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, _received) = merchant(&[]).await;
    client.create("A-1", "10.00", &[("notify_url", &url)]).await;
    let other = json!({ "out_trade_no": "A-2", "total_amount": "3.00", "subject": "码" });
    client.call("alipay.trade.precreate", &other).await;
    let overview = open(&mock, "").await;
    let orders = overview.section("orders");
    assert!(
        orders.contains("A-1 测试订单 10.00 WAIT_BUYER_PAY trade.create"),
        "{orders}"
    );
    assert!(orders.contains("A-2 码 3.00 Not scanned yet"), "{orders}");
    assert_eq!(overview.shows("app_id"), mock.app_id());
    let buyers = open(&mock, "console/buyers").await;
    assert!(buyers.html.contains(".svg\" alt=\"A-2\""));
    assert!(
        buyers.html.contains("href=\"/buyers\""),
        "payment codes are a page away"
    );
    let path = format!("console/order?app={}&number=A-1", mock.app_id());
    let paid = send(&mock, &path, &[("press", "pay")]).await;
    assert_eq!(
        (paid.status, paid.headers["location"].to_str().unwrap()),
        (303, &*format!("/{path}"))
    );
    assert!(
        send(&mock, &path, &[("press", "pay")])
            .await
            .shows("note")
            .contains("is paid")
    );
    let refund = json!({ "out_trade_no": "A-1", "refund_amount": "4.00", "out_request_no": "R-1" });
    client.call("alipay.trade.refund", &refund).await;
    mock.notifications_settled().await;
    let order = open(&mock, &path).await;
    assert_eq!(order.shows("trade_status"), "TRADE_SUCCESS");
    assert_eq!(order.shows("refunded_amount"), "4.00");
    assert_eq!(order.shows("notify_url"), url);
    let history = order.section("history");
    let steps = [
        "The merchant ordered",
        "The trade was created",
        "The buyer paid A-1 + 10.00",
        "Money went back R-1 − 4.00",
    ];
    let places: Vec<_> = steps
        .iter()
        .map(|step| history.find(step).unwrap_or_else(|| panic!("{step}: {history}")))
        .collect();
    assert!(places.is_sorted(), "{history}");
    let requests = order.section("requests");
    assert!(
        requests.contains("alipay.trade.refund") && requests.contains("alipay.trade.create"),
        "{requests}"
    );
    assert!(!requests.contains("precreate"), "{requests}");
    assert!(
        order
            .section("notifications")
            .contains("trade_status_sync TRADE_SUCCESS Delivered 200 success 1")
    );
    assert!(open(&mock, "").await.section("refunds").contains("R-1 A-1 4.00"));
    // A search finds by number and by subject.
    let found = open(&mock, "console/orders?q=%E7%A0%81").await.section("orders");
    assert!(found.contains("A-2") && !found.contains("A-1"), "{found}");
}

#[tokio::test]
async fn other_things_that_the_gateway_plays_are_shown() {
    let builder = Mock::builder().certificates();
    let mock = builder.start().await.unwrap();
    let mut client = Client::of(&mock);
    client.serials = crate::certificates::serials(&mock.app_cert(), &mock.root_cert());
    let transfer = json!({ "out_biz_no": "T-1", "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER", "trans_amount": "5.00",
        "payee_info": { "identity": "2088123456781234", "identity_type": "ALIPAY_USER_ID" } });
    assert_eq!(client.code("alipay.fund.trans.uni.transfer", &transfer).await, "10000");
    let freeze = json!({ "auth_code": "28763443825664394", "auth_code_type": "bar_code", "out_order_no": "P-1", "out_request_no": "P-1-f",
        "order_title": "押金", "amount": "8.00", "product_code": "PRE_AUTH" });
    assert_eq!(client.code("alipay.fund.auth.order.freeze", &freeze).await, "10000");
    mock.authorise(Some("2021000000000777"), None);
    let overview = open(&mock, "").await;
    assert!(overview.section("transfers").contains("T-1"));
    assert!(overview.section("preauths").contains("P-1 押金 8.00 8.00 AUTHORIZED"));
    assert!(overview.section("authorisations").contains("2021000000000777"));
    let preauth = open(
        &mock,
        &format!("console/preauthorization?app={}&number=P-1", mock.app_id()),
    )
    .await;
    assert_eq!(preauth.shows("frozen"), "8.00");
    let history = preauth.section("history");
    assert!(history.contains("Money was frozen FREEZE P-1-f + 8.00"), "{history}");
    let asked = history.find("The merchant asked for it").unwrap();
    assert!(asked < history.find("Money was frozen").unwrap(), "{history}");
    let cancel = json!({ "out_order_no": "P-1", "out_request_no": "P-1-f", "remark": "不要了" });
    assert_eq!(client.code("alipay.fund.auth.operation.cancel", &cancel).await, "10000");
    let path = format!("console/preauthorization?app={}&number=P-1", mock.app_id());
    let history = open(&mock, &path).await.section("history");
    assert!(
        history.contains("What was left was released FREEZE P-1-f − 8.00"),
        "{history}"
    );
    // The page of a transfer is a link away, and leads to the request.
    let transfers = open(&mock, "console/transfers").await.html;
    let (_, rest) = transfers.split_once("href=\"/console/transfer?").unwrap();
    let path = format!("console/transfer?{}", rest.split('"').next().unwrap());
    let transfer = open(&mock, &path).await;
    assert_eq!(
        (transfer.shows("status"), transfer.shows("trans_amount")),
        ("SUCCESS".to_owned(), "5.00".to_owned())
    );
    let history = transfer.section("history");
    assert!(
        history.contains("The merchant sent it − 5.00") && history.contains("The payee's account has it"),
        "{history}"
    );
    assert!(
        transfer
            .section("requests")
            .contains("#1 alipay.fund.trans.uni.transfer")
    );
    assert!(!transfer.section("requests").contains("freeze"));
    assert!(transfer.html.contains("href=\"/console/request?number=1\""));
    // The token of the merchant is nowhere.
    let token = mock.authorisation("2021000000000777").unwrap().app_auth_token;
    for path in PAGES {
        assert!(!open(&mock, path).await.html.contains(&token), "{path}");
    }
    // In certificate mode, the certificate can be rolled over.
    let before = mock.alipay_cert_sn();
    assert!(
        open(&mock, "console/faults")
            .await
            .section("certificates")
            .contains(&before)
    );
    assert_eq!(
        send(&mock, "console/faults", &[("press", "roll-over")]).await.status,
        303
    );
    assert_ne!(mock.alipay_cert_sn(), before);
}

#[tokio::test]
async fn a_request_is_shown_as_it_came_with_what_is_wrong() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "1.00", &[]).await;
    let accepted = open(&mock, "console/request?number=1").await;
    assert_eq!(accepted.shows("verdict"), "Accepted 10000");
    assert_eq!(accepted.shows("method"), "alipay.trade.create");
    let signed = accepted.section("signed");
    assert!(
        signed.contains("app_id=2021000000000001&biz_content={\"buyer_id\""),
        "{signed}"
    );
    assert!(signed.contains("&version=1.0"), "{signed}");
    assert!(
        accepted
            .section("answer")
            .contains("{\"alipay_trade_create_response\":{\"code\":\"10000\"")
    );
    assert!(!accepted.html.contains("id=\"diagnosis\""));

    // Something was added after signing.
    let mut parameters = client.signed("alipay.trade.query", &json!({ "out_trade_no": "1" }), &[]);
    parameters.insert("extra".to_owned(), "<b>".to_owned());
    client.post(&parameters).await;
    let refused = open(&mock, "console/request?number=2").await;
    assert_eq!(refused.shows("verdict"), "Refused 40002 isv.invalid-signature");
    assert!(refused.shows("finding").contains("lacks extra"));
    assert!(
        refused
            .shows("verified")
            .contains("charset=utf-8&▶extra=<b>&format=JSON"),
        "{}",
        refused.shows("verified")
    );
    assert!(
        refused.shows("caller").contains("charset=utf-8&▶format=JSON"),
        "{}",
        refused.shows("caller")
    );
    // Another key signed it.
    let stranger = alipay_mock::keys::KeyPair::generate().unwrap().to_base64().unwrap();
    let stranger = Client::new(mock.gateway_url(), mock.app_id(), &stranger, &mock.alipay_public_key());
    stranger
        .call("alipay.trade.query", &json!({ "out_trade_no": "1" }))
        .await;
    let refused = open(&mock, "console/request?number=3").await;
    assert!(refused.shows("finding").contains("not made with the app's private key"));
    assert!(
        open(&mock, "console/requests")
            .await
            .section("requests")
            .contains("Refused 40002 isv.invalid-signature")
    );
}

#[tokio::test]
async fn hostile_values_are_escaped_shortened_and_masked() {
    const HARM: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>\u{202e}\u{1}";
    let mock = Mock::builder().lenient().start().await.unwrap();
    let client = Client::of(&mock);
    let (url, _received) = merchant(&["</pre><script>alert(3)</script>"]).await;
    let content =
        json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": HARM, "buyer_id": "2088102146225135" });
    let extra = [
        ("notify_url", url.as_str()),
        ("app_auth_token", "202611BBsecretsecretsecretsecret"),
    ];
    client.call_with("alipay.trade.create", &content, &extra[..1]).await;
    client.call_with("alipay.trade.create", &content, &extra).await;
    mock.pay("1").unwrap();
    while mock.notifications()[0].attempts.is_empty() {
        tokio::task::yield_now().await;
    }
    // A large parameter, and a method of no method's name.
    let mut parameters = client.signed("alipay.trade.query", &json!({}), &[]);
    parameters.insert("method".to_owned(), HARM.repeat(40));
    parameters.insert("large".to_owned(), HARM.repeat(20_000));
    parameters.insert(HARM.repeat(1000), HARM.to_owned());
    parameters.extend((0..5000).map(|number| (format!("many{number}"), HARM.to_owned())));
    let request = client.http.post(&client.gateway).body(form(&parameters));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let notify_id = &mock.notifications()[0].notify_id;
    let mut paths: Vec<_> = PAGES.iter().map(|path| (*path).to_owned()).collect();
    paths.push(format!("console/order?app={}&number=1", mock.app_id()));
    paths.extend((1..=3).map(|number| format!("console/request?number={number}")));
    paths.push(format!("console/notification?id={notify_id}"));
    paths.push(format!(
        "console/orders?q={}",
        form_urlencoded::byte_serialize(HARM.as_bytes()).collect::<String>()
    ));
    for path in paths {
        let page = open(&mock, &path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.html.len() < 200_000, "{path}: {}", page.html.len());
        for harm in ["<script>alert", "<img src=x", "\u{202e}", "\u{1}", "secretsecretsecret"] {
            assert!(!page.html.contains(harm), "{path} {harm:?}");
        }
    }
    let order = open(&mock, &format!("console/order?app={}&number=1", mock.app_id())).await;
    assert_eq!(
        order.shows("subject"),
        "\"><script>alert(1)</script><img src=x onerror='alert(2)'>\\u{202e}␁"
    );
    let large = open(&mock, "console/request?number=3").await;
    assert!(large.section("parameters").contains("… (+"));
}

#[tokio::test]
async fn the_console_answers_to_its_own_names_and_pages_only() {
    let mock = Mock::start().await.unwrap();
    let http = Client::of(&mock).http;
    let url = |path: &str| format!("{}/{path}", mock.base_url());
    for path in PAGES.into_iter().chain(["console/events", "console/console.js"]) {
        let foreign = http.get(url(path)).header("host", "evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403, "{path}");
        let foreign = http.get(url(path)).header("origin", "https://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403, "{path}");
    }
    let fault = [("fault", "html"), ("method", "")];
    for (headers, status) in [
        (("origin", "https://evil.example"), 403),
        (("origin", "null"), 403),
        (("sec-fetch-site", "cross-site"), 403),
        (("sec-fetch-site", "same-site"), 403),
        (("sec-fetch-site", "same-origin"), 303),
    ] {
        let page = send_with(&mock, "console/faults", &fault, &[headers]).await;
        assert_eq!(page.status, status, "{headers:?}");
    }
    // A form without the token, or with another one, does nothing.
    for token in ["", "token=&", "token=0123456789abcdef0123456789abcdef&"] {
        for path in ["faults", "clock", "send", "notification", "order"] {
            let body = format!("{token}fault=html&press=reset&id=1&name=trade_status_sync");
            let request = http.post(url(&format!("console/{path}"))).body(body);
            assert_eq!(request.send().await.unwrap().status(), 403, "{path} {token}");
        }
    }
    let (_, waiting) = control(&mock, None, "faults").await;
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");
    let large = http.post(url("console/faults")).body("x".repeat(300 << 10));
    assert_eq!(large.send().await.unwrap().status(), 413);
}

/// Waits for the next event of a stream that says so.
pub(crate) async fn hears(stream: &mut reqwest::Response, topic: &str) {
    let mut heard = String::new();
    while !heard.contains(topic) {
        let chunk = tokio::time::timeout(Duration::from_mins(1), stream.chunk()).await;
        let chunk = chunk
            .unwrap_or_else(|_| panic!("{topic} is not told"))
            .unwrap()
            .expect("the stream goes on");
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(heard.contains("event: change\ndata: "), "{heard}");
}

#[tokio::test]
async fn changes_are_told_as_they_happen() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    let (url, _received) = merchant(&[]).await;
    let stream = || client.http.get(format!("{}/console/events", mock.base_url())).send();
    let mut told = stream().await.unwrap();
    assert_eq!(told.headers()["content-type"], "text/event-stream");
    assert_eq!(told.headers()["x-content-type-options"], "nosniff");
    client.create("1", "1.00", &[("notify_url", &url)]).await;
    hears(&mut told, "requests").await;
    mock.pay("1").unwrap();
    hears(&mut told, "notifications").await;
    mock.fault_next(Fault::Html);
    hears(&mut told, "faults").await;
    mock.advance_clock(Duration::from_mins(1)).unwrap();
    hears(&mut told, "clock").await;
    control(&mock, Some(json!({})), "authorizations").await;
    hears(&mut told, "state").await;

    // There are so many streams at most; whoever leaves makes room.
    let mut others = Vec::new();
    loop {
        let other = stream().await.unwrap();
        if other.status() == 503 {
            break;
        }
        others.push(other);
        assert!(others.len() < 1000);
    }
    assert_eq!(others.len(), 63);
    drop(others);
    mock.fault_next(Fault::Html);
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    while stream().await.unwrap().status() == 503 {
        // A stream that is gone is found out when something is written to it.
        mock.fault_next(Fault::Html);
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    // The gateway ends, and does not wait for those who look on.
    tokio::time::timeout(Duration::from_mins(1), mock.shutdown())
        .await
        .unwrap();
    while let Ok(Some(_)) = told.chunk().await {}
}

#[tokio::test]
async fn a_notification_is_sent_again_and_others_by_hand() {
    let builder = Mock::builder().notify_schedule(vec![Duration::from_hours(1)]);
    let mock = builder.start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&["fail", "no"]).await;
    client.create("1", "1.00", &[("notify_url", &url)]).await;
    mock.pay("1").unwrap();
    let first = received.recv().await.unwrap();
    let id = mock.notifications()[0].notify_id.clone();
    let path = "console/notification";
    let again = send(&mock, path, &[("id", &id)]).await;
    assert_eq!(
        (again.status, again.headers["location"].to_str().unwrap()),
        (303, &*format!("/{path}?id={id}"))
    );
    assert_eq!(received.recv().await.unwrap(), first);
    // What arrives by hand ends the schedule: nothing waits for the hour.
    let (status, _) = control(&mock, Some(json!({})), &format!("notifications/{id}/resend")).await;
    assert_eq!(status, 200);
    assert_eq!(received.recv().await.unwrap(), first);
    mock.notifications_settled().await;
    let told = &mock.notifications()[0];
    let answers: Vec<_> = told.attempts.iter().map(|attempt| attempt.answer.as_str()).collect();
    assert_eq!(
        (answers, told.outcome),
        (vec!["fail", "no", "success"], NotificationOutcome::Delivered)
    );
    let page = open(&mock, &format!("{path}?id={id}")).await;
    assert!(page.section("attempts").contains("3 "), "{}", page.section("attempts"));
    assert!(page.section("parameters").contains("out_trade_no 1"));
    assert_eq!(page.shows("about"), "1");
    assert_eq!(mock.resend_notification(&id), Ok(()));
    assert!(mock.resend_notification("none").is_err());
    assert_eq!(
        control(&mock, Some(json!({})), "notifications/none/resend").await.0,
        404
    );
    assert!(
        send(&mock, path, &[("id", "none")])
            .await
            .shows("note")
            .contains("no notification none")
    );
    received.recv().await.unwrap();

    // The form has what the spec asks for, and sends it as it is.
    let name = "alipay.open.auth.appauth.cancelled";
    let page = open(&mock, &format!("console/send?name={name}")).await;
    let (_, rest) = page.html.split_once("<textarea ").unwrap();
    let fields = text(rest.split_once('>').unwrap().1.split("</textarea>").next().unwrap());
    assert!(
        serde_json::from_str::<serde_json::Value>(&fields).unwrap()["biz_content"].is_object(),
        "{fields}"
    );
    let wrong = send(&mock, "console/send", &[("name", name), ("url", &url), ("fields", "{")]).await;
    assert!(
        wrong.status == 400 && wrong.shows("note").contains("not JSON"),
        "{}",
        wrong.html
    );
    let wrong = send(
        &mock,
        "console/send",
        &[("name", name), ("url", &url), ("fields", "{\"colour\":1}")],
    )
    .await;
    assert!(
        wrong.status == 400 && wrong.shows("note").contains("colour"),
        "{}",
        wrong.html
    );
    let wrong = send(
        &mock,
        "console/send",
        &[("name", name), ("url", "file:///etc"), ("fields", &fields)],
    )
    .await;
    assert!(
        wrong.status == 400 && wrong.html.contains("value=\"file:///etc\""),
        "{}",
        wrong.html
    );
    let sent = send(
        &mock,
        "console/send",
        &[("name", name), ("url", &url), ("fields", &fields)],
    )
    .await;
    assert_eq!(sent.status, 303);
    let body = received.recv().await.unwrap();
    assert!(
        std::str::from_utf8(&body)
            .unwrap()
            .contains("msg_method=alipay.open.auth.appauth.cancelled")
    );
}

#[tokio::test]
async fn faults_are_ordered_listed_and_withdrawn() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    client.create("1", "1.00", &[]).await;
    let query = json!({ "out_trade_no": "1" });
    let order = |fault: &'static str, method: &'static str| {
        let fields = [
            ("fault", fault),
            ("method", method),
            ("seconds", "0.01"),
            ("press", "order"),
        ];
        let mock = &mock;
        async move { send(mock, "console/faults", &fields).await }
    };
    // Every fault of the form can be ordered.
    let page = open(&mock, "console/faults").await;
    assert!(page.section("pending").contains("No fault waits"));
    let (_, rest) = page.html.split_once("<select name=\"fault\">").unwrap();
    let options = rest
        .split("</select>")
        .next()
        .unwrap()
        .split("<option value=\"")
        .skip(1);
    let names: Vec<_> = options
        .map(|option| option.split('"').next().unwrap().to_owned())
        .collect();
    assert!(names.len() == 20, "{names:?}");
    for name in &names {
        let fault = json!({ "fault": name, "method": QUERY, "executed": true });
        assert_eq!(control(&mock, Some(fault), "faults").await, (200, json!({})), "{name}");
    }
    let (_, waiting) = control(&mock, None, "faults").await;
    let listed: std::collections::BTreeSet<_> = waiting
        .as_array()
        .unwrap()
        .iter()
        .map(|waiting| waiting["fault"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect());
    let http = Client::of(&mock).http;
    for waiting in waiting.as_array().unwrap() {
        let id = waiting["id"].as_str().unwrap();
        let page = open(&mock, "console/faults").await;
        assert!(page.html.contains(&format!("name=\"withdraw\" value=\"{id}\"")), "{id}");
        if id.starts_with('a') {
            assert_eq!(send(&mock, "console/faults", &[("withdraw", id)]).await.status, 303);
        } else {
            let url = format!("{}/_mock/faults/{id}", mock.base_url());
            assert_eq!(http.delete(&url).send().await.unwrap().status(), 200);
            assert_eq!(http.delete(&url).send().await.unwrap().status(), 404);
        }
    }
    assert_eq!(control(&mock, None, "faults").await, (200, json!([])));
    assert_eq!(client.code(QUERY, &query).await, "10000");

    // Not played: the order's status is the spec's example, or made up, and the call is counted so.
    order("not-played", QUERY).await;
    client.call(QUERY, &query).await;
    assert_eq!(mock.not_played_of(QUERY), 1);
    // Unknown outcome, carried out and not.
    let pay = |number: &str| json!({ "out_trade_no": number, "total_amount": "9.00", "subject": "x", "auth_code": "28763443825664394", "scene": "bar_code" });
    order("unknown-outcome", "alipay.trade.pay").await;
    assert_eq!(
        client.code("alipay.trade.pay", &pay("2")).await,
        "20000 isp.unknow-error"
    );
    assert!(mock.trade("2").is_err());
    let fields = [
        ("fault", "unknown-outcome"),
        ("method", "alipay.trade.pay"),
        ("executed", "yes"),
    ];
    send(&mock, "console/faults", &fields).await;
    assert_eq!(
        client.code("alipay.trade.pay", &pay("2")).await,
        "20000 isp.unknow-error"
    );
    assert_eq!(mock.trade("2").unwrap().trade_status.as_deref(), Some("TRADE_SUCCESS"));
    // A refusal that nobody has signed.
    order("unsigned-refusal", "").await;
    let refused = client.call(QUERY, &query).await;
    assert_eq!(
        (refused.code().as_str(), refused.signed),
        ("40002 isv.invalid-signature", false)
    );
    let request = open(&mock, &format!("console/request?number={}", mock.requests())).await;
    assert_eq!(request.shows("fault"), "A refusal without a signature");
    assert_eq!(request.shows("verdict"), "Accepted 10000");
}

#[tokio::test]
async fn a_fault_that_cannot_be_ordered_is_told() {
    let mock = Mock::start().await.unwrap();
    for (fields, wrong) in [
        ([("fault", "nothing"), ("method", ""), ("seconds", "")], "is no fault"),
        (
            [("fault", "not-played"), ("method", ""), ("seconds", "")],
            "needs a method",
        ),
        (
            [("fault", "slow"), ("method", ""), ("seconds", "x")],
            "0 to 600 seconds",
        ),
        (
            [("fault", "slow"), ("method", ""), ("seconds", "-1")],
            "0 to 600 seconds",
        ),
        (
            [("fault", "slow"), ("method", ""), ("seconds", "1e300")],
            "0 to 600 seconds",
        ),
    ] {
        let page = send(&mock, "console/faults", &fields).await;
        assert!(
            page.status == 400 && page.shows("note").contains(wrong),
            "{}",
            page.html
        );
    }
}

#[tokio::test]
async fn a_slow_answer_takes_its_time() {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    mock.fault_next(Fault::Slow(Duration::from_millis(300)));
    let started = std::time::Instant::now();
    client.create("1", "1.00", &[]).await;
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn the_clock_is_moved_and_orders_expire_by_it() {
    // Seconds since 1970: 2026-03-20 17:46:40 in Beijing.
    let start = Duration::from_secs(1_774_000_000);
    let frozen = |builder: Builder| builder.clock(move || std::time::SystemTime::UNIX_EPOCH + start);
    let mock = frozen(Mock::builder()).start().await.unwrap();
    let client = Client::of(&mock);
    let (url, mut received) = merchant(&[]).await;
    let content = json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "x", "timeout_express": "10m", "buyer_id": "2088102146225135" });
    client
        .call_with("alipay.trade.create", &content, &[("notify_url", &url)])
        .await;
    let view = |time: &str, ahead: f64| (200, json!({ "time": time, "ahead": ahead }));
    assert_eq!(control(&mock, None, "clock").await, view("2026-03-20 17:46:40", 0.0));
    let moved = control(&mock, Some(json!({ "advance": 599.5 })), "clock").await;
    assert_eq!(moved, view("2026-03-20 17:56:39", 599.5));
    assert_eq!(mock.trade("1").unwrap().trade_status.as_deref(), Some("WAIT_BUYER_PAY"));
    // Moving it is enough: nobody has to ask for the order.
    assert_eq!(
        send(&mock, "console/clock", &[("press", "advance 60")]).await.status,
        303
    );
    let closed = received.recv().await.unwrap();
    assert!(
        std::str::from_utf8(&closed)
            .unwrap()
            .contains("trade_status=TRADE_CLOSED")
    );
    assert!(
        open(&mock, "")
            .await
            .html
            .contains("The gateway&#39;s clock was moved: + 10 min 59 s")
    );
    // To a time, also back, and to where it was.
    let set = |time: &'static str| {
        let mock = &mock;
        async move { send(mock, "console/clock", &[("press", "set"), ("time", time)]).await }
    };
    assert_eq!(set("2026-03-01T08:00").await.status, 303);
    assert_eq!(control(&mock, None, "clock").await.1["time"], "2026-03-01 08:00:00");
    for wrong in [
        "",
        "2026-02-30T08:00",
        "1999-12-31T23:59:59",
        "2100-01-01T00:00:00",
        "x",
    ] {
        let page = set(wrong).await;
        assert!(page.status == 400 && !page.shows("note").is_empty(), "{wrong}");
    }
    for wrong in [
        json!({}),
        json!({ "advance": 1, "reset": true }),
        json!({ "advance": 1e300 }),
        json!({ "time": "2026-03-01 08:00" }),
    ] {
        assert_eq!(control(&mock, Some(wrong.clone()), "clock").await.0, 400, "{wrong}");
    }
    let reset = control(&mock, Some(json!({ "reset": true })), "clock").await;
    assert_eq!(reset, view("2026-03-20 17:46:40", 0.0));
    let time = std::time::SystemTime::UNIX_EPOCH + start;
    mock.set_clock(time + Duration::from_hours(1)).unwrap();
    assert_eq!(mock.now(), time + Duration::from_hours(1));
    mock.reset_clock();
    assert_eq!(mock.now(), time);
    assert!(mock.advance_clock(Duration::MAX).is_err());

    // A gateway may start at another time.
    let later = time + Duration::from_hours(24);
    let mock = frozen(Mock::builder()).starts_at(later).start().await.unwrap();
    assert_eq!(mock.now(), later);
}
