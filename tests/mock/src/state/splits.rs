//! Splits: how the money of a paid order is shared out to others, and how shares come back.
//!
//! An order's money is never more than what was paid for it, and what its seller added to it for a refund. At any moment it is: refunded, shared out,
//! or at the seller. A share that waits to be carried out counts as shared out.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::trades::{Key, Order, SplitEvent, Status, Trade, Trades};
use crate::money::Money;
use crate::numbers;

/// How long the money of an order stays frozen for splits.
const FROZEN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Who gets a share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Account {
    /// How it is named: `userId`, `loginName` or `openId`.
    pub(crate) kind: String,
    pub(crate) number: String,
}

/// An account, and how much goes to it or comes back from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) account: Account,
    /// Whose the account should be, where the request says so.
    pub(crate) name: Option<String>,
    pub(crate) amount: Money,
}

/// When a split is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// With the call: all of it or nothing.
    Now,
    /// Afterwards: each share by itself.
    Later,
}

/// Whether more is to be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Finish {
    /// Perhaps.
    Open,
    /// So much stays with the seller for good.
    Part(Money),
    /// Nothing more: what is left stays with the seller.
    All,
}

/// What was asked for, to tell a repetition from another request under the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) shares: Vec<Share>,
    pub(crate) mode: Mode,
    pub(crate) finish: Finish,
}

/// What became of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ShareState {
    Waiting,
    Made,
    Failed(Failed),
}

/// Why a share that was to be carried out later was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failed {
    /// The receiver is not bound any more.
    NotBound,
    /// The order was refunded in full meanwhile.
    Refunded,
    /// The test says so: the seller's money does not suffice.
    Balance,
}

/// One movement of a split.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) id: String,
    pub(crate) share: Share,
    pub(crate) state: ShareState,
    /// When it was made or failed.
    pub(crate) at: Option<Timestamp>,
    /// How much of it has come back.
    returned: Money,
}

impl Detail {
    /// What of it is out, or about to go out.
    fn out(&self) -> Money {
        match self.state {
            ShareState::Failed(_) => Money::ZERO,
            ShareState::Waiting | ShareState::Made => self.share.amount.minus(self.returned),
        }
    }
}

/// A split that was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Split {
    pub(crate) out_request_no: String,
    pub(crate) settle_no: String,
    pub(crate) asked: Asked,
    pub(crate) details: Vec<Detail>,
    pub(crate) at: Timestamp,
}

impl Split {
    fn is_waiting(&self) -> bool {
        self.details.iter().any(|detail| detail.state == ShareState::Waiting)
    }
}

/// The splits of a trade.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Splits {
    pub(crate) list: Vec<Split>,
    /// Nothing more is to be split.
    finished: bool,
    /// What was unfrozen in parts.
    released: Money,
    /// What the seller added from its account, for refunds of money that was shared out.
    added: Money,
}

/// What limits a split, beside the order's own money.
pub(crate) struct Limits<'a> {
    /// The largest part of an order that may be shared, in percent.
    pub(crate) ratio: i64,
    /// Whether an account may get a share.
    pub(crate) check: &'a dyn Fn(&Share) -> Result<(), SplitRefusal>,
}

/// Why money isn't shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SplitRefusal {
    /// No trade.
    NoTrade,
    /// Not paid.
    NotPaid,
    /// Refunded in full.
    Refunded,
    /// The number was used for another split.
    Discordant,
    /// The order's split was declared finished.
    Finished,
    /// The order's splits are of the other mode.
    OtherMode,
    /// There is nothing to unfreeze: the order was not placed so.
    NotFrozen,
    /// A receiver is not bound.
    NotBound,
    /// A receiver is bound under another name.
    OtherName,
    /// More than there is, or more than may be shared.
    TooMuch,
}

/// Why a split can't be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CarryRefusal {
    /// No such split.
    NoSplit,
    /// It was carried out.
    Done,
}

/// Why a share doesn't come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnRefusal {
    /// The account has no share.
    NoShare,
    /// Its share is smaller.
    MoreThanShare,
    /// Its owner has not allowed it.
    NotAllowed,
}

impl Splits {
    /// What is shared out, or about to be.
    pub(crate) fn out(&self) -> Money {
        Money::sum(self.details().map(Detail::out))
    }

    /// What was ever shared out or is about to be, returned or not.
    fn out_ever(&self) -> Money {
        let not_failed = self
            .details()
            .filter(|detail| !matches!(detail.state, ShareState::Failed(_)));
        Money::sum(not_failed.map(|detail| detail.share.amount))
    }

    fn details(&self) -> impl Iterator<Item = &Detail> {
        self.list.iter().flat_map(|split| &split.details)
    }

    /// The shares of an account that were made: what of them is out.
    fn of(&self, account: &Account) -> Option<Money> {
        let mut made = self
            .details()
            .filter(|detail| detail.state == ShareState::Made && detail.share.account == *account)
            .peekable();
        made.peek()?;
        Some(Money::sum(made.map(Detail::out)))
    }

