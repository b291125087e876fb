//! `Debug` of every public type shows no key, no token and no other secret.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Display},
    fs,
    future::IntoFuture as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use alipay_api::{
    Client, Credentials, Error, ErrorKind, Outcome,
    bill::{BillAnswer, BillKind, BillPeriod},
    cert::Certificate,
    codec::{JsonWriter, Object as _, Value},
    encryption::EncryptionKey,
    flows::{self, Ended, Event, Ticket},
    fund::{
        TransUniTransfer,
        types::{Participant, ParticipantIdentityType},
    },
    isv::{
        Isv, IsvEvent, Sweep,
        store::{
            Authorisation, MemoryStore, MerchantKey, MySqlStore, PostgresStore, SqliteStore, StoreKey, StoreKeyRing,
            StoreOptions, Stored, TokenStore, Version,
        },
    },
    oauth::State,
    open_auth::{TokenApp, TokenAppQuery, TokenAppQueryResponse, TokenAppResponse},
    sign::{PrivateKey, PublicKey, SignType},
    trade::{AppPay, PagePay, Pay, PayRequired, RoyaltyRelationBatchquery},
    transport::{RequestBody, ReqwestTransport, ResponseBody, TransportError, TransportErrorKind},
    types::{Date, DateTime, File, FileError, Secret},
    web::{CallReceiver, GatewayHandler, NotificationError, NotificationReceiver},
};
use futures_util::TryStreamExt as _;
use http::Method;
use serde_json::json;

use crate::{
    forge::Forge,
    mysql_server, postgres_server,
    support::{builder, certified_builder, price, start, start_certified},
};

const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";
const TOKEN: &str = "201509BBeff9351ad1874306903e96b91d248A36";

/// Types that hold nothing of anyone's: numbers, names and kinds, or only borrow what another one holds; and traits' handles.
const HARMLESS: &[&str] = &[
    "AnswerInfo",
    "Repeat",
    "PageFields",
    "FileLimits",
    "AuthorisationState",
    "AuthorisedMerchant",
    "BadSignature",
    // What came of a day: numbers, texts and amounts of orders, and no key. Its address is in none of them.
    "AccountRow",
    "BillKind",
    "BillLimits",
    "BillPeriod",
    "BillErrorKind",
    "RawRow",
    "Rows",
    "TradeRow",
    "TradeRowKind",
    // Numbers, amounts and times of flows, and what is believed of them.
    "Belief",
    "Believed",
    "Canceller",
    "CheckErrorKind",
    "CertificateErrorKind",
    "ChainFault",
    "Date",
    "DateTime",
    "DecodeError",
    // Says nothing of what it is about.
    "DecryptionError",
    "EncryptType",
    "EncryptionKeyErrorKind",
    "ErrorClass",
    "ErrorKind",
    "FileErrorKind",
    "ExponentialBackoff",
    // Of an error, which is shown below.
    "FailedAttempt",
    "Difference",
    "FlowKind",
    "Found",
    "Frozen",
    // The spec gives it to fields that are no secrets.
    "Json",
    "KeyErrorKind",
    "Kind",
    "MethodInfo",
    "MethodName",
    "MissingFields",
    "NoErrorCode",
    "NotDoneReason",
    "OpenEnum",
    "OtherNotification",
    "Paid",
    "ParsePriceError",
    "ParseSignTypeError",
    "ParseTimeError",
    "PollSchedule",
    "Price",
    // Of a ticket and an event, which are shown below.
    "Progress",
    "Protocol",
    "Rate",
    "Reconcile",
    // What a refund's notification says: its number, an amount, a time.
    "RefundEvent",
    "Refunded",
    // `success`, or the signed answer to a gateway check.
    "Reply",
    "Resumed",
    "Retry",
    "RetryBudget",
    // The name of a method.
    "ReturnQuery",
    "IncomingCall",
    "RootCertificates",
    "SeededRandom",
    "Settled",
    // What the program's own signer says.
    "SignError",
    "SignType",
    "StoreErrorKind",
    "SystemClock",
    "TradeEvent",
    "Transferred",
    "TransportErrorKind",
    "Unfrozen",
    "UnknownReason",
    // Lists the values that are known, not the text.
    "UnknownValueError",
    "V3",
    // Without `Debug`.
    "AccountSums",
    "Cells",
    "RowError",
    "Slot",
    "TradeSums",
    "View",
];

