//! What Alipay tells the shop: the proof of a payment.

use alipay_api::{
    notify::TradeEvent,
    types::Price,
    web::{NotificationError, NotificationReceiver, Received, Reply},
};
use axum::extract::{FromRef, State};

use crate::{reconcile, shop::Shop};

/// `notify_url`. What gets here is signed by Alipay and for our app: [`Received`] sees to that.
///
/// Alipay sends the same notification again until it is answered with `success`, several may come at once, and one order has several of them, in any
/// order. So nothing here depends on what came before; the database decides who delivers. `success` is only answered after its commit. After an error
/// the answer is `fail`, and Alipay comes again.
pub(crate) async fn notified(State(shop): State<Shop>, received: Received) -> Result<Reply, NotificationError> {
    let trade = received.notification.expect_trade()?;
    let Some(order) = shop.orders.find(&trade.out_trade_no).await? else {
        return Err("the notification is about an order that the database does not have".into());
    };
    let trade = trade
        .expect_seller(&shop.config.seller_id)?
        .expect_order(&order.number, order.total)?;
    match trade.event() {
        TradeEvent::Paid | TradeEvent::Finished if !order.is_closed() || order.is_refunded_in_full() => {
            if shop.orders.paid(&order.number, Some(&trade.trade_no)).await? {
                tracing::info!(order = order.number, "an order is paid, as Alipay notifies");
            }
        }
        TradeEvent::Refunded(refund) => {
            // Alipay closes a paid order when nothing is left to be refunded.
            let total_refunded = if refund.is_closed {
                Some(order.total)
            } else {
                refund.total_refunded
            };
            let total_refunded = total_refunded.unwrap_or(Price::ZERO);
            shop.orders
                .refunded(&order, Some(&trade.trade_no), total_refunded)
                .await?;
        }
        TradeEvent::Closed => {
            shop.orders.close(&order.number).await?;
        }
        TradeEvent::Waiting => {}
        // The order is closed here: its payment may have been given back since the notification was written. The gateway says what is true now.
        TradeEvent::Paid | TradeEvent::Finished => {
            if !reconcile::ask_whether_paid(&shop, &order).await? {
                return Err(
                    "the order is closed here and notified as paid, and the gateway did not say which is true".into(),
                );
            }
        }
        // It does not say what happened: the gateway does.
        _ => {
            if !reconcile::ask(&shop, [order]).await? {
                return Err("the notification does not say what happened, and the gateway did not either".into());
            }
        }
    }
    Ok(Reply::SUCCESS)
}

/// Where `Received` finds the client.
impl FromRef<Shop> for NotificationReceiver {
    fn from_ref(shop: &Shop) -> Self {
        shop.alipay.clone().into()
    }
}
