//! The credentials of a client in use are exchanged: which certificates of Alipay's it trusts from then on.

use super::{
    chain::AUTHORITY,
    gateway::{Gateway, Identity, Issuer, LAST, NEXT, PRESENT, ROOT, alipay, credentials},
    openssl::{self, Order},
    rollover::call,
};
use crate::Client;

/// Whether a notification that names this certificate is verified, with what is at hand.
fn trusts(client: &Client, identity: &Identity) -> bool {
    let notification = identity.notification(&identity.serial());
    match client.notifications().verify(notification) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.is_unknown_certificate(), "{error}");
            false
        }
    }
}

/// A client that has fetched the last certificate.
async fn client(gateway: &Gateway) -> Client {
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&LAST);
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 1);
    assert!(trusts(&client, &PRESENT) && trusts(&client, &LAST) && !trusts(&client, &NEXT));
    client
}

#[tokio::test]
async fn certificates_that_would_be_trusted_if_they_were_fetched_are_trusted_on() {
    let gateway = Gateway::new();
    let client = client(&gateway).await;
    client.set_credentials(credentials(&NEXT, &ROOT.certificate)).unwrap();
    assert!([&*PRESENT, &*NEXT, &*LAST].map(|identity| trusts(&client, identity)) == [true; 3]);
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 1);
    // What names no certificate, too.
    client.notifications().verify(PRESENT.unnamed_notification()).unwrap();
}

#[tokio::test]
async fn those_of_another_authority_are_not() {
    let gateway = Gateway::new();
    let client = client(&gateway).await;
    let root = Order {
        key: &openssl::THIRD_RSA_KEY,
        ..Order::new("/C=CN/CN=Another root")
    }
    .self_signed();
    let issuer = Issuer {
        certificate: Order {
            key: &openssl::RSA_KEY,
            ..Order::new("/C=CN/CN=Another class 2")
        }
        .issued_by(&root, &openssl::THIRD_RSA_KEY, AUTHORITY),
        key: &openssl::RSA_KEY,
    };
    let subject = "/C=CN/O=Shop/OU=Alipay/CN=支付宝(中国)网络技术有限公司-2088000000000001";
    let other = Identity::new(subject, "7", &openssl::key(openssl::RSA), &issuer);
    client.set_credentials(credentials(&other, &root)).unwrap();
    let trusted = [&other, &*PRESENT, &*LAST].map(|identity| trusts(&client, identity));
    assert_eq!(trusted, [true, false, false]);
}

#[tokio::test]
async fn those_of_another_holder_are_not() {
    let gateway = Gateway::new();
    let client = client(&gateway).await;
    let key = openssl::key(openssl::RSA);
    let other = Identity::new("/C=CN/O=Shop/CN=Another", "7", &key, &super::gateway::INTERMEDIATE);
    client.set_credentials(credentials(&other, &ROOT.certificate)).unwrap();
    let trusted = [&other, &*PRESENT, &*LAST].map(|identity| trusts(&client, identity));
    assert_eq!(trusted, [true, false, false]);
    // Back again, nothing is left of it.
    client
        .set_credentials(credentials(&PRESENT, &ROOT.certificate))
        .unwrap();
    assert!(trusts(&client, &PRESENT) && !trusts(&client, &other));
}

#[tokio::test]
async fn a_fetch_begun_before_the_exchange_serves_those_who_wait_for_it() {
    let gateway = Gateway::new();
    let client = gateway.client().build().unwrap();
    gateway.sign_with(&NEXT);
    gateway.hold_downloads(1000);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    gateway.called(2).await;
    let renewed = alipay("103", &openssl::key(openssl::RSA));
    client
        .set_credentials(credentials(&renewed, &ROOT.certificate))
        .unwrap();
    gateway.release();
    waiting.await.unwrap().unwrap();
    // It is the old keyring's: the next call fetches it again.
    call(&client).await.unwrap();
    assert_eq!(gateway.downloads(), 2);
}
