//! The cashier and its kin, as browsers and those who mean harm use them.

use std::sync::atomic::Ordering;

use alipay_mock::{Builder, Mock, Visitor};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::browser::Browser;
use crate::client::{Client, unform, v1_message, with_clock};

const PAGE: &str = "alipay.trade.page.pay";
const WAP: &str = "alipay.trade.wap.pay";
const SHOP: (&str, &str) = ("return_url", "https://shop.example/back");

fn order(number: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": "88.80", "subject": "一壶茶", "product_code": "FAST_INSTANT_TRADE_PAY" })
}

async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.unwrap();
    let client = Client::of(&mock);
    (mock, client)
}

fn status(mock: &Mock, number: &str) -> String {
    mock.trade(number).unwrap().trade_status.unwrap()
}

#[tokio::test]
async fn the_chosen_buyer_pays_and_goes_back() {
    let (mock, client) = start().await;
    let mut browser = Browser::open(&client, PAGE, &order("1"), &[SHOP]).await;
    assert!(
        browser.url.starts_with(&format!("{}/page/", mock.base_url())),
        "{}",
        browser.url
    );
    assert_eq!(browser.shows("subject").as_deref(), Some("一壶茶"));
    assert_eq!(browser.shows("total_amount").as_deref(), Some("88.80"));
    assert!(browser.shows("merchant").unwrap().contains(mock.seller_id()));
    // Without money, nothing is paid.
    browser.press_as("agree", "2088102169481075").await;
    assert!(browser.shows("problem").is_some(), "{}", browser.html);
    assert_eq!(status(&mock, "1"), "WAIT_BUYER_PAY");
    // The visitor has some.
    browser.press_as("agree", "2088102104794936").await;
    assert_eq!(browser.shows("outcome").as_deref(), Some("付款成功"));
    let paid = client.call("alipay.trade.query", &json!({ "out_trade_no": "1" })).await;
    assert_eq!(
        (paid.text("trade_status"), paid.text("buyer_user_id")),
        ("TRADE_SUCCESS", "2088102104794936")
    );
    let back = browser.goes_to().unwrap();
    let returned = unform(back.strip_prefix("https://shop.example/back?").unwrap());
    assert!(client.verifies(v1_message(&returned).as_bytes(), &returned["sign"]));
    assert_eq!(returned["trade_no"], paid.text("trade_no"));
    assert_eq!(mock.movements().len(), 1);
}

#[tokio::test]
async fn a_buyer_who_leaves_can_come_back() {
    let (mock, client) = start().await;
    let mut content = order("1");
    content["quit_url"] = "https://shop.example/cart?a=\"<1>\"".into();
    let mut browser = Browser::open(&client, WAP, &content, &[SHOP]).await;
    assert!(browser.html.contains("class=\"phone\""), "{}", browser.html);
    browser.press("refuse").await;
    assert_eq!(browser.shows("outcome").as_deref(), Some("尚未付款"));
    assert_eq!(browser.goes_to().as_deref(), content["quit_url"].as_str());
    assert_eq!(status(&mock, "1"), "WAIT_BUYER_PAY");
    let page = browser.url.split('?').next().unwrap().to_owned();
    let mut browser = Browser::at(&client, &page).await;
    browser.press("agree").await;
    assert_eq!(status(&mock, "1"), "TRADE_SUCCESS");

    let mut desk = Browser::open(&client, PAGE, &order("2"), &[SHOP]).await;
    assert!(!desk.html.contains("class=\"phone\""), "{}", desk.html);
    desk.press("refuse").await;
    assert_eq!((desk.goes_to(), status(&mock, "2").as_str()), (None, "WAIT_BUYER_PAY"));
}

