//! One handler for the gateway address: each kind goes to its function, and nothing is confirmed that nobody took.
#![allow(clippy::unused_async, reason = "the functions of a shop wait for its database")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use alipay_api::{
    Client, Credentials, ErrorKind,
    encryption::EncryptionKey,
    isv::{
        Isv,
        store::{Authorisation, MemoryStore, MerchantKey, StoreError, StoreErrorKind, Stored, TokenStore, Version},
    },
    notify::{FundTransOrderChanged, Notification, OpenAppAuthNotify, SUCCESS, TradeStatusSync},
    sign::{PrivateKey, PublicKey, SignType},
    trade::Precreate,
    transport::BoxFuture,
    web::{GatewayHandler, GatewayHandlerBuilder, NotificationError, NotificationReceiver, Received},
};
use alipay_mock::{AesKey, Mock};
use serde_json::json;

use crate::{
    client::{Answer, Request},
    forge::{Forge, gateway_check},
    servers::{FRAMEWORKS, Server, Taken, trade},
    support::{builder, merchant, price, start},
};

const KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
const CHANGED: &str = "alipay.fund.trans.order.changed";
const SHOP: &str = "2013121100055554";

async fn transfer(taken: Taken, received: Received<FundTransOrderChanged>) -> Result<(), NotificationError> {
    let content = &received.notification.biz_content;
    taken.note(format!("transfer {}", content.out_biz_no));
    Ok(())
}

async fn other(taken: Taken, received: Received) -> Result<(), NotificationError> {
    taken.note(format!("other {}", received.notification.name()));
    Ok(())
}

/// The function for payments, and that for transfers.
fn both(functions: GatewayHandlerBuilder<Taken>) -> GatewayHandlerBuilder<Taken> {
    functions.on(trade).on(transfer)
}

async fn post(server: &Server, body: impl AsRef<[u8]>) -> Answer {
    Request::post(body).send(server.address).await
}

