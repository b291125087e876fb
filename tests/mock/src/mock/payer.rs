//! Acting as the payer of a pre-authorisation, and as the user of an agreement.

use super::Mock;
use crate::{AgreementView, ControlError, PreauthView, Signing};

impl Mock {
    /// The pre-authorisation with this `out_order_no`.
    ///
    /// # Errors
    /// If there is no such pre-authorisation.
    pub fn preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        self.core.preauth(out_order_no)
    }

    /// The payer scans the code of `alipay.fund.auth.order.voucher.create`: the pre-authorisation exists from now on, and waits.
    ///
    /// # Errors
    /// If there is no such pre-authorisation, or its code has expired.
    pub fn scan_preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        self.core.scan_preauth(out_order_no)
    }

    /// The payer authorises it: the money is frozen.
    ///
    /// # Errors
    /// If there is no such pre-authorisation, or it is authorised, closed or expired.
    pub fn authorise_preauth(&self, out_order_no: &str) -> Result<PreauthView, ControlError> {
        self.core.authorise_preauth(out_order_no)
    }

    /// The agreement with this number: Alipay's, or the merchant's `external_agreement_no`.
    ///
    /// # Errors
    /// If there is no such agreement.
    pub fn agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        self.core.agreement(number)
    }

    /// All agreements that users were asked for, oldest first.
    pub fn agreements(&self) -> Vec<AgreementView> {
        self.core.agreements()
    }

    /// The [visitor](Self::set_visitor) signs, as with the button on the page of `alipay.user.agreement.page.sign`.
    ///
    /// # Errors
    /// If there is no such agreement, it was signed or refused, the time for it is over, another user must sign, or the same agreement is in force
    /// already.
    pub fn sign_agreement(&self, number: &str) -> Result<Signing, ControlError> {
        self.core.sign_agreement(number)
    }

    /// The visitor refuses to sign.
    ///
    /// # Errors
    /// If there is no such agreement, or it was signed or refused.
    pub fn refuse_agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        self.core.refuse_agreement(number)
    }

    /// The user who has signed ends the agreement, in Alipay. The notification goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If there is no such agreement, or it is not signed, or not any more.
    pub fn unsign_agreement(&self, number: &str) -> Result<AgreementView, ControlError> {
        self.core.unsign_agreement(number)
    }
}
