//! Transfers to accounts and to bank cards.

use alipay_api::{
    Client,
    flows::{self, UnknownReason},
    fund::{
        TransToaccountTransfer, TransToaccountTransferRequired, TransUniTransfer,
        trans_toaccount_transfer::TransToaccountTransferPayeeType,
        types::{Participant, ParticipantIdentityType},
    },
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

const PAYEE: &str = "2088102146225135";

struct Transfer {
    number: String,
    amount: Price,
    way: Way,
    /// Another transfer has the number.
    is_taken: bool,
}

enum Way {
    ToAccount,
    Uni { to_bank: bool },
}

pub(super) fn to_account(chance: &Chance, number: String) -> impl Subject + use<> {
    Transfer {
        number,
        amount: amount(chance),
        way: Way::ToAccount,
        is_taken: chance.is(2),
    }
}

/// A transfer of the newer interface, which needs certificates.
pub(crate) fn certified(chance: &Chance, number: &str) -> Box<dyn Subject> {
    Box::new(Transfer {
        number: number.to_owned(),
        amount: amount(chance),
        way: Way::Uni { to_bank: chance.is(30) },
        is_taken: false,
    })
}

/// Some amounts are below the least or beyond the balance, and are refused.
fn amount(chance: &Chance) -> Price {
    Price::from_cents(chance.one(&[9, 10, 100, 12_345, 99_999, 100_000, 100_001]))
}

impl Subject for Transfer {
    fn name(&self) -> &'static str {
        match self.way {
            Way::ToAccount => "transfer_to_account",
            Way::Uni { .. } => "transfer",
        }
    }

    fn is_quick(&self) -> bool {
        // A bank takes two hours.
        !matches!(self.way, Way::Uni { to_bank: true })
    }

    fn before(&self) -> Vec<Before> {
        if !self.is_taken {
            return Vec::new();
        }
        let content = json!({ "out_biz_no": self.number, "payee_type": "ALIPAY_USERID", "payee_account": PAYEE, "amount": "7.77" });
        vec![Before::Call("alipay.fund.trans.toaccount.transfer", content)]
    }

    fn begin(&self, client: &Client, process: &Process) -> Begun {
        match self.way {
            Way::ToAccount => {
                let request = TransToaccountTransfer::new(TransToaccountTransferRequired {
                    out_biz_no: self.number.clone(),
                    payee_type: TransToaccountTransferPayeeType::AlipayUserId.into(),
                    payee_account: PAYEE.to_owned(),
                    amount: self.amount,
                });
                process.begin(flows::transfer_to_account(client, request))
            }
            Way::Uni { to_bank } => {
                let payee = if to_bank {
                    Participant::new("6222021234567890123", ParticipantIdentityType::BankcardNumber).name("somebody")
                } else {
                    Participant::new(PAYEE, ParticipantIdentityType::AlipayUserId)
                };
                process.begin(flows::transfer(
                    client,
                    TransUniTransfer::new(&self.number, self.amount, payee),
                ))
            }
        }
    }

    fn holds(&self, end: &End, ledger: &Ledger, _: Option<&str>) -> Result<(), String> {
        let moved = ledger.of(Sort::Transfer, &self.number);
        if self.is_taken {
            if moved != ["7.77"] {
                return Err(format!("the other transfer of the number {} is {moved:?}", self.number));
            }
            return match end {
                End::Done(fact) => Err(format!("another transfer is reported as {fact:?}")),
                End::Unknown(unknown) if *unknown.reason() != UnknownReason::Mismatch => {
                    Err(format!("{} is not settled: {unknown}", self.number))
                }
                End::NotDone(_) | End::Unknown(_) => Ok(()),
            };
        }
        once_or_never(moved, &self.number, &self.amount.to_string(), end)
    }
}
