use std::{future::IntoFuture, time::Duration};

use super::{
    Client,
    call_future::{CallFuture, Content, Read},
    exchange::Exchange,
    signing::business,
};
use crate::{
    Error, ErrorClass, ErrorKind,
    method::{MethodInfo, Output as _, ServerMethod, class_of},
    protocol::{
        answer::{Answer, PROTOCOL_MEMBERS, UnverifiedAnswer},
        request::{Business, Options},
    },
    types::Secret,
    wire::{DecodeError, Values},
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
}

/// What every call does, whatever its method: compiled once.
async fn send(
    client: Client,
    info: &'static MethodInfo,
    classify: fn(&str) -> Option<ErrorClass>,
    business: Result<Business, Error>,
    options: Options,
    timeout: Option<Duration>,
    read: Read,
) -> Result<Content, Error> {
    if info.certificate_only {
        client.check_certificates(info.name)?;
    }
    let exchange = Exchange {
        client: &client,
        method: info.name,
        retry: info.retry,
        pending: info.pending,
        classify,
        business: business?,
        options,
        patience: client.patience(timeout),
        fetches: None,
    };
    exchange.run(read).await
}

/// What a verified answer says.
fn read<M: ServerMethod>(answer: &Answer<'_>) -> Result<M::Output, DecodeError> {
    let response = Values::members(&answer.members, 1, PROTOCOL_MEMBERS).make()?;
    Ok(M::Output::new(response, answer.is_pending(M::INFO.pending)))
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
    type IntoFuture = CallFuture<M::Output>;

    fn into_future(self) -> Self::IntoFuture {
        CallFuture::new(Box::pin(send(
            self.client,
            &M::INFO,
            class_of::<M::ErrorCode>,
            business(&self.request, &M::INFO),
            self.options,
            self.timeout,
            |answer| Ok(Box::new(read::<M>(answer)?)),
        )))
    }
}
