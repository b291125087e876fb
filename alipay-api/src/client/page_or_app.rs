use super::page::{PageCall, order_string, order_string_async};
use crate::{Error, types::Secret};

/// A method that a browser is sent to, or that a phone app hands to the Alipay app: the caller takes what the buyer's device needs.
///
/// Limits, errors and the async versions are those of [`PageCall`] and [`AppCall`](crate::AppCall).
#[derive(Debug)]
#[must_use = "take its url, form or order string"]
pub struct PageOrAppCall(pub(super) PageCall);

impl PageOrAppCall {
    /// Where Alipay sends the buyer afterwards: see [`PageCall::return_url`].
    pub fn return_url(self, url: impl Into<String>) -> Self {
        Self(self.0.return_url(url))
    }

    /// Where Alipay sends the notification: an absolute URL that is reached from the internet.
    pub fn notify_url(self, url: impl Into<String>) -> Self {
        Self(self.0.notify_url(url))
    }

    /// A parameter that stands beside `biz_content`: see [`PageCall::parameter`].
    pub fn parameter(self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        Self(self.0.parameter(name, value))
    }

    /// The URL to redirect the browser to.
    ///
    /// # Errors
    /// As for [`PageCall::url`].
    pub fn url(&self) -> Result<String, Error> {
        self.0.url()
    }

    /// The same as [`url`](Self::url), signed without blocking the thread.
    ///
    /// # Errors
    /// As for [`PageCall::url_async`].
    pub async fn url_async(&self) -> Result<String, Error> {
        self.0.url_async().await
    }

    /// The same as [`url`](Self::url) for a merchant of an ISV: **the merchant's `app_auth_token` stands in the URL**. See
    /// [`PageCall::url_with_app_auth_token`] before you use it.
    ///
    /// # Errors
    /// As for [`PageCall::url_with_app_auth_token`].
    pub fn url_with_app_auth_token(&self) -> Result<String, Error> {
        self.0.url_with_app_auth_token()
    }

    /// The same as [`url_with_app_auth_token`](Self::url_with_app_auth_token), **with the token in the URL**, signed without blocking the
    /// thread.
    ///
    /// # Errors
    /// As for [`PageCall::url_with_app_auth_token_async`].
    pub async fn url_with_app_auth_token_async(&self) -> Result<String, Error> {
        self.0.url_with_app_auth_token_async().await
    }

    /// An HTML form that submits itself: see [`PageCall::form`].
    ///
    /// # Errors
    /// As for [`PageCall::form`].
    pub fn form(&self) -> Result<String, Error> {
        self.0.form()
    }

    /// The same as [`form`](Self::form), signed without blocking the thread.
    ///
    /// # Errors
    /// As for [`PageCall::form_async`].
    pub async fn form_async(&self) -> Result<String, Error> {
        self.0.form_async().await
    }

    /// The text that the phone app gives to Alipay's SDK: see [`AppCall::order_string`](crate::AppCall::order_string).
    ///
    /// # Errors
    /// As for [`AppCall::order_string`](crate::AppCall::order_string).
    pub fn order_string(&self) -> Result<String, Error> {
        order_string(&self.0.0)
    }

    /// The same as [`order_string`](Self::order_string), signed without blocking the thread.
    ///
    /// # Errors
    /// As for [`AppCall::order_string_async`](crate::AppCall::order_string_async).
    pub async fn order_string_async(&self) -> Result<String, Error> {
        order_string_async(&self.0.0).await
    }
}
