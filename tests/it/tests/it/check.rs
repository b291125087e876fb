//! What `Client::check` says of clients that are set up right, and of those that are not.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use alipay_api::{
    CheckError, CheckErrorKind, Checked, Client, ClientBuilder, Credentials, Error, ErrorKind,
    clock::Clock,
    open_auth::{TokenApp, token_app::TokenAppGrantType},
    sign::{self, PublicKey, SignError, SignType},
};
use alipay_mock::{Fault, Forgery, Mock, keys::KeyPair};

use crate::support::{builder, certified_builder, start, start_certified};

const METHOD: &str = "alipay.trade.query";

fn base64(pair: &KeyPair) -> String {
    pair.public_key().to_base64().unwrap()
}

async fn check(builder: ClientBuilder) -> Result<Checked, CheckError> {
    builder.build().unwrap().check().await
}

/// The kind, where the text says what to do and what the call said, and holds no secret.
#[track_caller]
fn found(result: Result<Checked, CheckError>, says: &[&str]) -> CheckErrorKind {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(says.iter().all(|says| text.contains(says)), "{text}");
    assert!(
        text.contains(&format!(". The call's error: {}", error.error())),
        "{text}"
    );
    assert!(!text.contains('\n'), "{text}");
    let converted = Error::from(error.clone());
    assert_eq!(converted.kind(), error.error().kind());
    assert!(
        says.iter().all(|says| converted.to_string().contains(says)),
        "{converted}"
    );
    error.kind()
}

#[tokio::test]
async fn what_is_right_is_right_in_both_modes() {
    let (mock, client) = start().await;
    let (certified_mock, certified) = start_certified().await;
    for (mock, client) in [(&mock, &client), (&certified_mock, &certified)] {
        let checked = client.check().await.unwrap();
        assert!(checked.refusal().is_none());
        assert_eq!(checked.to_string(), "app id and keys are right");
        assert_eq!((mock.requests(), mock.requests_of(METHOD)), (1, 1));
    }
    // Each asks for an order that nobody has.
    let numbers = || async {
        client.check().await.unwrap();
        mock.last_request(METHOD).unwrap()["biz_content"].clone()
    };
    let numbers = HashSet::from([numbers().await, numbers().await, numbers().await]);
    assert_eq!(numbers.len(), 3);
    // Alipay changes its certificate: that is no fault of the client's.
    certified_mock.roll_over_alipay_certificate().unwrap();
    certified.check().await.unwrap();
}

#[tokio::test]
async fn wrong_keys_and_apps_are_told_apart() {
    let (mock, _) = start().await;
    let other = KeyPair::generate().unwrap();
    let credentials = |private: &str, public: &str| Credentials::public_key(private, public).unwrap();
    let own = mock.app_private_key();
    let client = |app_id: &str, credentials| Client::builder(app_id, credentials).gateway(mock.gateway_url());

    let wrong_app_key = client(
        mock.app_id(),
        credentials(&other.to_base64().unwrap(), &mock.alipay_public_key()),
    );
    let says = ["应用公钥", mock.app_id(), &mock.gateway_url(), "isv.invalid-signature"];
    assert_eq!(found(check(wrong_app_key).await, &says), CheckErrorKind::AppKey);

    let wrong_alipay_key = client(mock.app_id(), credentials(&own, &base64(&other)));
    let says = ["支付宝公钥", "accepted the app's signature", "signature does not hold"];
    assert_eq!(found(check(wrong_alipay_key).await, &says), CheckErrorKind::AlipayKey);

    let wrong_app = client("2021000000000002", credentials(&own, &mock.alipay_public_key()));
    let says = [
        "the app 2021000000000002",
        "sandbox and production",
        "isv.invalid-app-id",
    ];
    assert_eq!(found(check(wrong_app).await, &says), CheckErrorKind::AppId);
}

