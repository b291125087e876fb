//! The admin pages: the orders, and their refunds. [`guard`](crate::guard) keeps buyers out.

use alipay_api::types::Price;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Redirect,
};
use serde::Deserialize;

use crate::{
    orders::{is_number, new_number},
    pages::{AdminOrderPage, AdminOrdersPage, Page, Refusal, page},
    refund,
    refunds::Begun,
    shop::Shop,
};

/// `GET /admin`: the latest orders.
pub(crate) async fn orders(State(shop): State<Shop>) -> Page {
    let orders = shop.orders.latest().await?;
    page(&AdminOrdersPage { orders })
}

/// `GET /admin/orders/{number}`: an order with its refunds.
pub(crate) async fn order(State(shop): State<Shop>, Path(number): Path<String>) -> Page {
    let order = shop.orders.find(&number).await?.ok_or_else(Refusal::not_found)?;
    page(&AdminOrderPage {
        refunds: shop.orders.refunds_of(&order).await?,
        order,
        number: new_number()?,
    })
}

#[derive(Deserialize)]
pub(crate) struct NewRefund {
    number: String,
    amount: String,
}

/// `POST /admin/orders/{number}/refunds`: refunds an order or a part of it. Sent twice, it is one refund.
pub(crate) async fn refund(
    State(shop): State<Shop>,
    Path(order_number): Path<String>,
    Form(form): Form<NewRefund>,
) -> Result<Redirect, Refusal> {
    let order = shop.orders.find(&order_number).await?.ok_or_else(Refusal::not_found)?;
    let amount: Price = form.amount.trim().parse().map_err(|_| Refusal::bad_form())?;
    if !is_number(&form.number) || amount <= Price::ZERO {
        return Err(Refusal::bad_form());
    }
    match refund::begin(shop, order, form.number, amount).await? {
        Begun::New { .. } | Begun::Repeated => Ok(Redirect::to(&format!("/admin/orders/{order_number}"))),
        Begun::Other => Err(Refusal::used_form()),
        Begun::TooMuch => {
            let text = "订单未付款或余额不足 · The order is not paid, or not so much of it is left";
            Err(Refusal::new(StatusCode::CONFLICT, text))
        }
    }
}
