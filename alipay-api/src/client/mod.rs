//! The client: who calls, where to, and how long to wait.

// Only the ISV layer keeps tokens alive.
mod address;
mod builder;
mod call;
#[cfg_attr(not(feature = "isv"), allow(dead_code))]
mod caller;
mod certificates;
mod check;
mod handed_over;
mod keys;
mod page;
mod page_or_app;
mod pages;
#[cfg(feature = "encryption")]
mod payload;
mod prepared;
mod raw;
mod raw_v3;

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

#[cfg(feature = "bill")]
pub(crate) use self::address::is_loopback;
pub use self::{
    builder::ClientBuilder,
    call::{Call, CallFuture, CallWithMetadata, build_request, read_answer},
    check::{CheckError, CheckErrorKind, Checked},
    page::{AppCall, PageCall},
    page_or_app::PageOrAppCall,
    pages::{Items, Pages},
    raw::{RawCall, RawResponse},
    raw_v3::RawV3Call,
};
use self::{caller::CallerIdentity, keys::KeysInUse, prepared::Prepared};
use crate::{
    Error,
    credentials::Credentials,
    encryption::EncryptionKey,
    exchange::{Session, TimeoutPolicy, after},
    method::{AppMethod, Kind, PageMethod, ServerMethod},
    protocol::content::Options,
    random::RandomSource,
    sign::SignType,
    types::Secret,
};

/// A client of one app.
///
/// It is cheap to clone, and clones share connections. It holds no state of a merchant's or a buyer's: one process may have a client
/// for each of many apps, and [`on_behalf_of`](Self::on_behalf_of) gives a handle for each of many merchants.
///
/// The methods of a product are reached through its handle: `client.trade().precreate(…)`.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    caller: CallerIdentity,
}

struct Inner {
    session: Session,
    keys: KeysInUse,
    encryption: ContentEncryption,
    authorisation_pages: String,
    attempt_timeout: Duration,
    total_timeout: Duration,
}

/// What contents are encrypted with, and whether all are.
#[derive(Clone, Default)]
struct ContentEncryption {
    key: Option<EncryptionKey>,
    encrypts_calls: bool,
}

impl Client {
    /// Begins a client of the app with this id and these credentials, for Alipay's production gateway.
    pub fn builder(app_id: impl Into<String>, credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(app_id.into(), credentials)
    }

    /// The app's id.
    pub fn app_id(&self) -> &str {
        &self.inner.session.app_id
    }

    /// The gateway's address.
    pub fn gateway(&self) -> &str {
        &self.inner.session.gateway
    }

    /// Works with other credentials from now on: the same for all clones and handles of this client, `Isv` included.
    ///
    /// Whatever begins after this is signed with the new key. A call that is under way goes on with the key that it began with, in all its
    /// attempts, and its answer may be verified by the old credentials or the new ones. Notifications are verified by the new ones alone: for
    /// the time of a change of Alipay's key, give both by [`Credentials::with_next_alipay_key`]. In certificate mode, certificates of
    /// Alipay's that were in use before are trusted on if they lead to the new root certificates.
    ///
    /// The [guide](crate::guide::keys) says in which order to change keys without downtime. Try the new credentials before you use them: build
    /// a second client with them, and [check](Self::check) it.
    ///
    /// # Errors
    /// The credentials are of another mode or [sign type](Credentials::sign_type) than the client's, or one of their certificates is not
    /// valid at present ([`ErrorKind::Configuration`](crate::ErrorKind::Configuration)). The client goes on with what it has.
    pub fn set_credentials(&self, credentials: Credentials) -> Result<(), Error> {
        let now = self.inner.session.clock.now();
        credentials.check(now)?;
        self.inner.keys.exchange(credentials, now)
    }

