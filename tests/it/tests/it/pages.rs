//! Pages and order strings, used as a browser and a phone use them.

use alipay_api::{
    Client, ErrorKind,
    method::ErrorCode,
    open_auth::{TokenApp, token_app::TokenAppGrantType},
    trade::{AppPay, AppPayErrorCode, PagePay, PagePayErrorCode, Query, WapPay, WapPayErrorCode, types::TradeStatus},
    user::AgreementPageSign,
};
use alipay_mock::Mock;

pub(crate) use crate::browser::{as_a_browser_reads, browse, submit};
use crate::support::{price, start, start_lenient};

const SUBJECT: &str = "a&b=c+d% \"q\" 'x' <script> 你好 😀\r\n";

async fn is_open(mock: &Mock, client: &Client, out_trade_no: &str) {
    let order = client
        .trade()
        .query(Query::with_out_trade_no(out_trade_no))
        .await
        .unwrap();
    assert_eq!(order.trade_status, TradeStatus::WaitBuyerPay);
    assert_eq!(order.total_amount, Some(price("0.01")));
    assert_eq!(mock.trade(out_trade_no).unwrap().subject, SUBJECT);
}

#[tokio::test]
async fn a_browser_opens_the_url_of_page_pay_and_comes_back() {
    let (mock, client) = start_lenient().await;
    let call = client
        .trade()
        .page_pay(PagePay::new("1", price("0.01"), SUBJECT))
        .return_url("https://example.com/back?x=1");
    let url = call.url().unwrap();
    assert!(url.starts_with(&format!("{}?", mock.gateway_url())), "{url}");
    let (status, page) = browse(&url).await;
    assert_eq!(status, 200);
    assert!(!page.contains("<script>"), "the cashier escapes the subject");
    is_open(&mock, &client, "1").await;
    come_back(&mock, &client);
}

