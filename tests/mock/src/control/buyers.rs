//! Test buyers.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ControlError, Payment};
use crate::core::Core;
use crate::state::buyers::TestBuyer;
use crate::state::trades::Buyer;

/// A test buyer, and the payment code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct BuyerView {
    buyer: TestBuyer,
    user_id: &'static str,
    auth_code: &'static str,
}

impl Core {
    /// All test buyers.
    pub(crate) fn buyers() -> Vec<BuyerView> {
        let view = |buyer: TestBuyer| BuyerView {
            buyer,
            user_id: buyer.user_id(),
            auth_code: buyer.auth_code(),
        };
        TestBuyer::ALL.into_iter().map(view).collect()
    }

    /// This buyer pays, unless another one has to.
    pub(crate) fn pay_as_buyer(&self, out_trade_no: &str, who: TestBuyer) -> Result<Payment, ControlError> {
        let key = self.key(out_trade_no)?;
        let buyer = who.account();
        let named = self.placed(&key).map(|order| order.terms.buyer);
        if named.is_some_and(|named| named != buyer && named != Buyer::default()) {
            return Err(ControlError::OtherBuyer(key.out_trade_no));
        }
        if !who.has_money() {
            return Err(ControlError::NoMoney(key.out_trade_no));
        }
        self.pay_as(&key, Some(buyer))
    }

    /// Slow buyers who are asked at present agree now.
    pub(crate) fn release_slow_buyers(&self) {
        self.slow_buyers.send_replace(());
    }
}
