//! Apps that are set up with SM2 keys, against the embedded gateway.

use alipay_api::{
    Client, ClientBuilder, Credentials, ErrorKind,
    notify::{Notification, SUCCESS},
    sign::SignType,
    trade::{PagePay, Precreate, Query, types::TradeStatus},
};
use alipay_mock::{Fault, Forgery, Mock, keys};

use crate::{
    browser::browse,
    support::{merchant, paid_order, price},
};

async fn gateway() -> Mock {
    Mock::builder()
        .sign_type(keys::SignType::Sm2)
        .start()
        .await
        .expect("the gateway starts")
}

fn builder(mock: &Mock) -> ClientBuilder {
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).expect("keys");
    assert_eq!(credentials.sign_type(), SignType::Sm2);
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

async fn start() -> (Mock, Client) {
    let mock = gateway().await;
    let client = builder(&mock).build().expect("a client");
    (mock, client)
}

async fn start_certified() -> (Mock, Client) {
    let mock = Mock::builder()
        .sign_type(keys::SignType::Sm2)
        .certificates()
        .start()
        .await
        .expect("the gateway starts");
    let client = certified(&mock);
    (mock, client)
}

fn certified(mock: &Mock) -> Client {
    let [app, alipay, roots] = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
    let credentials = Credentials::certificates(&mock.app_private_key(), &app, &alipay, &roots).expect("credentials");
    assert_eq!(credentials.sign_type(), SignType::Sm2);
    Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()
        .expect("a client")
}

async fn query(client: &Client, out_trade_no: &str) -> Result<TradeStatus, alipay_api::Error> {
    let order = client.trade().query(Query::with_out_trade_no(out_trade_no)).await?;
    Ok(order.trade_status.known().expect("a status that is known"))
}

#[tokio::test]
async fn calls_and_pages_are_signed_and_answers_verified() {
    let (mock, client) = start().await;
    client.check().await.unwrap();
    paid_order(&mock, &client, "1", "88.80").await;
    assert_eq!(query(&client, "1").await.unwrap(), TradeStatus::TradeSuccess);
    let sent = mock.last_request("alipay.trade.query").unwrap();
    assert_eq!(sent.get("sign_type").map(String::as_str), Some("SM2"));
    // A refusal is signed too.
    let error = query(&client, "2").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gateway, "{error}");

    let page = client.trade().page_pay(PagePay::new("3", price("0.01"), "测试订单"));
    let (status, _) = browse(&page.url().unwrap()).await;
    assert_eq!(status, 200);
    mock.pay("3").unwrap();
    assert_eq!(query(&client, "3").await.unwrap(), TradeStatus::TradeSuccess);
}

#[tokio::test]
async fn an_answer_that_was_changed_is_refused() {
    let (mock, client) = start().await;
    paid_order(&mock, &client, "1", "88.80").await;
    for fault in [
        Fault::Unsigned,
        Fault::EmptySign,
        Fault::WrongSign,
        Fault::TamperedByte(40),
    ] {
        let name = format!("{fault:?}");
        mock.fault_next_of("alipay.trade.query", fault);
        let error = query(&client, "1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{name}: {error}");
    }
    assert_eq!(query(&client, "1").await.unwrap(), TradeStatus::TradeSuccess);
}

#[tokio::test]
async fn notifications_are_verified() {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let (mock, client) = start().await;
    let order = Precreate::new("1", price("88.80"), "测试订单");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    let body = String::from_utf8(posted.recv().await.unwrap()).unwrap();
    assert!(body.contains("sign_type=SM2"), "{body}");
    let told = client.notifications().verify(&body).unwrap();
    assert!(matches!(&*told, Notification::TradeStatusSync(_)), "{told:?}");
    for (from, to) in [("88.80", "88.81"), ("sign_type=SM2", "sign_type=RSA2")] {
        assert!(body.contains(from), "{body}");
        let error = client.notifications().verify(body.replace(from, to)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
    }
}

#[tokio::test]
async fn keys_of_one_algorithm_can_t_pass_for_those_of_another() {
    let (sm2, _) = start().await;
    let rsa = Mock::start().await.unwrap();
    for (private, public) in [
        (sm2.app_private_key(), rsa.alipay_public_key()),
        (rsa.app_private_key(), sm2.alipay_public_key()),
    ] {
        let error = Credentials::public_key(&private, &public).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error
                .to_string()
                .starts_with("Alipay's public key: this public key is "),
            "{error}"
        );
    }
    let own = Credentials::public_key(&sm2.app_private_key(), &sm2.alipay_public_key()).unwrap();
    let error = own.clone().with_next_alipay_key(&rsa.alipay_public_key()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is an RSA key, which the sign type SM2 can't use"),
        "{error}"
    );
    let error = own.clone().with_sign_type(SignType::Rsa2).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is an SM2 key, which the sign type RSA2 can't use"),
        "{error}"
    );

    // The gateway does not know the key, and what it answers is not verified.
    let client = Client::builder(rsa.app_id(), own)
        .gateway(rsa.gateway_url())
        .build()
        .unwrap();
    let error = query(&client, "1").await.unwrap_err();
    assert_eq!(rsa.refusals_with("isv.invalid-signature"), 1, "{error}");
    // A running client keeps its sign type.
    let rsa_keys = Credentials::public_key(&rsa.app_private_key(), &rsa.alipay_public_key()).unwrap();
    let error = client.set_credentials(rsa_keys).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
}

#[tokio::test]
async fn certificates_change_as_those_of_rsa_do() {
    let (mock, client) = start_certified().await;
    paid_order(&mock, &client, "1", "0.01").await;
    assert_eq!(query(&client, "1").await.unwrap(), TradeStatus::TradeSuccess);
    let sent = mock.last_request("alipay.trade.query").unwrap();
    // The bundle has one root of SM2.
    assert_eq!(sent.get("alipay_root_cert_sn").map(String::len), Some(32));
    mock.roll_over_alipay_certificate().unwrap();
    assert_eq!(query(&client, "1").await.unwrap(), TradeStatus::TradeSuccess);
    assert_eq!(mock.requests_of("alipay.open.app.alipaycert.download"), 1);
}

#[tokio::test]
async fn a_forged_certificate_is_refused() {
    for forgery in [Forgery::SameSerial, Forgery::NewSerial] {
        let (mock, client) = start_certified().await;
        paid_order(&mock, &client, "1", "0.01").await;
        mock.forge_alipay_certificate(Some(forgery)).unwrap();
        let error = query(&client, "1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{forgery:?}: {error}");
        mock.forge_alipay_certificate(None).unwrap();
        assert_eq!(query(&client, "1").await.unwrap(), TradeStatus::TradeSuccess);
    }
}
