use alipay_api::{
    ErrorKind,
    gateway::GatewayErrorCode,
    open_app::AlipaycertDownload,
    open_auth::{
        TokenApp, TokenAppErrorCode, TokenAppQuery, TokenAppQueryErrorCode, token_app_query::TokenAppQueryStatus,
    },
    trade::{Create, CreateRequired},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::support::{price, start, start_certified};

#[expect(deprecated, reason = "an answer may say a lifetime still")]
#[tokio::test]
async fn a_code_becomes_a_token_once() {
    let (mock, client) = start().await;
    let code = mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let request = || TokenApp::with_code(code.as_str(), "authorization_code");
    let granted = client.open_auth().token_app(request()).await.unwrap();
    assert_eq!(
        (granted.auth_app_id.as_str(), granted.user_id.as_str()),
        ("2013121100055554", "2088102150527498")
    );
    assert_eq!(
        (granted.expires_in, granted.re_expires_in),
        (Some(31_536_000), Some(32_140_800))
    );

    let state = client
        .open_auth()
        .token_app_query(TokenAppQuery::new(granted.app_auth_token.clone()))
        .await
        .unwrap();
    assert_eq!(
        (state.status, state.auth_app_id.as_str()),
        (TokenAppQueryStatus::Valid.into(), "2013121100055554")
    );

    let error = client.open_auth().token_app(request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gateway);
    assert!(error.sub_code_as::<TokenAppErrorCode>().is_some(), "{error}");
}

#[tokio::test]
async fn a_refresh_kills_the_old_refresh_token() {
    let (mock, client) = start().await;
    let code = mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let first = client
        .open_auth()
        .token_app(TokenApp::with_code(code, "authorization_code"))
        .await
        .unwrap();
    let refresh = || TokenApp::with_refresh_token(first.app_refresh_token.clone(), "refresh_token");
    let second = client.open_auth().token_app(refresh()).await.unwrap();
    assert_ne!(second.app_refresh_token, first.app_refresh_token);
    client.open_auth().token_app(refresh()).await.unwrap_err();
}

#[tokio::test]
async fn codes_and_tokens_that_were_never_given_out_are_refused() {
    let (_mock, client) = start().await;
    let error = client
        .open_auth()
        .token_app(TokenApp::with_code("none", "authorization_code"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TokenAppErrorCode::AuthCodeNotExist));
    let error = client
        .open_auth()
        .token_app_query(TokenAppQuery::new("none"))
        .await
        .unwrap_err();
    assert_eq!(error.sub_code_as(), Some(TokenAppQueryErrorCode::AuthTokenNotExisted));
}

#[tokio::test]
async fn a_merchants_calls_carry_its_token() {
    let (mock, client) = start().await;
    let code = mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let granted = client
        .open_auth()
        .token_app(TokenApp::with_code(code, "authorization_code"))
        .await
        .unwrap();
    let create = |number: &str| {
        Create::with_buyer_id(
            "2088102146225135",
            CreateRequired {
                out_trade_no: number.into(),
                total_amount: price("1.00"),
                subject: "subject".into(),
            },
        )
    };
    client
        .on_behalf_of(granted.app_auth_token)
        .trade()
        .create(create("1"))
        .await
        .unwrap();
    let error = client
        .on_behalf_of("dead")
        .trade()
        .create(create("2"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.sub_code()),
        (Some("20001"), Some("aop.invalid-app-auth-token"))
    );
    assert!(!format!("{error} {error:?}").contains("dead"));
}

#[tokio::test]
async fn a_certificate_is_downloaded_by_its_serial() {
    let (mock, client) = start_certified().await;
    let download = |serial: &str| client.open_app().alipaycert_download(AlipaycertDownload::new(serial));
    let answer = download(&mock.alipay_cert_sn()).await.unwrap();
    assert_eq!(
        BASE64_STANDARD.decode(answer.alipay_cert_content).unwrap(),
        mock.alipay_cert().into_bytes()
    );
    let error = download("0").await.unwrap_err();
    assert_eq!(
        (error.code(), error.sub_code_as()),
        (Some("40002"), Some(GatewayErrorCode::IsvAlipayCertNotExist))
    );
}
