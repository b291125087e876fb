use super::{Notification, TradeStatusSync, Verified};
use crate::{Error, ErrorKind, types::Price};

impl Verified<Notification> {
    /// The payment notification of this order over this amount, as the merchant's own books have it.
    ///
    /// It says nothing about whether the order is paid: look at its `trade_status`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is another kind of notification, about another order, or over another amount.
    pub fn expect_order(self, out_trade_no: &str, total_amount: Price) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_order(out_trade_no, total_amount)
    }

    /// The payment notification for this seller: the merchant's user id, `2088…`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is another kind of notification or for another seller.
    pub fn expect_seller(self, seller_id: &str) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_seller(seller_id)
    }

    /// The payment notification for this merchant of a third-party app: the `auth_app_id` of its authorisation.
    ///
    /// An ISV's merchants may have orders of the same number.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is another kind of notification or for another merchant.
    pub fn expect_merchant(self, auth_app_id: &str) -> Result<Verified<TradeStatusSync>, Error> {
        self.expect_trade()?.expect_merchant(auth_app_id)
    }

    /// The payment notification that it is.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is another kind of notification.
    pub fn expect_trade(self) -> Result<Verified<TradeStatusSync>, Error> {
        let name = self.name().escape_debug().to_string();
        self.try_map(|notification| {
            if let Notification::TradeStatusSync(trade) = notification {
                return Ok(*trade);
            }
            Err(mismatch(&format!("it is a notification `{name}`, not about a payment")))
        })
    }
}

impl Verified<TradeStatusSync> {
    /// This notification, if it is about this order over this amount.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is about another order or over another amount.
    pub fn expect_order(self, out_trade_no: &str, total_amount: Price) -> Result<Self, Error> {
        if self.parameter("out_trade_no") != Some(out_trade_no) {
            return Err(mismatch("it is about another order"));
        }
        if self.total_amount != Some(total_amount) {
            return Err(mismatch("it is about the order, but over another amount"));
        }
        Ok(self)
    }

    /// This notification, if it is for this seller: the merchant's user id, `2088…`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is for another seller.
    pub fn expect_seller(self, seller_id: &str) -> Result<Self, Error> {
        if self.parameter("seller_id") != Some(seller_id) {
            return Err(mismatch("it is for another seller"));
        }
        Ok(self)
    }

    /// This notification, if it is for this merchant of a third-party app: the `auth_app_id` of its authorisation.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where it is for another merchant.
    pub fn expect_merchant(self, auth_app_id: &str) -> Result<Self, Error> {
        if self.parameter("auth_app_id") != Some(auth_app_id) {
            return Err(mismatch("it is for another merchant"));
        }
        Ok(self)
    }
}

fn mismatch(message: &str) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        format!("the notification is verified, but {message}"),
    )
    .verified()
}
