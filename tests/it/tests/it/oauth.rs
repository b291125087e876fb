//! Alipay's authorisation pages: what sends a browser there, and what it brings back.

use alipay_api::{
    Client, Credentials, ErrorKind,
    oauth::{State, application_type, scope},
};

use crate::support::start;

const APP: &str = "2021000000000001";

fn query(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

#[tokio::test]
async fn addresses_say_what_is_asked_for_and_escape_it() {
    let (mock, client) = start().await;
    let state = State::generate().unwrap();
    let url = client.oauth().user_url(
        &[scope::AUTH_USER, scope::AUTH_BASE],
        "https://example.com/回来?a=1&b=2",
        &state,
    );
    let (page, sent) = url.split_once('?').unwrap();
    assert_eq!(page, format!("{}/oauth2/publicAppAuthorize.htm", mock.base_url()));
    let sent: Vec<(String, String)> = form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(
        sent,
        [
            ("app_id", mock.app_id()),
            ("scope", "auth_user,auth_base"),
            ("redirect_uri", "https://example.com/回来?a=1&b=2"),
            ("state", state.as_str()),
        ]
    );
    let url = client.oauth().merchant_url("https://example.com/", &state);
    assert!(url.starts_with(&format!(
        "{}/oauth2/appToAppAuth.htm?app_id={}&",
        mock.base_url(),
        mock.app_id()
    )));
    let types = [application_type::WEB, application_type::MINI_PROGRAM];
    let url = client.oauth().merchant_apps_url(&types, "https://example.com/", &state);
    assert!(
        url.contains("appToAppBatchAuth.htm?") && url.contains("application_type=WEBAPP%2CTINYAPP"),
        "{url}"
    );
}

#[tokio::test]
async fn each_gateway_has_its_pages() {
    let (mock, _) = start().await;
    let builder = || {
        let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
        Client::builder(APP, credentials)
    };
    let state = State::new("c3RhdGU=").unwrap();
    let url = |client: Client| client.oauth().merchant_url("https://example.com/", &state);
    let production = url(builder().build().unwrap());
    assert!(
        production.starts_with("https://openauth.alipay.com/oauth2/appToAppAuth.htm?"),
        "{production}"
    );
    let sandbox = url(builder().sandbox().build().unwrap());
    assert!(
        sandbox.starts_with("https://openauth-sandbox.dl.alipaydev.com/oauth2/"),
        "{sandbox}"
    );
    let proxied = builder()
        .gateway("https://proxy.example.com/alipay")
        .authorisation_pages("https://openauth.alipay.com/oauth2")
        .build()
        .unwrap();
    assert!(url(proxied).starts_with("https://openauth.alipay.com/oauth2/appToAppAuth.htm?"));
    let error = builder()
        .authorisation_pages("openauth.alipay.com")
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn what_comes_back_must_belong_to_the_browser_that_was_sent() {
    let (mock, client) = start().await;
    let (oauth, state) = (client.oauth(), State::generate().unwrap());
    let good = [
        ("app_id", mock.app_id()),
        ("source", "alipay_wallet"),
        ("scope", "auth_user,auth_base"),
        ("state", state.as_str()),
        ("auth_code", "4b203fe6c11548bcabd8da5bb087a83b"),
    ];
    let user = oauth.user_callback(&query(&good), &state).unwrap();
    assert_eq!(user.auth_code.expose(), "4b203fe6c11548bcabd8da5bb087a83b");
    assert_eq!(user.scopes, ["auth_user", "auth_base"]);
    assert!(!format!("{user:?}{state:?}").contains("4b203fe6"));
    assert!(!format!("{state:?}").contains(state.as_str()));

    let changed = |name: &str, value: &'static str| {
        query(&good.map(|(each, old)| (each, if each == name { value } else { old })))
    };
    let other = State::generate().unwrap();
    let kind = |query: &str| oauth.user_callback(query, &state).unwrap_err().kind();
    assert_eq!(
        oauth.user_callback(&query(&good), &other).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    assert_eq!(kind(&changed("state", "")), ErrorKind::Mismatch);
    assert_eq!(kind(&changed("app_id", "2021000000000009")), ErrorKind::Mismatch);
    assert_eq!(kind(&changed("auth_code", "")), ErrorKind::Authorisation);
    assert_eq!(kind(&query(&good[..3])), ErrorKind::Mismatch);
    assert_eq!(kind(&query(&good[1..])), ErrorKind::Malformed);
    assert_eq!(
        kind(&format!("{}&auth_code=another", query(&good))),
        ErrorKind::Malformed
    );
    assert_eq!(
        kind(&format!("{}&x={}", query(&good), "x".repeat(9000))),
        ErrorKind::Malformed
    );
    // A merchant's code is another one.
    let error = oauth.merchant_callback(&query(&good), &state).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorisation);
}

#[test]
fn a_state_is_what_alipay_takes() {
    for bad in ["", "ä", "a b", "a-b", &"x".repeat(101)] {
        assert_eq!(State::new(bad).unwrap_err().kind(), ErrorKind::Request, "{bad}");
    }
    let state = State::generate().unwrap();
    assert_eq!(State::new(state.as_str()).unwrap().as_str(), state.as_str());
    assert_ne!(State::generate().unwrap().as_str(), state.as_str());
}
