//! Acting as the payer of a pre-authorisation, and as the user of an agreement.

use super::Mock;
use crate::{AgreementView, ControlError, Payment, PreauthView, Signing, TestBuyer};

/// A test buyer, as a test acts as one: [`Mock::buyer`].
#[derive(Clone, Copy, Debug)]
pub struct BuyerHandle<'m> {
    mock: &'m Mock,
    who: TestBuyer,
}

impl BuyerHandle<'_> {
    /// The number of the payment code.
    pub fn auth_code(&self) -> &'static str {
        self.who.auth_code()
    }

    /// Pays an order, as with the button of the cashier.
    ///
    /// # Errors
    /// If there is no such order, it is another buyer's, it can't be paid, or this buyer has no money.
    pub fn pay(&self, out_trade_no: &str) -> Result<Payment, ControlError> {
        self.mock.core.pay_as_buyer(out_trade_no, self.who)
    }
}

impl Mock {
    /// One of the test buyers:
    ///
    /// ```
    /// # use alipay_mock::{Mock, TestBuyer};
    /// # fn example(mock: &Mock) -> Result<(), alipay_mock::ControlError> {
    /// let buyer = mock.buyer(TestBuyer::Password);
    /// // … `alipay.trade.pay` with `buyer.auth_code()` is answered with 10003, and the order waits:
    /// buyer.pay("20161112")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn buyer(&self, who: TestBuyer) -> BuyerHandle<'_> {
        BuyerHandle { mock: self, who }
    }

    /// The [slow](crate::TestBuyer::Slow) buyers who are asked at present agree now, and the answers that wait for them go out.
    pub fn release_slow_buyers(&self) {
        self.core.release_slow_buyers();
    }

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
