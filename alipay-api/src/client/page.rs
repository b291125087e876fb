use std::borrow::Cow;

use tokio::time::timeout_at;

use super::{caller::CallerIdentity, keys::Keys, prepared::Prepared};
use crate::{
    Error, ErrorKind,
    exchange::{after, check_tokens, invalid, sign, sign_now},
    protocol::{
        Form, HandedOver,
        content::{Options, Timestamp},
        handed_over,
    },
    runtime,
    types::Secret,
};

/// A method that a browser is sent to, by a URL or by a form. It is signed when one of them is asked for, and valid for as long as
/// Alipay accepts its timestamp: make it when the buyer needs it.
///
/// Each method has an async version: [`url_async`](Self::url_async) and [`form_async`](Self::form_async). Use it if the
/// [signer](crate::sign::Signer) is asynchronous only (a key management service) or slow.
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

    /// The URL to redirect the browser to.
    ///
    /// # Errors
    /// * [`ErrorKind::Request`]: a required field is missing; a value contains text like `&trade_no=`, which would make Alipay's notification
    ///   ambiguous; or the URL would contain a merchant's token, which histories and logs keep: use [`form`](Self::form) or, if that is
    ///   acceptable, [`url_with_app_auth_token`](Self::url_with_app_auth_token).
    /// * [`ErrorKind::Signing`]: the signature failed, or the signer is asynchronous only: use [`url_async`](Self::url_async).
    pub fn url(&self) -> Result<String, Error> {
        self.check_without_token()?;
        signed(&self.0, Form::Url, "use `url_async`")
    }

    /// The same as [`url`](Self::url), signed without blocking the thread, within the client's
    /// [limit of one attempt](crate::ClientBuilder::attempt_timeout). It can be dropped at any time.
    ///
    /// # Errors
    /// As for [`url`](Self::url), and [`ErrorKind::Timeout`] where there is no signature in time; [`ErrorKind::Configuration`] outside of a
    /// tokio runtime.
    pub async fn url_async(&self) -> Result<String, Error> {
        self.check_without_token()?;
        signed_async(&self.0, Form::Url).await
    }

    /// The same as [`url`](Self::url) for a merchant of an ISV: **the merchant's `app_auth_token` stands in the URL**.
    ///
    /// Whoever reads the URL can use the token for as long as it lives, if they have a key of the app's too. URLs are kept in the browser's
    /// history and in the logs of proxies and of your own server that redirects to it. The token goes to the buyer's browser by the form as
    /// well, but is kept nowhere: so use [`form`](Self::form) where you can, and never log this URL. Where the client acts for no merchant,
    /// this is the same as [`url`](Self::url).
    ///
    /// # Errors
    /// As for [`url`](Self::url), and [`ErrorKind::Request`] for a client of `Isv::merchant`, whose token may have to be waited for: use
    /// [`url_with_app_auth_token_async`](Self::url_with_app_auth_token_async).
    pub fn url_with_app_auth_token(&self) -> Result<String, Error> {
        signed(&self.0, Form::Url, "use `url_with_app_auth_token_async`")
    }

    /// The same as [`url_with_app_auth_token`](Self::url_with_app_auth_token), **with the token in the URL**, as asynchronously as
    /// [`url_async`](Self::url_async). A client of `Isv::merchant` waits for its merchant's token.
    ///
    /// # Errors
    /// As for [`url_async`](Self::url_async), and what `Isv::merchant_with_token` says of the token.
    pub async fn url_with_app_auth_token_async(&self) -> Result<String, Error> {
        signed_async(&self.0, Form::Url).await
    }

    /// An HTML form that submits itself: put it into a page of any charset as it is, without escaping.
    ///
    /// It needs inline script, or the buyer's click where script is off. For requests that are too long for a URL, and for merchants'
    /// tokens: the buyer's browser gets to see a token here too, as the protocol has it, but keeps it in no history.
    ///
    /// # Errors
    /// * [`ErrorKind::Request`]: a required field is missing, or a value contains text like `&trade_no=`, which would make Alipay's notification
    ///   ambiguous.
    /// * [`ErrorKind::Signing`]: the signature failed, or the signer is asynchronous only: use [`form_async`](Self::form_async).
    pub fn form(&self) -> Result<String, Error> {
        signed(&self.0, Form::Html, "use `form_async`")
    }

    /// The same as [`form`](Self::form), signed without blocking the thread, within the client's
    /// [limit of one attempt](crate::ClientBuilder::attempt_timeout). A client of `Isv::merchant` waits for its merchant's token. It can be
    /// dropped at any time.
    ///
    /// # Errors
    /// As for [`form`](Self::form), and [`ErrorKind::Timeout`] where there is no signature in time; [`ErrorKind::Configuration`] outside of
    /// a tokio runtime; what `Isv::merchant_with_token` says of the token.
    pub async fn form_async(&self) -> Result<String, Error> {
        signed_async(&self.0, Form::Html).await
    }

    /// Refuses a merchant's token, now or later.
    fn check_without_token(&self) -> Result<(), Error> {
        let is_merchants = !matches!(self.0.client.caller, CallerIdentity::App);
        if is_merchants || self.0.options.app_auth_token.is_some() || self.0.has_parameter("app_auth_token") {
            let message = "the page's URL would contain the merchant's app_auth_token, which logs and browser histories keep: use `form`, or \
                           `url_with_app_auth_token` if that is acceptable";
            return Err(Error::new(ErrorKind::Request, message).with_method(self.0.method()));
        }
        Ok(())
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
    /// * [`ErrorKind::Request`]: a required field is missing, or a value contains text like `&trade_no=`, which would make Alipay's notification
    ///   ambiguous.
    /// * [`ErrorKind::Signing`]: the signature failed, or the signer is asynchronous only: use
    ///   [`order_string_async`](Self::order_string_async).
    pub fn order_string(&self) -> Result<String, Error> {
        order_string(&self.0)
    }

    /// The same as [`order_string`](Self::order_string), signed without blocking the thread, within the client's
    /// [limit of one attempt](crate::ClientBuilder::attempt_timeout). A client of `Isv::merchant` waits for its merchant's token. It can be
    /// dropped at any time.
    ///
    /// # Errors
    /// As for [`order_string`](Self::order_string), and [`ErrorKind::Timeout`] where there is no signature in time;
    /// [`ErrorKind::Configuration`] outside of a tokio runtime; what `Isv::merchant_with_token` says of the token.
    pub async fn order_string_async(&self) -> Result<String, Error> {
        order_string_async(&self.0).await
    }
}

