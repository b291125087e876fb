//! Calling the app as Alipay.

use serde_json::Value;

use super::Mock;
use crate::MerchantCallError;
use crate::merchant_call;

impl Mock {
    /// Calls the app at this address, as Alipay does for `spi.…` methods, and returns the `response` of its answer, whose signature has been checked:
    ///
    /// ```
    /// # use alipay_mock::Mock;
    /// # use serde_json::json;
    /// # async fn example(mock: &Mock) -> Result<(), Box<dyn std::error::Error>> {
    /// let order = json!({ "out_order_no": "20161112", "order_amount": "0.01" });
    /// let url = "http://127.0.0.1:8080/alipay/spi";
    /// let response = mock.call_merchant(url, "spi.alipay.marketing.activity.order.send", order).await?;
    /// assert_eq!(response["code"], "10000");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is a POST of a form, signed over all parameters but `sign` and `sign_type`. The gateway adds `method`, `charset`, `version` and `utc_timestamp`, unless
    /// `fields` has them; `"charset": "GBK"` has it written in GBK. A value that is no text goes as JSON, and empty ones are left out. No spec describes
    /// these methods, so the fields are not checked, and nothing of what the gateway plays changes. It waits 15 seconds for the answer.
    ///
    /// # Errors
    /// If `fields` are no object, or the answer is none that Alipay would believe: no JSON of the status 200 with `response` and `sign`, not signed by
    /// the app's key over the exact text of `response`, or without the app's certificate in certificate mode.
    pub async fn call_merchant(
        &self,
        url: &str,
        method: &str,
        fields: impl Into<Value>,
    ) -> Result<Value, MerchantCallError> {
        let seconds = self.core.now().as_second();
        let (form, charset) = merchant_call::form(method, fields.into(), seconds, self.core.signatory())?;
        let answer = merchant_call::post(url, form, &charset).await?;
        let serial = self.core.look(|state, _| {
            let certificates = state.identity.certificates();
            certificates.map(|certificates| certificates.app_cert_sn().to_owned())
        });
        merchant_call::verified(&answer, &self.core.app.key, serial.as_deref())
    }
}