/// What each type shows.
#[derive(Default)]
struct Shown(BTreeMap<&'static str, String>);

impl Shown {
    fn add(&mut self, of: &'static str, value: &dyn Debug) {
        self.text(of, &format!("{value:?} {value:#?}"));
    }

    fn error(&mut self, of: &'static str, value: &(impl Debug + Display)) {
        self.text(of, &format!("{value} {value:?}"));
    }

    fn text(&mut self, of: &'static str, text: &str) {
        assert!(text.trim().len() > 2, "{of}");
        *self.0.entry(of).or_default() += text;
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let (mock, client) = start().await;
    let (private, public) = (mock.app_private_key(), mock.alipay_public_key());
    let mut shown = Shown::default();
    keys(&mut shown, &private, &public);
    calls(&mut shown, &client).await;
    flows(&mut shown, &client).await;
    shown.add("Client", &[&client, &client.on_behalf_of(TOKEN)]);
    shown.add("Credentials", &Credentials::public_key(&private, &public).unwrap());
    let address = format!("https://app:{TOKEN}@gateway.example/gateway.do?key={TOKEN}");
    shown.add(
        "ClientBuilder",
        &builder(&mock)
            .gateway(&address)
            .authorisation_pages(&address)
            .encryption_key(EncryptionKey::from_base64(AES_KEY).unwrap())
            .proxy(address.as_str()),
    );
    shown.error("Error", &builder(&mock).gateway(&address).build().unwrap_err());
    shown.error(
        "Error",
        &builder(&mock).authorisation_pages(&address).build().unwrap_err(),
    );
    notifications(&mut shown, &mock, &client).await;
    merchants(&mut shown, &client).await;
    values(&mut shown);
    every_secret_field(&mut shown);
    bills(&mut shown, &mock, &client).await;
    let (certified_mock, certified) = start_certified().await;
    shown.add("ClientBuilder", &certified_builder(&certified_mock));
    shown.add("Client", &certified);
    shown.add("Certificate", &Certificate::parse(&certified_mock.app_cert()).unwrap());

    let secrets = [
        AES_KEY,
        &AES_KEY[..12],
        TOKEN,
        &TOKEN[4..],
        &TOKEN[..12],
        &private[100..140],
        &private[400..440],
    ];
    let bytes = format!("{:?}", &TOKEN.as_bytes()[..12]);
    for (of, text) in &shown.0 {
        for secret in secrets.iter().copied().chain([bytes.trim_matches(['[', ']'])]) {
            assert!(!text.contains(secret), "{of}: {text}");
        }
    }
    let mut missing = public_types();
    missing.retain(|name| !shown.0.contains_key(name.as_str()) && !HARMLESS.contains(&name.as_str()));
    // Where there is no server.
    missing.retain(|name| name != "PostgresStore" || postgres_server::shared().is_some());
    missing.retain(|name| name != "MySqlStore" || mysql_server::shared().is_some());
    assert!(
        missing.is_empty(),
        "neither shown here nor known to be harmless: {missing:?}"
    );
}

/// The names of the library's hand-written public types.
fn public_types() -> Vec<String> {
    fn collect(folder: &Path, names: &mut Vec<String>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let is_left_out = ["generated", "tests"]
                .iter()
                .any(|name| path.file_stem().unwrap() == *name);
            if is_left_out {
                continue;
            }
            if path.is_dir() {
                collect(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let types = text.lines().filter_map(|line| {
                let line = line
                    .strip_prefix("pub struct ")
                    .or_else(|| line.strip_prefix("pub enum "))?;
                line.split(|character: char| !character.is_alphanumeric()).next()
            });
            names.extend(types.map(str::to_owned));
        }
    }
    let mut names = Vec::new();
    collect(
        &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../alipay-api/src"),
        &mut names,
    );
    assert!(names.len() > 60, "{names:?}");
    names
}

fn keys(shown: &mut Shown, private: &str, public: &str) {
    let key = PrivateKey::parse(private).unwrap();
    let alipay = PublicKey::parse(public).unwrap();
    shown.add("PrivateKey", &key);
    shown.add("PrivateKey", &key.signer(SignType::Rsa2).unwrap());
    shown.add("PublicKey", &(&alipay, alipay.verifier(SignType::Rsa2).unwrap()));
    shown.add("Secret", &Secret::new(TOKEN));
    let key = EncryptionKey::from_base64(AES_KEY).unwrap();
    shown.add("EncryptionKey", &key);
    for wrong in [&AES_KEY[..20], TOKEN, private] {
        shown.error("EncryptionKeyError", &EncryptionKey::from_base64(wrong).unwrap_err());
    }
    // A key that is cut short, or stands where a certificate should.
    shown.error("KeyError", &PrivateKey::parse(&private[..600]).unwrap_err());
    shown.error("KeyError", &PublicKey::parse(private).unwrap_err());
    let error = Certificate::parse(private).unwrap_err();
    shown.error("CertificateError", &error);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{private}\n-----END CERTIFICATE-----\n");
    shown.error("CertificateError", &Certificate::parse(&pem).unwrap_err());
}

/// Flows hold a buyer's code, a payee's data and the address of notifications.
async fn flows(shown: &mut Shown, client: &Client) {
    let required = PayRequired {
        out_trade_no: "1".into(),
        total_amount: price("1.00"),
        subject: "subject".into(),
    };
    let flow = flows::scan_pay(client, Pay::with_auth_code(TOKEN, required));
    let flow = flow.notify_url(format!("https://shop.example/notify?key={TOKEN}"));
    shown.add("Flow", &flow);
    shown.add("FlowFuture", &flow.into_future());
    shown.add("Event", &Event::QrCode(TOKEN));
    let payee = Participant::new(TOKEN, ParticipantIdentityType::AlipayLogonId);
    let flow = flows::transfer(client, TransUniTransfer::new("1", price("1.00"), payee));
    let ticket = flow.ticket().to_string();
    assert!(ticket.contains(TOKEN), "{ticket}");
    shown.add("Flow", &flow);
    shown.add("Ticket", flow.ticket());
    // The client is in public-key mode.
    let ended = flow.await;
    shown.add("Ended", &ended);
    let Ended::NotDone(not_done) = ended else { panic!() };
    shown.error("NotDone", &not_done);
    let foreign: Ticket = ticket.replace(client.app_id(), "2021000000000009").parse().unwrap();
    let Ended::Unknown(unknown) = flows::resume(client, foreign).await else {
        panic!()
    };
    shown.error("Unknown", &unknown);
    let wrong = ticket.replace("\"flow\":\"transfer\"", &format!("\"flow\":\"{TOKEN}\""));
    shown.error("TicketError", &wrong.parse::<Ticket>().unwrap_err());
}

async fn calls(shown: &mut Shown, client: &Client) {
    let merchant = client.on_behalf_of(TOKEN);
    shown.error("CheckError", &merchant.check().await.unwrap_err());
    shown.error("Checked", &client.check().await.unwrap());
    let url = format!("https://shop.example/notify?key={TOKEN}");
    let pay = Pay::with_auth_code(
        TOKEN,
        PayRequired {
            out_trade_no: "1".into(),
            total_amount: price("1.00"),
            subject: "subject".into(),
        },
    );
    let call = || merchant.trade().pay(pay.clone()).auth_token(TOKEN).notify_url(&url);
    shown.add("Outcome", &Outcome::Pending(pay.clone()));
    shown.add("Call", &call());
    shown.add("CallFuture", &call().into_future());
    shown.add("CallWithMetadata", &call().with_metadata());
    let list = || {
        let query = RoyaltyRelationBatchquery::new().out_request_no(TOKEN);
        merchant
            .trade()
            .royalty_relation_batchquery(query)
            .auth_token(TOKEN)
            .pages()
    };
    shown.add("Pages", &list());
    shown.add("Items", &list().items());
    shown.add("BlockingStream", &list().blocking());
    shown.error("Error", &list().try_next().await.unwrap_err());
    // The answer repeats what it was asked.
    let granted = client.call_raw(
        "alipay.trade.precreate",
        json!({ "out_trade_no": TOKEN, "total_amount": 1, "subject": "x" }),
    );
    let (granted, metadata) = granted.with_metadata().await.unwrap();
    assert!(metadata.verified_content().contains(TOKEN));
    shown.add("ResponseMetadata", &metadata);
    shown.add("RawResponse", &granted);
    let page = merchant.trade().page_pay(PagePay::new("1", price("1.00"), "subject"));
    shown.add("PageCall", &page.return_url(&url).notify_url(&url));
    let app = merchant.trade().app_pay(AppPay::new("1", price("1.00"), "subject"));
    shown.add("AppCall", &app.notify_url(&url));
    let either = merchant
        .user()
        .agreement_page_sign(alipay_api::user::AgreementPageSign::new().external_logon_id(TOKEN));
    shown.add("PageOrAppCall", &either.parameter("auth_token", TOKEN).return_url(&url));
    let raw = merchant.page_raw("alipay.no.such.page.pay", json!({ "auth_code": TOKEN }));
    shown.add("PageCall", &raw.parameter("auth_token", TOKEN).return_url(&url));
    let raw = merchant.app_raw("alipay.no.such.app.pay", json!({ "auth_code": TOKEN }));
    shown.add("AppCall", &raw.parameter("auth_token", TOKEN));
    let business = json!({ "app_auth_token": TOKEN, "code": { "deep": [TOKEN] } });
    let raw = || {
        merchant
            .call_raw("alipay.no.such.method", business.clone())
            .parameter("code", TOKEN)
            .file("file", File::new("a.png", TOKEN))
            .auth_token(TOKEN)
            .notify_url(&url)
    };
    shown.add("RawCall", &raw());
    let target = format!("/v3/alipay/no/such?auth_token={TOKEN}");
    let raw_v3 = || merchant.v3_raw(Method::POST, &target).body(business.clone());
    shown.add("RawV3Call", &raw_v3());
    shown.error("Error", &raw_v3().await.unwrap_err());
    shown.error("Error", &raw().await.unwrap_err());
    shown.add("ErrorForTests", &Error::for_tests(ErrorKind::Gateway));
    shown.error("Error", &call().await.unwrap_err());
    shown.error(
        "TransportError",
        &TransportError::new(TransportErrorKind::Broken).with_source("cut off"),
    );
    let proxy = format!("http://user:{TOKEN}@proxy.example:3128");
    let transport = ReqwestTransport::builder().proxy(proxy.as_str());
    shown.add("ReqwestTransport", &transport.build().unwrap());
    shown.add("ReqwestTransportBuilder", &transport);
    for wrong in [
        format!("{proxy}/{TOKEN}"),
        format!("{TOKEN}://proxy.example"),
        TOKEN.to_owned(),
    ] {
        shown.error("Error", &ReqwestTransport::builder().proxy(wrong).build().unwrap_err());
    }
    shown.add("RequestBody", &RequestBody::from(TOKEN));
    shown.add("ResponseBody", &ResponseBody::from(TOKEN));
    shown.add("File", &File::new("a.png", TOKEN.as_bytes().to_vec()));
    let unnamed = client
        .call_raw("alipay.open.file.upload", json!(null))
        .file("file_content", File::new("", TOKEN));
    let refused = unnamed.await.unwrap_err();
    shown.error(
        "FileError",
        refused.cause().unwrap().downcast_ref::<FileError>().unwrap(),
    );
}

async fn notifications(shown: &mut Shown, mock: &alipay_mock::Mock, client: &Client) {
    shown.add("Notifications", &client.notifications());
    let told = Forge::new(mock)
        .set("new_token", TOKEN.as_bytes())
        .set("passback_params", b"x");
    shown.add("Verified", &client.notifications().verify(told.signed()).unwrap());
    let receiver = NotificationReceiver::new(client.on_behalf_of(TOKEN)).also(client.clone());
    shown.add("NotificationReceiver", &receiver);
    let handler = GatewayHandler::builder(receiver.clone(), TOKEN);
    shown.add("GatewayHandlerBuilder", &handler);
    shown.add("GatewayHandler", &handler.build().unwrap());
    shown.add("Received", &receiver.receive(told.signed()).await.unwrap());
    let called = Forge::new(mock)
        .set("notify_type", b"")
        .set("method", b"spi.alipay.x")
        .set("utc_timestamp", b"1546077067")
        .set("token", TOKEN.as_bytes());
    let receiver_of_calls = CallReceiver::new(client.on_behalf_of(TOKEN));
    shown.add("CallReceiver", &receiver_of_calls);
    let called = receiver_of_calls.receive(&called.signed(), "").await.unwrap();
    shown.add("ReceivedCall", &called);
    let forged = told
        .signed()
        .replace("passback_params=x", &format!("passback_params={TOKEN}"));
    let refused = receiver.receive(forged).await.unwrap_err();
    shown.error("NotificationError", &NotificationError::from(refused));
    let state = State::new(TOKEN).unwrap();
    shown.add("OAuth", &client.oauth());
    shown.add("State", &state);
    let query = |code: &str| {
        format!(
            "app_id={}&{code}={TOKEN}&state={TOKEN}&source=alipay_wallet",
            client.app_id()
        )
    };
    shown.add(
        "UserCallback",
        &client.oauth().user_callback(&query("auth_code"), &state).unwrap(),
    );
    shown.add(
        "MerchantCallback",
        &client
            .oauth()
            .merchant_callback(&query("app_auth_code"), &state)
            .unwrap(),
    );
    let other = State::new("anotherStateOfAnotherBrowser").unwrap();
    shown.error(
        "Error",
        &client.oauth().user_callback(&query("auth_code"), &other).unwrap_err(),
    );
    let code = json!({ "grant_type": "authorization_code", "code": mock.authorise(None, None) });
    let answer = client.call_raw("alipay.open.auth.token.app", code).await.unwrap();
    let answered = answer.get::<String>("app_auth_token").unwrap().unwrap();
    assert!(!format!("{answer:?} {answer:#?}").contains(&answered));
    shown.add("RawResponse", &answer);
}

async fn merchants(shown: &mut Shown, client: &Client) {
    let authorisation = Authorisation::new(TOKEN, TOKEN, "2088", SystemTime::now());
    let stored = Stored::new(authorisation.clone(), Version(1));
    let refused = client
        .on_behalf_of(TOKEN)
        .call_raw("alipay.no.such.method", json!({}))
        .await
        .unwrap_err();
    let event = IsvEvent::NotStored {
        auth_app_id: "2021".to_owned(),
        authorisation: authorisation.clone(),
        error: refused.clone(),
    };
    shown.add("Authorisation", &authorisation);
    shown.add("Stored", &stored);
    shown.add("Version", &stored.version);
    shown.add("IsvEvent", &event);
    let mut sweep = Sweep::default();
    sweep.failed.push(("2021".to_owned(), refused));
    shown.add("Sweep", &sweep);
    let key = MerchantKey {
        app_id: client.app_id(),
        auth_app_id: "2021",
    };
    shown.add("MerchantKey", &key);
    let store_key = StoreKey::new(TOKEN.as_bytes()[..StoreKey::LENGTH].try_into().unwrap());
    shown.add("StoreKey", &store_key);
    shown.add("StoreKeyRing", &StoreKeyRing::from(&store_key));
    shown.add("StoreOptions", &StoreOptions::new());
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("tokens.db"), &store_key)
        .await
        .unwrap();
    let mut each: Vec<(&str, Arc<dyn TokenStore>)> = vec![
        ("MemoryStore", Arc::new(MemoryStore::new())),
        ("SqliteStore", Arc::new(sqlite)),
    ];
    if let Some(server) = postgres_server::shared() {
        let store = PostgresStore::connect(&server.database(), &store_key).await.unwrap();
        each.push(("PostgresStore", Arc::new(store)));
    }
    if let Some(server) = mysql_server::shared() {
        let store = MySqlStore::connect(&server.database(), &store_key).await.unwrap();
        each.push(("MySqlStore", Arc::new(store)));
    }
    for (name, store) in each {
        store.replace(key, None, &authorisation).await.unwrap().unwrap();
        shown.add(name, &store);
        let isv = Isv::builder(client.clone(), Arc::clone(&store));
        shown.add("IsvBuilder", &isv);
        let isv = isv.build();
        shown.add("Isv", &isv);
        shown.add("Client", &isv.merchant("2021"));
    }
    let nowhere = format!("postgres://app:{TOKEN}@127.0.0.1:1/tokens");
    shown.error(
        "StoreError",
        &PostgresStore::connect(&nowhere, &store_key).await.unwrap_err(),
    );
    for url in [
        format!("mysql://app:{TOKEN}@127.0.0.1:1/tokens"),
        format!("mysql://app:{TOKEN}@127.0.0.1:1"),
    ] {
        shown.error("StoreError", &MySqlStore::connect(&url, &store_key).await.unwrap_err());
    }
}

/// Whoever has a bill's address can download it.
async fn bills(shown: &mut Shown, mock: &alipay_mock::Mock, client: &Client) {
    const METHOD: &str = "alipay.data.dataservice.bill.downloadurl.query";
    let bills = client.on_behalf_of(TOKEN).bill().allow_host(mock.address().to_string());
    shown.add("Bills", &bills);
    let day = Date::new(2026, 3, 20).unwrap();
    let bills = client.bill().allow_host(mock.address().to_string());
    for url in [
        format!("{}/bill/{TOKEN}", mock.base_url()),
        format!("https://{TOKEN}@dwbillcenter.alipay.com/?token={TOKEN}"),
        format!("https://shop.example/?token={TOKEN}"),
    ] {
        mock.answer(METHOD, json!({ "bill_download_url": url })).unwrap();
        shown.error("BillError", &bills.download(BillKind::Trade, day).await.unwrap_err());
    }
    mock.forget_answers(METHOD);
    let month = BillPeriod::month(2001, 1).unwrap();
    let answer = bills.download(BillKind::Trade, month).await.unwrap();
    shown.add("BillAnswer", &answer);
    let BillAnswer::NoBill(reason) = answer else { panic!() };
    shown.error("NoBill", &reason);
    let last = DateTime::try_from(SystemTime::now() - std::time::Duration::from_hours(48))
        .unwrap()
        .date();
    let bill = bills.download(BillKind::Trade, last).await.unwrap().bill().unwrap();
    shown.add("Bill", &bill);
}

/// What values are read from and written into.
fn values(shown: &mut Shown) {
    let text = json!({ "app_auth_token": TOKEN, "app_refresh_token": TOKEN, "new_token": TOKEN });
    let granted: TokenAppResponse = serde_json::from_value(text.clone()).unwrap();
    shown.add("Extra", &granted.extra);
    shown.add("FieldsRef", &granted.fields());
    let json = text.to_string();
    shown.add("Value", &[Value::parse(&json).unwrap(), Value::from_text(TOKEN)]);
    shown.add("Source", &Value::parse(&json).unwrap());
    let mut writer = JsonWriter::default();
    writer.string(TOKEN);
    shown.add("JsonWriter", &writer);
}

/// Each request and response of the library that has secret fields, filled with the token.
fn every_secret_field(shown: &mut Shown) {
    fn add<T: serde::de::DeserializeOwned + Debug>(shown: &mut Shown, fields: serde_json::Value) {
        shown.add("requests and responses", &serde_json::from_value::<T>(fields).unwrap());
    }
    let tokens = json!({ "app_auth_token": TOKEN, "app_refresh_token": TOKEN, "new_token": TOKEN });
    add::<TokenAppResponse>(shown, tokens);
    add::<TokenAppQueryResponse>(shown, json!({ "new_token": TOKEN }));
    add::<alipay_api::system::OauthTokenResponse>(shown, json!({ "access_token": TOKEN, "refresh_token": TOKEN }));
    add::<alipay_api::user::InfoShare>(shown, json!({ "auth_token": TOKEN }));
    let person = json!({ "address": TOKEN, "email": TOKEN, "mobile": TOKEN, "phone": TOKEN, "user_name": TOKEN, "cert_no": TOKEN });
    add::<alipay_api::user::InfoShareResponse>(shown, person);
    add::<alipay_api::ebpp_invoice::TokenBatchquery>(shown, json!({ "invoice_token": TOKEN }));
    add::<alipay_api::trade::WapPay>(
        shown,
        json!({ "out_trade_no": "1", "total_amount": "1.00", "subject": "s", "auth_token": TOKEN }),
    );
    add::<alipay_api::trade::types::ExtUserInfo>(shown, json!({ "cert_no": TOKEN }));
    add::<alipay_api::fund::types::Participant>(
        shown,
        json!({ "identity": "1", "identity_type": "ALIPAY_USER_ID", "cert_no": TOKEN }),
    );
    shown.add(
        "requests and responses",
        &TokenApp::with_code(TOKEN, "authorization_code").refresh_token(TOKEN),
    );
    shown.add("requests and responses", &TokenAppQuery::new(TOKEN));
}
