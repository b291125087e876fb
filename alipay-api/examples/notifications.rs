//! Notifications per second through axum, over sockets: a handler that is written by hand on `receive`, the extractor, and a gateway handler.
//!
//! `cargo run --release --example notifications -- [rounds] [milliseconds of each]`; by default 5 and 200. Rounds alternate, because other programs
//! may use the cores, too, and their medians are compared: run it with `40 500` on a shared machine. The senders share the cores with the server.
//! In a release build, less than 95 % of the handler that is written by hand is an error.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]
#![allow(clippy::unused_async, reason = "the functions of a shop wait for its database")]

use std::{
    env,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use alipay_api::{
    Client, Credentials,
    notify::{self, TradeStatusSync, response_status},
    web::{GatewayHandler, NotificationError, NotificationReceiver, Received, Reply},
};
use alipay_mock::keys::{KeyPair, SignType};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

type Failure = Box<dyn Error + Send + Sync>;

const APP_ID: &str = "2021000000000001";
/// How many connections send at the same time.
const SENDERS: usize = 32;
/// Of the handler that is written by hand.
const LEAST_SHARE: f64 = 0.95;

/// What a shop does with a payment here.
fn check(trade: &TradeStatusSync) -> Result<(), NotificationError> {
    if trade.out_trade_no == "20161112" {
        return Ok(());
    }
    Err("another order".into())
}

async fn by_hand(State(client): State<Client>, body: Bytes) -> (StatusCode, &'static str) {
    let trade = match client.notifications().receive(&body).await {
        Ok(notification) => notification.expect_trade(),
        Err(error) => Err(error),
    };
    match trade {
        Ok(trade) if check(&trade).is_ok() => (StatusCode::OK, notify::SUCCESS),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "fail"),
        Err(error) => (response_status(&error), "fail"),
    }
}

async fn extracted(received: Received) -> Result<Reply, NotificationError> {
    check(&*received.notification.expect_trade()?)?;
    Ok(Reply::SUCCESS)
}

async fn dispatched((): (), received: Received<TradeStatusSync>) -> Result<(), NotificationError> {
    check(&received.notification)
}

/// The rates of one kind of handler, a second, of each round.
struct Kind {
    name: &'static str,
    path: &'static str,
    rates: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let rounds: usize = arguments.next().as_deref().unwrap_or("5").parse()?;
    let time = Duration::from_millis(arguments.next().as_deref().unwrap_or("200").parse()?);

    let (app, alipay) = (KeyPair::generate()?, KeyPair::generate()?);
    let credentials = Credentials::public_key(&app.to_pem()?, &alipay.public_key().to_base64()?)?;
    let client = Client::builder(APP_ID, credentials).build()?;
    let gateway = GatewayHandler::builder(client.clone(), ()).on(dispatched).build()?;
    let router = Router::new()
        .route("/hand", post(by_hand))
        .with_state(client.clone())
        .route("/extracted", post(extracted))
        .with_state(NotificationReceiver::new(client))
        .route_service("/gateway", gateway);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut kinds = [
        ("by hand", "/hand"),
        ("extractor", "/extracted"),
        ("gateway handler", "/gateway"),
    ]
    .map(|(name, path)| Kind {
        name,
        path,
        rates: Vec::new(),
    });
    let body = notification(&alipay)?;
    // The first round is not counted.
    for round in 0..=rounds {
        for kind in &mut kinds {
            let request = format!(
                "POST {} HTTP/1.1\r\nhost: shop\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                kind.path,
                body.len()
            );
            let rate = send_all(&request.into(), address, time).await?;
            if round > 0 {
                kind.rates.push(rate);
            }
        }
    }

    println!(
        "{SENDERS} connections, {rounds} rounds of {time:?} each in turn, {} bytes\n",
        body.len()
    );
    let medians = kinds.map(|kind| (kind.name, median(kind.rates)));
    let floor = medians[0].1;
    let mut is_within = true;
    for (name, rate) in medians {
        println!("{name:<16} {rate:>7.0} a second, {:>5.1} %", 100.0 * rate / floor);
        is_within &= rate >= LEAST_SHARE * floor;
    }
    if !is_within && cfg!(not(debug_assertions)) {
        return Err(format!(
            "below {:.0} % of the handler that is written by hand",
            100.0 * LEAST_SHARE
        )
        .into());
    }
    Ok(())
}

/// Posts the notification over all connections for this time. How many were confirmed, a second.
#[allow(clippy::cast_precision_loss, reason = "far fewer")]
async fn send_all(request: &Arc<str>, address: std::net::SocketAddr, time: Duration) -> Result<f64, Failure> {
    let mut senders = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..SENDERS {
        let connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        connections.push(connection);
    }
    let started = Instant::now();
    for mut connection in connections {
        let request = Arc::clone(request);
        senders.spawn(async move {
            let mut sent = 0_u64;
            let mut answer = Vec::with_capacity(1024);
            while started.elapsed() < time {
                connection.write_all(request.as_bytes()).await?;
                answer.clear();
                while !answer.ends_with(notify::SUCCESS.as_bytes()) {
                    if connection.read_buf(&mut answer).await? == 0 || answer.ends_with(b"fail") {
                        return Err(Failure::from(String::from_utf8_lossy(&answer).into_owned()));
                    }
                }
                sent += 1;
            }
            Ok(sent)
        });
    }
    let mut sent = 0;
    while let Some(sender) = senders.join_next().await {
        sent += sender??;
    }
    Ok(sent as f64 / started.elapsed().as_secs_f64())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A payment's notification, with all that Alipay sends.
fn notification(alipay: &KeyPair) -> Result<String, Failure> {
    // In the order in which they are signed.
    let parameters = [
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("buyer_id", "2088102116773037"),
        ("buyer_logon_id", "159****5620"),
        ("buyer_pay_amount", "88.88"),
        ("charset", "utf-8"),
        (
            "fund_bill_list",
            r#"[{"amount":"80.00","fundChannel":"ALIPAYACCOUNT"},{"amount":"8.88","fundChannel":"PCREDIT"}]"#,
        ),
        ("gmt_create", "2024-01-02 03:04:05"),
        ("gmt_payment", "2024-01-02 03:04:07"),
        ("invoice_amount", "88.88"),
        ("notify_id", "2024010200222030407000000000000001"),
        ("notify_time", "2024-01-02 03:04:08"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", "20161112"),
        ("point_amount", "0.00"),
        ("receipt_amount", "88.88"),
        ("seller_email", "abc@example.com"),
        ("seller_id", "2088101106499364"),
        ("subject", "测试订单"),
        ("total_amount", "88.88"),
        ("trade_no", "2024010222001473700100000001"),
        ("trade_status", "TRADE_SUCCESS"),
        ("version", "1.0"),
    ];
    let signed = parameters.map(|(name, value)| format!("{name}={value}")).join("&");
    let sign = alipay.sign(SignType::Rsa2, signed.as_bytes())?;
    Ok(form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .append_pair("sign_type", "RSA2")
        .append_pair("sign", &sign)
        .finish())
}
