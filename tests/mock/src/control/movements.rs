//! All money that moved.

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::beijing;
use crate::core::Core;
use crate::state::movements::{Cause, Movement};

/// What moved money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// The same in fen.
    pub amount_fen: i64,
    /// When.
    pub at: String,
}

/// All money that moved, and its sums in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ledger {
    /// What buyers paid.
    pub paid_fen: i64,
    /// What of it went back.
    pub refunded_fen: i64,
    /// What merchants sent to accounts.
    pub transferred_fen: i64,
    /// Each movement, oldest first.
    pub movements: Vec<MovementView>,
}

impl Ledger {
    /// The movements of this order, oldest first.
    pub fn of_order(&self, out_trade_no: &str) -> impl Iterator<Item = &MovementView> {
        let of_order = move |movement: &&MovementView| movement.out_trade_no.as_deref() == Some(out_trade_no);
        self.movements.iter().filter(of_order)
    }
}

impl Core {
    /// The same with its sums.
    pub(crate) fn ledger(&self) -> Ledger {
        let movements = self.movements();
        let sum = |kind: MovementKind| {
            let of_kind = movements.iter().filter(|movement| movement.kind == kind);
            of_kind.fold(0_i64, |sum, movement| sum.saturating_add(movement.amount_fen))
        };
        Ledger {
            paid_fen: sum(MovementKind::Payment),
            refunded_fen: sum(MovementKind::Refund),
            transferred_fen: sum(MovementKind::Transfer),
            movements,
        }
    }

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
        amount_fen: movement.amount.fen(),
        at: beijing(movement.at),
    }
}
