use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;

use super::{Client, prepared::Prepared};
#[cfg(feature = "blocking")]
use crate::blocking::block_on;
use crate::{
    Error, ErrorClass, ErrorKind,
    codec::{DecodeError, Object, Reading, Source, Unreadable},
    error::class_of,
    exchange::{
        AnswerValue, Exchange, Persistence, ResponseMetadata, invalid, sign_now, unpacked, unpacked_with_metadata,
    },
    method::{MethodInfo, Output as _, ServerMethod},
    protocol::{Claim, Protocol, WireProtocol, answer::Answer, received::Received},
    transport::{BoxFuture, Request},
    types::Secret,
};

/// A call that is sent when it is awaited, and gives a `T`: the method's response, or an [`Outcome`](crate::Outcome) of it.
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
///
/// # In tasks, and many at once
/// A call owns what it needs and is [`IntoFuture`]: where a future itself is asked for, as by `tokio::spawn` and `join_all`, give it
/// [`into_future`](IntoFuture::into_future).
///
/// ```no_run
/// # #[cfg(feature = "trade")]
/// # async fn show(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::future::IntoFuture;
///
/// use alipay_api::trade::{Close, Query};
/// use futures_util::future::join_all;
///
/// // In a task of its own, the call goes on when this one is cancelled.
/// let close = client.trade().close(Close::with_out_trade_no("20161112"));
/// let closing = tokio::spawn(close.into_future());
///
/// // Many at once. For more than a few dozen, limit how many are in flight, as by `buffer_unordered`.
/// let numbers = ["20161113", "20161114"];
/// let queries = numbers.map(|number| client.trade().query(Query::with_out_trade_no(number)).into_future());
/// for order in join_all(queries).await {
///     println!("{:?}", order?.trade_status);
/// }
///
/// closing.await??;
/// # Ok(())
/// # }
/// ```
///
/// # Dropping it
/// Where the future is dropped before it is ready, as by `select!`, a timeout around it, or a web framework whose client has gone away, the
/// call may have been carried out, and no [`Error`] says so. Give it a [`timeout`](Self::timeout) instead, or await it in a task of its own.
///
/// # Tracing
/// Each call runs in a `tracing` span, `alipay.call`, which says how it ended. Its [fields](crate::guide::observability#tracing) are part of the
/// library's interface.
#[must_use = "a call is sent when it is awaited"]
pub struct Call<T> {
    pub(super) parts: Parts,
    gives: PhantomData<fn() -> T>,
}

/// What a call is made of, apart from the type that it gives.
pub(super) struct Parts {
    pub(super) prepared: Prepared,
    pub(super) info: &'static MethodInfo,
    classify: fn(&str) -> Option<ErrorClass>,
    make: Make,
    timeout: Option<Duration>,
    protocol: &'static dyn WireProtocol,
}

/// Makes what a call gives, from the response's fields and from whether it is pending.
///
/// The [`CallFuture`] knows the type again, so the call itself is compiled once, and not for each method.
type Make = fn(&mut Source<'_>, bool) -> AnswerValue;

impl<T> Call<T> {
    #[inline]
    pub(super) fn new<M: ServerMethod<Output = T>>(client: &Client, request: &M) -> Self {
        Self {
            parts: Parts::new(client, request, &M::INFO, class_of::<M::ErrorCode>, make::<M>),
            gives: PhantomData,
        }
    }

    /// Where Alipay sends the notification of what becomes of the order: an absolute URL that is reached from the internet.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.parts.prepared.options.notify_url = Some(url.into());
        self
    }

    /// The user's token, for methods that a user has to authorise.
    pub fn auth_token(mut self, token: impl Into<Secret>) -> Self {
        self.parts.prepared.options.auth_token = Some(token.into());
        self
    }

    /// The protocol of this call, instead of the [client's](crate::ClientBuilder::protocol).
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.parts.protocol = protocol.wire();
        self
    }

    /// Whether the call's content is encrypted ([`encryption`](crate::encryption)), in place of what the
    /// [client](crate::ClientBuilder::encrypt_calls) says. Its answer comes encrypted, too, and is read like any other.
    ///
    /// The call fails before anything is sent if it is to be encrypted and the client has no
    /// [key](crate::ClientBuilder::encryption_key) or the request no content, as uploads and requests of parameters alone; and if it is
    /// not to be encrypted and Alipay takes the method's content only so.
    ///
    /// Needs the feature `encryption`.
    #[cfg(feature = "encryption")]
    pub fn encrypted(mut self, is_encrypted: bool) -> Self {
        self.parts.prepared.is_encrypted = Some(is_encrypted);
        self
    }

    /// The time limit of this call with all its attempts; it replaces the client's
    /// [total timeout](crate::ClientBuilder::total_timeout). Each attempt may take this long too, or the client's
    /// [attempt timeout](crate::ClientBuilder::attempt_timeout) if that is longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.parts.timeout = Some(timeout);
        self
    }

    /// Gives the answer's [metadata](ResponseMetadata) beside the response: its trace id and HTTP status, the exact text that is verified, and
    /// how often the call was sent. Call this last: the returned call has no setters.
    ///
    /// ```
    /// # #[cfg(feature = "trade")]
    /// # async fn show(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// use alipay_api::trade::Query;
    ///
    /// let (order, metadata) = client.trade().query(Query::with_out_trade_no("20161112")).with_metadata().await?;
    /// println!("{:?} (trace {:?})", order.trade_status, metadata.trace_id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_metadata(self) -> CallWithMetadata<T> {
        CallWithMetadata::new(self.parts.into_future(true))
    }
}