    /// A handle whose calls are made for the merchant that granted this `app_auth_token`: the only place where the token is kept.
    #[must_use]
    pub fn on_behalf_of(&self, app_auth_token: impl Into<Secret>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            caller: CallerIdentity::Merchant(app_auth_token.into()),
        }
    }

    /// A handle whose calls are made for a merchant, with whatever token the merchant has when they are made.
    #[cfg(feature = "isv")]
    pub(crate) fn on_behalf_of_managed(&self, tokens: Arc<dyn crate::exchange::Tokens>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            caller: CallerIdentity::Managed(tokens),
        }
    }

    /// The same client for the app's own calls.
    #[cfg(feature = "isv")]
    pub(crate) fn for_the_app(self) -> Self {
        Self {
            caller: CallerIdentity::App,
            ..self
        }
    }

    /// Calls a method: await the result. The products' handles do this for you.
    #[inline]
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn call<M: ServerMethod>(&self, request: M) -> Call<M::Output> {
        Call::new(self, &request)
    }

    /// Sends a browser to a method.
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn page<M: PageMethod>(&self, request: M) -> PageCall {
        PageCall(Prepared::new(self, &request, &M::INFO))
    }

    /// Hands a method to the Alipay app.
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn app<M: AppMethod>(&self, request: M) -> AppCall {
        AppCall(Prepared::new(self, &request, &M::INFO))
    }

    /// Sends a browser to a method, or hands it to the Alipay app.
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn page_or_app<M: PageMethod + AppMethod>(&self, request: M) -> PageOrAppCall {
        PageOrAppCall(PageCall(Prepared::new(self, &request, &M::INFO)))
    }

    /// Calls any method by name, also one that has no spec: signed and verified all the same.
    ///
    /// `business` becomes `biz_content`, or nothing where it is [`Null`](serde_json::Value::Null); [`RawCall::parameter`] adds parameters that
    /// stand beside it, and [`RawCall::file`] files.
    ///
    /// For a method that a browser or a phone app calls, use [`page_raw`](Self::page_raw) or [`app_raw`](Self::app_raw): a call of such a
    /// method fails here, if the library has its spec.
    ///
    /// The library knows nothing about the method. An answer with `10003` (the buyer has not paid yet) is therefore `Ok` too: check
    /// [`RawResponse::code`]. After an error the [outcome is unknown](crate::Error::is_outcome_unknown) unless the error proves that
    /// nothing was done, or [`RawCall::reads`] declares that the method changes nothing.
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn call_raw(&self, method: impl Into<String>, business: serde_json::Value) -> RawCall {
        RawCall::new(self, method.into(), &business)
    }

    /// Calls any path of V3, also that of a method that has no spec: signed and verified all the same, whatever the client's
    /// [protocol](ClientBuilder::protocol). `target` is the path with its query, percent-encoded.
    ///
    /// The library knows nothing about the method. After an error the [outcome is unknown](crate::Error::is_outcome_unknown) unless the error
    /// proves that nothing was done, or [`RawV3Call::reads`] declares that the method changes nothing.
    ///
    /// ```
    /// # async fn example(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// use http::Method;
    ///
    /// let order = serde_json::json!({ "out_trade_no": "20161112" });
    /// let answer = client.v3_raw(Method::POST, "/v3/alipay/trade/query").body(order).reads().await?;
    /// println!("{:?}", answer.get::<String>("trade_status"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn v3_raw(&self, verb: http::Method, target: impl Into<String>) -> RawV3Call {
        RawV3Call::new(self, verb, target.into())
    }

    /// Sends a browser to any method by name, also to one that has no spec: `business` becomes `biz_content`, or nothing where it is
    /// [`Null`](serde_json::Value::Null).
    ///
    /// Nothing is known of the method: no field is missed, and nothing is filled in, such as the `product_code` that a payment's page needs.
    ///
    /// ```
    /// # fn example(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// let agreement = serde_json::json!({ "personal_product_code": "CYCLE_PAY_AUTH_P" });
    /// let page = client.page_raw("alipay.user.agreement.page.sign", agreement);
    /// let url = page.return_url("https://shop.example/signed").url()?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn page_raw(&self, method: impl Into<String>, business: serde_json::Value) -> PageCall {
        PageCall(Prepared::raw(self, method.into(), &business, Kind::Page))
    }

    /// Hands any method to the Alipay app by name, also one that has no spec: `business` becomes `biz_content`, or nothing where it is
    /// [`Null`](serde_json::Value::Null).
    ///
    /// Nothing is known of the method: no field is missed, and nothing is filled in, such as the `product_code` that a payment needs.
    ///
    /// ```
    /// # fn example(client: alipay_api::Client) -> Result<(), alipay_api::Error> {
    /// let freeze = serde_json::json!({
    ///     "out_order_no": "O1", "out_request_no": "R1", "order_title": "押金", "amount": "0.01", "product_code": "PRE_AUTH_ONLINE",
    /// });
    /// let order_string = client.app_raw("alipay.fund.auth.order.app.freeze", freeze).order_string()?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "a request is made for one call")]
    pub fn app_raw(&self, method: impl Into<String>, business: serde_json::Value) -> AppCall {
        AppCall(Prepared::raw(self, method.into(), &business, Kind::App))
    }

    /// How long a call may take.
    #[cfg(feature = "isv")]
    pub(crate) fn total_timeout(&self) -> Duration {
        self.inner.total_timeout
    }

    /// What requests are sent by.
    #[cfg(feature = "bill")]
    pub(crate) fn transport(&self) -> &dyn crate::transport::Transport {
        &*self.inner.session.transport
    }

    /// The present time.
    pub(crate) fn now(&self) -> std::time::SystemTime {
        self.inner.session.clock.now()
    }

    /// Where random names and pauses come from.
    pub(crate) fn random(&self) -> &dyn RandomSource {
        &*self.inner.session.random
    }

    pub(crate) fn authorisation_pages(&self) -> &str {
        &self.inner.authorisation_pages
    }

    /// The sign type, which stays the same as long as the client lives.
    pub(crate) fn sign_type(&self) -> SignType {
        self.inner.keys.present().credentials.sign_type()
    }

    /// What contents are encrypted with.
    pub(crate) fn encryption_key(&self) -> Option<&EncryptionKey> {
        self.inner.encryption.key.as_ref()
    }

    /// The credentials at present.
    pub(crate) fn credentials(&self) -> Credentials {
        self.inner.keys.present().credentials.clone()
    }

    /// When an attempt that begins now has to end.
    pub(crate) fn attempt_deadline(&self) -> Instant {
        after(self.inner.attempt_timeout)
    }

    /// How long a call may take in all, unless its caller says otherwise, and how long an attempt.
    fn timeouts(&self, total: Option<Duration>) -> TimeoutPolicy {
        TimeoutPolicy {
            // Most calls have but one attempt, and whoever waits longer for one means it to take longer.
            attempt: self.inner.attempt_timeout.max(total.unwrap_or_default()),
            total: total.unwrap_or(self.inner.total_timeout),
        }
    }

    /// What a caller has set for every call of this handle.
    fn options(&self) -> Options {
        Options {
            app_auth_token: self.caller.token().cloned(),
            ..Options::default()
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("app_id", &self.inner.session.app_id)
            .field("gateway", &self.inner.session.gateway)
            .field("credentials", &self.inner.keys.present().credentials)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}