#[tokio::test]
async fn pages_speak_the_browsers_language_and_are_locked_down() {
    let (_mock, client) = start().await;
    let mut browser = Browser::open(&client, PAGE, &order("1"), &[]).await;
    assert!(browser.html.contains("<html lang=\"zh-CN\">") && browser.html.contains("确认付款"));
    browser.reload(&[("accept-language", "en-GB,en;q=0.9,zh;q=0.8")]).await;
    assert!(
        browser.html.contains("<html lang=\"en\">") && browser.html.contains("Pay ¥88.80"),
        "{}",
        browser.html
    );
    assert_eq!(
        (&browser.headers["content-language"], &browser.headers["vary"]),
        (&"en".parse().unwrap(), &"accept-language".parse().unwrap())
    );
    let policy = browser.headers["content-security-policy"].to_str().unwrap();
    for directive in [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "style-src 'sha256-",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert_eq!(browser.headers["cache-control"], "no-store");
    assert_eq!(browser.headers["x-frame-options"], "DENY");
    assert!(
        !browser.html.contains("<script") && !browser.html.contains(" src="),
        "{}",
        browser.html
    );
}

#[tokio::test]
async fn what_merchants_write_is_text() {
    let mock = Mock::builder().lenient().start().await.unwrap();
    let client = Client::of(&mock);
    let evil = "</dd><script>alert(1)</script><img src=x onerror='a()'>\"&amp;";
    let mut content = order("<svg onload=a()>");
    content["subject"] = evil.into();
    content["body"] = evil.into();
    for language in ["zh", "en"] {
        let mut browser = Browser::open(&client, PAGE, &content, &[]).await;
        browser.reload(&[("accept-language", language)]).await;
        assert_eq!(browser.shows("subject").as_deref(), Some(evil));
        assert_eq!(browser.shows("body").as_deref(), Some(evil));
        for tag in ["<script", "<img", "<svg"] {
            assert!(!browser.html.contains(tag), "{}", browser.html);
        }
    }
    // What is refused is quoted, too.
    let mut parameters = client.signed(PAGE, &content, &[]);
    parameters.insert("subject\"><script>".to_owned(), evil.to_owned());
    let refused = Browser::follow(&client, client.get(&parameters).await).await;
    assert!(
        refused
            .shows("quote")
            .unwrap()
            .contains(&format!("subject\"><script>={evil}"))
    );
    assert!(
        !refused.html.contains("<script") && !refused.html.contains("<img"),
        "{}",
        refused.html
    );
    // So is what comes in paths and queries.
    let base = client.gateway.trim_end_matches("/gateway.do");
    let code = Browser::at(&client, &format!("{base}/qr/%3Cscript%3E")).await;
    assert!(code.status == 404 && !code.html.contains("<script"), "{}", code.html);
    let login = format!(
        "{base}/oauth2/publicAppAuthorize.htm?app_id={}&redirect_uri=http://a/&scope=%3Cscript%3E",
        client.app_id
    );
    let login = Browser::at(&client, &login).await;
    assert_eq!(login.shows("scope").as_deref(), Some("<script>"));
    assert!(!login.html.contains("<script"), "{}", login.html);
}

#[tokio::test]
async fn a_token_serves_once_and_for_its_own_order() {
    let (mock, client) = start().await;
    let mut first = Browser::open(&client, PAGE, &order("1"), &[]).await;
    let mut second = Browser::open(&client, PAGE, &order("2"), &[]).await;
    let press =
        |token: &str| [("token", token), ("press", "agree")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (mine, other) = (press(&first.token()), press(&second.token()));
    for fields in [&other[..], &press(""), &press("0"), &mine[1..], &mine[..1]] {
        first.submit(fields, &[]).await;
        assert_eq!(first.status, 403, "{fields:?}");
        assert_eq!(first.shows("outcome").as_deref(), Some("按钮已失效"));
        assert_eq!(status(&mock, "1"), "WAIT_BUYER_PAY");
    }
    // The buyer leaves with it; then it is used up.
    let leave = [mine[0].clone(), ("press".to_owned(), "refuse".to_owned())];
    first.submit(&leave, &[]).await;
    assert_eq!(first.status, 200);
    first.submit(&mine, &[]).await;
    assert_eq!((first.status, status(&mock, "1").as_str()), (403, "WAIT_BUYER_PAY"));
    // A press that was refused has cost the other order nothing.
    second.submit(&other, &[]).await;
    assert_eq!((second.status, status(&mock, "2").as_str()), (200, "TRADE_SUCCESS"));
    second.submit(&other, &[]).await;
    assert_eq!((second.status, mock.movements().len()), (403, 1));
    // A page that never was has no buttons.
    let none = format!("{}/page/00112233445566778899aabbccddeeff", mock.base_url());
    let mut none = Browser::at(&client, &none).await;
    assert_eq!(none.status, 404);
    none.submit(&mine, &[]).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn of_two_who_press_at_once_one_pays() {
    let (mock, client) = start().await;
    let browser = Browser::open(&client, PAGE, &order("1"), &[]).await;
    let body = format!("token={}&press=agree", browser.token());
    let press = || async {
        let request = client.http.post(&browser.url).body(body.clone());
        request.send().await.unwrap().status().as_u16()
    };
    let (a, b, c, d) = tokio::join!(press(), press(), press(), press());
    let mut all = [a, b, c, d];
    all.sort_unstable();
    assert_eq!(all, [303, 403, 403, 403]);
    assert_eq!(mock.movements().len(), 1);
}

#[tokio::test]
async fn another_site_presses_no_button() {
    let (mock, client) = start().await;
    let mut browser = Browser::open(&client, PAGE, &order("1"), &[]).await;
    let mut press = browser.fields();
    press.push(("press".to_owned(), "agree".to_owned()));
    let page = browser.url.clone();
    // Even with a token that it can't know.
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://localhost.evil.example",
    ] {
        browser.submit(&press, &[("origin", origin)]).await;
        assert_eq!(browser.status, 403, "{origin}");
        assert!(browser.html.contains("另一个网站"), "{}", browser.html);
        browser.url.clone_from(&page);
    }
    assert_eq!(status(&mock, "1"), "WAIT_BUYER_PAY");
    // The gateway's own page can, and nothing was used up.
    browser.submit(&press, &[("origin", &mock.base_url())]).await;
    assert_eq!((browser.status, status(&mock, "1").as_str()), (200, "TRADE_SUCCESS"));
}

#[tokio::test]
async fn a_page_is_a_form_and_nothing_larger() {
    let (mock, client) = start().await;
    let mut browser = Browser::open(&client, PAGE, &order("1"), &[]).await;
    let page = browser.url.clone();
    let large = [("token".to_owned(), "x".repeat(20_000))];
    browser.submit(&large, &[]).await;
    assert_eq!(browser.status, 413);
    let put = client.http.put(&page).send().await.unwrap();
    assert_eq!(put.status(), 405);
    let code = client.call("alipay.trade.precreate", &order("2")).await;
    let post = client.http.post(code.text("qr_code")).send().await.unwrap();
    assert_eq!((post.status().as_u16(), mock.trade("2").unwrap().trade_no), (405, None));
    // Paths lead nowhere else.
    for path in [
        "/page/../gateway.do",
        "/page/%2e%2e/_mock/requests",
        "/qr/..%2f..%2fetc%2fpasswd",
        "/page//",
        "/oauth2/x",
    ] {
        let address = mock.address();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_url_that_was_changed_changes_nothing() {
    let (mock, client) = start().await;
    let good = client.signed(PAGE, &order("1"), &[SHOP]);
    for (name, value, sub_code, parameter) in [
        (
            "biz_content",
            Some(order("2").to_string()),
            "isv.invalid-signature",
            "sign",
        ),
        (
            "return_url",
            Some("https://evil.example/".to_owned()),
            "isv.invalid-signature",
            "sign",
        ),
        ("sign", Some("AAAA".to_owned()), "isv.invalid-signature", "sign"),
        ("sign", None, "isv.missing-signature", "sign"),
        (
            "app_id",
            Some("2021000000000009".to_owned()),
            "isv.invalid-app-id",
            "app_id",
        ),
        (
            "timestamp",
            Some("today".to_owned()),
            "isv.invalid-timestamp",
            "timestamp",
        ),
        (
            "sign_type",
            Some("MD5".to_owned()),
            "isv.invalid-signature-type",
            "sign_type",
        ),
        ("charset", Some("latin".to_owned()), "isv.invalid-charset", "charset"),
    ] {
        let mut changed = good.clone();
        match value {
            Some(value) => changed.insert(name.to_owned(), value),
            None => changed.remove(name),
        };
        let page = Browser::follow(&client, client.get(&changed).await).await;
        assert_eq!(
            (page.status, page.shows("sub_code").as_deref()),
            (200, Some(sub_code)),
            "{name}"
        );
        assert_eq!(page.shows("parameter").as_deref(), Some(parameter), "{name}");
        assert!(!page.url.contains("/page/") && page.goes_to().is_none());
    }
    for number in ["1", "2"] {
        assert!(mock.trade(number).is_err());
    }
    assert!(mock.movements().is_empty());
    // A field that the order may not have is named.
    let mut content = order("1");
    content["total_amount"] = "0.001".into();
    let page = Browser::open(&client, PAGE, &content, &[]).await;
    assert_eq!(
        page.shows("parameter").as_deref(),
        Some("total_amount"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn an_order_that_is_over_is_told_so() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let mut late = order("late");
    late["timeout_express"] = "5m".into();
    let mut waiting = Browser::open(&client, PAGE, &late, &[SHOP]).await;
    assert_eq!(waiting.shows("time_left").as_deref(), Some("5 分 0 秒"));
    assert_eq!(waiting.shows("time_expire").as_deref(), Some("2026-03-20 17:51:40"));
    assert!(waiting.html.contains("content=\"301\""), "{}", waiting.html);
    seconds.fetch_add(299, Ordering::SeqCst);
    waiting.reload(&[]).await;
    assert_eq!(waiting.shows("time_left").as_deref(), Some("1 秒"));
    seconds.fetch_add(1, Ordering::SeqCst);
    // Pressed too late.
    waiting.press("agree").await;
    assert_eq!(waiting.shows("outcome").as_deref(), Some("无法付款"));
    assert_eq!(waiting.shows("parameter").as_deref(), Some("time_expire"));
    assert_eq!(
        (waiting.goes_to(), status(&mock, "late").as_str()),
        (None, "TRADE_CLOSED")
    );

    for (number, expected, parameter) in [
        ("late", "ACQ.TRADE_HAS_CLOSE", "out_trade_no"),
        ("closed", "ACQ.TRADE_HAS_CLOSE", "out_trade_no"),
        ("paid", "ACQ.TRADE_HAS_SUCCESS", "out_trade_no"),
    ] {
        let mut open = Browser::open(&client, PAGE, &order(number), &[]).await;
        match number {
            "closed" => drop(mock.close(number).unwrap()),
            "paid" => drop(mock.pay(number).unwrap()),
            _ => {}
        }
        let again = Browser::open(&client, PAGE, &order(number), &[]).await;
        assert_eq!(again.shows("sub_code").as_deref(), Some(expected), "{number}");
        assert_eq!(again.shows("parameter").as_deref(), Some(parameter), "{number}");
        // A page that was open meanwhile pays nothing twice.
        if number != "late" {
            open.press("agree").await;
            let outcome = if number == "paid" {
                "付款成功"
            } else {
                "无法付款"
            };
            assert_eq!(open.shows("outcome").as_deref(), Some(outcome), "{number}");
        }
    }
    assert_eq!(mock.movements().len(), 1);
    let mut past = order("past");
    past["time_expire"] = "2020-01-01 00:00:00".into();
    let past = Browser::open(&client, PAGE, &past, &[]).await;
    assert_eq!(past.shows("parameter").as_deref(), Some("time_expire"));
}

#[tokio::test]
async fn a_code_is_scanned_by_opening_it() {
    let (mock, client, seconds) = with_clock(|builder| builder).await;
    let made = client.call("alipay.trade.precreate", &order("1")).await;
    let code = made.text("qr_code").to_owned();
    let picture = Browser::at(&client, &format!("{code}.svg")).await;
    assert_eq!(picture.headers["content-type"], "image/svg+xml");
    assert!(picture.html.starts_with("<svg ") && mock.trade("1").unwrap().trade_no.is_none());
    let mut scanned = Browser::at(&client, &code).await;
    assert!(scanned.html.contains("class=\"phone\"") && mock.trade("1").unwrap().trade_no.is_some());
    // Without `return_url`, the page stays.
    scanned.press("agree").await;
    assert_eq!(
        (scanned.shows("outcome").as_deref(), scanned.goes_to()),
        (Some("付款成功"), None)
    );
    // A scan after that tells the same.
    let again = Browser::at(&client, &code).await;
    assert_eq!(again.shows("outcome").as_deref(), Some("付款成功"));

    let late = client.call("alipay.trade.precreate", &order("2")).await;
    seconds.fetch_add(2 * 3600 + 1, Ordering::SeqCst);
    let gone = Browser::at(&client, late.text("qr_code")).await;
    assert_eq!((gone.status, mock.trade("2").unwrap().trade_no), (410, None));
    let guessed = Browser::at(&client, &format!("{}/qr/bax0000000000000000", mock.base_url())).await;
    assert_eq!(guessed.status, 404);

    // Money that is frozen has codes too.
    let voucher = json!({
        "out_order_no": "p", "out_request_no": "p-1", "order_title": "押金", "amount": "20.00", "product_code": "PRE_AUTH",
    });
    let made = client.call("alipay.fund.auth.order.voucher.create", &voucher).await;
    assert_eq!(made.text("code_url"), format!("{}.svg", made.text("code_value")));
    let mut payer = Browser::at(&client, made.text("code_value")).await;
    assert_eq!(payer.shows("order_title").as_deref(), Some("押金"));
    payer.press("refuse").await;
    assert_eq!(payer.shows("outcome").as_deref(), Some("尚未授权"));
    let mut payer = Browser::at(&client, made.text("code_value")).await;
    payer.press("agree").await;
    assert_eq!(payer.shows("outcome").as_deref(), Some("授权成功"));
    assert_eq!(mock.preauth("p").unwrap().rest_amount, "20.00");
}

#[tokio::test]
async fn codes_begin_with_the_public_url() {
    let public = |builder: Builder| builder.public_url("http://192.168.0.2:80/").unwrap();
    let (_mock, client, _) = with_clock(public).await;
    let made = client.call("alipay.trade.precreate", &order("1")).await;
    assert!(
        made.text("qr_code").starts_with("http://192.168.0.2:80/qr/bax"),
        "{made:?}"
    );
    let error = Mock::builder().public_url("/x").err().unwrap();
    assert_eq!(
        error.to_string(),
        "\"/x\" is not a public URL: give one such as http://192.168.0.2:8089, without a path, a query or a user"
    );
}

#[tokio::test]
async fn a_user_signs_or_refuses_on_the_page() {
    let (mock, client) = start().await;
    let offer = |number: &str| json!({ "personal_product_code": "GENERAL_WITHHOLDING_P", "sign_scene": "INDUSTRY|MEDICAL", "external_agreement_no": number });
    let page = "alipay.user.agreement.page.sign";
    let mut browser = Browser::open(&client, page, &offer("E1"), &[SHOP]).await;
    assert_eq!(browser.shows("external_agreement_no").as_deref(), Some("E1"));
    browser.press("agree").await;
    let back = browser.goes_to().unwrap();
    let returned = unform(back.strip_prefix("https://shop.example/back?").unwrap());
    assert!(client.verifies(v1_message(&returned).as_bytes(), &returned["sign"]));
    assert_eq!(
        mock.agreement("E1").unwrap().user_id.as_deref(),
        Some("2088102104794936")
    );
    let mut browser = Browser::open(&client, page, &offer("E2"), &[SHOP]).await;
    browser.press("refuse").await;
    assert_eq!(
        (browser.shows("outcome").as_deref(), browser.goes_to()),
        (Some("已拒绝"), None)
    );
    assert_eq!(mock.agreement("E2").unwrap().status, "REFUSED");
    // Another user can't sign for the one who was asked.
    let mut asked = offer("E3");
    asked["identity_params"] = json!({ "sign_user_id": "2088102146225135" });
    let mut browser = Browser::open(&client, page, &asked, &[]).await;
    browser.press_as("agree", "2088102104794936").await;
    assert!(browser.shows("problem").is_some(), "{}", browser.html);
    browser.press_as("agree", "2088102146225135").await;
    assert_eq!(mock.agreement("E3").unwrap().status, "NORMAL");
}

#[tokio::test]
async fn a_user_passes_or_fails_a_verification() {
    let (_mock, client) = start().await;
    for (press, passed, outcome) in [("agree", "T", "认证通过"), ("refuse", "F", "认证不通过")] {
        let prepared = json!({
            "outer_order_no": "1", "biz_code": "FACE", "identity_param": { "identity_type": "CERT_INFO", "cert_name": "张<三>" },
            "merchant_config": { "return_url": "https://shop.example/verified" },
        });
        let made = client.call("alipay.user.certify.open.initialize", &prepared).await;
        let id = json!({ "certify_id": made.text("certify_id") });
        let query = async || {
            client
                .call("alipay.user.certify.open.query", &id)
                .await
                .text("passed")
                .to_owned()
        };
        assert_eq!(query().await, "F");
        let mut browser = Browser::open(&client, "alipay.user.certify.open.certify", &id, &[]).await;
        assert_eq!(browser.shows("cert_name").as_deref(), Some("张<三>"));
        browser.press(press).await;
        assert_eq!(browser.shows("outcome").as_deref(), Some(outcome));
        let back = (press == "agree").then(|| "https://shop.example/verified".to_owned());
        assert_eq!((browser.goes_to(), query().await.as_str()), (back, passed));
    }
    let unknown = json!({ "certify_id": "none" });
    assert_eq!(
        client.code("alipay.user.certify.open.query", &unknown).await,
        "40004 OPEN_CERTIFY_BILL_NOT_EXIST"
    );
    let page = Browser::open(&client, "alipay.user.certify.open.certify", &unknown, &[]).await;
    assert_eq!(page.shows("parameter").as_deref(), Some("certify_id"));
}

#[tokio::test]
async fn a_visitor_who_is_a_test_buyer_stands_there_once() {
    let (mock, client) = start().await;
    let mut visitor = Visitor::default();
    visitor.user_id = "2088102169481075".to_owned();
    mock.set_visitor(visitor);
    let browser = Browser::open(&client, PAGE, &order("1"), &[]).await;
    assert_eq!(
        browser.html.matches("2088102169481075\"").count(),
        1,
        "{}",
        browser.html
    );
    assert_eq!(browser.html.matches("type=\"radio\"").count(), 2);
}
