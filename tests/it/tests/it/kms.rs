//! Signers of the caller's own: a key management service over the network, and a library that blocks the thread.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alipay_api::{
    CheckErrorKind, Client, ClientBuilder, Credentials, Error, ErrorKind, PageCall,
    cert::{Certificate, RootCertificates},
    notify::response_status,
    sign::{self, BoxFuture, PrivateKey, PublicKey, SignError, SignType, Signer},
    trade::{AppPay, PagePay, Precreate, Query, types::TradeStatus},
};
use alipay_mock::{Mock, keys::KeyPair};
use futures_util::future::join_all;
use tokio::sync::{Barrier, mpsc};

use crate::{
    forge::gateway_check,
    pages::{browse, submit},
    support::{price, start, start_certified},
};

/// A key management service that answers after 50 milliseconds.
#[derive(Debug)]
struct Kms {
    /// The key, which never leaves the service.
    key: Arc<dyn Signer>,
    signatures: AtomicUsize,
}

impl Kms {
    fn new(private_key: &str) -> Arc<Self> {
        let key = PrivateKey::parse(private_key).unwrap().signer(SignType::Rsa2).unwrap();
        Arc::new(Self {
            key,
            signatures: AtomicUsize::new(0),
        })
    }
}

impl Signer for Kms {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.signatures.fetch_add(1, Ordering::SeqCst);
            self.key.sign(message).await
        })
    }
}

/// Does as the function says, asynchronously.
struct Scripted<F>(F);

impl<F> std::fmt::Debug for Scripted<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Scripted")
    }
}

impl<F> Signer for Scripted<F>
where
    F: Fn(Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, SignError>> + Send + Sync,
{
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        (self.0)(message.to_vec())
    }
}

