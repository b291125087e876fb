//! Keys and certificates change while the client is in use.

use std::{
    future::IntoFuture as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use alipay_api::{
    Client, ClientBuilder, Credentials, Error, ErrorKind,
    notify::SUCCESS,
    sign::{BoxFuture, SignType},
    trade::{PagePay, Precreate, Query},
    transport::{Request, Response, Transport, TransportError, TransportErrorKind},
};
use alipay_mock::{Fault, Mock, keys::KeyPair};
use bytes::Bytes;
use tokio::sync::watch;

use crate::{
    clock::TestClock,
    support::{certified_builder, merchant, price, start, start_certified},
};

/// Sends by reqwest.
#[derive(Clone, Debug)]
struct Http(reqwest::Client);

impl Http {
    fn new() -> Self {
        Self(reqwest::Client::builder().no_proxy().build().unwrap())
    }

    async fn send(&self, url: String, body: Bytes) -> http::Response<Bytes> {
        let request = self
            .0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.unwrap();
        let status = response.status();
        let mut answer = http::Response::new(response.bytes().await.unwrap());
        *answer.status_mut() = status;
        answer
    }
}

/// A gateway that knows the app by two keys, or two certificates, at a time: as Alipay does for some days after a change. It answers with
/// the key of Alipay's that belongs to the app's.
#[derive(Debug)]
struct Both {
    http: Http,
    gateways: [String; 2],
    calls: Arc<[AtomicUsize; 2]>,
}

impl Transport for Both {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let query = request.uri().query().unwrap().to_owned();
            let answer = self
                .http
                .send(
                    format!("{}?{query}", self.gateways[0]),
                    request.body().as_bytes().unwrap().clone(),
                )
                .await;
            let text = String::from_utf8_lossy(answer.body()).into_owned();
            if !text.contains("isv.invalid-signature") && !text.contains("isv.app-cert-not-exist") {
                self.calls[0].fetch_add(1, Ordering::SeqCst);
                return Ok(answer.map(Into::into));
            }
            self.calls[1].fetch_add(1, Ordering::SeqCst);
            let answer = self
                .http
                .send(
                    format!("{}?{query}", self.gateways[1]),
                    request.into_body().into_bytes().await.unwrap(),
                )
                .await;
            Ok(answer.map(Into::into))
        })
    }
}

/// A gateway with these keys of the app's and of Alipay's.
async fn gateway(app: &KeyPair, alipay: &KeyPair) -> Mock {
    let mock = Mock::builder()
        .app_key_pair(app.clone())
        .alipay_key_pair(alipay.clone());
    mock.start().await.unwrap()
}

fn keys<const N: usize>() -> [KeyPair; N] {
    std::array::from_fn(|_| KeyPair::generate().unwrap())
}

fn public(pair: &KeyPair) -> String {
    pair.public_key().to_base64().unwrap()
}

fn credentials(app: &KeyPair, alipay: &KeyPair) -> Credentials {
    Credentials::public_key(&app.to_base64().unwrap(), &public(alipay)).unwrap()
}

