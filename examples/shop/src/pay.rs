//! Buying: the form, Alipay's page, the QR code, and the way back.

use std::time::Duration;

use alipay_api::{
    notify::Verified,
    trade::{PagePay, Precreate},
    types::DateTime,
};
use axum::{
    BoxError, Form,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::Redirect,
};
use serde::Deserialize;

use crate::{
    orders::{Order, Way, is_number, new_number, now},
    pages::{OrderPage, Page, Refusal, ShopPage, page},
    products::{PRODUCTS, product},
    reconcile,
    shop::Shop,
};

/// How long a browser waits for the gateway.
const PATIENCE: Duration = Duration::from_secs(10);

/// `GET /`: what is sold.
pub(crate) async fn shop() -> Page {
    page(&ShopPage {
        products: &PRODUCTS,
        number: new_number()?,
    })
}

#[derive(Deserialize)]
pub(crate) struct NewOrder {
    number: String,
    product: String,
    quantity: u8,
    way: String,
}

/// `POST /orders`: places the order and shows how to pay it. Sent twice, it shows the same order.
pub(crate) async fn place(State(shop): State<Shop>, Form(form): Form<NewOrder>) -> Result<Redirect, Refusal> {
    let way = match form.way.as_str() {
        "page" => Way::Page,
        "qr" => Way::Qr,
        _ => return Err(Refusal::bad_form()),
    };
    let product = product(&form.product).ok_or_else(Refusal::bad_form)?;
    if !is_number(&form.number) || !(1..=20).contains(&form.quantity) {
        return Err(Refusal::bad_form());
    }
    let lifetime = shop.config.timing.order_lifetime;
    let placed = shop
        .orders
        .place(&form.number, product, form.quantity, way, lifetime)
        .await?
        .ok_or_else(|| {
            let text = "订单太多，请稍后再试 · There are too many orders: please try again later";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
        })?;
    if placed.product != product.id || placed.quantity != i64::from(form.quantity) || placed.way != way {
        return Err(Refusal::used_form());
    }
    Ok(Redirect::to(&match way {
        Way::Page => format!("/orders/{}/pay", placed.number),
        Way::Qr => format!("/orders/{}", placed.number),
    }))
}

/// `GET /orders/{number}`: the order. While it is open, the page looks again every few seconds.
pub(crate) async fn order(State(shop): State<Shop>, Path(number): Path<String>) -> Page {
    let order = shop.orders.find(&number).await?.ok_or_else(Refusal::not_found)?;
    let order = if order.lacks_code() {
        with_code(&shop, order).await?
    } else {
        looked_after(&shop, order).await?
    };
    page(&OrderPage::new(order))
}

/// `GET /orders/{number}/pay`: sends the browser to Alipay. That changes nothing: Alipay learns of the order when the browser gets there, and takes one
/// payment for one number.
pub(crate) async fn pay(State(shop): State<Shop>, Path(number): Path<String>) -> Result<Redirect, Refusal> {
    let order = shop.orders.find(&number).await?.ok_or_else(Refusal::not_found)?;
    if order.is_qr() || !shop.orders.offer(&number).await? {
        return Ok(Redirect::to(&format!("/orders/{number}")));
    }
    let mut request = PagePay::new(&order.number, order.total, &order.title);
    // The same end whenever the buyer goes there.
    request.time_expire = DateTime::from_unix_seconds(order.expires_at);
    let url = shop
        .alipay
        .trade()
        .page_pay(request)
        .return_url(format!("{}/return", shop.config.url))
        .notify_url(format!("{}/notify", shop.config.url))
        .url()?;
    Ok(Redirect::to(&url))
}

/// `GET /return`: the buyer comes back from Alipay's page. That proves no payment, and neither does the query's signature, which only says that the
/// query is Alipay's: it is good for knowing which order to show.
pub(crate) async fn came_back(State(shop): State<Shop>, RawQuery(query): RawQuery) -> Page {
    let query = query.unwrap_or_default();
    let back = shop.alipay.notifications().verify_return(&query);
    let back = back.and_then(Verified::expect_method::<PagePay>).map_err(|error| {
        tracing::warn!(%error, "somebody came back with a query that is not Alipay's");
        let text = "这个地址不是支付宝给出的 · This address does not come from Alipay";
        Refusal::new(StatusCode::BAD_REQUEST, text)
    })?;
    let order = shop
        .orders
        .find(&back.out_trade_no)
        .await?
        .ok_or_else(Refusal::not_found)?;
    let order = looked_after(&shop, order).await?;
    page(&OrderPage {
        came_back: true,
        ..OrderPage::new(order)
    })
}

/// The order, after the gateway was asked for it if it is open. Where the gateway gives no answer, it is the order as it is known here.
async fn looked_after(shop: &Shop, order: Order) -> Result<Order, BoxError> {
    if !order.is_open() || !shop.orders.may_ask(&order.number).await? {
        return Ok(order);
    }
    let number = order.number.clone();
    if tokio::time::timeout(PATIENCE, reconcile::ask(shop, [order]))
        .await
        .is_err()
    {
        tracing::warn!(
            order = number,
            "the gateway did not say in time what became of the order"
        );
    }
    let order = shop.orders.find(&number).await?;
    order.ok_or_else(|| "the order has vanished".into())
}

/// The order with its QR code, which is asked for when it is first shown. Asked for twice, it is another code of the same order, which is paid once.
async fn with_code(shop: &Shop, order: Order) -> Result<Order, BoxError> {
    // Whole minutes, and no code beyond the order's end.
    let minutes = (order.expires_at - now()) / 60;
    if minutes < 1 || !shop.orders.may_ask(&order.number).await? || !shop.orders.offer(&order.number).await? {
        return Ok(order);
    }
    let mut request = Precreate::new(&order.number, order.total, &order.title);
    request.qr_code_timeout_express = Some(format!("{minutes}m"));
    request.time_expire = DateTime::from_unix_seconds(order.expires_at);
    let call = shop
        .alipay
        .trade()
        .precreate(request)
        .notify_url(format!("{}/notify", shop.config.url));
    match call.timeout(PATIENCE).await {
        Ok(placed) => {
            shop.orders.keep_qr_code(&order.number, &placed.qr_code).await?;
            let qr_code = Some(placed.qr_code);
            Ok(Order { qr_code, ..order })
        }
        // The page says that there is no code yet, and looks again.
        Err(error) => {
            tracing::warn!(order = order.number, %error, "no QR code");
            Ok(order)
        }
    }
}
