use super::{Notifications, Verified, diagnosis::Subject, verified};
use crate::{Error, error::Sanitized, method::PageMethod};

/// What Alipay's page gave to a browser that it sent back to `return_url`: from
/// [`Notifications::verify_return`]. Its parameters are on the [`Verified`] around it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReturnQuery {
    /// The method that the browser was sent to, such as `alipay.trade.page.pay`; empty where the query does not name it.
    pub method: String,
}

impl Notifications<'_> {
    /// Verifies the query of a request to `return_url`: what stands behind the `?` of the browser's address, still percent-encoded.
    ///
    /// It proves that Alipay sent the buyer back, and nothing about payment: show the order's page, and wait for the notification or query
    /// the order. Parameters of your own that `return_url` had are not signed: leave them out. Nothing is fetched for it: where it names a
    /// certificate that the client does not have, query the order, and the client has it after the answer.
    ///
    /// ```no_run
    /// # #[cfg(feature = "trade")]
    /// # fn example(client: alipay_api::Client, query: &str) -> Result<(), alipay_api::Error> {
    /// use alipay_api::trade::PagePay;
    ///
    /// let back = client.notifications().verify_return(query)?;
    /// // Any of its parameters:
    /// println!("{:?}", back.parameter("out_trade_no"));
    /// // Or all of those that the method gives, where it is this method's:
    /// let back = back.expect_method::<PagePay>()?;
    /// println!("{} {:?}", back.out_trade_no, back.total_amount);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    pub fn verify_return(&self, query: &str) -> Result<Verified<ReturnQuery>, Error> {
        let parameters = self.verified(query.as_bytes(), Subject::Return)?;
        let method = parameters.get("method").unwrap_or_default();
        let method = method.strip_suffix(".return").unwrap_or(method).to_owned();
        Ok(Verified::new(ReturnQuery { method }, parameters))
    }
}

impl Verified<ReturnQuery> {
    /// The parameters of the query, as this method gives them.
    ///
    /// # Errors
    /// [`Mismatch`](crate::ErrorKind::Mismatch): the browser comes back from another method. [`Decode`](crate::ErrorKind::Decode): the
    /// parameters can't be read as this method's; one field that can't be read is no error.
    pub fn expect_method<M: PageMethod>(self) -> Result<Verified<M::Response>, Error> {
        let (method, expected) = (&self.method, M::INFO.name);
        // What names none is what the caller says.
        if !method.is_empty() && method != expected {
            let message = format!(
                "the return query is verified, but comes from `{}`, not from `{expected}`",
                Sanitized(method)
            );
            return Err(verified::mismatch(message));
        }
        self.read_as()
    }
}
