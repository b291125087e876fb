use std::{borrow::Cow, fmt, future::IntoFuture, time::Duration};

use super::{Client, handed_over};
use crate::{
    Error, ErrorKind,
    codec::{DecodeError, Field, Object, Reading, Unreadable, Values},
    exchange::{AnswerValue, Exchange, unpacked},
    generated::CERTIFICATE_ONLY,
    method::Retry,
    protocol::content::{Ambiguous, Options, RequestContent},
    transport::BoxFuture,
    types::Secret,
};

/// A call of a method by name, sent when it is awaited: from [`Client::call_raw`].
///
/// Nothing is known of the method, so it is sent again only where no connection was made, unless it only [reads](Self::reads).
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct RawCall {
    client: Client,
    content: RequestContent,
    /// Whether what it says could come back in a notification.
    unambiguous: Result<(), Ambiguous>,
    options: Options,
    retry: Retry,
    timeout: Option<Duration>,
}

/// The verified content of an answer to a [`RawCall`].
#[derive(Clone, PartialEq, Eq)]
pub struct RawResponse {
    text: String,
    /// The members that are the protocol's.
    own_members: &'static [&'static str],
}

impl RawCall {
    pub(super) fn new(client: Client, method: String, business: serde_json::Value) -> Self {
        let members = business.as_object().into_iter().flatten();
        let texts = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
        let unambiguous = texts
            .map(|(name, text)| Ambiguous::check(name, text))
            .find(Result::is_err);
        let content = match business {
            serde_json::Value::Null => Secret::default(),
            business => business.to_string().into(),
        };
        let content = RequestContent {
            method: Cow::Owned(method),
            content,
            ..RequestContent::default()
        };
        Self {
            options: client.options(),
            client,
            content,
            unambiguous: unambiguous.unwrap_or(Ok(())),
            retry: Retry::Never,
            timeout: None,
        }
    }

    /// A parameter that stands beside `biz_content`, such as `grant_type` of `alipay.system.oauth.token`.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.unambiguous = self.unambiguous.and_then(|()| Ambiguous::check(&name, value.expose()));
        self.content.top_level.push((Cow::Owned(name), value));
        self
    }

    /// Says that the method changes nothing: after a failure that may pass it is sent again, and its outcome is never unknown.
    pub fn reads(mut self) -> Self {
        self.retry = Retry::Read;
        self
    }

    /// Where Alipay sends the notification of what becomes of the call.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.options.notify_url = Some(url.into());
        self
    }

    /// The user's token, for methods that a user has to authorise.
    pub fn auth_token(mut self, token: impl Into<Secret>) -> Self {
        self.options.auth_token = Some(token.into());
        self
    }

    /// How long this call may take with all its attempts, instead of the client's limit. One attempt may take as long, or for the
    /// client's limit of one attempt where that is longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn send(self) -> Result<RawResponse, Error> {
        let (session, method) = (&self.client.inner.session, &*self.content.method);
        handed_over::check(method)?;
        if CERTIFICATE_ONLY.contains(&method) {
            self.client.check_certificates(method)?;
        }
        if let (Err(ambiguous), true) = (&self.unambiguous, self.retry != Retry::Read) {
            return Err(Error::new(ErrorKind::Request, ambiguous.to_string()).with_method(method));
        }
        let keys = self.client.keys_of_call();
        let exchange = Exchange {
            session,
            credentials: keys.credentials(),
            verifiers: &keys,
            tokens: self.client.caller.tokens(),
            retry: self.retry,
            answer: session.protocol.answer_without_spec(method),
            secret: None,
            classify: |_| None,
            content: &self.content,
            options: self.options,
            timeouts: self.client.timeouts(self.timeout),
        };
        let text = exchange
            .run(&|answer| Ok(AnswerValue::new(answer.text.to_owned())))
            .await;
        unpacked(text)
            .map(|text| RawResponse {
                text,
                own_members: session.protocol.own_members(),
            })
            .map_err(|error| handed_over::explained(error, method))
    }
}

impl IntoFuture for RawCall {
    type Output = Result<RawResponse, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl RawResponse {
    /// The exact JSON that Alipay signed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The gateway's code: `10000`, or `10003` where the buyer has yet to act. A login's answer has none.
    pub fn code(&self) -> Option<String> {
        self.get("code").ok().flatten()
    }

    /// A field, read as a type of the library or as [`String`], [`i64`], [`bool`].
    ///
    /// # Errors
    /// The field is of another type.
    pub fn get<T: Field>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        match Values::parse(&self.text, 1)?.get(name) {
            Some(value) => value.read(),
            None => Ok(None),
        }
    }

    /// The whole content, `code` and `msg` included, read by serde: as a type of yours or as a [`serde_json::Value`].
    ///
    /// It is read to the letter: of the gateway's leniency, such as a number in a string, your type has to take what it meets.
    /// [`get`](Self::get) and [`read`](Self::read) take it all.
    ///
    /// ```
    /// # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Deserialize)]
    /// struct Bill {
    ///     bill_download_url: String,
    /// }
    ///
    /// let business = serde_json::json!({ "bill_type": "trade", "bill_date": "2016-04-05" });
    /// let answer = client.call_raw("alipay.data.dataservice.bill.downloadurl.query", business).reads().await?;
    /// let bill: Bill = answer.json()?;
    /// println!("{}", bill.bill_download_url);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The content is not of this type: the error names the field, and what was expected there, and never what it holds.
    #[cfg(feature = "serde")]
    pub fn json<T: serde_core::de::DeserializeOwned>(&self) -> Result<T, DecodeError> {
        crate::codec::read_json(&self.text)
    }

    /// All fields, read as a response type. One that can't be read stays empty: the object's [`extra`](crate::types::Extra::unreadable) has it.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn read<T: Object>(&self) -> Result<T, DecodeError> {
        let mut values = Values::parse(&self.text, 1)?;
        values.hide(self.own_members, &[]);
        values.make(Reading::Lenient(&Unreadable::default()))
    }
}

/// Shows the names of the fields only: what they hold may be a secret.
impl fmt::Debug for RawResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = Values::parse(&self.text, 1);
        let names = values.iter().flat_map(|values| values.iter().map(|(name, _)| name));
        formatter.debug_set().entries(names).finish()
    }
}
