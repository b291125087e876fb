//! All money that moved.

use serde::Serialize;

use crate::clock::beijing;
use crate::core::Core;
use crate::state::movements::{Cause, Movement};

/// What moved money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MovementKind {
    /// A buyer paid an order.
    Payment,
    /// Money went back to the buyer: by a refund, or by a cancel.
    Refund,
    /// The merchant sent money to an account.
    Transfer,
}

/// Money that moved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MovementView {
    /// What moved it.
    pub kind: MovementKind,
    /// The merchant's number of the payment (`out_trade_no`), the refund (`out_request_no`) or the transfer (`out_biz_no`).
    pub number: String,
    /// The order of a payment or a refund.
    pub out_trade_no: Option<String>,
    /// In yuan.
    pub amount: String,
    /// When.
    pub at: String,
}

impl Core {
    /// All money that moved, in order.
    pub(crate) fn movements(&self) -> Vec<MovementView> {
        self.with_state(|state| {
            let (trades, transfers) = (&state.trades.movements, &state.transfers.movements);
            let mut all: Vec<_> = trades.iter().chain(transfers).collect();
            all.sort_by_key(|movement| movement.at);
            all.into_iter().map(view).collect()
        })
    }
}

fn view(movement: &Movement) -> MovementView {
    let number = &movement.number;
    let (kind, out_trade_no) = match &movement.cause {
        Cause::Payment => (MovementKind::Payment, Some(number)),
        Cause::Refund { out_trade_no } => (MovementKind::Refund, Some(out_trade_no)),
        Cause::Transfer => (MovementKind::Transfer, None),
    };
    MovementView {
        kind,
        number: number.clone(),
        out_trade_no: out_trade_no.cloned(),
        amount: movement.amount.to_string(),
        at: beijing(movement.at),
    }
}