    /// Whether these shares can come back, from accounts that allow it.
    pub(super) fn can_return(&self, shares: &[Share], allows: &dyn Fn(&Account) -> bool) -> Result<(), ReturnRefusal> {
        for share in shares {
            if !allows(&share.account) {
                return Err(ReturnRefusal::NotAllowed);
            }
            let of_account = shares.iter().filter(|other| other.account == share.account);
            let wanted = Money::sum(of_account.map(|other| other.amount));
            let out = self.of(&share.account).ok_or(ReturnRefusal::NoShare)?;
            if wanted > out {
                return Err(ReturnRefusal::MoreThanShare);
            }
        }
        Ok(())
    }

    /// Takes shares back that can come back, from the oldest split on.
    pub(super) fn give_back(&mut self, shares: &[Share]) {
        for share in shares {
            let mut rest = share.amount;
            let made = self.list.iter_mut().flat_map(|split| &mut split.details);
            for detail in
                made.filter(|detail| detail.state == ShareState::Made && detail.share.account == share.account)
            {
                let part = rest.min(detail.out());
                detail.returned = detail.returned.plus(part);
                rest = rest.minus(part);
            }
        }
    }

    /// The seller adds money from its account.
    pub(super) fn add(&mut self, amount: Money) {
        self.added = self.added.plus(amount);
    }
}

impl Order {
    /// What of the order's money is at the seller.
    pub(crate) fn at_seller(&self) -> Money {
        let Some(trade) = self.trade.as_ref().filter(|trade| trade.paid.is_some()) else {
            return Money::ZERO;
        };
        let all = self.terms.total.plus(trade.splits.added);
        all.minus(self.refunded()).minus(trade.splits.out())
    }

    /// What of the payment is neither refunded nor shared out. What the seller added for a refund is not shared.
    fn undistributed(&self) -> Money {
        let out = self.trade.as_ref().map(|trade| trade.splits.out()).unwrap_or_default();
        let rest = self.terms.total.minus(self.refunded()).minus(out);
        rest.max(Money::ZERO)
    }

    /// What is frozen for splits.
    pub(crate) fn frozen(&self, now: Timestamp) -> Money {
        let paid = self.trade.as_ref().and_then(|trade| Some((trade, trade.paid?)));
        let Some((trade, paid)) = paid.filter(|(trade, _)| self.terms.freeze && trade.status.is_paid()) else {
            return Money::ZERO;
        };
        let splits = &trade.splits;
        // The rest is unfrozen when the last split is carried out.
        let is_finished = splits.finished && !splits.list.iter().any(Split::is_waiting);
        if is_finished || now.duration_since(paid) >= FROZEN_FOR {
            return Money::ZERO;
        }
        self.undistributed().minus(splits.released).max(Money::ZERO)
    }

    /// What can still be shared out.
    pub(crate) fn shareable(&self, ratio: i64, now: Timestamp) -> Money {
        let Some(trade) = self.trade.as_ref().filter(|trade| trade.status.is_paid()) else {
            return Money::ZERO;
        };
        let splits = &trade.splits;
        if splits.finished {
            return Money::ZERO;
        }
        // That a share which came back counts as well is the stricter reading: not documented.
        let allowed = self
            .terms
            .total
            .percent(ratio)
            .minus(splits.out_ever())
            .max(Money::ZERO);
        let mut most = self.undistributed().min(allowed);
        if self.terms.freeze {
            // After thirty days there is no frozen money to share: not documented whether the seller's other money would do.
            most = most.min(self.frozen(now));
        }
        most
    }

    /// What has been shared out so far and not come back.
    pub(crate) fn settled(&self) -> Money {
        self.trade.as_ref().map(|trade| trade.splits.out()).unwrap_or_default()
    }

    /// The split that the merchant gave this number.
    pub(crate) fn split_of(&self, out_request_no: &str) -> Option<&Split> {
        let mut list = self.trade.as_ref()?.splits.list.iter();
        list.find(|split| split.out_request_no == out_request_no)
    }
}

