//! A gateway and a client of it for each test, and orders to begin with.

use alipay_api::{Client, ClientBuilder, Credentials, trade::Precreate, types::Price};
use alipay_mock::Mock;

/// A gateway and the client of its app.
pub(crate) async fn start() -> (Mock, Client) {
    let mock = Mock::start().await.expect("the gateway starts");
    let client = builder(&mock).build().expect("a client");
    (mock, client)
}

/// A client of the gateway's app, to be changed.
pub(crate) fn builder(mock: &Mock) -> ClientBuilder {
    let credentials = Credentials::public_key(&mock.app_private_key(), &mock.alipay_public_key()).expect("keys");
    Client::builder(mock.app_id(), credentials).gateway(mock.gateway_url())
}

/// An order that its buyer has paid.
pub(crate) async fn paid_order(mock: &Mock, client: &Client, out_trade_no: &str, amount: &str) -> String {
    client
        .trade()
        .precreate(Precreate::new(out_trade_no, price(amount), "测试订单"))
        .await
        .expect("an order");
    mock.pay(out_trade_no)
        .expect("it is paid")
        .trade
        .trade_no
        .expect("a trade")
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect("an amount")
}
