//! Splits that Alipay carries out later, and what limits splits.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ControlError, TradeView};
use crate::core::Core;
use crate::state::State;
use crate::state::splits::{Account, CarryRefusal};
use crate::state::trades::Key;

/// How a split is carried out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CarryOut {
    /// The accounts that get nothing.
    #[serde(default)]
    pub(crate) failing: Vec<String>,
}

/// What is agreed on shares; what isn't named stays as it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RoyaltyTerms {
    /// The largest part of an order that may be shared, in percent.
    pub(crate) ratio: Option<u8>,
    /// The accounts that let their shares be taken back from now on.
    pub(crate) allow_returns: Vec<String>,
    /// Those that don't any more.
    pub(crate) forbid_returns: Vec<String>,
}

impl Core {
    /// Alipay carries out a split that waits.
    pub(crate) fn carry_out(&self, settle_no: &str, how: &CarryOut) -> Result<TradeView, ControlError> {
        let now = self.now();
        let carried_out = self.with_state(|state| {
            let State { trades, royalties, .. } = state;
            let is_bound = |key: &Key, account: &Account| royalties.receiver(&key.merchant, account).is_some();
            trades.carry_out(settle_no, &how.failing, &is_bound, now)
        });
        let key = carried_out.map_err(|refusal| match refusal {
            CarryRefusal::NoSplit => ControlError::NoSplit(settle_no.to_owned()),
            CarryRefusal::Done => ControlError::SplitDone(settle_no.to_owned()),
        })?;
        self.with_state(|state| state.trades.get(&key, now).map(|order| self.view(order)))
            .ok_or(ControlError::NoOrder(key.out_trade_no))
    }

    /// Sets what is agreed on shares.
    pub(crate) fn set_royalty_terms(&self, terms: &RoyaltyTerms) -> Result<(), ControlError> {
        if let Some(ratio) = terms.ratio.filter(|ratio| *ratio > 100) {
            return Err(ControlError::Setting(format!("{ratio} percent is more than all")));
        }
        self.with_state(|state| {
            if let Some(ratio) = terms.ratio {
                state.royalties.ratio.set(ratio.into());
            }
            for (accounts, returns) in [(&terms.allow_returns, true), (&terms.forbid_returns, false)] {
                for account in accounts {
                    state.royalties.set_returns(account, returns);
                }
            }
        });
        Ok(())
    }
}
