//! The platform's check of an app's gateway address, and which of several apps a body is for.

use std::sync::Arc;

use alipay_api::{
    Client, Credentials, ErrorKind,
    notify::{GATEWAY_CHECK, claimed_app_id, response_status},
    sign::{PrivateKey, PublicKey, SignType},
};
use alipay_mock::{Mock, keys::KeyPair};

use crate::{
    cases::incoming::response_of,
    forge::{Forge, form, gateway_content, service_call},
    support::{start, start_certified},
};

/// A gateway check that Alipay sent in 2022, and its public key for that app, as a developer has published them.
const SENT: [(&str, &str); 5] = [
    (
        "biz_content",
        r#"<?xml version="1.0" encoding="gbk"?><XML><AppId><![CDATA[2021003129685128]]></AppId><FromUserId></FromUserId><CreateTime><![CDATA[1654770821143]]></CreateTime><MsgType><![CDATA[event]]></MsgType><EventType><![CDATA[verifygw]]></EventType><ActionParam></ActionParam><AgreementId></AgreementId><AccountNo></AccountNo></XML>"#,
    ),
    ("charset", "GBK"),
    ("service", "alipay.service.check"),
    (
        "sign",
        "iNHwkxtO8plxfP869wTttTWvJltVFPxkogzt+rI0UUBHlBNwGWppSYqgx6g+WpDn19yoR6S+D9/7+qtw///2dsd3NnNk3ifMhalhZBu2rE3IkgkVc9dDZO0vC6lUsiTmevP5vH77P8ZfkyWBKT1F4fh0B7a5v3YXpl2R9tQLxmKT+GdkbOU6p4W5gtLriyTkFWgichOicM98MNx2WGGuivrT17VGYyAzDAx/ivnhm4hq7aGza8tMuw3qxu1YL09oLiV8S2lfo2eW2dQTJHW29aAO4Q6LZFLmt0Xnd0q3o1dnS63gcRiYOQZP+cX1h7duPgLSBqsVc98bWbc4WPi6MA==",
    ),
    ("sign_type", "RSA2"),
];
const SENT_BY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAteldmKofhixA/hC/TA7phEslZtMU0awQh87p/S2trJJDxM0ou0tjP/uW4jraOLrl4luOQbUbAiOR5S8nOEN8XuDjNau9rkvlPwPFk1wnEybmZFLfzX6DdNe6/FcRLUYmcfIUjsfXg+NcCAoKy1fQPUIN/pnV4ALCADbEFmr7aKuo604VbcublvtrLQBjnOsRtHeVmnvNPJ2e9hZoQ0HwDK1kpXeY7oPDDaEnpO+p1c5RxkLBGuZmdzi4rqToSN5LSoYP8/fnfIjoRMa1VP7CXfplsu23WzCQ+JypTOXaWVc0UriwDJDZP2ZDnCbP7XNiI6ehAeI/XJe+bjqogZrEPQIDAQAB";
const SENT_TO: &str = "2021003129685128";

fn app_key(mock: &Mock) -> PrivateKey {
    PrivateKey::parse(&mock.app_private_key()).unwrap()
}

#[tokio::test]
async fn one_that_alipay_has_sent_is_taken() {
    let (mock, _) = start().await;
    let credentials = Credentials::public_key(&mock.app_private_key(), SENT_BY).unwrap();
    let client = Client::builder(SENT_TO, credentials).build().unwrap();
    let body = form(&SENT);
    assert_eq!(claimed_app_id(&body).unwrap(), SENT_TO);
    let check = client.notifications().receive(&body).await.unwrap();
    assert_eq!(check.name(), GATEWAY_CHECK);
    let reply = client
        .notifications()
        .gateway_check_reply(&check)
        .await
        .unwrap()
        .unwrap();
    assert!(response_of(&reply, &app_key(&mock).public_key()).ends_with("<success>true</success>"));
    // Without the type of its signature, which is signed with it.
    let changed = body.replace("&sign_type=RSA2", "");
    let error = client.notifications().receive(&changed).await.unwrap_err();
    assert_eq!(
        (error.kind(), response_status(&error).as_u16()),
        (ErrorKind::Verification, 403)
    );
}

#[tokio::test]
async fn a_signer_that_does_not_tell_its_key_takes_it_from_the_caller() {
    let (mock, _) = start().await;
    let key = app_key(&mock);
    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(SignType::Rsa2)
        .unwrap();
    let credentials = Credentials::custom(key.signer(SignType::Rsa2).unwrap(), Arc::clone(&verifier)).unwrap();
    let client = Client::builder(mock.app_id(), credentials).build().unwrap();
    let notifications = client.notifications();
    let check = notifications
        .verify(service_call(
            &mock,
            GATEWAY_CHECK,
            &gateway_content(mock.app_id(), "verifygw"),
        ))
        .unwrap();
    let error = notifications.gateway_check_reply(&check).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("gateway_check_reply_with_key"), "{error}");
    let reply = notifications
        .gateway_check_reply_with_key(&check, &key.public_key())
        .await
        .unwrap()
        .unwrap();
    response_of(&reply, &key.public_key());
    let stranger = PublicKey::parse(&KeyPair::generate().unwrap().public_key().to_pem().unwrap()).unwrap();
    let error = notifications
        .gateway_check_reply_with_key(&check, &stranger)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("don't belong together"), "{error}");
}