fn client(mock: &Mock, credentials: Credentials) -> ClientBuilder {
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

/// What a call says whose signatures hold on both ways.
async fn no_such_order(client: &Client) -> Result<(), Error> {
    let error = client
        .trade()
        .query(Query::with_out_trade_no("nothing"))
        .await
        .unwrap_err();
    if error.is_verified() && error.sub_code() == Some("ACQ.TRADE_NOT_EXIST") {
        Ok(())
    } else {
        Err(error)
    }
}

/// Exchanges credentials in the midst of many calls: none fails, and both gateways are called.
async fn change_under_load(old: &Mock, new: &Mock, builder: ClientBuilder, next: Credentials) {
    const TASKS: usize = 20;
    const CALLS: usize = 10;
    let calls: Arc<[AtomicUsize; 2]> = Arc::default();
    let client = builder.transport(Both {
        http: Http::new(),
        gateways: [old.gateway_url(), new.gateway_url()],
        calls: Arc::clone(&calls),
    });
    let client = client.build().unwrap();
    let (done, mut progress) = watch::channel(0);
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (client, done) = (client.clone(), done.clone());
            tokio::spawn(async move {
                for _ in 0..CALLS {
                    no_such_order(&client).await.unwrap();
                    done.send_modify(|done| *done += 1);
                }
            })
        })
        .collect();
    progress.wait_for(|done| *done >= TASKS * CALLS / 4).await.unwrap();
    client.set_credentials(next).unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*done.borrow(), TASKS * CALLS);
    assert!(
        calls.iter().all(|calls| calls.load(Ordering::SeqCst) > TASKS),
        "{calls:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_keys_under_load_fails_no_call() {
    let [app, next_app, alipay, next_alipay] = keys();
    let (old, new) = (gateway(&app, &alipay).await, gateway(&next_app, &next_alipay).await);
    let builder = client(&old, credentials(&app, &alipay));
    change_under_load(&old, &new, builder, credentials(&next_app, &next_alipay)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_certificates_under_load_fails_no_call() {
    let [app] = keys();
    let (old, _) = start_certified().await;
    let new = Mock::builder().app_key_pair(app).certificates().start().await.unwrap();
    let [app, alipay, root] = [new.app_cert(), new.alipay_cert(), new.root_cert()];
    let next = Credentials::certificates(&new.app_private_key(), &app, &alipay, &root).unwrap();
    change_under_load(&old, &new, certified_builder(&old), next).await;
}

#[tokio::test]
async fn the_answer_to_a_call_under_way_is_verified_by_the_old_key_or_the_new_one() {
    let [app, next_app, alipay, next_alipay] = keys();
    // In truth the gateway signs with one of them; the client has the first when it calls.
    for signs in [&alipay, &next_alipay] {
        let mock = gateway(&app, signs).await;
        let client = client(&mock, credentials(&app, &alipay)).build().unwrap();
        let (delay, mut release) = Fault::delay();
        mock.fault_next(delay);
        let call = client.trade().query(Query::with_out_trade_no("nothing")).into_future();
        let call = tokio::spawn(call);
        release.reached().await;
        client.set_credentials(credentials(&next_app, &next_alipay)).unwrap();
        release.release();
        let error = call.await.unwrap().unwrap_err();
        assert!(error.is_verified(), "{error}");
        // What begins now is signed with the new key, which this gateway does not know.
        let error = no_such_order(&client).await.unwrap_err();
        assert_eq!(error.sub_code(), Some("isv.invalid-signature"), "{error}");
    }
}

/// Exchanges the credentials while it fails for the first time.
#[derive(Debug)]
struct Exchanging {
    http: Http,
    client: Arc<OnceLock<(Client, Credentials)>>,
    failures: AtomicUsize,
}

impl Transport for Exchanging {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            if self.failures.fetch_add(1, Ordering::SeqCst) == 0 {
                let (client, next) = self.client.get().unwrap();
                client.set_credentials(next.clone()).unwrap();
                return Err(TransportError::new(TransportErrorKind::Connect));
            }
            let url = request.uri().to_string();
            let body = request.into_body().into_bytes().await.unwrap();
            Ok(self.http.send(url, body).await.map(Into::into))
        })
    }
}

#[tokio::test]
async fn a_call_is_signed_with_one_key_in_all_its_attempts() {
    let [app, next_app, alipay] = keys();
    let mock = gateway(&app, &alipay).await;
    let slot = Arc::new(OnceLock::new());
    let client = client(&mock, credentials(&app, &alipay)).transport(Exchanging {
        http: Http::new(),
        client: Arc::clone(&slot),
        failures: AtomicUsize::new(0),
    });
    let client = client.build().unwrap();
    slot.set((client.clone(), credentials(&next_app, &alipay))).unwrap();
    no_such_order(&client).await.unwrap();
    assert_eq!(mock.requests(), 1);
    no_such_order(&client).await.unwrap_err();
}

#[tokio::test]
async fn clones_and_handles_share_the_exchange() {
    let [app, alipay, other] = keys();
    let mock = gateway(&app, &alipay).await;
    let client = client(&mock, credentials(&other, &alipay)).build().unwrap();
    let (clone, merchant) = (client.clone(), client.on_behalf_of("201509BBeff9351ad18743"));
    no_such_order(&clone).await.unwrap_err();
    client.set_credentials(credentials(&app, &alipay)).unwrap();
    no_such_order(&clone).await.unwrap();
    let error = no_such_order(&merchant).await.unwrap_err();
    assert_eq!(error.sub_code(), Some("aop.invalid-app-auth-token"), "{error}");
    let page = clone.trade().page_pay(PagePay::new("1", price("0.01"), "subject"));
    let (status, page) = crate::pages::browse(&page.url().unwrap()).await;
    assert!(status == 200 && !page.contains("isv.invalid-signature"), "{page}");
}

/// A notification that a gateway with this key of Alipay's sends.
async fn notification(app: &KeyPair, alipay: &KeyPair) -> Vec<u8> {
    let mock = gateway(app, alipay).await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let client = client(&mock, credentials(app, alipay)).build().unwrap();
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    posted.recv().await.unwrap()
}