fn builder(mock: &Mock, signer: Arc<dyn Signer>) -> ClientBuilder {
    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(SignType::Rsa2);
    let credentials = Credentials::custom(signer, verifier.unwrap()).unwrap();
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

fn scripted<F>(mock: &Mock, script: F) -> ClientBuilder
where
    F: Fn(Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, SignError>> + Send + Sync + 'static,
{
    builder(mock, Arc::new(Scripted(script)))
}

fn page_pay() -> PagePay {
    PagePay::new("1", price("0.01"), "subject")
}

async fn is_open(client: &Client, out_trade_no: &str) {
    let order = client
        .trade()
        .query(Query::with_out_trade_no(out_trade_no))
        .await
        .unwrap();
    assert_eq!(order.trade_status, TradeStatus::WaitBuyerPay);
}

#[tokio::test]
async fn a_kms_signs_server_calls_and_pages() {
    let (mock, _) = start().await;
    let kms = Kms::new(&mock.app_private_key());
    let client = builder(&mock, Arc::clone(&kms) as _).build().unwrap();

    let (status, _) = browse(&client.trade().page_pay(page_pay()).url_async().await.unwrap()).await;
    assert_eq!(status, 200);
    is_open(&client, "1").await;

    let wap_pay = alipay_api::trade::WapPay::new("2", price("0.01"), "subject");
    let (status, _) = submit(&client.trade().wap_pay(wap_pay).form_async().await.unwrap()).await;
    assert_eq!(status, 200);
    is_open(&client, "2").await;

    let app_pay = client.trade().app_pay(AppPay::new("3", price("0.01"), "subject"));
    let order_string = app_pay.order_string_async().await.unwrap();
    let (status, _) = browse(&format!("{}?{order_string}", client.gateway())).await;
    assert_eq!(status, 200);
    is_open(&client, "3").await;

    assert_eq!(kms.signatures.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn what_does_not_wait_says_what_to_call_with_an_asynchronous_signer() {
    let (mock, _) = start().await;
    let client = builder(&mock, Kms::new(&mock.app_private_key())).build().unwrap();
    let merchant = client.on_behalf_of("app-auth-token");
    let page = client.trade().page_pay(page_pay());
    let merchants_page = merchant.trade().page_pay(page_pay());
    let app = client.trade().app_pay(AppPay::new("1", price("0.01"), "subject"));
    for (result, instead) in [
        (page.url(), "use `url_async`"),
        (page.form(), "use `form_async`"),
        (
            merchants_page.url_with_app_auth_token(),
            "use `url_with_app_auth_token_async`",
        ),
        (app.order_string(), "use `order_string_async`"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Signing, "{error}");
        assert!(error.to_string().contains("asynchronous only"), "{error}");
        assert!(error.to_string().ends_with(instead), "{error}");
        assert!(!error.is_retryable() && !error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn one_signature_does_not_wait_for_another() {
    const CALLS: usize = 20;
    let (mock, _) = start().await;
    let key = PrivateKey::parse(&mock.app_private_key())
        .unwrap()
        .signer(SignType::Rsa2)
        .unwrap();
    let all_are_here = Arc::new(Barrier::new(CALLS));
    let client = scripted(&mock, move |message| {
        let (key, all_are_here) = (Arc::clone(&key), Arc::clone(&all_are_here));
        Box::pin(async move {
            all_are_here.wait().await;
            key.sign(&message).await
        })
    });
    let client = client.build().unwrap();
    let pages: Vec<_> = (0..CALLS).map(|_| client.trade().page_pay(page_pay())).collect();
    for url in join_all(pages.iter().map(PageCall::url_async)).await {
        assert!(url.unwrap().contains("&sign="));
    }
}

#[tokio::test]
async fn a_kms_that_never_answers_is_waited_for_as_long_as_an_attempt() {
    let (mock, _) = start().await;
    let client = scripted(&mock, |_| Box::pin(pending())).attempt_timeout(Duration::from_millis(20));
    let client = client.max_attempts(1).build().unwrap();
    let page = client.trade().page_pay(page_pay());
    let app = client.trade().app_pay(AppPay::new("1", price("0.01"), "subject"));
    let call = client.trade().precreate(Precreate::new("1", price("0.01"), "subject"));
    for error in [
        page.url_async().await.unwrap_err(),
        page.form_async().await.unwrap_err(),
        app.order_string_async().await.unwrap_err(),
        call.await.unwrap_err(),
    ] {
        assert!(error.is_timeout() && error.is_retryable(), "{error}");
        assert!(!error.is_outcome_unknown() && error.method().is_some(), "{error}");
    }
    assert_eq!(mock.requests(), 0);
}

/// Tells when it is dropped.
struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[tokio::test]
async fn dropping_a_page_drops_the_signature() {
    let (mock, _) = start().await;
    let (told, mut news) = mpsc::unbounded_channel();
    let client = scripted(&mock, move |_| {
        let guard = Guard(told.clone());
        Box::pin(async move {
            let _ = guard.0.send("begun");
            pending().await
        })
    });
    let client = client.build().unwrap();
    let page = client.trade().page_pay(page_pay());
    tokio::select! {
        result = page.url_async() => panic!("{result:?}"),
        begun = news.recv() => assert_eq!(begun, Some("begun")),
    }
    assert_eq!(news.recv().await, Some("dropped"));
    assert_eq!(mock.requests(), 0);
}

/// A signer that fails as often as this, and then signs.
fn failing(mock: &Mock, failures: usize, error: fn() -> SignError) -> Client {
    let key = PrivateKey::parse(&mock.app_private_key())
        .unwrap()
        .signer(SignType::Rsa2)
        .unwrap();
    let asked = AtomicUsize::new(0);
    let client = scripted(mock, move |message| {
        let (key, is_failure) = (Arc::clone(&key), asked.fetch_add(1, Ordering::SeqCst) < failures);
        Box::pin(async move {
            if is_failure {
                Err(error())
            } else {
                key.sign(&message).await
            }
        })
    });
    client.build().unwrap()
}

fn assert_not_signed(error: &Error, is_retryable: bool) {
    assert_eq!(error.kind(), ErrorKind::Signing, "{error}");
    assert!(error.to_string().contains("the request can't be signed"), "{error}");
    assert!(error.to_string().contains("kms: "), "{error}");
    assert_eq!(
        (error.is_retryable(), error.is_outcome_unknown()),
        (is_retryable, false)
    );
    assert!(
        error
            .cause()
            .and_then(|cause| cause.downcast_ref::<SignError>())
            .is_some()
    );
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_since_nothing_was_sent() {
    let (mock, _) = start().await;
    let temporary = || SignError::temporary("kms: 503");
    let client = failing(&mock, 2, temporary);
    // A method that may do something twice, too.
    let order = alipay_api::trade::Refund::with_out_trade_no("1", price("0.01"));
    let error = client.trade().refund(order).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("ACQ.TRADE_NOT_EXIST"), "{error}");
    assert_eq!(mock.requests(), 1);

    let client = failing(&mock, 1, temporary);
    assert_not_signed(
        &client.trade().page_pay(page_pay()).url_async().await.unwrap_err(),
        true,
    );

    let client = failing(&mock, 1, || SignError::new("kms: no such key"));
    let error = client.trade().query(Query::with_out_trade_no("1")).await.unwrap_err();
    assert_not_signed(&error, false);
    assert_eq!(mock.requests(), 1);
}

#[tokio::test]
async fn a_library_that_blocks_signs_calls_and_every_page() {
    let (mock, _) = start().await;
    let key = PrivateKey::parse(&mock.app_private_key())
        .unwrap()
        .signer(SignType::Rsa2)
        .unwrap();
    let hsm = sign::blocking(SignType::Rsa2, move |message| key.sign_now(message).unwrap());
    let client = builder(&mock, hsm).build().unwrap();
    let page = client.trade().page_pay(page_pay());
    for url in [page.url().unwrap(), page.url_async().await.unwrap()] {
        assert_eq!(browse(&url).await.0, 200);
    }
    is_open(&client, "1").await;
}

#[tokio::test]
async fn another_key_than_the_apps_is_noticed_before_any_call() {
    let (mock, _) = start_certified().await;
    let files = || {
        let [app, alipay] = [mock.app_cert(), mock.alipay_cert()].map(|text| Certificate::parse(&text).unwrap());
        (app, alipay, RootCertificates::parse(&mock.root_cert()).unwrap())
    };
    let (app, alipay, roots) = files();
    let kms = Kms::new(&mock.app_private_key());
    let credentials = Credentials::custom_certificates(kms, app, alipay, roots).await.unwrap();
    let app_key = mock.app_key_pair().unwrap().public_key().to_base64().unwrap();
    let app_key = PublicKey::parse(&app_key).unwrap();
    credentials.check_signer(&app_key).await.unwrap();
    let client = Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url());
    let client = client.build().unwrap();
    client
        .trade()
        .precreate(Precreate::new("1", price("0.01"), "subject"))
        .await
        .unwrap();

    let other = KeyPair::generate().unwrap().to_base64().unwrap();
    let (app, alipay, roots) = files();
    let error = Credentials::custom_certificates(Kms::new(&other), app, alipay, roots)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("don't belong together"), "{error}");

    let verifier = PublicKey::parse(&mock.alipay_public_key())
        .unwrap()
        .verifier(SignType::Rsa2);
    let credentials = Credentials::custom(Kms::new(&other), verifier.unwrap()).unwrap();
    let error = credentials.check_signer(&app_key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("the signer has another key"), "{error}");
}

/// A library's error may quote what it could not sign.
#[tokio::test]
async fn no_secret_is_shown_that_a_signers_error_quotes() {
    const TOKEN: &str = "201509BBeff9351ad18743";

    let (mock, _) = start().await;
    let client = scripted(&mock, |message| {
        let quoted = String::from_utf8(message).unwrap();
        Box::pin(async move { Err(SignError::new(format!("kms: can't sign {quoted}"))) })
    });
    let merchant = client.build().unwrap().on_behalf_of(TOKEN);
    let page = merchant.trade().page_pay(page_pay());
    let query = Query::with_out_trade_no("20161112");
    let blocking = sign::blocking(SignType::Rsa2, |message| {
        Err(SignError::new(String::from_utf8_lossy(message).into_owned()))
    });
    let blocking = builder(&mock, blocking).build().unwrap().on_behalf_of(TOKEN);
    for error in [
        merchant.trade().query(query).await.unwrap_err(),
        page.form_async().await.unwrap_err(),
        blocking.trade().page_pay(page_pay()).form().unwrap_err(),
    ] {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN), "{shown}");
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Signing, false));
    }
}

#[tokio::test]
async fn the_check_tells_a_signer_that_never_answers_from_the_network() {
    let (mock, _) = start().await;
    let client = scripted(&mock, |_| Box::pin(pending())).attempt_timeout(Duration::from_millis(20));
    let error = client.max_attempts(1).build().unwrap().check().await.unwrap_err();
    assert_eq!(error.kind(), CheckErrorKind::Signer, "{error}");
    assert!(
        error
            .to_string()
            .contains("check the key or the key management service"),
        "{error}"
    );
}

#[tokio::test]
async fn the_answer_to_a_gateway_check_waits_no_longer_than_an_attempt_for_its_signature() {
    let (mock, _) = start().await;
    let key = PrivateKey::parse(&mock.app_private_key()).unwrap().public_key();
    let silent = scripted(&mock, |_| Box::pin(pending())).attempt_timeout(Duration::from_millis(20));
    let away = scripted(&mock, |_| Box::pin(async { Err(SignError::temporary("kms: 503")) }));
    let lost = scripted(&mock, |_| Box::pin(async { Err(SignError::new("kms: no such key")) }));
    for (client, kind, status) in [
        (silent, ErrorKind::Timeout, 503),
        (away, ErrorKind::Signing, 503),
        (lost, ErrorKind::Signing, 500),
    ] {
        let client = client.build().unwrap();
        let check = client.notifications().verify(gateway_check(&mock)).unwrap();
        let reply = client.notifications();
        let reply = reply.gateway_check_reply_with_key(&check, &key);
        let reply = tokio::time::timeout(Duration::from_secs(10), reply).await;
        let error = reply.expect("it does not wait for ever").unwrap_err();
        assert_eq!(
            (error.kind(), response_status(&error).as_u16()),
            (kind, status),
            "{error}"
        );
    }
}