#[tokio::test]
async fn the_other_mode_is_recognised() {
    let (mock, _) = start().await;
    let (certified_mock, _) = start_certified().await;
    // Whether Alipay's key is that of its certificate or not.
    for _ in 0..2 {
        let by_keys = builder(&mock).gateway(certified_mock.gateway_url());
        let says = ["the client works in public-key mode", "use Credentials::certificates"];
        assert_eq!(found(check(by_keys).await, &says), CheckErrorKind::Mode);
        let by_certificates = certified_builder(&certified_mock).gateway(mock.gateway_url());
        let says = ["the client works in certificate mode", "use Credentials::public_key"];
        assert_eq!(found(check(by_certificates).await, &says), CheckErrorKind::Mode);
        certified_mock.roll_over_alipay_certificate().unwrap();
    }
    // Certificates of another app's.
    let other = Mock::builder()
        .app_key_pair(KeyPair::generate().unwrap())
        .certificates();
    let other = other.start().await.unwrap();
    let [app, alipay, root] = [other.app_cert(), certified_mock.alipay_cert(), other.root_cert()];
    let credentials = Credentials::certificates(&other.app_private_key(), &app, &alipay, &root).unwrap();
    let another_apps = Client::builder(mock.app_id(), credentials).gateway(certified_mock.gateway_url());
    assert_eq!(
        found(check(another_apps).await, &["isv.invalid-signature"]),
        CheckErrorKind::AppKey
    );
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_told() {
    let (mock, client) = start_certified().await;
    for forgery in [Forgery::SameSerial, Forgery::NewSerial] {
        mock.forge_alipay_certificate(Some(forgery)).unwrap();
        let says = ["a certificate does not fit"];
        assert_eq!(
            found(client.check().await, &says),
            CheckErrorKind::Certificates,
            "{forgery:?}"
        );
    }
}

/// The gateway's refusal of the call, signed or not, for what is checked first with other clients.
async fn refused(code: &str, sub_code: &str, is_signed: bool) -> Result<Checked, CheckError> {
    let (mock, _) = start().await;
    mock.answer_next(METHOD, code, sub_code, false);
    if !is_signed {
        mock.fault_next(Fault::Unsigned);
    }
    check(builder(&mock).max_attempts(1)).await
}

#[tokio::test]
async fn what_the_gateway_has_against_the_client_is_explained() {
    for (code, sub_code, kind, says) in [
        (
            "40001",
            "isv.missing-signature-key",
            CheckErrorKind::AppKey,
            "upload the public key",
        ),
        (
            "40003",
            "isv.missing-signature-config",
            CheckErrorKind::AppKey,
            "upload the public key",
        ),
        (
            "40002",
            "isv.invalid-signature-type",
            CheckErrorKind::SignType,
            "with_sign_type",
        ),
        (
            "40002",
            "isv.app-cert-expired",
            CheckErrorKind::Certificates,
            "download",
        ),
        (
            "40002",
            "isv.invalid-alipay-root-cert-sn",
            CheckErrorKind::Certificates,
            "download",
        ),
        (
            "40002",
            "isv.invalid-timestamp",
            CheckErrorKind::Clock,
            "in Beijing time",
        ),
        ("40003", "isv.not-online-app", CheckErrorKind::NotOnline, "not online"),
        (
            "20001",
            "aop.invalid-app-auth-token",
            CheckErrorKind::MerchantToken,
            "authorise the app again",
        ),
        ("40005", "isv.app-call-limited", CheckErrorKind::Unavailable, "later"),
        ("20000", "isp.unknow-error", CheckErrorKind::Unavailable, "later"),
    ] {
        for is_signed in [true, false] {
            let result = refused(code, sub_code, is_signed).await;
            assert_eq!(found(result, &[says, sub_code]), kind, "{sub_code} {is_signed}");
        }
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_no_fault_of_the_keys() {
    for (code, sub_code) in [
        ("40006", "isv.insufficient-isv-permissions"),
        ("40006", "isv.insufficient-user-permissions"),
        ("40004", "ACQ.INVALID_PARAMETER"),
        ("40004", "ACQ.ACCESS_FORBIDDEN"),
    ] {
        let checked = refused(code, sub_code, true).await.unwrap();
        assert_eq!(checked.refusal().and_then(Error::sub_code), Some(sub_code));
        let text = checked.to_string();
        assert!(
            text.starts_with("app id and keys are right; ") && text.contains(sub_code),
            "{text}"
        );
        // Without a signature it proves nothing of Alipay's key.
        let says = ["carries no signature", sub_code];
        assert_eq!(
            found(refused(code, sub_code, false).await, &says),
            CheckErrorKind::Unsigned
        );
    }
}

#[tokio::test]
async fn what_is_on_the_way_is_told_from_the_gateway() {
    for (fault, kind) in [
        (Fault::Html, CheckErrorKind::Gateway),
        (Fault::HttpStatus(404), CheckErrorKind::Gateway),
        (Fault::Unsigned, CheckErrorKind::Unsigned),
        (Fault::WrongSign, CheckErrorKind::AlipayKey),
        (Fault::CloseConnection, CheckErrorKind::Network),
    ] {
        let (mock, _) = start().await;
        let what = format!("{fault:?}");
        mock.fault_next(fault);
        let client = builder(&mock).max_attempts(1);
        assert_eq!(found(check(client).await, &[]), kind, "{what}");
    }
    // What may pass is asked for again.
    let (mock, client) = start().await;
    mock.fault_next(Fault::HttpStatus(503));
    client.check().await.unwrap();

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    drop(listener);
    let (mock, _) = start().await;
    let client = builder(&mock).gateway(&address).max_attempts(1);
    assert_eq!(
        found(check(client).await, &[&address, "firewall"]),
        CheckErrorKind::Network
    );
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(16)
    }
}

#[tokio::test]
async fn a_wrong_clock_is_shown() {
    let (mock, _) = start().await;
    mock.answer_next(METHOD, "40002", "isv.invalid-timestamp", false);
    let client = builder(&mock).clock(Stopped);
    let says = ["1970-01-02 00:00:00 in Beijing time"];
    assert_eq!(found(check(client).await, &says), CheckErrorKind::Clock);
}

#[tokio::test]
async fn a_merchants_handle_checks_its_token() {
    let (mock, client) = start().await;
    let error = client.on_behalf_of("201509BBeff9351ad18743").check().await;
    assert!(!error.as_ref().unwrap_err().to_string().contains("201509BB"));
    assert_eq!(found(error, &["app_auth_token"]), CheckErrorKind::MerchantToken);
    let code = mock.authorise(None, None);
    let request = TokenApp::with_code(code, TokenAppGrantType::AuthorizationCode);
    let token = client.open_auth().token_app(request).await.unwrap().app_auth_token;
    client.on_behalf_of(token).check().await.unwrap();
}

#[tokio::test]
async fn a_signer_that_fails_is_told() {
    let (mock, _) = start().await;
    let signer = sign::blocking(SignType::Rsa2, |_| Err(SignError::new("no session")));
    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(SignType::Rsa2);
    let credentials = Credentials::custom(signer, verifier.unwrap()).unwrap();
    let client = Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url());
    assert_eq!(
        found(check(client).await, &["signer", "no session"]),
        CheckErrorKind::Signer
    );
    assert_eq!(mock.requests(), 0);
}

#[test]
fn outside_of_a_runtime_there_is_an_error() {
    use futures_util::FutureExt as _;
    let keys: [KeyPair; 2] = std::array::from_fn(|_| KeyPair::generate().unwrap());
    let credentials = Credentials::public_key(&keys[0].to_base64().unwrap(), &base64(&keys[1])).unwrap();
    let client = Client::builder("2021000000000001", credentials).build().unwrap();
    let error = client.check().now_or_never().expect("there is nothing to wait for");
    assert_eq!(error.as_ref().unwrap_err().error().kind(), ErrorKind::Configuration);
    assert_eq!(found(error, &["tokio runtime"]), CheckErrorKind::Other);
}
