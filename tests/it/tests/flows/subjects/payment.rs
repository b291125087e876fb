//! Payments: by the buyer's code, and by the shop's.

use std::time::Duration;

use alipay_api::{
    Client,
    flows::{self, UnknownReason},
    trade::{Pay, PayRequired, Precreate},
    types::Price,
};
use serde_json::json;

use super::{Act, Before, Buyer, Subject};
use crate::{
    chance::Chance,
    end::End,
    ledger::{Ledger, Sort},
    process::{Begun, Process},
};

struct Payment {
    number: String,
    amount: Price,
    way: Way,
    acts: Vec<(Duration, Act)>,
    /// The number is that of another order, which is paid or not.
    taken: Option<bool>,
}

enum Way {
    Scan { auth_code: &'static str },
    Qr { timeout: Option<&'static str> },
}

pub(super) fn scan(chance: &Chance, number: String) -> impl Subject + use<> {
    // From 1000 yuan on, the buyer has to confirm.
    let cents = chance.one(&[1, 1999, 100_000, 100_001, 250_000, 250_000]);
    // What is no payment code is refused.
    let auth_code = if chance.is(5) {
        "6901234567892"
    } else {
        "28763443825664394"
    };
    Payment {
        number,
        amount: Price::from_cents(cents),
        way: Way::Scan { auth_code },
        acts: acts(chance),
        taken: taken(chance),
    }
}

pub(super) fn qr(chance: &Chance, number: String) -> impl Subject + use<> {
    Payment {
        number,
        amount: Price::from_cents(chance.between(1, 500_000)),
        way: Way::Qr {
            timeout: chance.one(&[None, None, None, Some("1m"), Some("2m"), Some("3m")]),
        },
        acts: acts(chance),
        taken: taken(chance),
    }
}

fn taken(chance: &Chance) -> Option<bool> {
    chance.is(2).then(|| chance.is(50))
}

fn acts(chance: &Chance) -> Vec<(Duration, Act)> {
    let count = chance.one(&[0, 1, 2, 2, 3, 4]);
    let act = |_| {
        let act = chance.one(&[Act::Scan, Act::Scan, Act::Pay, Act::Pay, Act::Pay, Act::Close]);
        let pause = if chance.is(70) {
            chance.millis(0, 20_000)
        } else {
            chance.seconds(0, 200)
        };
        (pause, act)
    };
    (0..count).map(act).collect()
}

impl Subject for Payment {
    fn name(&self) -> &'static str {
        match self.way {
            Way::Scan { .. } => "scan_pay",
            Way::Qr { .. } => "qr_pay",
        }
    }

    fn before(&self) -> Vec<Before> {
        let Some(is_paid) = self.taken else { return Vec::new() };
        let content = json!({ "out_trade_no": self.number, "total_amount": "7.77", "subject": "another order", "buyer_id": "2088102146225135" });
        let mut before = vec![Before::Call("alipay.trade.create", content)];
        if is_paid {
            before.push(Before::Pay(self.number.clone()));
        }
        before
    }

    fn begin(&self, client: &Client, process: &Process) -> Begun {
        match self.way {
            Way::Scan { auth_code } => {
                let required = PayRequired {
                    out_trade_no: self.number.clone(),
                    total_amount: self.amount,
                    subject: "a thing".to_owned(),
                };
                process.begin(flows::scan_pay(client, Pay::with_auth_code(auth_code, required)))
            }
            Way::Qr { timeout } => {
                let mut request = Precreate::new(&self.number, self.amount, "a thing");
                if let Some(timeout) = timeout {
                    request = request.qr_code_timeout_express(timeout);
                }
                process.begin(flows::qr_pay(client, request))
            }
        }
    }

    fn buyer(&self) -> Option<Buyer> {
        self.taken.is_none().then(|| Buyer {
            order: self.number.clone(),
            needs_code: matches!(self.way, Way::Qr { .. }),
            acts: self.acts.clone(),
        })
    }

    fn sent_once(&self) -> &'static [&'static str] {
        match self.way {
            Way::Scan { .. } => &["alipay.trade.pay"],
            Way::Qr { .. } => &["alipay.trade.precreate"],
        }
    }

    fn holds(&self, end: &End, ledger: &Ledger, alipay_number: Option<&str>) -> Result<(), String> {
        let (number, amount) = (&*self.number, self.amount.to_string());
        let paid = ledger.of(Sort::Payment, number);
        let back = ledger.of(Sort::RefundOfOrder, number);
        if paid.len() > 1 || back.len() > paid.len() {
            return Err(format!("{number} was paid {paid:?} and gave back {back:?}"));
        }
        if let Some(is_paid) = self.taken {
            // The other order is not the flow's to report or to cancel.
            if paid.len() != usize::from(is_paid) || !back.is_empty() {
                return Err(format!(
                    "another order of the number {number} was touched: paid {paid:?}, back {back:?}"
                ));
            }
            return match end {
                End::Done(fact) => Err(format!("another order of the number {number} is reported as {fact:?}")),
                End::Unknown(unknown) if *unknown.reason() != UnknownReason::Mismatch => {
                    Err(format!("{number} is not settled: {unknown}"))
                }
                End::NotDone(_) | End::Unknown(_) => Ok(()),
            };
        }
        if paid.iter().chain(back).any(|moved| *moved != amount) {
            return Err(format!(
                "{number} is of {amount}, and was paid {paid:?} and gave back {back:?}"
            ));
        }
        match end {
            End::Done(fact) => {
                if (paid.len(), back.len()) != (1, 0) {
                    return Err(format!(
                        "{number} is reported as paid; it was paid {paid:?} and gave back {back:?}"
                    ));
                }
                let is_told = fact.number == number && fact.amount == self.amount;
                if !is_told || fact.alipay_number.as_deref() != alipay_number {
                    return Err(format!(
                        "{number} of {amount}, {alipay_number:?}, is reported as {fact:?}"
                    ));
                }
                Ok(())
            }
            End::NotDone(not_done) if paid.len() != back.len() => {
                Err(format!("it is reported that «{not_done}», and the buyer has paid"))
            }
            End::NotDone(_) => Ok(()),
            End::Unknown(unknown) => Err(format!("{number} is not settled: {unknown}")),
        }
    }
}
