use std::{future::IntoFuture, time::Duration};

use super::{Client, exchange::Exchange, signing::business};
use crate::{
    Error, ErrorKind,
    method::{Output as _, ServerMethod, class_of},
    protocol::{
        answer::{Answer, PROTOCOL_MEMBERS, UnverifiedAnswer},
        request::Options,
    },
    transport::BoxFuture,
    types::Secret,
    wire::{DecodeError, Source},
};

/// A call that is sent when it is awaited.
///
/// ```no_run
/// # #[cfg(feature = "trade")]
/// # async fn show(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
/// use alipay_api::trade::Query;
///
/// let order = client.trade().query(Query::with_out_trade_no("20161112")).await?;
/// println!("{:?}", order.trade_status);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Call<M> {
    client: Client,
    request: M,
    options: Options,
    timeout: Option<Duration>,
}

impl<M: ServerMethod> Call<M> {
    pub(super) fn new(client: Client, request: M) -> Self {
        Self {
            options: client.options(),
            client,
            request,
            timeout: None,
        }
    }

    /// Where Alipay sends the notification of what becomes of the order: an absolute URL that is reached from the internet.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.options.notify_url = Some(url.into());
        self
    }

    /// The user's token, for methods that a user has to authorise.
    pub fn auth_token(mut self, token: impl Into<Secret>) -> Self {
        self.options.auth_token = Some(token.into());
        self
    }

    /// How long this call may take with all its attempts, instead of the client's limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn send(self) -> Result<M::Output, Error> {
        let info = &M::INFO;
        if info.certificate_only {
            self.client.check_certificates(info.name)?;
        }
        let business = business(&self.request, info)?;
        let exchange = Exchange {
            client: &self.client,
            method: info.name,
            retry: info.retry,
            pending: info.pending,
            classify: class_of::<M::ErrorCode>,
            business,
            options: self.options,
            patience: self.client.patience(self.timeout),
            fetches: None,
        };
        let mut output = None;
        let mut read = |answer: &Answer<'_>| {
            output = Some(read::<M>(answer)?);
            Ok(())
        };
        exchange.run(&mut read).await?;
        output.ok_or_else(|| Error::new(ErrorKind::Decode, "the answer was not read").with_method(info.name))
    }
}

/// What a verified answer says.
fn read<M: ServerMethod>(answer: &Answer<'_>) -> Result<M::Output, DecodeError> {
    let response = Source::members(&answer.members, 1, PROTOCOL_MEMBERS).make()?;
    let pending = answer
        .code
        .as_deref()
        .is_some_and(|code| M::INFO.pending.contains(&code));
    Ok(M::Output::new(response, pending))
}

/// Verifies and reads an answer that no call of this client brought.
#[doc(hidden)]
pub fn read_answer<M: ServerMethod>(client: &Client, body: &[u8]) -> Result<M::Output, Error> {
    let unread = |message: String| Error::new(ErrorKind::Malformed, message).with_method(M::INFO.name);
    let answer = UnverifiedAnswer::read(body, M::INFO.name)
        .and_then(|answer| answer.verify(&*client.inner.credentials.verifier, M::INFO.pending))
        .map_err(|error| unread(error.to_string()))?;
    read::<M>(&answer).map_err(|error| unread(error.to_string()))
}

impl<M: ServerMethod> IntoFuture for Call<M> {
    type Output = Result<M::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
