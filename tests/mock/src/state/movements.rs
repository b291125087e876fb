//! Money that moved. It is written down where it moves, and not taken from what is known of orders: so a movement that happens twice is there twice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::money::Money;

/// What moved money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// A buyer paid an order.
    Payment,
    /// Money of this order went back to its buyer.
    Refund { out_trade_no: String },
    /// The merchant sent money to an account.
    Transfer,
}

/// Money that moved once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Movement {
    pub(crate) cause: Cause,
    /// The merchant's number of it.
    pub(crate) number: String,
    pub(crate) amount: Money,
    pub(crate) at: Timestamp,
}
