//! One handler for all that comes to an app's gateway address.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    fmt,
    future::ready,
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use futures_core::Stream;

use super::{NotificationError, NotificationReceiver, Received, Reply, body::BodyError};
#[cfg(feature = "isv")]
use crate::isv::Isv;
use crate::{Error, ErrorKind, error::Sanitized, notify::NotificationType, sign::PublicKey};

/// What one of the user's functions does.
type Outcome = Pin<Box<dyn Future<Output = Result<(), NotificationError>> + Send>>;
/// One of the user's functions, with its state.
type Function = Box<dyn Fn(Received) -> Outcome + Send + Sync>;

/// Answers all that Alipay posts to an app's gateway address (应用网关), to a `notify_url`, or to both: each notification and message goes to your
/// function for its type, notices about merchants' authorisations go into an ISV's store, and the check of the address is answered.
///
/// ```
/// use alipay_api::{
///     Client, Error,
///     notify::{FundTransOrderChanged, TradeStatusSync},
///     web::{GatewayHandler, NotificationError, Received},
/// };
///
/// #[derive(Clone)]
/// struct Shop; // with its database
///
/// impl Shop {
///     /// Returns once what the notification tells is stored.
///     async fn paid(self, received: Received<TradeStatusSync>) -> Result<(), NotificationError> {
///         println!("{}: {:?}", received.notification.out_trade_no, received.notification.event());
///         Ok(())
///     }
///
///     async fn transferred(self, received: Received<FundTransOrderChanged>) -> Result<(), NotificationError> {
///         println!("{}", received.notification.biz_content.out_biz_no);
///         Ok(())
///     }
/// }
///
/// fn gateway(client: Client, shop: Shop) -> Result<GatewayHandler, Error> {
///     GatewayHandler::builder(client, shop).on(Shop::paid).on(Shop::transferred).build()
/// }
/// ```
///
/// In axum, give it to `Router::route_service("/alipay", gateway)`; in actix, to `App::route("/alipay", web::route().to(gateway))`: it takes the
/// body within the limits of its [receiver](NotificationReceiver). In a handler of your own, and in other frameworks, call
/// [`handle`](Self::handle).
///
/// # The answer
/// | what came | what is done | answer |
/// |---|---|---|
/// | a check of the address | its reply is signed | 200 and XML |
/// | a notice about a merchant's authorisation, for an app with an [`Isv`](crate::isv::Isv) | it is stored; then your function for its type is called, if there is one | `success` |
/// | a type that has a function | the function is called | `success` |
/// | any other | the function of [`otherwise`](GatewayHandlerBuilder::otherwise) is called | `success` |
/// | the same without `otherwise` | nothing, but for a `tracing` event | 422 `fail` |
/// | what is no POST, too large, forged or not for one of the apps | none of your functions is called | [its status](super), `fail` |
///
/// A function that fails makes the answer `fail`, with the [status](NotificationError::status) of its error, so Alipay sends the notification
/// again: about eight times within 25 hours. So a type that you forgot is not lost: add its function within that time, and the
/// next repeat reaches it. `success` would be final, so the handler never says it of its own accord for what nothing in your program has taken.
///
/// Alipay sends some notifications more than once, so your functions have to expect repeats.
///
/// It is cheap to clone.
#[derive(Clone)]
pub struct GatewayHandler {
    inner: Arc<Inner>,
}

struct Inner {
    receiver: NotificationReceiver,
    /// By the names of the notifications.
    functions: BTreeMap<&'static str, Function>,
    otherwise: Option<Function>,
    /// By their apps.
    app_public_keys: HashMap<String, PublicKey>,
    /// By their apps.
    #[cfg(feature = "isv")]
    isvs: HashMap<String, Isv>,
}

