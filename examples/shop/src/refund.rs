//! Refunds on their way: stored before they are sent, sent once, and followed until it is known what became of them.

use std::future::IntoFuture;

use alipay_api::{
    flows::{self, Ended, Flow},
    trade,
    types::Price,
};
use axum::BoxError;

use crate::{orders::Order, refunds::Begun, shop::Shop};

/// Stores a refund and sends it. Its result comes later, into the database.
pub(crate) async fn begin(shop: &Shop, order: &Order, number: &str, amount: Price) -> Result<Begun, BoxError> {
    let request = trade::Refund::with_out_trade_no(&order.number, amount).out_request_no(number);
    let flow = flows::refund(&shop.alipay, request);
    // Nothing is sent before the flow is awaited: until then, the ticket is in the database, and whatever happens, somebody can ask for the refund.
    let begun = shop
        .orders
        .begin_refund(order, number, amount, &flow.ticket().to_string())
        .await?;
    if begun == Begun::New {
        tracing::info!(refund = number, order = order.number, %amount, "a refund is sent");
        follow(shop, number.to_owned(), flow);
    }
    Ok(begun)
}

/// Goes on with the refunds of which nobody knows what became of them: asks for them, and sends those again that Alipay does not have. Their number
/// is the same, so the money goes back once, even if another process of the shop is still following one of them.
pub(crate) async fn take_up(shop: &Shop, of_ended_processes: bool) -> Result<(), BoxError> {
    for refund in shop.orders.take_over_refunds(of_ended_processes).await? {
        match refund.ticket.parse() {
            Ok(ticket) => {
                tracing::info!(
                    refund = refund.number,
                    order = refund.order_number,
                    "a refund is taken up again"
                );
                follow(shop, refund.number, flows::resume(&shop.alipay, ticket));
            }
            Err(error) => {
                tracing::error!(refund = refund.number, %error, "the refund's ticket in the database can't be read");
            }
        }
    }
    Ok(())
}

/// Follows a refund in a task of its own. A handler would be dropped with its browser's connection, and the flow with it.
fn follow<T: Send + 'static>(shop: &Shop, number: String, flow: Flow<T>) {
    let timing = &shop.config.timing;
    let flow = flow
        .timeout(timing.refund_timeout)
        .delivery_limit(timing.refund_delivery_limit)
        .schedule(timing.refund_schedule.clone());
    let shop = shop.clone();
    shop.tasks.clone().spawn(async move {
        let canceller = flow.canceller();
        let mut flow = flow.into_future();
        let ended = tokio::select! {
            ended = &mut flow => ended,
            // The shop is shut down: the flow ends as unknown, and is taken up again at the next start.
            () = shop.shutdown.cancelled() => {
                canceller.cancel();
                flow.await
            }
        };
        if let Err(error) = store(&shop, &number, ended).await {
            tracing::error!(
                refund = number,
                error,
                "what became of a refund can't be stored: it is asked for again at the next start"
            );
        }
    });
}

async fn store<T>(shop: &Shop, number: &str, ended: Ended<T>) -> Result<(), BoxError> {
    match ended {
        Ended::Done(_) => {
            tracing::info!(refund = number, "a refund is made");
            shop.orders.refund_done(number).await
        }
        Ended::NotDone(not_done) => {
            tracing::warn!(refund = number, "{not_done}");
            shop.orders.refund_failed(number, &not_done.to_string()).await
        }
        Ended::Unknown(unknown) => {
            tracing::warn!(refund = number, "{unknown}");
            let ticket = unknown.ticket().to_string();
            shop.orders.refund_unknown(number, &ticket, &unknown.to_string()).await
        }
    }
}
