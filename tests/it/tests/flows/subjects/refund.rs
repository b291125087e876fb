//! Refunds of an order that is paid, or is not.

use alipay_api::{
    Client,
    flows::{self, UnknownReason},
    trade::Refund as Request,
    types::Price,
};
use serde_json::json;

use super::{Before, Subject};
use crate::{
    chance::Chance,
    end::End,
    ledger::{Ledger, Sort, once_or_never},
    process::{Begun, Process},
};

struct Refund {
    order: String,
    number: String,
    total: Price,
    amount: Price,
    sort: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is nothing wrong with it.
    Sound,
    /// There is no such order.
    NoOrder,
    /// Nobody has paid the order.
    Unpaid,
    /// Another refund has the number.
    Taken,
}

pub(super) fn any(chance: &Chance, number: String) -> impl Subject + use<> {
    let total = chance.between(10, 1_000_000);
    let amount = match chance.below(10) {
        0..4 => total,
        4..9 => chance.between(1, total),
        // More than there is: it is refused.
        _ => total + 1,
    };
    Refund {
        number: format!("{number}_back"),
        order: number,
        total: Price::from_cents(total),
        amount: Price::from_cents(amount),
        sort: match chance.below(100) {
            0..3 => Kind::NoOrder,
            3..5 => Kind::Unpaid,
            5..7 => Kind::Taken,
            _ => Kind::Sound,
        },
    }
}

impl Refund {
    fn other_amount(&self) -> String {
        let cents = self.amount.cents();
        Price::from_cents(if cents == 1 { 2 } else { cents - 1 }).to_string()
    }
}

impl Subject for Refund {
    fn name(&self) -> &'static str {
        "refund"
    }

    fn before(&self) -> Vec<Before> {
        if self.sort == Kind::NoOrder {
            return Vec::new();
        }
        let content = json!({ "out_trade_no": self.order, "total_amount": self.total.to_string(), "subject": "a thing", "buyer_id": "2088102146225135" });
        let mut before = vec![Before::Call("alipay.trade.create", content)];
        if self.sort != Kind::Unpaid {
            before.push(Before::Pay(self.order.clone()));
        }
        if self.sort == Kind::Taken {
            let content = json!({ "out_trade_no": self.order, "refund_amount": self.other_amount(), "out_request_no": self.number });
            before.push(Before::Call("alipay.trade.refund", content));
        }
        before
    }

    fn begin(&self, client: &Client, process: &Process) -> Begun {
        let request = Request::with_out_trade_no(&self.order, self.amount).out_request_no(&self.number);
        process.begin(flows::refund(client, request))
    }

    fn holds(&self, end: &End, ledger: &Ledger, _: Option<&str>) -> Result<(), String> {
        let of_order = ledger.of(Sort::RefundOfOrder, &self.order);
        if of_order.len() > 1 {
            return Err(format!("{} was refunded as {of_order:?}", self.order));
        }
        let moved = ledger.of(Sort::Refund, &self.number);
        if self.sort == Kind::Taken {
            if moved != [self.other_amount()] {
                return Err(format!("the other refund of the number {} is {moved:?}", self.number));
            }
            return match end {
                End::Done(fact) => Err(format!("another refund is reported as {fact:?}")),
                End::Unknown(unknown) if *unknown.reason() != UnknownReason::Mismatch => {
                    Err(format!("{} is not settled: {unknown}", self.number))
                }
                End::NotDone(_) | End::Unknown(_) => Ok(()),
            };
        }
        once_or_never(moved, &self.number, &self.amount.to_string(), end)
    }
}