impl GatewayHandler {
    /// Starts with what verifies: the client of the app, or a [`NotificationReceiver`] with those of several apps and with limits. Each
    /// function is called with a clone of `state`, such as a pool of connections to your database; `()` is none.
    pub fn builder<S>(receiver: impl Into<NotificationReceiver>, state: S) -> GatewayHandlerBuilder<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        GatewayHandlerBuilder {
            state,
            inner: Inner {
                receiver: receiver.into(),
                functions: BTreeMap::new(),
                otherwise: None,
                app_public_keys: HashMap::new(),
                #[cfg(feature = "isv")]
                isvs: HashMap::new(),
            },
            problem: None,
        }
    }

    /// Does what this notification asks for, and says how to answer it: see the [table](Self#the-answer). This is for handlers of your own,
    /// with the extractor, and for other frameworks, after [`NotificationReceiver::receive`].
    ///
    /// ```
    /// use alipay_api::web::{GatewayHandler, NotificationError, Received, Reply};
    /// use axum::extract::State;
    ///
    /// async fn notified(State(gateway): State<GatewayHandler>, received: Received) -> Result<Reply, NotificationError> {
    ///     gateway.handle(received).await
    /// }
    /// ```
    ///
    /// # Errors
    /// Your function's; those of [`gateway_check_reply`](crate::notify::Notifications::gateway_check_reply) and of
    /// [`Isv::accept`](crate::isv::Isv::accept); and [`ErrorKind::Mismatch`] for a type that has no function.
    pub async fn handle(&self, received: Received) -> Result<Reply, NotificationError> {
        if let Some(reply) = self.gateway_check(&received).await? {
            return Ok(reply);
        }
        let is_stored = self.store(&received).await?;
        let name = received.notification.name();
        let function = self.inner.functions.get(name);
        let other = self.inner.otherwise.as_ref().filter(|_| !is_stored);
        match function.or(other) {
            Some(function) => function(received).await?,
            None if is_stored => {}
            None => return Err(unhandled(name).into()),
        }
        Ok(Reply::SUCCESS)
    }

    /// Where the router takes it, or a handler of your own: the [`NotificationReceiver`] that it was built with.
    pub fn receiver(&self) -> &NotificationReceiver {
        &self.inner.receiver
    }

    /// The answer to a request, from its raw body on.
    pub(super) async fn answer(
        &self,
        method: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, BodyError>>,
    ) -> Result<Reply, NotificationError> {
        let received = self.inner.receiver.extract(method, length, body).await?;
        self.handle(received).await
    }

    async fn gateway_check(&self, received: &Received) -> Result<Option<Reply>, Error> {
        let Some(key) = self.inner.app_public_keys.get(received.client.app_id()) else {
            return received.gateway_check().await;
        };
        let notifications = received.client.notifications();
        let reply = notifications.gateway_check_reply_with_key(&received.notification, key);
        Ok(reply.await?.map(Reply::gateway_check))
    }

    /// Stores what is about a merchant's authorisation, where the app has a store.
    #[cfg(feature = "isv")]
    async fn store(&self, received: &Received) -> Result<bool, Error> {
        match self.inner.isvs.get(received.client.app_id()) {
            Some(isv) => isv.accept(&received.notification).await,
            None => Ok(false),
        }
    }

    #[cfg(not(feature = "isv"))]
    #[allow(
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self,
        reason = "the same call with and without the feature"
    )]
    async fn store(&self, _: &Received) -> Result<bool, Error> {
        Ok(false)
    }
}

impl fmt::Debug for GatewayHandler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GatewayHandler")
            .field("receiver", &self.inner.receiver)
            .field("functions", &self.inner.functions.keys())
            .finish_non_exhaustive()
    }
}

fn unhandled(name: &str) -> Error {
    let message = format!(
        "the notification is verified, but the gateway handler has no function for a `{}`: add one by `on`, or say what to do with all others by \
         `otherwise`",
        Sanitized(name)
    );
    Error::new(ErrorKind::Mismatch, message).verified()
}

/// Builds a [`GatewayHandler`]: from [`GatewayHandler::builder`].
#[must_use]
pub struct GatewayHandlerBuilder<S> {
    state: S,
    inner: Inner,
    /// What is wrong with what was given.
    problem: Option<String>,
}