#[cfg(feature = "blocking")]
impl<T: 'static> Call<T> {
    /// Sends the call and waits for its end, in a program without a runtime: see [`blocking`](crate::blocking).
    ///
    /// Needs the feature `blocking`.
    ///
    /// # Errors
    /// Those of the awaited call. In a tokio runtime, one of the kind [`Configuration`](ErrorKind::Configuration), and nothing is sent.
    pub fn send_blocking(self) -> Result<T, Error> {
        self.into_future().send_blocking()
    }
}

#[inline]
fn make<M: ServerMethod>(source: &mut Source<'_>, pending: bool) -> AnswerValue {
    AnswerValue::new(M::Output::new(source.make(), pending))
}

impl Parts {
    fn new(
        client: &Client,
        request: &dyn Object,
        info: &'static MethodInfo,
        classify: fn(&str) -> Option<ErrorClass>,
        make: Make,
    ) -> Self {
        Self {
            prepared: Prepared::new(client, request, info),
            info,
            classify,
            make,
            timeout: None,
            protocol: client.inner.session.protocol,
        }
    }

    fn into_future(self, wants_metadata: bool) -> BoxFuture<'static, Result<AnswerValue, Error>> {
        Box::pin(async move { send(&self, wants_metadata).await })
    }

    /// Sends the call, and gives it back with its answer, to be sent again with another content.
    pub(super) fn send_and_return(self: Box<Self>) -> PartsFuture {
        Box::pin(async move {
            let answer = send(&self, false).await;
            (self, answer)
        })
    }
}

/// A call in flight that comes back with its answer.
pub(super) type PartsFuture = BoxFuture<'static, (Box<Parts>, Result<AnswerValue, Error>)>;

async fn send(parts: &Parts, wants_metadata: bool) -> Result<AnswerValue, Error> {
    let &Parts {
        ref prepared,
        info,
        classify,
        make,
        timeout,
        protocol,
    } = parts;
    let client = &prepared.client;
    if info.certificate_only {
        client.check_certificates(info.name)?;
    }
    let keys = client.keys_of_call();
    let exchange = Exchange {
        session: &client.inner.session,
        protocol,
        credentials: keys.credentials(),
        verifiers: &keys,
        tokens: client.caller.tokens(),
        retry: info.retry,
        persistence: Persistence::OfClient,
        query_method: info.query_method(),
        answer: &info.answer,
        secret: Some(info.secret),
        classify,
        content: prepared.content()?,
        options: prepared.options.clone(),
        encryption: prepared.encryption()?,
        timeouts: client.timeouts(timeout),
        wants_metadata,
    };
    exchange.run(&|answer| read(answer, info, make)).await
}

/// Further fields that can't be read have the same cause.
const MAX_WARNINGS: usize = 16;

/// Reads a verified answer. A field that can't be read stays empty, unless it is essential to a success.
fn read(answer: &Answer<'_>, info: &MethodInfo, make: Make) -> Result<AnswerValue, DecodeError> {
    let unreadable = Unreadable::default();
    let mut source = answer.values.source(Reading::Lenient(&unreadable));
    let is_pending = answer.verdict.claim == Claim::Pending;
    let content = make(&mut source, is_pending);
    source.finish()?;
    if !is_pending {
        answer.values.require(info.answer.essential)?;
    }
    let errors = unreadable.into_errors();
    if !is_pending
        && let Some(error) = errors
            .iter()
            .find(|error| info.answer.essential.contains(&&*error.path()))
    {
        return Err(error.clone());
    }
    for error in errors.iter().take(MAX_WARNINGS) {
        tracing::warn!(
            method = info.name,
            field = error.path(),
            problem = error.problem(),
            "a field of the answer can't be read"
        );
    }
    Ok(content)
}

