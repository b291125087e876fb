use super::{Notification, TradeStatusSync, Verified, verified::mismatch};
use crate::{Error, error::Sanitized, types::Price};

impl Verified<Notification> {
    /// Takes a payment's notification, of this order and this amount, as your own books have them.
    ///
    /// It says nothing about whether the order is paid: [`event`](TradeStatusSync::event) does.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another kind of notification, another order or another amount.
    pub fn expect_order(self, out_trade_no: &str, total_amount: Price) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_order(out_trade_no, total_amount)
    }

    /// Takes a payment's notification, for this seller: the merchant's user id, `2088…`.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another kind of notification or another seller.
    pub fn expect_seller(self, seller_id: &str) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_seller(seller_id)
    }

    /// Takes a payment's notification, for this merchant of a third-party app: the `auth_app_id` of its authorisation.
    ///
    /// An ISV's merchants may have orders of the same number.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another kind of notification or another merchant.
    pub fn expect_merchant(self, auth_app_id: &str) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_merchant(auth_app_id)
    }

    /// Takes a payment's notification.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another kind of notification.
    pub fn expect_trade(self) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_type()
    }
}

impl Verified<TradeStatusSync> {
    /// Checks that it is about this order and this amount, as your own books have them.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another order or another amount.
    pub fn expect_order(self, out_trade_no: &str, total_amount: Price) -> Result<Self, Error> {
        let trade = self.expect_parameter("order", "out_trade_no", out_trade_no)?;
        if trade.total_amount != Some(total_amount) {
            let message = format!(
                "the notification is verified, but the amount of the order `{out_trade_no}` is `{}` there, not `{total_amount}`",
                Sanitized(trade.parameter("total_amount").unwrap_or_default())
            );
            return Err(mismatch(message));
        }
        Ok(trade)
    }

    /// Checks that it is for this seller: the merchant's user id, `2088…`.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another seller.
    pub fn expect_seller(self, seller_id: &str) -> Result<Self, Error> {
        self.expect_parameter("seller", "seller_id", seller_id)
    }

    /// Checks that it is for this merchant of a third-party app: the `auth_app_id` of its authorisation.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch) for another merchant.
    pub fn expect_merchant(self, auth_app_id: &str) -> Result<Self, Error> {
        self.expect_parameter("merchant's app", "auth_app_id", auth_app_id)
    }

    /// Checks a parameter, which names `what`.
    fn expect_parameter(self, what: &str, name: &str, expected: &str) -> Result<Self, Error> {
        match self.parameter(name) {
            Some(value) if value == expected => Ok(self),
            value => {
                let message = format!(
                    "the notification is verified, but names the {what} `{}`, not `{}`",
                    Sanitized(value.unwrap_or_default()),
                    Sanitized(expected)
                );
                Err(mismatch(message))
            }
        }
    }
}
