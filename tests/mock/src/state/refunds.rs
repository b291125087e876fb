//! Refunds and settlements of paid trades.

use jiff::Timestamp;

use super::trades::{Event, EventKind, Key, Order, Status, Trades};
use crate::money::Money;
use crate::numbers;

/// Money that went back.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) out_request_no: String,
    pub(crate) amount: Money,
    pub(crate) reason: Option<String>,
    pub(crate) at: Timestamp,
}

/// Money that was shared out.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) out_request_no: String,
    pub(crate) settle_no: String,
    /// What was asked for, to tell a repetition from another request under the same number.
    pub(crate) shares: Vec<Share>,
    pub(crate) at: Timestamp,
}

/// One movement of a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// `transfer` or `replenish`.
    pub(crate) royalty_type: String,
    /// An account, and how it is named.
    pub(crate) from: Option<(String, Option<String>)>,
    pub(crate) to: Option<(String, Option<String>)>,
    pub(crate) amount: Money,
}

/// Why money doesn't go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundRefusal {
    /// No trade.
    NoTrade,
    /// Nobody has paid.
    Unpaid,
    /// It is closed.
    Closed,
    /// More than the order came to, or a part of it without a number of its own.
    NotTotal,
    /// More than what is left of it.
    MoreThanLeft,
    /// The number was used for another amount.
    Discordant,
}

/// Why money isn't shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettleRefusal {
    /// No trade.
    NoTrade,
    /// Not paid, or not any more.
    NotPaid,
    /// The shares are more than there is.
    TooMuch,
    /// The number was used for other shares.
    Discordant,
}

impl Order {
    /// What has gone back so far.
    pub(crate) fn refunded(&self) -> Money {
        Money::sum(
            self.trade
                .iter()
                .flat_map(|trade| &trade.refunds)
                .map(|refund| refund.amount),
        )
    }

    /// What has been shared out so far.
    pub(crate) fn settled(&self) -> Money {
        Money::sum(
            self.trade
                .iter()
                .flat_map(|trade| &trade.settlements)
                .flat_map(|settlement| &settlement.shares)
                .map(|share| share.amount),
        )
    }

    /// The settlement that the merchant gave this number.
    pub(crate) fn settlement_of(&self, out_request_no: &str) -> Option<&Settlement> {
        self.trade
            .as_ref()?
            .settlements
            .iter()
            .find(|settlement| settlement.out_request_no == out_request_no)
    }

    /// The refund of this number.
    pub(crate) fn refund_of(&self, out_request_no: &str) -> Option<&Refund> {
        self.trade
            .as_ref()?
            .refunds
            .iter()
            .find(|refund| refund.out_request_no == out_request_no)
    }
}

impl Trades {
    /// Gives money back, and tells whether any moved: a repetition moves none.
    pub(crate) fn refund(
        &mut self,
        key: &Key,
        out_request_no: Option<&str>,
        amount: Money,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<bool, RefundRefusal> {
        let order = self.get(key, now).ok_or(RefundRefusal::NoTrade)?;
        let trade = order.trade.as_ref().ok_or(RefundRefusal::NoTrade)?;
        // Without a number, the refund is for the whole order and goes by the order's number.
        let number = out_request_no.unwrap_or(&order.terms.out_trade_no).to_owned();
        if let Some(earlier) = order.refund_of(&number) {
            return if earlier.amount == amount {
                Ok(false)
            } else {
                Err(RefundRefusal::Discordant)
            };
        }
        match trade.status {
            Status::WaitBuyerPay => return Err(RefundRefusal::Unpaid),
            Status::Closed => return Err(RefundRefusal::Closed),
            Status::Success => {}
        }
        let total = order.terms.total;
        if amount > total || (out_request_no.is_none() && amount != total) {
            return Err(RefundRefusal::NotTotal);
        }
        if amount > total.minus(order.refunded()) {
            return Err(RefundRefusal::MoreThanLeft);
        }
        self.record(
            key,
            Refund {
                out_request_no: number,
                amount,
                reason,
                at: now,
            },
        );
        Ok(true)
    }

    /// Gives back what is left, as a cancel does.
    pub(crate) fn refund_rest(&mut self, key: &Key, rest: Money, now: Timestamp) {
        self.record(
            key,
            Refund {
                out_request_no: key.out_trade_no.clone(),
                amount: rest,
                reason: None,
                at: now,
            },
        );
    }

    fn record(&mut self, key: &Key, refund: Refund) {
        let (out_request_no, at) = (refund.out_request_no.clone(), refund.at);
        let Some(order) = self.get(key, at) else { return };
        let Some(trade) = &mut order.trade else { return };
        trade.refunds.push(refund);
        let is_whole = order.refunded() >= order.terms.total;
        if let (true, Some(trade)) = (is_whole, &mut order.trade) {
            trade.status = Status::Closed;
            trade.closed = Some(at);
        }
        self.events.push(Event {
            key: key.clone(),
            kind: EventKind::Refunded { out_request_no, at },
        });
    }

    /// Shares money out: gives the settlement's number, the same for a repetition.
    pub(crate) fn settle(
        &mut self,
        key: &Key,
        out_request_no: &str,
        shares: Vec<Share>,
        now: Timestamp,
    ) -> Result<String, SettleRefusal> {
        let order = self.get(key, now).ok_or(SettleRefusal::NoTrade)?;
        let left = order.terms.total.minus(order.refunded()).minus(order.settled());
        let trade = order.trade.as_mut().ok_or(SettleRefusal::NoTrade)?;
        if let Some(earlier) = trade
            .settlements
            .iter()
            .find(|settlement| settlement.out_request_no == out_request_no)
        {
            return if earlier.shares == shares {
                Ok(earlier.settle_no.clone())
            } else {
                Err(SettleRefusal::Discordant)
            };
        }
        if trade.status != Status::Success {
            return Err(SettleRefusal::NotPaid);
        }
        if Money::sum(shares.iter().map(|share| share.amount)) > left {
            return Err(SettleRefusal::TooMuch);
        }
        let settle_no = numbers::settle_no(now);
        trade.settlements.push(Settlement {
            out_request_no: out_request_no.to_owned(),
            settle_no: settle_no.clone(),
            shares,
            at: now,
        });
        Ok(settle_no)
    }

    /// A merchant's settlement, by the number that Alipay gave it.
    pub(crate) fn settlement(&self, auth_app_id: &str, settle_no: &str) -> Option<&Settlement> {
        self.of(auth_app_id)
            .filter_map(|order| order.trade.as_ref())
            .flat_map(|trade| &trade.settlements)
            .find(|settlement| settlement.settle_no == settle_no)
    }
}