/// Verifies and reads an answer from elsewhere than a call of this client.
#[doc(hidden)]
pub fn read_answer<M: ServerMethod>(client: &Client, response: &http::Response<Bytes>) -> Result<M::Output, Error> {
    let unread = |message: String| Error::new(ErrorKind::Malformed, message).with_method(M::INFO.name);
    let session = &client.inner.session;
    let received = Received::new(response);
    let answer = session
        .protocol
        .parse(&received, M::INFO.name)
        .and_then(|answer| {
            answer.verify(
                &*client.inner.keys.present().credentials.verifier,
                &M::INFO.answer,
                client.now(),
            )
        })
        .map_err(|error| unread(error.to_string()))?;
    if answer.verdict.is_error {
        return Err(unread("the answer is an error".to_owned()).with_gateway(
            answer.gateway_error(),
            None,
            answer.verified,
        ));
    }
    let content = read(&answer, &M::INFO, make::<M>).map_err(|error| unread(error.to_string()));
    unpacked(content)
}

/// Writes and signs a request, as a call by this client's protocol would.
#[doc(hidden)]
pub fn build_request<M: ServerMethod>(client: &Client, request: &M) -> Result<Request, Error> {
    let (prepared, session, method) = (
        Prepared::new(client, request, &M::INFO),
        &client.inner.session,
        M::INFO.name,
    );
    let (keys, timestamp) = (client.keys_of_call(), session.timestamp(method)?);
    let identity = session.identity(keys.credentials(), &timestamp);
    let unsigned = session
        .protocol
        .encode(prepared.content()?, &identity, &prepared.options);
    let unsigned = unsigned.map_err(|error| invalid(error, method))?;
    let signature = sign_now(keys.credentials(), &*unsigned, method, "await the call itself")?;
    unsigned
        .finish(&signature)
        .map_err(|error| Error::new(ErrorKind::Request, "the request can't be written as HTTP").with_source(error))
}

impl<T: 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        CallFuture::new(self.parts.into_future(false))
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("prepared", &self.parts.prepared)
            .field("timeout", &self.parts.timeout)
            .finish_non_exhaustive()
    }
}

/// A [`Call`] or a [`RawCall`](crate::RawCall) in flight.
#[must_use = "a call is sent when it is awaited"]
pub struct CallFuture<T> {
    content: BoxFuture<'static, Result<AnswerValue, Error>>,
    gives: PhantomData<fn() -> T>,
}

impl<T> CallFuture<T> {
    #[inline]
    pub(super) fn new(content: BoxFuture<'static, Result<AnswerValue, Error>>) -> Self {
        Self {
            content,
            gives: PhantomData,
        }
    }
}

#[cfg(feature = "blocking")]
impl<T: 'static> CallFuture<T> {
    pub(super) fn send_blocking(self) -> Result<T, Error> {
        unpacked(block_on(self.content)?)
    }
}

impl<T: 'static> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(unpacked(ready!(self.content.as_mut().poll(context))))
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// A call whose answer comes with its metadata, sent when it is awaited: from [`Call::with_metadata`] or
/// [`RawCall::with_metadata`](crate::RawCall::with_metadata).
#[must_use = "a call is sent when it is awaited"]
pub struct CallWithMetadata<T> {
    content: BoxFuture<'static, Result<AnswerValue, Error>>,
    gives: PhantomData<fn() -> T>,
}

impl<T> CallWithMetadata<T> {
    pub(super) fn new(content: BoxFuture<'static, Result<AnswerValue, Error>>) -> Self {
        Self {
            content,
            gives: PhantomData,
        }
    }
}

#[cfg(feature = "blocking")]
impl<T: 'static> CallWithMetadata<T> {
    /// Sends the call and waits for its end: see [`Call::send_blocking`].
    ///
    /// Needs the feature `blocking`.
    ///
    /// # Errors
    /// As there.
    pub fn send_blocking(self) -> Result<(T, ResponseMetadata), Error> {
        unpacked_with_metadata(block_on(self.content)?)
    }
}

impl<T: 'static> Future for CallWithMetadata<T> {
    type Output = Result<(T, ResponseMetadata), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(unpacked_with_metadata(ready!(self.content.as_mut().poll(context))))
    }
}

impl<T> fmt::Debug for CallWithMetadata<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallWithMetadata").finish_non_exhaustive()
    }
}
