//! Refunds of paid trades.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::movements::{Cause, Movement};
use super::splits::{Account, ReturnRefusal, Share};
use super::trades::{Event, EventKind, Key, Order, Status, Trades};
use crate::money::Money;

/// Money that went back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) out_request_no: String,
    pub(crate) amount: Money,
    pub(crate) reason: Option<String>,
    /// The shares of splits that came back with it.
    pub(crate) returned: Vec<Share>,
    pub(crate) at: Timestamp,
}

/// What a refund asks for.
#[derive(Clone, Debug)]
pub(crate) struct Refunding {
    /// Without a number, the refund is for the whole order and goes by the order's number.
    pub(crate) out_request_no: Option<String>,
    pub(crate) amount: Money,
    pub(crate) reason: Option<String>,
    /// The shares of splits to take back.
    pub(crate) returned: Vec<Share>,
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
    /// It can't be refunded any more.
    Finished,
    /// More than the order came to, or a part of it without a number of its own.
    NotTotal,
    /// More than what is left of it.
    MoreThanLeft,
    /// The number was used for another amount.
    Discordant,
    /// A share can't come back.
    Share(ReturnRefusal),
    /// What was shared out is missing at the seller, and its account does not make up for it.
    Balance,
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
    ///
    /// It comes out of the order's own money first. Where that was shared out, the seller's `balance` makes up for it. Shares come back from accounts that
    /// allow it.
    pub(crate) fn refund(
        &mut self,
        key: &Key,
        asked: Refunding,
        allows: &dyn Fn(&Account) -> bool,
        balance: &mut Money,
        now: Timestamp,
    ) -> Result<bool, RefundRefusal> {
        let order = self.get(key, now).ok_or(RefundRefusal::NoTrade)?;
        let trade = order.trade.as_ref().ok_or(RefundRefusal::NoTrade)?;
        let numbered = asked.out_request_no.is_some();
        let number = asked.out_request_no.unwrap_or_else(|| order.terms.out_trade_no.clone());
        if let Some(earlier) = order.refund_of(&number) {
            return if earlier.amount == asked.amount && earlier.returned == asked.returned {
                Ok(false)
            } else {
                Err(RefundRefusal::Discordant)
            };
        }
        match trade.status {
            Status::WaitBuyerPay => return Err(RefundRefusal::Unpaid),
            Status::Closed => return Err(RefundRefusal::Closed),
            Status::Finished => return Err(RefundRefusal::Finished),
            Status::Success => {}
        }
        let total = order.terms.total;
        if asked.amount > total || (!numbered && asked.amount != total) {
            return Err(RefundRefusal::NotTotal);
        }
        if asked.amount > total.minus(order.refunded()) {
            return Err(RefundRefusal::MoreThanLeft);
        }
        trade
            .splits
            .can_return(&asked.returned, allows)
            .map_err(RefundRefusal::Share)?;
        let refund = Refund {
            out_request_no: number,
            amount: asked.amount,
            reason: asked.reason,
            returned: asked.returned,
            at: now,
        };
        self.record(key, refund, balance)?;
        Ok(true)
    }

    /// Gives back what is left, as a cancel does.
    pub(super) fn refund_rest(
        &mut self,
        key: &Key,
        rest: Money,
        balance: &mut Money,
        now: Timestamp,
    ) -> Result<(), RefundRefusal> {
        let refund = Refund {
            out_request_no: key.out_trade_no.clone(),
            amount: rest,
            reason: None,
            returned: Vec::new(),
            at: now,
        };
        self.record(key, refund, balance)
    }

    fn record(&mut self, key: &Key, refund: Refund, balance: &mut Money) -> Result<(), RefundRefusal> {
        let (out_request_no, at) = (refund.out_request_no.clone(), refund.at);
        let movement = Movement {
            cause: Cause::Refund {
                out_trade_no: key.out_trade_no.clone(),
            },
            number: out_request_no.clone(),
            amount: refund.amount,
            at,
        };
        let order = self.get_mut(key, at).ok_or(RefundRefusal::NoTrade)?;
        let returned = Money::sum(refund.returned.iter().map(|share| share.amount));
        let missing = refund.amount.minus(order.at_seller().plus(returned)).max(Money::ZERO);
        if missing > *balance {
            return Err(RefundRefusal::Balance);
        }
        let trade = order.trade.as_mut().ok_or(RefundRefusal::NoTrade)?;
        *balance = balance.minus(missing);
        trade.splits.add(missing);
        trade.splits.give_back(&refund.returned);
        trade.refunds.push(refund);
        let is_whole = order.refunded() >= order.terms.total;
        if let (true, Some(trade)) = (is_whole, &mut order.trade) {
            trade.status = Status::Closed;
            trade.closed = Some(at);
        }
        self.movements.push(movement);
        self.events.push(Event {
            key: key.clone(),
            kind: EventKind::Refunded { out_request_no, at },
        });
        Ok(())
    }
}
