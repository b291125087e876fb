//! A third-party app: a merchant authorises it, and it calls for this merchant.
//!
//! `cargo run --example isv` runs against the embedded gateway. Tokens expire after two seconds here, so that one is refreshed during the
//! run.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::{
    Client, Credentials,
    isv::{Isv, IsvEvent, store::MemoryStore},
    oauth::State,
    trade::{PagePay, Precreate, Query},
};
use alipay_mock::{Mock, Visitor};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = Mock::builder()
        .app_auth_token_lifetime(Duration::from_secs(2))
        .start()
        .await?;
    // Nobody presses a button here: the merchant agrees to what the page asks.
    let mut visitor = Visitor::default();
    visitor.agrees = Some(true);
    mock.set_visitor(visitor);
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key())?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;

    // In production, use a store that all processes of the app share: `SqliteStore`, `PostgresStore` or `MySqlStore`.
    let store = Arc::new(MemoryStore::new());
    let (told, mut events) = mpsc::unbounded_channel();
    let isv = Isv::builder(client, store)
        .on_event(move |event| _ = told.send(event.clone()))
        .build();

    // Send the merchant's browser to Alipay, and keep the state in its session.
    let state = State::generate()?;
    let address = isv
        .client()
        .oauth()
        .merchant_url("https://example.com/callback", &state);
    println!(
        "authorisation page  {}",
        address.split_once('?').map_or("", |(page, _)| page)
    );

    // The browser comes back.
    let query = merchant_agrees(&address).await?;
    let callback = isv.client().oauth().merchant_callback(&query, &state)?;
    let merchants = isv.authorise(callback.app_auth_code).await?;
    let shop = &merchants.first().ok_or("no merchant")?.auth_app_id;
    println!("authorised          {shop}");

    let known = isv.authorisation(shop).await?;
    println!("queried             {} until {:?}", known.status, known.auth_end);

    // Calls for the merchant, each with the current token.
    let merchant = isv.merchant(shop);
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let out_trade_no = format!("isv_{milliseconds}");
    let order = Precreate::new(&out_trade_no, "0.01".parse()?, "测试订单");
    println!(
        "precreated          {}",
        merchant.trade().precreate(order).await?.qr_code
    );
    mock.pay(&out_trade_no)?;

    // The token expires. The next call refreshes it.
    while !matches!(events.try_recv(), Ok(IsvEvent::Refreshed { .. })) {
        let order = merchant.trade().query(Query::with_out_trade_no(&out_trade_no)).await?;
        println!("queried             {} is {}", order.out_trade_no, order.trade_status);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("refreshed           once in {} calls", mock.requests());

    // Pages are made without waiting, so they need a token that is already loaded.
    let page = PagePay::new(format!("{out_trade_no}_page"), "0.01".parse()?, "测试订单");
    let form = isv.merchant_with_token(shop).await?.trade().page_pay(page).form()?;
    println!("payment page        a form of {} bytes", form.len());

    isv.idle().await;
    mock.shutdown().await;
    Ok(())
}

/// Plays the merchant's browser: it agrees, and is redirected back with a code.
async fn merchant_agrees(address: &str) -> Result<String, Box<dyn Error>> {
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let answer = browser.get(address).send().await?;
    let back = answer
        .headers()
        .get("location")
        .ok_or("the browser was not redirected back")?;
    let (_, query) = back.to_str()?.split_once('?').ok_or("the redirect has no query")?;
    Ok(query.to_owned())
}