fn come_back(mock: &Mock, client: &Client) {
    let paid = mock.pay("1").unwrap();
    let url = paid.return_url.expect("the browser is sent back");
    let query = url
        .split_once('?')
        .unwrap()
        .1
        .strip_prefix("x=1&")
        .expect("the merchant's own parameter");
    let back = client.notifications().verify_return(query).unwrap();
    assert_eq!(
        (back.method.as_str(), back.parameter("out_trade_no")),
        ("alipay.trade.page.pay", Some("1"))
    );
    let other = back.clone().expect_method::<WapPay>().unwrap_err();
    assert_eq!((other.kind(), other.is_verified()), (ErrorKind::Mismatch, true));
    assert!(
        other
            .to_string()
            .contains("comes from `alipay.trade.page.pay`, not from `alipay.trade.wap.pay`"),
        "{other}"
    );
    let back = back.expect_method::<PagePay>().unwrap();
    assert_eq!(
        (back.out_trade_no.as_str(), back.total_amount),
        ("1", Some(price("0.01")))
    );
    assert_eq!(Some(back.trade_no.clone()), paid.trade.trade_no);
    let changed = query.replace("total_amount=0.01", "total_amount=0.02");
    assert_ne!(changed, query);
    let error = client.notifications().verify_return(&changed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn a_browser_submits_the_form_of_page_pay() {
    let (mock, client) = start_lenient().await;
    let form = client
        .trade()
        .page_pay(PagePay::new("1", price("0.01"), SUBJECT))
        .form()
        .unwrap();
    let (status, _) = submit(&form).await;
    assert_eq!(status, 200);
    is_open(&mock, &client, "1").await;
}

#[tokio::test]
async fn a_phones_browser_opens_wap_pay() {
    let (mock, client) = start_lenient().await;
    let call = client
        .trade()
        .wap_pay(WapPay::new("1", price("0.01"), SUBJECT).quit_url("https://example.com/quit"));
    let (status, _) = browse(&call.url().unwrap()).await;
    assert_eq!(status, 200);
    is_open(&mock, &client, "1").await;
    mock.pay("1").unwrap();
    let order = client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    assert_eq!(order.trade_status, TradeStatus::TradeSuccess);
}

#[tokio::test]
async fn the_alipay_app_takes_the_order_string_of_app_pay() {
    let (mock, client) = start_lenient().await;
    let order = client
        .trade()
        .app_pay(AppPay::new("1", price("0.01"), SUBJECT))
        .order_string()
        .unwrap();
    // The app sends the string on as it is.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(mock.gateway_url())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(order);
    assert_eq!(request.send().await.unwrap().status(), 200);
    is_open(&mock, &client, "1").await;

    let result = mock.pay("1").unwrap().app_result.expect("the app gets a result");
    let paid = client.notifications().verify_app_result::<AppPay>(&result).unwrap();
    assert_eq!(
        (paid.out_trade_no.as_str(), paid.total_amount),
        ("1", Some(price("0.01")))
    );
    let error = client
        .notifications()
        .verify_app_result::<AppPay>(&result.replace("0.01", "0.02"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

/// The code that a cashier's page shows.
fn code_on<C: ErrorCode>(page: &str) -> Option<C> {
    let start = page.find(r#"<dd id="sub_code">"#)? + r#"<dd id="sub_code">"#.len();
    C::from_text(&page[start..start + page[start..].find('<')?])
}

#[tokio::test]
async fn the_cashier_refuses_an_order_for_nothing() {
    let (_mock, client) = start().await;
    let page = client.trade().page_pay(PagePay::new("1", price("0.00"), "free"));
    let (_, answer) = browse(&page.url().unwrap()).await;
    assert_eq!(
        code_on(&answer),
        Some(PagePayErrorCode::AcqInvalidParameter),
        "{answer}"
    );
    let (_, answer) = submit(&page.form().unwrap()).await;
    assert_eq!(
        code_on(&answer),
        Some(PagePayErrorCode::AcqInvalidParameter),
        "{answer}"
    );

    let wap = client.trade().wap_pay(WapPay::new("1", price("0.00"), "free"));
    let (_, answer) = browse(&wap.url().unwrap()).await;
    assert_eq!(code_on(&answer), Some(WapPayErrorCode::AcqInvalidParameter), "{answer}");
}

#[tokio::test]
async fn a_call_for_browsers_and_phone_apps_is_the_same_in_all_forms() {
    let (_mock, client) = start().await;
    let agreement = AgreementPageSign::new()
        .personal_product_code("GENERAL_WITHHOLDING_P")
        .sign_scene("INDUSTRY|CARRENTAL")
        .external_agreement_no("E1")
        .external_logon_id(SUBJECT);
    let call = client
        .user()
        .agreement_page_sign(agreement)
        .return_url("https://shop.example/signed")
        .notify_url("https://shop.example/notify");
    let url = call.url().unwrap();
    let (_, from_url) = url.split_once('?').unwrap();
    let (_, from_form) = as_a_browser_reads(&call.form().unwrap());
    let sent = |query: &str| -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://gateway.example/?{query}")).unwrap();
        let pairs = url.query_pairs().into_owned();
        let is_content = |name: &str| !matches!(name, "sign" | "timestamp");
        let mut pairs: Vec<_> = pairs.filter(|(name, _)| is_content(name)).collect();
        pairs.sort();
        pairs
    };
    let order = call.order_string().unwrap();
    assert_eq!(sent(from_url), sent(&order));
    let content = sent(&order)
        .into_iter()
        .find(|(name, _)| name == "biz_content")
        .unwrap();
    assert!(from_form.contains(&content), "{from_form:?}");
    for query in [from_url, &order, &call.order_string_async().await.unwrap()] {
        let (status, page) = browse(&format!("{}?{query}", client.gateway())).await;
        assert_eq!(status, 200, "{page}");
        assert!(!page.contains(r#"id="sub_code""#), "{page}");
    }
}

#[tokio::test]
async fn the_alipay_app_is_refused_an_order_for_nothing() {
    let (_mock, client) = start().await;
    let app = client.trade().app_pay(AppPay::new("1", price("0.00"), "free"));
    let (_, result) = browse(&format!("{}?{}", client.gateway(), app.order_string().unwrap())).await;
    let error = client.notifications().verify_app_result::<AppPay>(&result).unwrap_err();
    assert_eq!((error.kind(), error.is_verified()), (ErrorKind::Gateway, true));
    assert_eq!(error.sub_code_as(), Some(AppPayErrorCode::AcqInvalidParameter));
}

#[tokio::test]
async fn a_changed_url_is_refused() {
    let (_mock, client) = start().await;
    let url = client
        .trade()
        .page_pay(PagePay::new("1", price("0.01"), "subject"))
        .url()
        .unwrap();
    let changed = url.replace("0.01", "0.02");
    assert_ne!(changed, url);
    let (_, answer) = browse(&changed).await;
    assert!(answer.contains("isv.invalid-signature"), "{answer}");
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
}

#[tokio::test]
async fn a_merchants_token_never_stands_in_a_url_unless_the_call_says_so() {
    let (mock, client) = start_lenient().await;
    let code = mock.authorise(None, None);
    let request = TokenApp::with_code(code, TokenAppGrantType::AuthorizationCode);
    let token = client.open_auth().token_app(request).await.unwrap().app_auth_token;
    let merchant = client.on_behalf_of(token.clone());
    let call = merchant.trade().page_pay(PagePay::new("1", price("0.01"), SUBJECT));
    for error in [call.url().unwrap_err(), call.url_async().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains("`url_with_app_auth_token`"), "{error}");
    }
    let form = call.form().unwrap();
    let action = form.split('>').next().unwrap();
    assert!(
        !action.contains(token.expose()) && form.contains(&format!("value=\"{}\"", token.expose())),
        "{form}"
    );
    for url in [
        call.url_with_app_auth_token().unwrap(),
        call.url_with_app_auth_token_async().await.unwrap(),
    ] {
        assert!(url.contains(&format!("app_auth_token={}&", token.expose())), "{url}");
        assert_eq!(browse(&url).await.0, 200);
    }
    // The order is the merchant's.
    is_open(&mock, &merchant, "1").await;
    assert!(!format!("{call:?}").contains(token.expose()));

    // For the app itself there is no token to show.
    let own = client.trade().page_pay(PagePay::new("2", price("0.01"), SUBJECT));
    assert!(!own.url_with_app_auth_token().unwrap().contains("app_auth_token"));
}