#[tokio::test]
async fn two_keys_of_alipays_are_good_for_the_time_of_a_change() {
    let [app, alipay, next_alipay, strange] = keys();
    let (before, after) = (
        notification(&app, &alipay).await,
        notification(&app, &next_alipay).await,
    );
    let forged = notification(&app, &strange).await;
    let both = || {
        credentials(&app, &alipay)
            .with_next_alipay_key(&public(&next_alipay))
            .unwrap()
    };
    // The sign type of both keys is the app's.
    assert_eq!(both().with_sign_type(SignType::Rsa).unwrap().sign_type(), SignType::Rsa);

    let (old, new) = (gateway(&app, &alipay).await, gateway(&app, &next_alipay).await);
    for mock in [&old, &new] {
        no_such_order(&client(mock, both()).build().unwrap()).await.unwrap();
    }
    let client = client(&old, credentials(&app, &alipay)).build().unwrap();
    let are_good = || [&before, &after, &forged].map(|body| client.notifications().verify(body).is_ok());
    assert_eq!(are_good(), [true, false, false]);
    client.set_credentials(both()).unwrap();
    assert_eq!(are_good(), [true, true, false]);
    client.set_credentials(credentials(&app, &next_alipay)).unwrap();
    assert_eq!(are_good(), [false, true, false]);
    let error = client.notifications().verify(&before).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn a_sign_type_counts_for_both_keys() {
    let [app, alipay, next_alipay] = keys();
    let mock = gateway(&app, &next_alipay).await;
    let both = credentials(&app, &alipay)
        .with_next_alipay_key(&public(&next_alipay))
        .unwrap();
    let client = client(&mock, both.with_sign_type(SignType::Rsa).unwrap())
        .build()
        .unwrap();
    no_such_order(&client).await.unwrap();
    let sent = mock.last_request("alipay.trade.query").unwrap();
    assert_eq!(sent.get("sign_type").map(String::as_str), Some("RSA"));
}

#[tokio::test]
async fn a_next_key_that_is_a_mistake_is_refused() {
    let [app, alipay, next] = keys();
    let own = || credentials(&app, &alipay);
    for (result, says) in [
        (own().with_next_alipay_key(&public(&alipay)), "have this key already"),
        (
            own().with_next_alipay_key(&public(&app)),
            "the given key is your app's public key",
        ),
        (
            own().with_next_alipay_key(&app.to_base64().unwrap()),
            "the input is a private key",
        ),
        (
            own()
                .with_next_alipay_key(&public(&next))
                .and_then(|both| both.with_next_alipay_key(&public(&next))),
            "have this key already",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(says), "{error}");
    }
    let (mock, _) = start_certified().await;
    let [cert, alipay_cert, root] = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
    let certified = Credentials::certificates(&mock.app_private_key(), &cert, &alipay_cert, &root).unwrap();
    let error = certified.with_next_alipay_key(&public(&next)).unwrap_err();
    assert!(error.to_string().contains("certificate mode"), "{error}");
}

#[tokio::test]
async fn credentials_of_another_kind_are_refused() {
    let [next_app, next_alipay] = keys();
    let (mock, client) = start().await;
    let clock = TestClock::new();
    let certified = certified_builder(&start_certified().await.0);
    let (certified_mock, _) = start_certified().await;
    let [cert, alipay_cert, root] = [
        certified_mock.app_cert(),
        certified_mock.alipay_cert(),
        certified_mock.root_cert(),
    ];
    let key = certified_mock.app_private_key();
    let certificates = || Credentials::certificates(&key, &cert, &alipay_cert, &root).unwrap();
    let keys = || credentials(&next_app, &next_alipay);
    let certified = certified.clock(clock.clone()).build().unwrap();
    for (result, says) in [
        (
            client.set_credentials(certificates()),
            "works in public-key mode, and the new credentials are for certificate mode",
        ),
        (
            certified.set_credentials(keys()),
            "works in certificate mode, and the new credentials are for public-key mode",
        ),
        (
            client.set_credentials(keys().with_sign_type(SignType::Rsa).unwrap()),
            "signs with RSA2, and the new credentials are for RSA",
        ),
        (
            {
                clock.advance(std::time::Duration::from_hours(100 * 365 * 24));
                certified.set_credentials(certificates())
            },
            "expired",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(says), "{error}");
    }
    // It goes on with what it has.
    no_such_order(&client).await.unwrap();
    assert_eq!(mock.requests(), 1);
}

#[tokio::test]
async fn certificates_that_lead_to_the_new_roots_are_trusted_on() {
    const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
    let (mock, client) = start_certified().await;
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let order = Precreate::new("1", price("0.01"), "subject");
    client.trade().precreate(order).notify_url(url).await.unwrap();
    mock.pay("1").unwrap();
    let before = posted.recv().await.unwrap();
    mock.roll_over_alipay_certificate().unwrap();

    let [cert, alipay_cert, root] = [mock.app_cert(), mock.alipay_cert(), mock.root_cert()];
    let next = Credentials::certificates(&mock.app_private_key(), &cert, &alipay_cert, &root).unwrap();
    client.set_credentials(next).unwrap();
    client.trade().query(Query::with_out_trade_no("1")).await.unwrap();
    client.notifications().verify(&before).unwrap();
    assert_eq!(mock.requests_of(DOWNLOAD), 0);
}