impl<S> GatewayHandlerBuilder<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Calls this function for each notification of a type: one of [`notify`](crate::notify), or one that `alipay-codegen` has written from a
    /// spec of your own. Each app of the receiver has the same functions: `received.client` says which one it is for.
    ///
    /// Alipay is told `success` once the function has returned `Ok`: store before that what the notification tells. `?` makes a
    /// [`NotificationError`] of every error.
    ///
    /// The function's future is dropped if Alipay closes the connection before it has ended. A second function for the same type makes
    /// [`build`](Self::build) fail.
    pub fn on<T, F, O>(mut self, function: F) -> Self
    where
        T: NotificationType,
        F: Fn(S, Received<T>) -> O + Send + Sync + 'static,
        O: Future<Output = Result<(), NotificationError>> + Send + 'static,
    {
        let state = self.state.clone();
        let function: Function = Box::new(move |received| {
            let Received { notification, client } = received;
            match notification.expect_type() {
                Ok(notification) => Box::pin(function(state.clone(), Received { notification, client })),
                Err(error) => Box::pin(ready(Err(error.into()))),
            }
        });
        match self.inner.functions.entry(T::NAME) {
            Entry::Vacant(entry) => {
                entry.insert(function);
            }
            Entry::Occupied(_) => self.problem(format!("two functions for a `{}`", T::NAME)),
        }
        self
    }

    /// Calls this function for each notification that nothing else takes: one whose type has no function, and one that has no type here.
    ///
    /// Without it they are answered with 422 and `fail`. So that Alipay does not send again what you have no use for, confirm it:
    ///
    /// ```
    /// # fn example(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// use alipay_api::web::{GatewayHandler, Received};
    ///
    /// let gateway = GatewayHandler::builder(client, ())
    ///     .otherwise(|(), received: Received| async move {
    ///         println!("no use for {}", received.notification.name());
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn otherwise<F, O>(mut self, function: F) -> Self
    where
        F: Fn(S, Received) -> O + Send + Sync + 'static,
        O: Future<Output = Result<(), NotificationError>> + Send + 'static,
    {
        let state = self.state.clone();
        let function: Function = Box::new(move |received| Box::pin(function(state.clone(), received)));
        if self.inner.otherwise.replace(function).is_some() {
            self.problem("two functions for all others (`otherwise`)".to_owned());
        }
        self
    }

    /// Stores notices about merchants' authorisations of the ISV's app, by [`Isv::accept`](crate::isv::Isv::accept): tokens that a merchant has
    /// authorised (`open_app_auth_notify`), and withdrawals. A notice that can't be stored now is not confirmed. Call it once for each app.
    #[cfg(feature = "isv")]
    pub fn isv(mut self, isv: &Isv) -> Self {
        let app_id = isv.client().app_id();
        if !self.inner.receiver.has_app(app_id) {
            self.problem(format!(
                "the `Isv` of the app `{app_id}`, and no client of this app, so its notices would be refused"
            ));
        }
        if self.inner.isvs.insert(app_id.to_owned(), isv.clone()).is_some() {
            self.problem(format!("more than one `Isv` of the app `{app_id}`"));
        }
        self
    }

    /// The app's public key (应用公钥), which the answer to a check of the address holds: for an app whose client has a
    /// [signer of your own](crate::Credentials::custom) in public-key mode. Other clients know it.
    pub fn app_public_key(mut self, app_id: &str, key: PublicKey) -> Self {
        if !self.inner.receiver.has_app(app_id) {
            let app_id = Sanitized(app_id);
            self.problem(format!("a public key of the app `{app_id}`, and no client of this app"));
        }
        if self.inner.app_public_keys.insert(app_id.to_owned(), key).is_some() {
            let app_id = Sanitized(app_id);
            self.problem(format!("two public keys of the app `{app_id}`"));
        }
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`]: a type has two functions, an app has two stores or keys, or one has no client.
    pub fn build(self) -> Result<GatewayHandler, Error> {
        if let Some(problem) = self.problem {
            let message = format!("the gateway handler was given {problem}");
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(GatewayHandler {
            inner: Arc::new(self.inner),
        })
    }

    /// The first one is told.
    fn problem(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

impl<S> fmt::Debug for GatewayHandlerBuilder<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GatewayHandlerBuilder")
            .field("receiver", &self.inner.receiver)
            .field("functions", &self.inner.functions.keys())
            .finish_non_exhaustive()
    }
}
