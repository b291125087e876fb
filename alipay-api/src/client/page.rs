use super::{caller::CallerIdentity, prepared::Prepared};
use crate::{
    Error, ErrorKind,
    exchange::{check_tokens, invalid},
    protocol::{Form, handed_over},
    types::Secret,
};

/// A method that a browser is sent to, by a URL or by a form. It is signed when one of them is asked for, and valid for as long as
/// Alipay accepts its timestamp: make it when the buyer needs it.
#[derive(Debug)]
#[must_use = "take its url or form"]
pub struct PageCall(pub(super) Prepared);

impl PageCall {
    /// Where Alipay sends the buyer's browser afterwards, with parameters that [`verify_return`](crate::notify::Notifications::verify_return)
    /// checks. It proves nothing about payment: that is for the notification, or a query.
    pub fn return_url(mut self, url: impl Into<String>) -> Self {
        self.0.options.return_url = Some(url.into());
        self
    }

    /// Where Alipay sends the notification of the payment: an absolute URL that is reached from the internet.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.0.options.notify_url = Some(url.into());
        self
    }

    /// A parameter that stands beside `biz_content`, for a method [by name](crate::Client::page_raw): a request's type has fields for its own.
    /// The browser sees it.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.0.parameter(name.into(), value.into());
        self
    }

    /// The address to redirect the browser to.
    ///
    /// # Errors
    /// The request lacks a field or would come back in a notification that is refused ([`ErrorKind::Request`]), or it carries a
    /// merchant's token: that would stay in histories and logs, use [`form`](Self::form).
    pub fn url(&self) -> Result<String, Error> {
        if self.0.options.app_auth_token.is_some() {
            let message = "a URL would show the merchant's app_auth_token to logs and histories: use the form";
            return Err(Error::new(ErrorKind::Request, message).with_method(self.0.method()));
        }
        signed(&self.0, Form::Url)
    }

    /// An HTML form that submits itself: put it into a page of any charset as it is, without escaping.
    ///
    /// It needs inline script, or the buyer's click where script is off. For requests that are too long for a URL, and for merchants'
    /// tokens: the buyer's browser gets to see a token here too, as the protocol has it, but keeps it in no history.
    ///
    /// # Errors
    /// The request lacks a field or would come back in a notification that is refused ([`ErrorKind::Request`]).
    pub fn form(&self) -> Result<String, Error> {
        signed(&self.0, Form::Html)
    }
}

/// A method that a phone app hands to the Alipay app.
#[derive(Debug)]
#[must_use = "take its order string"]
pub struct AppCall(pub(super) Prepared);

impl AppCall {
    /// Where Alipay sends the notification of the payment: an absolute URL that is reached from the internet.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.0.options.notify_url = Some(url.into());
        self
    }

    /// A parameter that stands beside `biz_content`, for a method [by name](crate::Client::app_raw): a request's type has fields for its own.
    /// The phone app sees it.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.0.parameter(name.into(), value.into());
        self
    }

    /// The text that the phone app gives to Alipay's SDK as it is: it is encoded already and must not be encoded again.
    ///
    /// A merchant's token is in it, as the protocol has it: where the client acts for one, don't log or store the text.
    ///
    /// # Errors
    /// The request lacks a field or would come back in a notification that is refused ([`ErrorKind::Request`]).
    pub fn order_string(&self) -> Result<String, Error> {
        signed(&self.0, Form::OrderString)
    }
}

fn signed(prepared: &Prepared, form: Form) -> Result<String, Error> {
    let (session, method) = (&prepared.client.inner.session, prepared.method());
    let content = prepared.content()?;
    let timestamp = session.timestamp(method)?;
    check_tokens(&prepared.options, method)?;
    let is_managed = matches!(prepared.client.caller, CallerIdentity::Managed(_));
    if is_managed && prepared.options.app_auth_token.is_none() {
        let message = "pages and order strings are made without waiting, but the merchant's token may have to be waited for: \
                       take the client from Isv::merchant_with_token";
        return Err(Error::new(ErrorKind::Request, message).with_method(method));
    }
    let request = handed_over(content, &session.identity(&timestamp), &prepared.options);
    let request = request.map_err(|error| invalid(error, method))?;
    let signature = session.sign_now(&request, method)?;
    Ok(request.handed_over(form, &signature))
}
