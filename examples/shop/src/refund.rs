//! Refunds on their way: stored before they are sent, sent once, and followed until it is known what became of them.
//!
//! One process follows a refund at a time: the row in the database is leased to it. Otherwise one process could find a refund refused, which lets its
//! amount be refunded again, and another one could still send it.

use std::future::IntoFuture;

use alipay_api::{
    flows::{self, Ended, Flow},
    trade,
    types::Price,
};
use axum::BoxError;
use tokio::time::timeout;

use crate::{orders::Order, refunds::Begun, shop::Shop};

/// Stores a refund and sends it. Its result comes later, into the database.
pub(crate) async fn begin(shop: Shop, order: Order, number: String, amount: Price) -> Result<Begun, BoxError> {
    // In a task of its own: a handler is dropped with its browser's connection, and what is stored must also be sent.
    let task = shop.tasks.clone().spawn(async move {
        let request = trade::Refund::with_out_trade_no(&order.number, amount).out_request_no(&number);
        let flow = flows::refund(&shop.alipay, request);
        // Nothing is sent before the flow is awaited: until then, the ticket is in the database, and whatever happens, somebody can ask for the refund.
        let ticket = flow.ticket().to_string();
        let lease = shop.config.timing.refund_lease();
        let begun = shop
            .orders
            .begin_refund(&order, &number, amount, &ticket, lease)
            .await?;
        if let Begun::New { followed_until } = begun {
            tracing::info!(refund = number, order = order.number, %amount, "a refund is sent");
            follow(&shop, number, followed_until, flow);
        }
        Ok(begun)
    });
    task.await?
}

/// Looks after refunds that nobody follows, at the start and from time to time, until the shop ends.
pub(crate) async fn keep_on(shop: Shop) {
    let mut rounds = shop.rounds();
    while shop.next_round(&mut rounds).await {
        if let Err(error) = take_up(&shop).await {
            tracing::error!(error, "refunds can't be taken up, which is tried again later");
        }
    }
}

/// Goes on with the refunds whose outcome is unknown and which nobody follows: asks for them, and sends those again that Alipay does not have. Their
/// number is the same, so the money goes back once.
async fn take_up(shop: &Shop) -> Result<(), BoxError> {
    let lease = shop.config.timing.refund_lease();
    for refund in shop.orders.take_over_refunds(lease).await? {
        match refund.ticket.parse() {
            Ok(ticket) => {
                tracing::info!(
                    refund = refund.number,
                    order = refund.order_number,
                    "a refund is taken up again"
                );
                let flow = flows::resume(&shop.alipay, ticket);
                follow(shop, refund.number, refund.followed_until, flow);
            }
            Err(error) => {
                tracing::error!(refund = refund.number, %error, "the refund's ticket in the database can't be read");
            }
        }
    }
    Ok(())
}

/// Follows a refund in a task of its own, and no longer than it is leased to this process.
fn follow<T: Send + 'static>(shop: &Shop, number: String, followed_until: i64, flow: Flow<T>) {
    let timing = &shop.config.timing;
    let flow = flow
        .timeout(timing.refund_timeout)
        .delivery_limit(timing.refund_delivery_limit)
        .schedule(timing.refund_schedule.clone());
    let shop = shop.clone();
    shop.tasks.clone().spawn(async move {
        let canceller = flow.canceller();
        let mut flow = flow.into_future();
        let followed = async {
            tokio::select! {
                ended = &mut flow => ended,
                // The shop is shut down: the flow ends as unknown, and is taken up again at the next start.
                () = shop.shutdown.cancelled() => {
                    canceller.cancel();
                    flow.await
                }
            }
        };
        let stored = match timeout(shop.config.timing.refund_follow_limit(), followed).await {
            Ok(ended) => store(&shop, &number, followed_until, ended).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = stored {
            tracing::error!(
                refund = number,
                error,
                "what became of a refund is not stored: it is asked for again when its lease is over"
            );
        }
    });
}

async fn store<T>(shop: &Shop, number: &str, followed_until: i64, ended: Ended<T>) -> Result<(), BoxError> {
    match ended {
        Ended::Done(_) => {
            tracing::info!(refund = number, "a refund is made");
            shop.orders.refund_done(number).await
        }
        Ended::NotDone(not_done) => {
            tracing::warn!(refund = number, "{not_done}");
            let why = not_done.to_string();
            shop.orders.refund_failed(number, followed_until, &why).await
        }
        Ended::Unknown(unknown) => {
            tracing::warn!(refund = number, "{unknown}");
            let (ticket, why) = (unknown.ticket().to_string(), unknown.to_string());
            shop.orders.refund_unknown(number, followed_until, &ticket, &why).await
        }
    }
}
