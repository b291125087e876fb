//! Calls that Alipay makes to the app (SPI), and their answers.
//!
//! Sources: Alipay's rules of communication and its guide for SPI services (opendocs.alipay.com/isv/0gp3u4 and /isv/spiforisv), and two
//! public programs that verify the same way.

use std::{borrow::Cow, fmt::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Notifications, Verified,
    diagnosis::Subject,
    parameters::{self, VerifiedParameters},
    reply_signature,
};
use crate::{
    Client, Error, ErrorKind,
    codec::{DecodeError, Field, Object, Value},
    credentials::Credentials,
    types::{DateTime, Json},
};

/// The `Content-Type` of the answer to an [`IncomingCall`].
pub const CALL_REPLY_CONTENT_TYPE: &str = "application/json;charset=utf-8";

/// The answer to a call whose signature does not hold, as Alipay's guide has it.
#[cfg(any(feature = "actix", feature = "axum"))]
const REFUSAL: &str =
    r#"{"code":"40004","msg":"Business Failed","sub_code":"ISV-VERIFICATION-FAILED","sub_msg":"验签失败"}"#;

/// A call that Alipay has made to your app: from [`Notifications::receive_call`]. Its parameters are on the [`Verified`] around it, those of
/// the protocol beside those of the method.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncomingCall {
    /// The method, such as `spi.alipay.marketing.activity.order.send`.
    pub method: String,
    /// When Alipay made the call. Alipay documents no age from which to refuse one, so the library refuses none.
    pub utc_timestamp: DateTime,
}

impl Notifications<'_> {
    /// Verifies a call of a `spi.…` method: Alipay asks your server for something, by GET or POST, and reads the answer.
    ///
    /// Give what stands behind the `?` of the address, still percent-encoded, and the raw body of a POST; either may be empty. Alipay's
    /// documentation has parameters in both, and the signature covers all of them, so the address must have no parameters of its own.
    /// Parameters in headers (`x_…`) are not signed.
    ///
    /// ```no_run
    /// # async fn example(client: alipay_api::Client, query: &str, body: &[u8]) -> Result<String, alipay_api::Error> {
    /// let call = client.notifications().receive_call(query, body).await?;
    /// println!("{}: {:?}", call.method, call.parameter("out_order_no"));
    /// let response = serde_json::json!({ "code": "10000", "msg": "Success" });
    /// // With the content type CALL_REPLY_CONTENT_TYPE.
    /// client.notifications().call_reply(&call, response).await
    /// # }
    /// ```
    ///
    /// # What it proves
    /// Alipay has signed it, for an app with this `Alipay public key`. A call need not name the app that it is for: each app has an address of
    /// its own. Where the method tells the app by `biz_app_id`, `merchant_app_id` or a parameter of its own, compare it. Alipay does not
    /// document whether a call is repeated, so expect it: do what the call asks for once, and answer a repeat as before. An encrypted call is
    /// not documented either: its parameters are given as they came.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive), but for [`ErrorKind::Mismatch`] and [`ErrorKind::Decode`]; and [`ErrorKind::Malformed`]: it has no
    /// `method` or no `utc_timestamp` in seconds, or it is a notification.
    pub async fn receive_call(
        &self,
        query: impl AsRef<[u8]>,
        body: impl AsRef<[u8]>,
    ) -> Result<Verified<IncomingCall>, Error> {
        let form = joined(query.as_ref(), body.as_ref());
        call(self.fetched(&form, Subject::Call).await?)
    }

    /// Verifies a call as [`receive_call`](Self::receive_call) does, outside of async code: it fetches no certificate.
    ///
    /// # Errors
    /// As for [`receive_call`](Self::receive_call), and [`ErrorKind::UnknownCertificate`].
    pub fn verify_call(
        &self,
        query: impl AsRef<[u8]>,
        body: impl AsRef<[u8]>,
    ) -> Result<Verified<IncomingCall>, Error> {
        let form = joined(query.as_ref(), body.as_ref());
        call(self.verified(&form, Subject::Call)?)
    }

    /// The body of the answer to a call: `{"response":…,"sign":"…"}` with this response, signed by the client. Send it with the status 200 and
    /// [`CALL_REPLY_CONTENT_TYPE`].
    ///
    /// The response is a JSON object, from a [`serde_json::Value`] or by [`Json::from_text`]: with `code` `10000` and `msg` `Success` beside
    /// the fields of the method, or with `40004`, `Business Failed`, `sub_code` and `sub_msg`. The signature is over its exact text, which is
    /// sent as it is; in the answer to a call in GBK, each character beyond ASCII is escaped, as in `\u4f60`, before it is signed. In
    /// certificate mode, the answer names the app's certificate by `app_cert_sn`.
    ///
    /// # Errors
    /// [`ErrorKind::Request`]: the response is no JSON object. [`ErrorKind::Configuration`]: there is no tokio runtime.
    /// [`ErrorKind::Signing`]: the signer fails. [`ErrorKind::Timeout`]: it gives no signature within the client's
    /// [limit of one attempt](crate::ClientBuilder::attempt_timeout).
    pub async fn call_reply(&self, call: &Verified<IncomingCall>, response: impl Into<Json>) -> Result<String, Error> {
        let response = response.into();
        let text = response.as_str().trim_ascii();
        let invalid = "the answer to the incoming call is no JSON object: give one, with the fields of the response";
        if !text.starts_with('{') {
            return Err(Error::new(ErrorKind::Request, invalid));
        }
        Value::parse(text).map_err(|error| Error::new(ErrorKind::Request, invalid).with_source(error))?;
        let text = if call.all_parameters().is_gbk() {
            escaped(text)
        } else {
            Cow::Borrowed(text)
        };
        signed_response(self.client, &self.client.credentials(), &text).await
    }
}