#[track_caller]
fn is_confirmed(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (200, SUCCESS), "{answer:?}");
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16) {
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (status, NotificationError::BODY),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_goes_to_its_function() {
    let (mock, client) = start().await;
    let secret = Mock::builder()
        .app_id("2021000000000998")
        .aes_key(AesKey::from_base64(KEY).unwrap())
        .encrypted_messages()
        .start()
        .await
        .unwrap();
    let key = EncryptionKey::from_base64(KEY).unwrap();
    // Two apps on one address.
    let receiver = NotificationReceiver::new(client).also(builder(&secret).encryption_key(key).build().unwrap());
    let content = |number: &str| json!({ "biz_content": { "out_biz_no": number, "order_id": "20260624110075000006530000014566", "status": "SUCCESS" } });
    let plain = mock.notify(CHANGED, content("T1")).unwrap();
    let encrypted = secret.notify(CHANGED, content("T2")).unwrap();
    // Base64 has no `_`.
    assert!(!encrypted.body().contains("out_biz_no"), "{}", encrypted.body());
    for framework in FRAMEWORKS {
        let server = Server::of_functions(framework, &receiver, both);
        is_confirmed(&post(&server, Forge::new(&mock).signed()).await);
        is_confirmed(&post(&server, Forge::new(&secret).signed()).await);
        is_confirmed(&post(&server, plain.body()).await);
        is_confirmed(&post(&server, encrypted.body()).await);
        let check = post(&server, gateway_check(&mock)).await;
        assert!(
            check.head.contains("\r\ncontent-type: text/xml;charset=gbk\r\n"),
            "{check:?}"
        );
        assert!(check.body.contains("<success>true</success>"), "{check:?}");
        let [one, other] = [&mock, &secret].map(|mock| format!("{} 1 TRADE_SUCCESS", mock.app_id()));
        assert_eq!(
            server.taken(),
            [one.as_str(), &other, "transfer T1", "transfer T2"],
            "{framework:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_taken_from_the_gateway() {
    for framework in FRAMEWORKS {
        let (mock, client) = start().await;
        let server = Server::of_functions(framework, &client.clone().into(), both);
        let order = Precreate::new("20161112", price("0.03"), "测试订单");
        client.trade().precreate(order).notify_url(server.url()).await.unwrap();
        mock.pay("20161112").unwrap();
        mock.notifications_settled().await;
        assert_eq!(server.taken(), [format!("{} 20161112 TRADE_SUCCESS", mock.app_id())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_is_not_confirmed() {
    let (mock, client) = start().await;
    let receiver = NotificationReceiver::from(client);
    let unknown = Forge::new(&mock).set("notify_type", b"new_sync").signed();
    let nameless = Forge::new(&mock).set("notify_type", b"").signed();
    // One that has a type, and no function.
    let known = mock.notify("alipay.merchant.tradecomplain.changed", json!({})).unwrap();
    let bodies = [unknown.as_str(), &nameless, known.body()];
    for framework in FRAMEWORKS {
        let server = Server::of_functions(framework, &receiver, both);
        for body in bodies {
            is_refused(&post(&server, body).await, 422);
        }
        assert!(server.taken().is_empty());
        // Unless the user says so.
        let server = Server::of_functions(framework, &receiver, |functions| both(functions).otherwise(other));
        for body in bodies {
            is_confirmed(&post(&server, body).await);
        }
        is_confirmed(&post(&server, Forge::new(&mock).signed()).await);
        let payment = format!("{} 1 TRADE_SUCCESS", mock.app_id());
        assert_eq!(
            server.taken(),
            [
                "other new_sync",
                "other ",
                "other alipay.merchant.tradecomplain.changed",
                &payment
            ],
            "{framework:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_fails_to_take_is_not_confirmed() {
    let (mock, client) = start().await;
    let receiver = NotificationReceiver::from(client);
    let body = Forge::new(&mock).set("out_trade_no", b"database-is-down").signed();
    let mismatched = Forge::new(&mock).set("total_amount", b"0.02").signed();
    for framework in FRAMEWORKS {
        let server = Server::of_functions(framework, &receiver, both);
        is_refused(&post(&server, &body).await, 503);
        assert!(server.taken().is_empty());
        // The status is that of the error.
        let server = Server::of_functions(framework, &receiver, |functions| {
            functions.on(|_, received: Received<TradeStatusSync>| async move {
                received.notification.expect_order("1", price("0.01"))?;
                Ok(())
            })
        });
        is_refused(&post(&server, &mismatched).await, 422);
        is_confirmed(&post(&server, Forge::new(&mock).signed()).await);
        // And of what is for all others.
        let server = Server::of_functions(framework, &receiver, |functions| {
            functions.otherwise(|_, _| async { Err("the queue is full".into()) })
        });
        is_refused(&post(&server, Forge::new(&mock).signed()).await, 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alipay_sends_again_what_a_function_has_not_taken() {
    let pauses = vec![Duration::ZERO];
    let mock = Mock::builder().notify_schedule(pauses).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let server = Server::of_functions(FRAMEWORKS[0], &client.clone().into(), |functions| {
        functions.on(move |taken: Taken, received: Received<TradeStatusSync>| {
            let is_first = tries.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if is_first {
                    return Err("the database is down".into());
                }
                trade(taken, received).await
            }
        })
    });
    let order = Precreate::new("20161112", price("0.03"), "测试订单");
    client.trade().precreate(order).notify_url(server.url()).await.unwrap();
    mock.pay("20161112").unwrap();
    mock.notifications_settled().await;
    assert_eq!(server.taken(), [format!("{} 20161112 TRADE_SUCCESS", mock.app_id())]);
}

/// The gateway of an ISV's app, and the notices that a merchant has authorised it and has withdrawn.
async fn notices() -> (Mock, Client, Vec<u8>, Vec<u8>) {
    let (url, mut posted) = merchant(&[SUCCESS]).await;
    let mock = Mock::builder().app_gateway_url(url).start().await.unwrap();
    let client = builder(&mock).build().unwrap();
    mock.authorise(Some(SHOP), None);
    let authorised = posted.recv().await.unwrap();
    mock.cancel_authorisation(SHOP).unwrap();
    let withdrawn = posted.recv().await.unwrap();
    (mock, client, authorised, withdrawn)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isvs_notices_reach_its_store() {
    let (mock, client, authorised, withdrawn) = notices().await;
    let receiver = NotificationReceiver::from(client.clone());
    for framework in FRAMEWORKS {
        let isv = Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
        let server = Server::of_functions(framework, &receiver, |functions| {
            functions.isv(&isv).on(trade).otherwise(other)
        });
        let kind = async || isv.merchant_with_token(SHOP).await.map_err(|error| error.kind());
        assert_eq!(kind().await.unwrap_err(), ErrorKind::Authorisation);
        // Anyone may post one.
        let forged = String::from_utf8(authorised.clone())
            .unwrap()
            .replace(SHOP, "2013121100055555");
        is_refused(&post(&server, forged).await, 403);
        is_confirmed(&post(&server, &authorised).await);
        kind().await.unwrap();
        is_confirmed(&post(&server, &withdrawn).await);
        assert_eq!(kind().await.unwrap_err(), ErrorKind::AuthorisationCancelled);
        is_confirmed(&post(&server, Forge::new(&mock).signed()).await);
        // What the store took is no other notification.
        assert_eq!(
            server.taken(),
            [format!("{} 1 TRADE_SUCCESS", mock.app_id())],
            "{framework:?}"
        );

        // With a function of its own, that is called when the notice is stored.
        let isv = Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
        let stored = isv.clone();
        let server = Server::of_functions(framework, &receiver, |functions| {
            functions
                .isv(&isv)
                .on(move |taken: Taken, received: Received<OpenAppAuthNotify>| {
                    let isv = stored.clone();
                    async move {
                        isv.merchant_with_token(&received.notification.auth_app_id).await?;
                        taken.note("a new merchant".to_owned());
                        Ok(())
                    }
                })
        });
        is_confirmed(&post(&server, &authorised).await);
        assert_eq!(server.taken(), ["a new merchant"]);

        // Without a store, it is one that nobody takes.
        let server = Server::of_functions(framework, &receiver, both);
        is_refused(&post(&server, &authorised).await, 422);
    }
}

/// A store that can't be reached.
#[derive(Debug)]
struct Broken;

fn unreachable_store<T: Send + 'static>() -> BoxFuture<'static, Result<T, StoreError>> {
    Box::pin(async {
        Err(StoreError::new(
            StoreErrorKind::Unavailable,
            "the connection is refused",
        ))
    })
}

impl TokenStore for Broken {
    fn load<'a>(&'a self, _: MerchantKey<'a>) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        unreachable_store()
    }

    fn replace<'a>(
        &'a self,
        _: MerchantKey<'a>,
        _: Option<Version>,
        _: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        unreachable_store()
    }

    fn remove<'a>(&'a self, _: MerchantKey<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        unreachable_store()
    }

    fn lease<'a>(&'a self, _: MerchantKey<'a>, _: &'a str, _: Duration) -> BoxFuture<'a, Result<bool, StoreError>> {
        unreachable_store()
    }

    fn release<'a>(&'a self, _: MerchantKey<'a>, _: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        unreachable_store()
    }

    fn ending_before<'a>(
        &'a self,
        _: &'a str,
        _: SystemTime,
        _: Option<&'a str>,
        _: u32,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        unreachable_store()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_can_not_be_stored_is_not_confirmed() {
    let (_mock, client, authorised, _) = notices().await;
    let isv = Isv::builder(client.clone(), Arc::new(Broken)).build();
    let receiver = NotificationReceiver::from(client);
    for framework in FRAMEWORKS {
        let server = Server::of_functions(framework, &receiver, |functions| functions.isv(&isv));
        is_refused(&post(&server, &authorised).await, 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_an_app_with_a_signer_of_its_own_is_checked() {
    let (mock, _) = start().await;
    let private_key = PrivateKey::parse(&mock.app_private_key()).unwrap();
    let alipay_key = PublicKey::parse(&mock.alipay_public_key()).unwrap();
    let credentials = Credentials::custom(
        private_key.signer(SignType::Rsa2).unwrap(),
        alipay_key.verifier(SignType::Rsa2).unwrap(),
    );
    let client = Client::builder(mock.app_id(), credentials.unwrap()).build().unwrap();
    let receiver = NotificationReceiver::from(client);
    for framework in FRAMEWORKS {
        let server = Server::of_functions(framework, &receiver, both);
        is_refused(&post(&server, gateway_check(&mock)).await, 500);
        let server = Server::of_functions(framework, &receiver, |functions| {
            functions.app_public_key(mock.app_id(), private_key.public_key())
        });
        let check = post(&server, gateway_check(&mock)).await;
        assert!(
            check.status == 200 && check.body.contains("<success>true</success>"),
            "{check:?}"
        );
    }
}

#[tokio::test]
async fn a_handler_that_contradicts_itself_is_not_built() {
    let (mock, client) = start().await;
    let app_id = mock.app_id();
    let other_credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).unwrap();
    let other_app = Client::builder("2021000000000998", other_credentials).build().unwrap();
    let isv = |client: &Client| Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
    let (ours, others) = (isv(&client), isv(&other_app));
    let key = || PublicKey::parse(&mock.alipay_public_key()).unwrap();
    let start = || GatewayHandler::builder(client.clone(), Taken::default());
    let cases = [
        (
            start().on(trade).on(trade),
            "two functions for a `trade_status_sync`".to_owned(),
        ),
        (
            start().otherwise(other).otherwise(other),
            "two functions for all others".to_owned(),
        ),
        (
            start().isv(&ours).isv(&ours),
            format!("more than one `Isv` of the app `{app_id}`"),
        ),
        (
            start().isv(&others),
            "the `Isv` of the app `2021000000000998`, and no client of this app".to_owned(),
        ),
        (
            start().app_public_key("7", key()),
            "a public key of the app `7`, and no client of this app".to_owned(),
        ),
        (
            start().app_public_key(app_id, key()).app_public_key(app_id, key()),
            format!("two public keys of the app `{app_id}`"),
        ),
    ];
    for (builder, expected) in cases {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(&expected), "{error}");
    }
    let handler = start().on(trade).isv(&ours).build().unwrap();
    assert!(format!("{handler:?}").contains("trade_status_sync"), "{handler:?}");
}

#[tokio::test]
async fn another_type_is_not_expected() {
    let (mock, client) = start().await;
    let body = Forge::new(&mock).signed();
    let notification = client.notifications().receive(&body).await.unwrap();
    assert!(matches!(&*notification, Notification::TradeStatusSync(_)));
    let error = notification.clone().expect_type::<FundTransOrderChanged>().unwrap_err();
    assert!(error.kind() == ErrorKind::Mismatch && error.is_verified(), "{error}");
    let trade = notification.expect_type::<TradeStatusSync>().unwrap();
    assert_eq!(
        (trade.out_trade_no.as_str(), trade.parameter("total_amount")),
        ("1", Some("0.01"))
    );
}
