//! What the notification of a payment tells, out of its status and of what else it says.

use super::{
    TradeStatusSync,
    trade_status_sync::{TradeStatus, TradeStatusSyncNotifyActionType},
};
use crate::types::{DateTime, OpenEnum, Price};

/// What happened to an order, according to a notification: from [`TradeStatusSync::event`].
///
/// One order has several: it was paid, refunded, finished. Alipay sends them in any order, and each of them again until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TradeEvent {
    /// The trade exists and the buyer has not paid (`WAIT_BUYER_PAY`).
    Waiting,
    /// The buyer has paid (`TRADE_SUCCESS`), and nothing says that money went back. Deliver once.
    Paid,
    /// The buyer has paid, and the trade can no longer be refunded (`TRADE_FINISHED`). Where the merchant's contract excludes refunds, this is
    /// the only notification that an order is paid: deliver once, as for [`Paid`](Self::Paid).
    Finished,
    /// Money went back to the buyer.
    ///
    /// The order was paid before, and is so still where only a part was refunded: whether to deliver what is not delivered yet is for the
    /// merchant to decide.
    Refunded(RefundEvent),
    /// The trade was closed, and the buyer never paid (`TRADE_CLOSED` without a payment and without a refund).
    Closed,
    /// The notification does not tell: its status is one that this version of the library does not know, or what else it says does not
    /// agree with the status, such as a refund of an unpaid order, or a number of a refund without an amount or a time.
    ///
    /// Query the order, and do nothing before that.
    Unknown,
}

/// What a notification says about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundEvent {
    /// The refund's number (`out_biz_no`): the `out_request_no` of the refund request.
    ///
    /// If the request had none, this is Alipay's `trade_no` (according to Alipay's documentation), and
    /// `alipay.trade.fastpay.refund.query` finds the refund with the order's `out_trade_no` as `out_request_no`. Give
    /// each refund a number to avoid this case.
    pub out_request_no: Option<String>,
    /// What has been refunded so far, all refunds of the order together, in yuan (`refund_fee`): don't add it up. `None` where the
    /// notification does not say it, or it can't be read.
    ///
    /// The amount of this one refund is not in the notification: query it with `alipay.trade.fastpay.refund.query` (`refund_amount`).
    pub total_refunded: Option<Price>,
    /// When (`gmt_refund`), as far as it is said and can be read.
    pub refunded_at: Option<DateTime>,
    /// Whether the trade is closed (`TRADE_CLOSED`): nothing is left to be refunded.
    pub is_closed: bool,
}

impl TradeStatusSync {
    /// What happened to the order: paid, refunded, closed, finished or waiting.
    ///
    /// | `trade_status` | says of money that went back | event |
    /// |---|---|---|
    /// | `WAIT_BUYER_PAY` | nothing | [`Waiting`](TradeEvent::Waiting) |
    /// | `TRADE_SUCCESS` | nothing | [`Paid`](TradeEvent::Paid) |
    /// | `TRADE_FINISHED` | nothing | [`Finished`](TradeEvent::Finished) |
    /// | `TRADE_CLOSED`, without a time of payment | nothing | [`Closed`](TradeEvent::Closed) |
    /// | `TRADE_SUCCESS`, `TRADE_FINISHED`, `TRADE_CLOSED` | `gmt_refund`, or a `refund_fee` above zero | [`Refunded`](TradeEvent::Refunded) |
    /// | any other, or none | | [`Unknown`](TradeEvent::Unknown) |
    ///
    /// What contradicts itself is unknown too: an unpaid order that was refunded, a closed one that was paid and of whose refund nothing is
    /// said, a paid one that was cancelled and an unpaid one that was paid (`notify_action_type`), an `out_biz_no` or refunded vouchers without a refund.
    ///
    /// A field that is present but can't be read counts as present. So a refund whose time has an unknown format is not taken for a payment.
    pub fn event(&self) -> TradeEvent {
        let Some(status) = self.trade_status.known() else {
            return TradeEvent::Unknown;
        };
        if self.is_refund() {
            return match status {
                _ if self.refund_fee.is_some_and(Price::is_negative) => TradeEvent::Unknown,
                TradeStatus::WaitBuyerPay => TradeEvent::Unknown,
                status => TradeEvent::Refunded(RefundEvent {
                    out_request_no: self.number().map(str::to_owned),
                    total_refunded: self.refund_fee,
                    refunded_at: self.gmt_refund,
                    is_closed: status == TradeStatus::TradeClosed,
                }),
            };
        }
        if self.hints_at_refund() {
            return TradeEvent::Unknown;
        }
        let was_paid = self.has("gmt_payment", self.gmt_payment.is_some())
            || self.action() == Some(TradeStatusSyncNotifyActionType::PayByAccountAction);
        match status {
            TradeStatus::WaitBuyerPay if !was_paid => TradeEvent::Waiting,
            TradeStatus::TradeClosed if !was_paid => TradeEvent::Closed,
            TradeStatus::TradeSuccess if !self.was_ended() => TradeEvent::Paid,
            TradeStatus::TradeFinished if !self.was_ended() => TradeEvent::Finished,
            _ => TradeEvent::Unknown,
        }
    }

    /// The `out_biz_no`, where it is not empty.
    fn number(&self) -> Option<&str> {
        self.out_biz_no.as_deref().filter(|number| !number.is_empty())
    }

    /// Whether it says that money went back: by Alipay's own rule to tell a refund's notification from a payment's.
    fn is_refund(&self) -> bool {
        let is_zero = self.refund_fee.is_some_and(Price::is_zero);
        self.has("gmt_refund", self.gmt_refund.is_some())
            || !is_zero && self.has("refund_fee", self.refund_fee.is_some())
    }

    /// Whether it says something that belongs to refunds. `out_biz_no` may be another business number: the documentation says that it is
    /// mostly a refund's.
    fn hints_at_refund(&self) -> bool {
        self.number().is_some()
            || self.has(
                "refund_voucher_detail_list",
                !self.refund_voucher_detail_list.is_empty(),
            )
    }

    /// What has just happened to the trade, as far as it is said and known.
    fn action(&self) -> Option<TradeStatusSyncNotifyActionType> {
        self.notify_action_type.as_ref().and_then(OpenEnum::known)
    }

    /// Whether what has just happened to the trade is its end without a payment.
    fn was_ended(&self) -> bool {
        matches!(
            self.action(),
            Some(TradeStatusSyncNotifyActionType::CloseTradeAction | TradeStatusSyncNotifyActionType::ReverseAction)
        )
    }

    /// Whether the field came, whether or not it could be read: what could not be is in `extra`.
    fn has(&self, field: &str, was_read: bool) -> bool {
        was_read || self.extra.get(field).is_some()
    }
}
