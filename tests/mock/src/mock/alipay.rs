//! What Alipay does later: it carries out splits and reviews applications.

use super::Mock;
use crate::control::onboarding::{Memo, Reason};
use crate::control::splits::{CarryOut, RoyaltyTerms};
use crate::{ApplicationView, ControlError, TradeView};

impl Mock {
    /// Alipay carries out a split that `alipay.trade.order.settle` took with `royalty_mode` `async`: each share by itself. Shares to the accounts in
    /// `failing` fail for lack of money, shares to receivers that are not bound any more fail too, and if the order was refunded in full meanwhile, all do.
    /// A message goes to the app's gateway URL, if it has one. Until then the split's shares are `PROCESSING`.
    ///
    /// # Errors
    /// If there is no such split, or it was carried out.
    pub fn carry_out_split(&self, settle_no: &str, failing: &[&str]) -> Result<TradeView, ControlError> {
        let failing = failing.iter().map(|&account| account.to_owned()).collect();
        self.core.carry_out(settle_no, &CarryOut { failing })
    }

    /// Sets the largest part of an order that may be shared from now on, in percent: 30 to begin with, which is what Alipay's contract says unless it says
    /// something else.
    ///
    /// # Errors
    /// If it is more than 100.
    pub fn set_royalty_ratio(&self, percent: u8) -> Result<(), ControlError> {
        self.core.set_royalty_terms(&RoyaltyTerms {
            ratio: Some(percent),
            ..RoyaltyTerms::default()
        })
    }

    /// The owner of an account lets shares be taken back from now on (分账回退授权): refunds may name it in `refund_royalty_parameters`.
    pub fn allow_returns(&self, account: &str) {
        // Only a ratio can be wrong.
        let _ = self.core.set_royalty_terms(&RoyaltyTerms {
            allow_returns: vec![account.to_owned()],
            ..RoyaltyTerms::default()
        });
    }

    /// The owner of an account does not let shares be taken back any more.
    pub fn forbid_returns(&self, account: &str) {
        let _ = self.core.set_royalty_terms(&RoyaltyTerms {
            forbid_returns: vec![account.to_owned()],
            ..RoyaltyTerms::default()
        });
    }

    /// An application for a sub-merchant, of `ant.merchant.expand.indirect.zft.create` or one of its kin.
    ///
    /// # Errors
    /// If there is no such application.
    pub fn application(&self, order_id: &str) -> Result<ApplicationView, ControlError> {
        self.core.application(order_id)
    }

    /// An application passes its review: the sub-merchant is there, or is changed. A message goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If there is no such application, or it was decided.
    pub fn pass_application(&self, order_id: &str) -> Result<ApplicationView, ControlError> {
        self.core.pass_application(order_id, Memo::default())
    }

    /// An application is rejected: nothing changes. A message goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If there is no such application, or it was decided.
    pub fn reject_application(&self, order_id: &str, reason: &str) -> Result<ApplicationView, ControlError> {
        let reason = reason.to_owned();
        self.core.reject_application(order_id, Reason { reason })
    }
}
