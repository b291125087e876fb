//! What the app is told of merchants: that one authorised it, that one withdrew.

use std::sync::Arc;

use alipay_api::{
    ErrorKind,
    isv::{Isv, store::MemoryStore},
    notify::{
        Notification, OpenAppAuthNotify, OpenAuthAppauthCancelled, SUCCESS,
        open_app_auth_notify::OpenAppAuthNotifyStatus,
    },
    open_auth::TokenApp,
};
use alipay_mock::{Mock, keys::SignType};

use crate::support::{builder, merchant};

#[tokio::test]
async fn authorising_and_withdrawing_are_told_and_verified() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let code = mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let body = posted.recv().await.unwrap();
    let told = client.notifications().verify(&body).unwrap();
    assert_eq!(told.name(), "open_app_auth_notify");
    assert!(told.notify_id().is_some());
    let shown = format!("{told:?}");
    let Notification::OpenAppAuthNotify(told) = told.into_inner() else {
        panic!("{shown}");
    };
    let OpenAppAuthNotify {
        status, biz_content, ..
    } = *told;
    assert_eq!(status, Some(OpenAppAuthNotifyStatus::ExecuteAuth.into()));
    let detail = biz_content.detail;
    assert_eq!(
        (
            detail.auth_app_id.as_str(),
            detail.user_id.as_str(),
            detail.app_id.as_str()
        ),
        ("2013121100055554", "2088102150527498", mock.app_id())
    );
    assert_eq!(
        (detail.expires_in, detail.re_expires_in),
        (Some(31_536_000), Some(32_140_800))
    );
    assert!(detail.auth_time.is_some_and(|time| time > 1_700_000_000_000));
    assert!(!shown.contains(&code) && !shown.contains(detail.app_auth_token.expose()));

    // The code of the redirect stands for the same tokens.
    let granted = client
        .open_auth()
        .token_app(TokenApp::with_code(code, "authorization_code"))
        .await
        .unwrap();
    assert_eq!(granted.app_auth_token, detail.app_auth_token);
    assert_eq!(granted.app_refresh_token, detail.app_refresh_token);

    mock.cancel_authorisation("2013121100055554").unwrap();
    let body = posted.recv().await.unwrap();
    let told = client.notifications().verify(&body).unwrap();
    let shown = format!("{told:?}");
    let Notification::OpenAuthAppauthCancelled(told) = told.into_inner() else {
        panic!("{shown}");
    };
    let OpenAuthAppauthCancelled {
        msg_method,
        biz_content,
        ..
    } = *told;
    assert_eq!(msg_method, "alipay.open.auth.appauth.cancelled");
    assert_eq!(
        (biz_content.auth_app_id.as_str(), biz_content.app_auth_token.as_ref()),
        ("2013121100055554", Some(&granted.app_auth_token))
    );
    assert!(!shown.contains(granted.app_auth_token.expose()));

    let changed = String::from_utf8(body)
        .unwrap()
        .replace("2013121100055554", "2013121100055555");
    let error = client.notifications().verify(changed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn a_message_that_names_a_kind_of_notification_too_is_that_message() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    mock.authorise(Some("2013121100055554"), None);
    posted.recv().await.unwrap();
    mock.cancel_authorisation("2013121100055554").unwrap();
    let body = posted.recv().await.unwrap();
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    assert!(parameters.iter().all(|(name, _)| name != "notify_type"));
    // As messages of version 1.0 do.
    parameters.push(("notify_type".to_owned(), "open_app_auth_cancel".to_owned()));
    let told = client.notifications().verify(signed_anew(&mock, parameters)).unwrap();
    assert!(matches!(&*told, Notification::OpenAuthAppauthCancelled(_)), "{told:?}");
}

/// The notice with other JSON in its content, signed anew by Alipay.
fn rewritten(mock: &Mock, body: &[u8], from: &str, to: &str) -> String {
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let content = parameters.iter_mut().find(|(name, _)| name == "biz_content").unwrap();
    assert!(content.1.contains(from), "{}", content.1);
    content.1 = content.1.replace(from, to);
    signed_anew(mock, parameters)
}

/// A form of these parameters, signed by Alipay.
fn signed_anew(mock: &Mock, mut parameters: Vec<(String, String)>) -> String {
    parameters.retain(|(name, _)| name != "sign");
    parameters.sort();
    let signed = parameters.iter().filter(|(name, _)| name != "sign_type");
    let signed: Vec<_> = signed.map(|(name, value)| format!("{name}={value}")).collect();
    let sign = mock
        .alipay_key_pair()
        .sign(SignType::Rsa2, signed.join("&").as_bytes())
        .unwrap();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .append_pair("sign", &sign)
        .finish()
}

#[tokio::test]
async fn a_lifetime_that_cannot_be_read_is_not_an_endless_one() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let isv = Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
    mock.authorise(Some("2013121100055554"), Some("2088102150527498"));
    let body = posted.recv().await.unwrap();
    for (from, to) in [
        (r#""expires_in":31536000"#, r#""expires_in":"a year""#),
        (r#""re_expires_in":32140800"#, r#""re_expires_in":{"days":372}"#),
        (r#""detail":{"#, r#""detail":"x","further":{"#),
    ] {
        let told = client
            .notifications()
            .verify(rewritten(&mock, &body, from, to))
            .unwrap();
        assert_eq!(told.unreadable().count(), 1, "{to}");
        assert_eq!(isv.accept(&told).await.unwrap_err().kind(), ErrorKind::Decode, "{to}");
        assert!(
            isv.authorisation("2013121100055554").await.is_err(),
            "nothing is stored"
        );
    }
    // An odd field elsewhere does not matter.
    let told = rewritten(
        &mock,
        &body,
        r#""notify_context":{"#,
        r#""notify_context":7,"further":{"#,
    );
    let told = client.notifications().verify(told).unwrap();
    assert_eq!(told.unreadable().collect::<Vec<_>>(), ["biz_content.notify_context"]);
    assert!(isv.accept(&told).await.unwrap());
}
