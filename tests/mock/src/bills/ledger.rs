//! All that moved a merchant's money, in order.

use jiff::Timestamp;

use crate::money::Money;
use crate::state::State;
use crate::state::splits::ShareState;
use crate::state::trades::{Merchant, Order, Trade};
use crate::state::transfers::Transfer;

/// Money that moved.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) at: Timestamp,
    pub(super) cause: Cause<'a>,
}

/// What moved it.
#[derive(Clone, Debug)]
pub(super) enum Cause<'a> {
    /// A buyer paid.
    Payment(&'a Order, &'a Trade),
    /// It went back to the buyer.
    Refund {
        order: &'a Order,
        trade: &'a Trade,
        number: &'a str,
        amount: Money,
        reason: Option<&'a str>,
    },
    /// A share went to another account, or came back from it.
    Share {
        order: &'a Order,
        number: &'a str,
        account: &'a str,
        amount: Money,
        is_back: bool,
    },
    /// The merchant sent it.
    Transfer(&'a Transfer),
}

impl Entry<'_> {
    /// What it is worth to the merchant's account.
    pub(super) fn amount(&self) -> Money {
        let out = |amount: Money| Money::ZERO.minus(amount);
        match &self.cause {
            Cause::Payment(order, _) => order.terms.total,
            Cause::Refund { amount, .. } => out(*amount),
            Cause::Share { amount, is_back, .. } => {
                if *is_back {
                    *amount
                } else {
                    out(*amount)
                }
            }
            Cause::Transfer(transfer) => out(transfer.terms.amount),
        }
    }

    /// Where it stands among those of the same moment: what comes in is there before it goes out.
    fn place(&self) -> (Timestamp, u8, String) {
        let (place, number) = match &self.cause {
            Cause::Payment(order, _) => (0, order.terms.out_trade_no.clone()),
            Cause::Share {
                number,
                is_back,
                account,
                ..
            } => (if *is_back { 1 } else { 3 }, format!("{number} {account}")),
            Cause::Refund { order, number, .. } => (2, format!("{} {number}", order.terms.out_trade_no)),
            Cause::Transfer(transfer) => (4, transfer.order_id.clone()),
        };
        (self.at, place, number)
    }
}

/// All entries of a merchant.
pub(super) fn entries<'a>(state: &'a State, merchant: &Merchant) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for order in state.trades.of(&merchant.auth_app_id) {
        if let Some(trade) = &order.trade {
            of_trade(order, trade, &merchant.seller_id, &mut entries);
        }
    }
    let transfers = state.transfers.of(&merchant.seller_id);
    entries.extend(transfers.map(|transfer| Entry {
        at: transfer.at,
        cause: Cause::Transfer(transfer),
    }));
    entries.sort_by_cached_key(Entry::place);
    entries
}

fn of_trade<'a>(order: &'a Order, trade: &'a Trade, seller_id: &str, entries: &mut Vec<Entry<'a>>) {
    let mut add = |at: Timestamp, cause: Cause<'a>| entries.push(Entry { at, cause });
    if let Some(paid) = trade.paid {
        add(paid, Cause::Payment(order, trade));
    }
    for refund in &trade.refunds {
        let cause = Cause::Refund {
            order,
            trade,
            number: &refund.out_request_no,
            amount: refund.amount,
            reason: refund.reason.as_deref(),
        };
        add(refund.at, cause);
        for share in refund.returned.iter().filter(|share| share.account.number != seller_id) {
            let cause = Cause::Share {
                order,
                number: &refund.out_request_no,
                account: &share.account.number,
                amount: share.amount,
                is_back: true,
            };
            add(refund.at, cause);
        }
    }
    let details = trade.splits.list.iter().flat_map(|split| &split.details);
    for detail in details.filter(|detail| detail.state == ShareState::Made && detail.share.account.number != seller_id)
    {
        let cause = Cause::Share {
            order,
            number: &detail.id,
            account: &detail.share.account.number,
            amount: detail.share.amount,
            is_back: false,
        };
        if let Some(at) = detail.at {
            add(at, cause);
        }
    }
}