/// For a phone app.
pub(super) fn order_string(prepared: &Prepared) -> Result<String, Error> {
    signed(prepared, Form::OrderString, "use `order_string_async`")
}

/// For a phone app, signed without blocking the thread.
pub(super) async fn order_string_async(prepared: &Prepared) -> Result<String, Error> {
    signed_async(prepared, Form::OrderString).await
}

/// Signs on this thread; `instead` says what to call where the signer can't.
fn signed(prepared: &Prepared, form: Form, instead: &str) -> Result<String, Error> {
    let (session, method) = (&prepared.client.inner.session, prepared.method());
    if prepared.client.caller.tokens().is_some() {
        let message = format!(
            "the merchant's token may have to be waited for: {instead}, or take the client from Isv::merchant_with_token"
        );
        return Err(Error::new(ErrorKind::Request, message).with_method(method));
    }
    let timestamp = session.timestamp(method)?;
    let keys = prepared.client.inner.keys.present();
    let request = unsigned(prepared, &keys, &timestamp, &prepared.options)?;
    let signature = sign_now(&keys.credentials, &request, method, instead)?;
    Ok(request.handed_over(form, &signature))
}

/// Waits for the merchant's token, where somebody keeps that alive, and for the signature.
async fn signed_async(prepared: &Prepared, form: Form) -> Result<String, Error> {
    let (session, method) = (&prepared.client.inner.session, prepared.method());
    let with_method = |error: Error| error.with_method(method);
    runtime::check().map_err(with_method)?;
    let late = |message: &str| Error::new(ErrorKind::Timeout, message).with_outcome(false, true);
    let timeouts = prepared.client.timeouts(None);
    let deadline = after(timeouts.total);
    let mut options = Cow::Borrowed(&prepared.options);
    if let Some(tokens) = prepared.client.caller.tokens() {
        let live = timeout_at(deadline, tokens.present()).await;
        let live = live.map_err(|_| late("the merchant's token was not available in time: nothing was signed"));
        options.to_mut().app_auth_token = Some(live.unwrap_or_else(Err).map_err(with_method)?.token);
    }
    let timestamp = session.timestamp(method)?;
    let keys = prepared.client.inner.keys.present();
    let request = unsigned(prepared, &keys, &timestamp, &options)?;
    let signature = timeout_at(
        deadline.min(after(timeouts.attempt)),
        sign(&keys.credentials, &request, method),
    )
    .await;
    let signature = signature.map_err(|_| with_method(late("the signer gave no signature in time")))?;
    Ok(request.handed_over(form, &signature?))
}

/// The request, up to its signature.
fn unsigned<'a>(
    prepared: &'a Prepared,
    keys: &'a Keys,
    timestamp: &'a Timestamp,
    options: &'a Options,
) -> Result<HandedOver<'a>, Error> {
    let (session, method) = (&prepared.client.inner.session, prepared.method());
    let content = prepared.content()?;
    check_tokens(content, options, method)?;
    let request = handed_over(content, &session.identity(&keys.credentials, timestamp), options);
    request.map_err(|error| invalid(error, method))
}