impl Trades {
    /// Shares money out: gives the split's number, the same for a repetition.
    pub(crate) fn split(
        &mut self,
        key: &Key,
        out_request_no: &str,
        asked: Asked,
        limits: &Limits<'_>,
        now: Timestamp,
    ) -> Result<String, SplitRefusal> {
        let order = self.get(key, now).ok_or(SplitRefusal::NoTrade)?;
        let trade = order.trade.as_ref().ok_or(SplitRefusal::NoTrade)?;
        if let Some(earlier) = order.split_of(out_request_no) {
            return if earlier.asked == asked {
                Ok(earlier.settle_no.clone())
            } else {
                Err(SplitRefusal::Discordant)
            };
        }
        may_split(order, trade, &asked, limits, now)?;
        let freeze = order.terms.freeze;
        let frozen = order.frozen(now);
        let settle_no = numbers::settle_no(now);
        let details = (1_u32..)
            .zip(&asked.shares)
            .map(|(count, share)| Detail {
                id: format!("{settle_no}{count:03}"),
                share: share.clone(),
                state: match asked.mode {
                    Mode::Now => ShareState::Made,
                    Mode::Later => ShareState::Waiting,
                },
                at: (asked.mode == Mode::Now).then_some(now),
                returned: Money::ZERO,
            })
            .collect();
        let order = self.get_mut(key, now).ok_or(SplitRefusal::NoTrade)?;
        let Some(trade) = &mut order.trade else {
            return Err(SplitRefusal::NoTrade);
        };
        let shared = Money::sum(asked.shares.iter().map(|share| share.amount));
        match asked.finish {
            // Where nothing is frozen, the word has no effect.
            Finish::Part(amount) if freeze => {
                trade.splits.released = trade.splits.released.plus(amount);
                trade.splits.finished = shared.plus(amount) >= frozen;
            }
            Finish::All if freeze => trade.splits.finished = true,
            Finish::Open | Finish::Part(_) | Finish::All => {}
        }
        trade.splits.list.push(Split {
            out_request_no: out_request_no.to_owned(),
            settle_no: settle_no.clone(),
            asked,
            details,
            at: now,
        });
        Ok(settle_no)
    }

    /// Carries out a split that waits: each share by itself. Those to accounts in `failing` fail.
    pub(crate) fn carry_out(
        &mut self,
        settle_no: &str,
        failing: &[String],
        is_bound: &dyn Fn(&Key, &Account) -> bool,
        now: Timestamp,
    ) -> Result<Key, CarryRefusal> {
        let key = self.order_of_split(settle_no).ok_or(CarryRefusal::NoSplit)?;
        let trade = self.get_mut(&key, now).and_then(|order| order.trade.as_mut());
        let trade = trade.ok_or(CarryRefusal::NoSplit)?;
        let is_paid = trade.status.is_paid();
        let mut list = trade.splits.list.iter_mut();
        let split = list
            .find(|split| split.settle_no == settle_no)
            .ok_or(CarryRefusal::NoSplit)?;
        if !split.is_waiting() {
            return Err(CarryRefusal::Done);
        }
        for detail in &mut split.details {
            let account = &detail.share.account;
            detail.state = if !is_paid {
                ShareState::Failed(Failed::Refunded)
            } else if failing.contains(&account.number) {
                ShareState::Failed(Failed::Balance)
            } else if is_bound(&key, account) {
                ShareState::Made
            } else {
                ShareState::Failed(Failed::NotBound)
            };
            detail.at = Some(now);
        }
        self.split_events.push(SplitEvent {
            key: key.clone(),
            settle_no: settle_no.to_owned(),
        });
        Ok(key)
    }

    /// A merchant's split, by the number that Alipay gave it, with its order.
    pub(crate) fn split_by_no(&self, auth_app_id: &str, settle_no: &str) -> Option<&Split> {
        self.of(auth_app_id)
            .filter_map(|order| order.trade.as_ref())
            .flat_map(|trade| &trade.splits.list)
            .find(|split| split.settle_no == settle_no)
    }
}

/// Whether an order can be split so.
fn may_split(
    order: &Order,
    trade: &Trade,
    asked: &Asked,
    limits: &Limits<'_>,
    now: Timestamp,
) -> Result<(), SplitRefusal> {
    match trade.status {
        Status::Success | Status::Finished => {}
        Status::Closed if trade.paid.is_some() => return Err(SplitRefusal::Refunded),
        Status::Closed | Status::WaitBuyerPay => return Err(SplitRefusal::NotPaid),
    }
    let splits = &trade.splits;
    if splits.finished {
        return Err(SplitRefusal::Finished);
    }
    let others = splits.list.iter().filter(|split| !split.asked.shares.is_empty());
    if !asked.shares.is_empty() && others.into_iter().any(|split| split.asked.mode != asked.mode) {
        return Err(SplitRefusal::OtherMode);
    }
    if asked.shares.is_empty() && !order.terms.freeze {
        return Err(SplitRefusal::NotFrozen);
    }
    asked.shares.iter().try_for_each(limits.check)?;
    let shared = Money::sum(asked.shares.iter().map(|share| share.amount));
    if shared > order.shareable(limits.ratio, now) {
        return Err(SplitRefusal::TooMuch);
    }
    match asked.finish {
        Finish::Part(amount) if order.terms.freeze && shared.plus(amount) > order.frozen(now) => {
            Err(SplitRefusal::TooMuch)
        }
        Finish::Open | Finish::Part(_) | Finish::All => Ok(()),
    }
}

#[cfg(test)]
#[path = "splits_tests.rs"]
mod tests;