/// The answer to all calls whose signature does not hold, signed by credentials that may no longer be the client's.
#[cfg(any(feature = "actix", feature = "axum"))]
pub(crate) struct CallRefusal {
    pub(crate) json: String,
    by: Credentials,
}

#[cfg(any(feature = "actix", feature = "axum"))]
impl CallRefusal {
    /// Signs it. Nobody knows the charset of what is not verified, so it is ASCII.
    pub(crate) async fn sign(client: &Client) -> Result<Self, Error> {
        let by = client.credentials();
        let json = signed_response(client, &by, &escaped(REFUSAL)).await?;
        Ok(Self { json, by })
    }

    /// Whether the client still signs with the same key and certificate.
    pub(crate) fn is_by(&self, client: &Client) -> bool {
        self.by.is_same(&client.credentials())
    }
}

/// The answer whose response is this JSON.
async fn signed_response(client: &Client, credentials: &Credentials, response: &str) -> Result<String, Error> {
    let signature = reply_signature::of_app(client, credentials, response, "the answer to the incoming call").await?;
    let signature = BASE64_STANDARD.encode(signature);
    let certificates = credentials.certificates.as_ref();
    let serial = certificates.map(|certificates| format!(r#","app_cert_sn":"{}""#, certificates.app_cert_sn()));
    let serial = serial.unwrap_or_default();
    Ok(format!(r#"{{"response":{response},"sign":"{signature}"{serial}}}"#))
}

impl Verified<IncomingCall> {
    /// A parameter, read as a type of the library or as [`String`], [`i64`], [`bool`]. One that holds JSON is read as a generated type.
    ///
    /// # Errors
    /// The parameter is of another type: the error names it, and what was expected there.
    pub fn get<T: Field>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        match self.all_parameters().values().get(name) {
            Some(value) => value.read().map_err(|error| error.within(name)),
            None => Ok(None),
        }
    }

    /// All parameters, read as a type that `alipay-codegen` has written from a spec of yours. One that can't be read stays empty, and
    /// [`unreadable`](Self::unreadable) names it.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`]: the parameters can't be read as that type.
    pub fn read<T: Object>(&self) -> Result<Verified<T>, Error> {
        self.read_as()
    }
}

/// The parameters of the query and those of the body.
fn joined<'a>(query: &'a [u8], body: &'a [u8]) -> Cow<'a, [u8]> {
    let (query, body) = (parameters::form_of(query), parameters::form_of(body));
    match (query, body) {
        (form, []) | ([], form) => Cow::Borrowed(form),
        (query, body) => Cow::Owned([query, b"&", body].concat()),
    }
}

/// The call that the parameters are.
fn call(parameters: VerifiedParameters) -> Result<Verified<IncomingCall>, Error> {
    let seconds = parameters.get("utc_timestamp").unwrap_or_default();
    let is_number = seconds.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = seconds.parse().ok().filter(|_| is_number);
    let utc_timestamp = seconds.and_then(DateTime::from_unix_seconds).ok_or_else(|| {
        let message = "has a `utc_timestamp` that is no time in seconds since 1970";
        Subject::Call.malformed(message).verified()
    })?;
    let method = parameters.get("method").unwrap_or_default().to_owned();
    Ok(Verified::new(IncomingCall { method, utc_timestamp }, parameters))
}

/// JSON with each character beyond ASCII as its escape: JSON has such characters in strings alone.
fn escaped(json: &str) -> Cow<'_, str> {
    if json.is_ascii() {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(2 * json.len());
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}
