//! One handler for the app's gateway address: payments, messages, merchants' authorisations and the check of the address.
//!
//! `cargo run --example gateway` runs against the embedded gateway, which sends one of each.

#![allow(clippy::print_stdout, reason = "it is what a program prints")]
#![allow(clippy::unused_async, reason = "the functions of a shop wait for its database")]

use std::{error::Error, sync::Arc};

use alipay_api::{
    Client, Credentials,
    isv::{Isv, store::MemoryStore},
    notify::{FundTransOrderChanged, TradeEvent, TradeStatusSync},
    trade::Precreate,
    web::{GatewayHandler, NotificationError, Received},
};
use alipay_mock::Mock;
use axum::Router;
use serde_json::json;
use tokio::net::TcpListener;

/// The shop, with its database: each function of the handler has a clone.
#[derive(Clone)]
struct Shop;

impl Shop {
    /// Returns once what the notification tells is stored. After an error, Alipay sends it again.
    async fn paid(self, received: Received<TradeStatusSync>) -> Result<(), NotificationError> {
        let trade = received.notification;
        // The number and the amount are those of the shop's own books.
        let trade = trade.expect_order("20161112", "88.80".parse()?)?;
        match trade.event() {
            TradeEvent::Paid | TradeEvent::Finished => println!("paid         {}", trade.out_trade_no),
            TradeEvent::Refunded(_) | TradeEvent::Closed | TradeEvent::Waiting => {}
            other => return Err(format!("the notification does not say what happened: {other:?}").into()),
        }
        Ok(())
    }

    async fn transferred(self, received: Received<FundTransOrderChanged>) -> Result<(), NotificationError> {
        let transfer = &received.notification.biz_content;
        println!("transferred  {}: {}", transfer.out_biz_no, transfer.status);
        Ok(())
    }

    /// All others are confirmed here. Without this function, Alipay would send them again.
    async fn no_use(self, received: Received) -> Result<(), NotificationError> {
        println!("no use for   {}", received.notification.name());
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/alipay", listener.local_addr()?);
    let mock = Mock::builder().app_gateway_url(&address).start().await?;
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key())?;
    let client = Client::builder(mock.app_id(), credentials)
        .gateway(mock.gateway_url())
        .build()?;

    // In production, use a store that all processes of the app share.
    let isv = Isv::builder(client.clone(), Arc::new(MemoryStore::new())).build();
    let gateway = GatewayHandler::builder(client.clone(), Shop)
        .on(Shop::paid)
        .on(Shop::transferred)
        .isv(&isv)
        .otherwise(Shop::no_use)
        .build()?;
    let router = Router::new().route_service("/alipay", gateway);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let order = Precreate::new("20161112", "88.80".parse()?, "测试订单");
    client.trade().precreate(order).notify_url(&address).await?;
    mock.pay("20161112")?;
    mock.authorise(Some("2021000000000002"), None);
    let message = json!({ "biz_content": { "out_biz_no": "T1", "status": "SUCCESS" } });
    mock.notify("alipay.fund.trans.order.changed", message)?
        .send(&address)?;
    mock.notify("alipay.merchant.tradecomplain.changed", json!({}))?
        .send(&address)?;
    // Each until it is confirmed.
    mock.notifications_settled().await;
    isv.merchant_with_token("2021000000000002").await?;
    println!("stored       the tokens of 2021000000000002");

    isv.idle().await;
    server.abort();
    mock.shutdown().await;
    Ok(())
}