#[tokio::test]
async fn in_certificate_mode_the_answer_names_the_certificate() {
    let (mock, client) = start_certified().await;
    let check = service_call(&mock, GATEWAY_CHECK, &gateway_content(mock.app_id(), "verifygw"));
    let check = client.notifications().receive(check).await.unwrap();
    let reply = client
        .notifications()
        .gateway_check_reply(&check)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        response_of(&reply, &app_key(&mock).public_key()),
        "<success>true</success>"
    );
    let serial = alipay_api::cert::Certificate::parse(&mock.app_cert()).unwrap();
    let serial = format!("</response><app_cert_sn>{}</app_cert_sn><sign>", serial.alipay_serial());
    assert!(reply.contains(&serial), "{reply}");
}

#[tokio::test]
async fn nothing_else_is_answered_so() {
    let (mock, client) = start().await;
    let notifications = client.notifications();
    let payment = notifications.verify(Forge::new(&mock).signed()).unwrap();
    assert_eq!(notifications.gateway_check_reply(&payment).await.unwrap(), None);
    // What a life account's user writes.
    let message = service_call(
        &mock,
        "alipay.mobile.public.message.notify",
        &gateway_content(mock.app_id(), "verifygw"),
    );
    let message = notifications.verify(message).unwrap();
    assert_eq!(message.name(), "alipay.mobile.public.message.notify");
    assert_eq!(notifications.gateway_check_reply(&message).await.unwrap(), None);
    for event in ["follow", "", "verifygw2"] {
        let check = notifications
            .verify(service_call(
                &mock,
                GATEWAY_CHECK,
                &gateway_content(mock.app_id(), event),
            ))
            .unwrap();
        let error = notifications.gateway_check_reply(&check).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(
            error.to_string().starts_with("the gateway check is verified, but"),
            "{error}"
        );
    }
    // What names no app, or hides it in what a user writes, is of none.
    let hidden = format!("<XML><Text><![CDATA[<AppId>{}</AppId>]]></Text></XML>", mock.app_id());
    let nested = format!("<XML><Text><AppId>{}</AppId></Text></XML>", mock.app_id());
    let twice = format!("<XML><AppId>{0}</AppId><AppId>{0}</AppId></XML>", mock.app_id());
    let entity = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\">]><XML><AppId>&a;</AppId></XML>",
        mock.app_id()
    );
    for content in [hidden.as_str(), &nested, &twice, &entity, "", "<", "verifygw"] {
        let error = notifications
            .verify(service_call(&mock, GATEWAY_CHECK, content))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{content}: {error}");
        assert!(error.to_string().contains("has no `app_id`"), "{error}");
    }
    // An answer is of the app that signs it.
    let check = notifications
        .verify(service_call(
            &mock,
            GATEWAY_CHECK,
            &gateway_content(mock.app_id(), "verifygw"),
        ))
        .unwrap();
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
    let other = Client::builder("2021000000000999", credentials).build().unwrap();
    let error = other.notifications().gateway_check_reply(&check).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[tokio::test]
async fn a_body_is_routed_by_the_app_that_it_claims() {
    let (mock, client) = start().await;
    let payment = Forge::new(&mock).signed();
    let check = service_call(&mock, GATEWAY_CHECK, &gateway_content(mock.app_id(), "verifygw"));
    for body in [&payment, &check] {
        assert_eq!(claimed_app_id(body).unwrap(), mock.app_id());
        assert_eq!(claimed_app_id(format!("?{body}\r\n")).unwrap(), mock.app_id());
        client.notifications().verify(body).unwrap();
    }
    // Nobody has verified it.
    assert_eq!(claimed_app_id("app_id=7").unwrap(), "7");
    assert_eq!(
        claimed_app_id(b"app_id=7&charset=GBK&subject=%C4%E3%BA%C3").unwrap(),
        "7"
    );
    assert_eq!(
        claimed_app_id(form(&[("app_id", "7"), ("biz_content", &gateway_content("8", "x"))])).unwrap(),
        "7"
    );
    let large = format!("app_id=7&body={}", "x".repeat(1 << 20));
    for body in [
        "",
        "app_id=",
        "app_id",
        "x=1",
        "app_id=7&app_id=8",
        "app_id=7&charset=latin-1",
        r#"{"app_id":"7"}"#,
        "biz_content=%3CXML%3E",
        &large,
    ] {
        let error = claimed_app_id(body).unwrap_err();
        assert_eq!(
            (error.kind(), response_status(&error).as_u16()),
            (ErrorKind::Malformed, 400),
            "{error}"
        );
        assert!(error.to_string().starts_with("the notification "), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_body_panics_that_is_routed(body: Vec<u8>, content in r"(<|>|/|XML|AppId|!\[CDATA\[|\]\]>|\?xml|\?>|7|&|你){0,30}") {
        let _ = claimed_app_id(&body);
        let _ = claimed_app_id(form(&[("biz_content", &content)]));
    }
}
