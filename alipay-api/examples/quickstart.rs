//! An order from its QR code to its refund.
//!
//! `cargo run --example quickstart` runs against the embedded gateway. With `ALIPAY_APP_ID`, `ALIPAY_PRIVATE_KEY` and `ALIPAY_PUBLIC_KEY`
//! set it runs against Alipay's sandbox, where you are the buyer: scan the code with the sandbox's app. `ALIPAY_GATEWAY` names another gateway,
//! such as that of `cargo run -p alipay-mock`, which prints all four: open the code in a browser.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]

use std::{
    env,
    error::Error,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::{
    Client, Credentials,
    notify::{self, Notification, Verified},
    trade::{
        AppPay, FastpayRefundQuery, FastpayRefundQueryRequired, PagePay, Precreate, Query, QueryErrorCode,
        QueryResponse, Refund, fastpay_refund_query::RefundStatus, types::TradeStatus,
    },
    types::Price,
};
use alipay_mock::Mock;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use tokio::{net::TcpListener, sync::mpsc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let amount: Price = "88.80".parse()?;
    let (client, mock) = if let Some((app_id, credentials)) = credentials_from_environment()? {
        let client = Client::builder(app_id, credentials);
        let client = match env::var("ALIPAY_GATEWAY") {
            Ok(url) => client.gateway(url),
            Err(_) => client.sandbox(),
        };
        (client.build()?, None)
    } else {
        let mock = Mock::start().await?;
        let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key())?;
        (
            Client::builder(mock.app_id(), credentials)
                .gateway(mock.gateway_url())
                .build()?,
            Some(mock),
        )
    };
    // Letters, digits and underscores, and never used before.
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let out_trade_no = format!("quickstart_{milliseconds}");
    println!("gateway           {}", client.gateway());

    let (notify_url, mut notifications) = receive_notifications(client.clone()).await?;
    let mut order = client
        .trade()
        .precreate(Precreate::new(&out_trade_no, amount, "测试订单"));
    if mock.is_some() {
        // The sandbox can't reach an address on this machine.
        order = order.notify_url(notify_url);
    }
    println!("precreated        {}", order.await?.qr_code);

    if let Some(mock) = &mock {
        mock.pay(&out_trade_no)?;
        let trade = notifications
            .recv()
            .await
            .ok_or("no notification")?
            .expect_order(&out_trade_no, amount)?;
        println!("notified          {} is {:?}", trade.trade_no, trade.event());
    }
    let order = wait_for_payment(&client, &out_trade_no).await?;
    println!(
        "queried           {} is {}, {}",
        order.trade_no,
        order.trade_status,
        shown(order.total_amount)
    );

    refund(&client, &out_trade_no, mock.is_some()).await?;

    let page = client
        .trade()
        .page_pay(PagePay::new(format!("{out_trade_no}_page"), amount, "测试订单"));
    println!("page pay          {}", page.return_url("https://example.com").url()?);
    let app = client
        .trade()
        .app_pay(AppPay::new(format!("{out_trade_no}_app"), amount, "测试订单"));
    println!("app pay           {}", app.order_string()?);
    Ok(())
}

fn credentials_from_environment() -> Result<Option<(String, Credentials)>, Box<dyn Error>> {
    let [Ok(app_id), Ok(private_key), Ok(public_key)] =
        ["ALIPAY_APP_ID", "ALIPAY_PRIVATE_KEY", "ALIPAY_PUBLIC_KEY"].map(env::var)
    else {
        return Ok(None);
    };
    Ok(Some((app_id, Credentials::public_key(&private_key, &public_key)?)))
}

/// A merchant's server: verifies each notification from its raw body, and answers `success` after it is stored.
///
/// Here it is stored in a channel in memory. A real shop stores it in its database before it answers, because Alipay does not send it again
/// after `success`.
async fn receive_notifications(
    client: Client,
) -> Result<(String, mpsc::UnboundedReceiver<Verified<Notification>>), Box<dyn Error>> {
    type Merchant = (Client, mpsc::UnboundedSender<Verified<Notification>>);

    async fn take(State((client, sender)): State<Merchant>, body: Bytes) -> (StatusCode, &'static str) {
        match client.notifications().receive(&body).await {
            Ok(notification) => match sender.send(notification) {
                Ok(()) => (StatusCode::OK, notify::SUCCESS),
                Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "fail"),
            },
            Err(error) => (notify::response_status(&error), "fail"),
        }
    }

    let (sender, receiver) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/notify", listener.local_addr()?);
    let router = Router::new().route("/notify", post(take)).with_state((client, sender));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, receiver))
}

/// Queries every three seconds for two minutes.
async fn wait_for_payment(client: &Client, out_trade_no: &str) -> Result<QueryResponse, Box<dyn Error>> {
    for _ in 0..40 {
        match client.trade().query(Query::with_out_trade_no(out_trade_no)).await {
            Ok(order) => match order.trade_status.known() {
                Some(TradeStatus::TradeSuccess | TradeStatus::TradeFinished) => return Ok(order),
                Some(TradeStatus::TradeClosed) => return Err("the order is closed".into()),
                _ => {}
            },
            // Nobody has scanned the code yet.
            Err(error) if error.sub_code_as() == Some(QueryErrorCode::AcqTradeNotExist) => {}
            Err(error) if error.is_retryable() => println!("not answered      {error}"),
            Err(error) => return Err(error.into()),
        }
        println!("waiting           scan the code and pay");
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Err("nobody paid".into())
}

/// Refunds a part of the money.
async fn refund(client: &Client, out_trade_no: &str, is_mock: bool) -> Result<(), Box<dyn Error>> {
    // Each refund of an order has its own number, and keeps it if it is sent again: then the money goes back once.
    let number = "refund_1";
    let request = Refund::with_out_trade_no(out_trade_no, "8.80".parse()?).out_request_no(number);
    match client.trade().refund(request).await {
        // `refund_fee` is the total of all refunds of this order so far.
        Ok(refund) if refund.fund_change == Some(true) => {
            println!("refunded          {} so far", shown(refund.refund_fee));
        }
        Ok(_) => println!("refunded?         no money moved in this call"),
        Err(error) if error.is_outcome_unknown() => println!("refunded?         {error}"),
        Err(error) => return Err(error.into()),
    }
    if !is_mock {
        // Alipay may not know the result earlier.
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let query = FastpayRefundQuery::with_out_trade_no(
        out_trade_no,
        FastpayRefundQueryRequired {
            out_request_no: number.into(),
        },
    );
    let refund = client.trade().fastpay_refund_query(query).await?;
    // A successful answer proves nothing by itself.
    if refund.refund_status != Some(RefundStatus::Success.into()) {
        return Err(format!("the refund was not made, or not yet: {:?}", refund.refund_status).into());
    }
    println!(
        "queried refund    {} of {}",
        shown(refund.refund_amount),
        shown(refund.total_amount)
    );
    Ok(())
}

/// An amount, if the gateway sent one.
fn shown(amount: Option<Price>) -> String {
    amount.map_or_else(|| "(no amount)".to_owned(), |amount| amount.to_string())
}
