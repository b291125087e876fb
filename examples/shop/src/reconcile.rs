//! Asking the gateway what became of what is open: a notification may be lost, and the shop may have been away when it came.

use alipay_api::{
    Client,
    flows::{self, Belief, Believed, Difference, Found, Rate, Ticket},
};
use axum::BoxError;
use futures_util::{StreamExt, stream};

use crate::{
    orders::{Order, now},
    shop::Shop,
};

/// How long after an order's end something may still come of it.
const SLACK_SECONDS: i64 = 120;

/// Looks after open orders, at the start and from time to time, until the shop ends.
pub(crate) async fn keep_on(shop: Shop) {
    let mut rounds = shop.rounds();
    while shop.next_round(&mut rounds).await {
        // Nothing is lost where this is dropped: it only asks, and what it stores it stores whole.
        let asked = tokio::select! {
            () = shop.shutdown.cancelled() => return,
            asked = open_orders(&shop) => asked,
        };
        if let Err(error) = asked {
            tracing::error!(error, "the reconciliation failed, and is repeated later");
        }
    }
}

async fn open_orders(shop: &Shop) -> Result<(), BoxError> {
    shop.orders.close_unoffered().await?;
    let orders = shop.orders.open_orders().await?;
    if !orders.is_empty() {
        tracing::info!(orders = orders.len(), "asking for open orders");
    }
    ask(shop, orders).await?;
    Ok(())
}

/// Asks the gateway for these orders, and does what its answers ask for. Says whether it has found out about all.
pub(crate) async fn ask(
    shop: &Shop,
    orders: impl IntoIterator<Item = Order, IntoIter: Send>,
) -> Result<bool, BoxError> {
    let believed = orders.into_iter().map(|order| believed(&shop.alipay, &order));
    let mut differences = flows::reconcile(&shop.alipay, stream::iter(believed), Rate::per_second(20));
    let mut is_known = true;
    while let Some(difference) = differences.next().await {
        is_known &= settle(shop, &difference).await?;
    }
    Ok(is_known)
}

/// Asks for an order that is closed here and notified as paid. Says whether it has found out that the order is paid, or is over.
pub(crate) async fn ask_whether_paid(shop: &Shop, order: &Order) -> Result<bool, BoxError> {
    let believed = stream::iter([believed(&shop.alipay, order)]);
    let mut differences = flows::reconcile(&shop.alipay, believed, Rate::per_second(20));
    match differences.next().await {
        Some(difference) => settle(shop, &difference).await,
        // Open, as is believed of all: that is neither.
        None => Ok(false),
    }
}

fn believed(client: &Client, order: &Order) -> Believed {
    Believed {
        // The ticket has the amount: an order of another amount is not ours, and is not taken for paid.
        ticket: Ticket::of_payment(client.app_id(), &order.number, order.total),
        // All of them are open for all we know, or a notification of them is not clear: whatever the gateway says counts.
        belief: Belief::Open,
    }
}

async fn settle(shop: &Shop, difference: &Difference) -> Result<bool, BoxError> {
    let ticket = &difference.ticket;
    let number = ticket.number();
    match &difference.found {
        Found::Done(_) => {
            if shop.orders.paid(number, ticket.alipay_number()).await? {
                tracing::info!(order = number, "an order is paid, as the gateway says when it is asked");
            }
        }
        Found::NotDone(_) => {
            if shop.orders.closed_by_alipay(number).await? {
                tracing::info!(order = number, "an order is closed");
            }
        }
        // Nobody has opened its page or scanned its code: it is over when nobody can any more.
        Found::Absent => {
            let Some(order) = shop.orders.find(number).await?.filter(Order::is_open) else {
                tracing::error!(
                    order = number,
                    "the gateway does not know an order that is not open here"
                );
                return Ok(false);
            };
            if order.expires_at + SLACK_SECONDS <= now() && shop.orders.close(number).await? {
                tracing::info!(order = number, "an order was given up");
            }
        }
        // Somebody has to look.
        Found::Mismatch => {
            tracing::error!("{difference}");
            return Ok(false);
        }
        _ => {
            tracing::warn!("{difference}");
            return Ok(false);
        }
    }
    Ok(true)
}
