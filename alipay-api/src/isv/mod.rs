//! Third-party apps (ISVs): merchants' authorisations, and tokens that are kept alive.
//!
//! ```no_run
//! # async fn show(client: alipay_api::Client, query: &str, kept: alipay_api::oauth::State) -> Result<(), alipay_api::Error> {
//! use std::sync::Arc;
//! use alipay_api::isv::{Isv, store::MemoryStore};
//!
//! let isv = Isv::builder(client, Arc::new(MemoryStore::new()))
//!     .on_event(|event| println!("{event:?}"))
//!     .build();
//!
//! // The merchant's browser comes back with a code.
//! let callback = isv.client().oauth().merchant_callback(query, &kept)?;
//! let merchants = isv.authorise(callback.app_auth_code).await?;
//!
//! // From now on, in any process that shares the store:
//! let shop = isv.merchant(&merchants[0].auth_app_id);
//! # #[cfg(feature = "trade")]
//! let order = shop.trade().query(alipay_api::trade::Query::with_out_trade_no("20161112")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How a token stays alive
//! A call for a merchant takes the token from this process's memory, or else from the store. A token that is about to expire is refreshed
//! [in advance](IsvBuilder::refresh_ahead), and calls use the current one meanwhile; a call waits for a refresh only if there is no
//! usable token. If the gateway refuses a token, and has signed the refusal, the token is replaced once and the call is sent again: the
//! gateway has not carried it out. Processes that share a store refresh a merchant's tokens one at a time, and take what another process
//! has refreshed from the store.
//!
//! A refusal does not say which call it answers. So an attacker on the network can replay an old refusal as the answer to a call that was
//! carried out. For this reason, calls that [may do something twice](crate::retry) are sent again only where nobody can replay: to a gateway
//! with an `https` address, or on this machine. Otherwise the token is replaced, and the call returns the refusal.
//!
//! # What can be lost
//! A refresh invalidates the old refresh token, and Alipay returns the new pair of tokens only once. So a new pair is stored before it is
//! used; a refresh continues when the call that started it is dropped; and if the store can't be written, the write is retried as long as the
//! process lives. [`IsvEvent::NotStored`] hands the pair to you meanwhile, and [`Isv::restore`] takes it back. A pair is lost only
//!
//! * if the process dies after Alipay has made the pair and before it is stored, which includes a process that ends without waiting for
//!   [`Isv::idle`];
//! * if Alipay's answer does not arrive complete, or can't be verified or read: the connection breaks, the time is over, or the certificate
//!   that signed it can't be fetched.
//!
//! Then the next refresh is refused, the state becomes [`Lost`](store::AuthorisationState::Lost), [`IsvEvent::Lost`] is reported, and the
//! merchant has to authorise the app again. The old token works until it expires or the gateway refuses it.
//!
//! # Which refusals make a merchant lost
//! Signed refusals that say that the refresh token itself will never work again: it was never issued, is replaced, withdrawn or expired, or
//! is another app's (`REFRESH_TOKEN_NOT_EXIST`, `REFRESH_TOKEN_NOT_VALID`, `REFRESH_TOKEN_TIME_OUT`, `APP_ID_NOT_CONSISTENT`,
//! `AUTH_CODE_NOT_EXIST`, `AUTH_CODE_NOT_VALID`, `AUTH_TOKEN_NOT_FOUND`, `isv.code-invalid`, `isv.invalid-auth-relations`). The state is
//! stored, so no process asks again with these tokens. Tokens that are [restored](Isv::restore) or newly issued end it.
//!
//! A refusal that is about the app (its certificate has expired, it may not use the method) loses no merchant, because it can be fixed.
//! Calls that need a refresh fail with [`TokenRefresh`](ErrorKind::TokenRefresh), which is not [retryable](Error::is_retryable), and each
//! process tries again after a minute. After a failure that may pass, or a refusal that is not signed, the next call tries again.
//!
//! # Which tokens replace which
//! Tokens arrive by codes, notices, refreshes and [`Isv::restore`]; they may arrive late, twice and in any order, and the clocks of an
//! app's processes may differ. A dead pair never replaces a live one. If both the stored pair and another are active, and neither was
//! made by refreshing the other, Alipay is asked which of them are valid (`alipay.open.auth.token.app.query`), and which of two valid ones
//! is newer. Only if Alipay does not say, times decide: first when the merchant authorised, then when the tokens were issued. A pair that is
//! [`Lost`](store::AuthorisationState::Lost) or [`Cancelled`](store::AuthorisationState::Cancelled) is replaced by active tokens, except by
//! those of an old notice.
//!
//! The tokens of a merchant that makes no calls also have to be refreshed before the refresh token expires: call [`Isv::refresh_ending`]
//! once a day.

mod authorise;
mod builder;
mod event;
mod keep;
mod merchant;
mod notice;
mod order;
mod pair;
mod refresh;
pub mod store;
mod sweep;
mod task_tracker;
mod token_status;

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use lru::LruCache;

pub use self::{authorise::AuthorisedMerchant, builder::IsvBuilder, event::IsvEvent, sweep::Sweep};
use self::{
    keep::Origin,
    merchant::{Memory, Merchant},
    store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Stored, TokenStore},
    task_tracker::TaskTracker,
};
use crate::{
    Client, Error, ErrorKind,
    open_auth::{TokenAppQuery, TokenAppQueryResponse},
};

/// A third-party app and the merchants that have authorised it: from [`Isv::builder`].
///
/// It is cheap to clone, and clones share the tokens in memory. Create one for each app and process.
#[derive(Clone)]
pub struct Isv {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    store: Arc<dyn TokenStore>,
    refresh_ahead: Duration,
    refresh_timeout: Duration,
    on_event: Box<dyn Fn(&IsvEvent) + Send + Sync>,
    /// The merchants that were used last, by `auth_app_id`.
    merchants: Mutex<LruCache<String, Arc<Memory>>>,
    task_tracker: TaskTracker,
}

impl Isv {
    /// Starts with the client of the third-party app and the store that all processes of the app share.
    pub fn builder(client: Client, store: Arc<dyn TokenStore>) -> IsvBuilder {
        IsvBuilder::new(client, store)
    }

    /// The app's own client: for its own calls, [notifications](Client::notifications) and [authorisation pages](Client::oauth).
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// A client that calls for this merchant (`auth_app_id`), always with a live token.
    ///
    /// This reads nothing from the store. If the merchant has not authorised the app, its calls fail with
    /// [`Authorisation`](ErrorKind::Authorisation). For page and app payments, which are made without waiting, use
    /// [`merchant_with_token`](Self::merchant_with_token).
    pub fn merchant(&self, auth_app_id: &str) -> Client {
        let merchant = self.inner.merchant(auth_app_id);
        self.inner.client.on_behalf_of_managed(Arc::new(merchant))
    }

    /// A client that calls for this merchant (`auth_app_id`) with its current token. Use it for the next page or order string, and don't
    /// keep it: the token is not refreshed.
    ///
    /// # Errors
    /// [`Authorisation`](ErrorKind::Authorisation), [`AuthorisationCancelled`](ErrorKind::AuthorisationCancelled) or
    /// [`AuthorisationLost`](ErrorKind::AuthorisationLost) if the merchant has to authorise the app (again);
    /// [`TokenStore`](ErrorKind::TokenStore); [`TokenRefresh`](ErrorKind::TokenRefresh); and [`Timeout`](ErrorKind::Timeout) if the token is
    /// not available within the client's [total timeout](crate::ClientBuilder::total_timeout).
    pub async fn merchant_with_token(&self, auth_app_id: &str) -> Result<Client, Error> {
        let live = self
            .inner
            .in_time(self.inner.merchant(auth_app_id).present_token())
            .await?;
        Ok(self.inner.client.on_behalf_of(live.token))
    }

    /// Asks Alipay for this merchant's authorisation: which methods it covers, and until when.
    ///
    /// # Errors
    /// As for [`merchant_with_token`](Self::merchant_with_token), and the gateway's.
    pub async fn authorisation(&self, auth_app_id: &str) -> Result<TokenAppQueryResponse, Error> {
        let live = self
            .inner
            .in_time(self.inner.merchant(auth_app_id).present_token())
            .await?;
        self.inner
            .client
            .open_auth()
            .token_app_query(TokenAppQuery::new(live.token))
            .await
    }

    /// Stores tokens that were kept elsewhere, such as those of [`IsvEvent::NotStored`] or of another system. Returns `true` if these tokens
    /// are now in the store, and `false` if the store has better ones and was not changed.
    ///
    /// The stored tokens are better if they are active and Alipay says that they are newer: the merchant has authorised the app again, or its
    /// tokens were refreshed. Tokens that are not [`Active`](store::AuthorisationState::Active) themselves, such as those of a backup, are
    /// stored only if the store has none, or older ones that are not active either.
    ///
    /// # Errors
    /// [`TokenStore`](ErrorKind::TokenStore), and those of `alipay.open.auth.token.app.query`, such as [`Mismatch`](ErrorKind::Mismatch) for
    /// another merchant's tokens. The store is not changed.
    pub async fn restore(&self, auth_app_id: &str, authorisation: &Authorisation) -> Result<bool, Error> {
        let mut authorisation = authorisation.clone();
        let kept = self
            .inner
            .try_keep(auth_app_id, &mut None, &mut authorisation, Origin::Elsewhere)
            .await?;
        self.inner.forget(auth_app_id);
        Ok(kept.is_stored())
    }

    /// Deletes a merchant's tokens in any state. This does not tell Alipay: merchants withdraw their authorisation there.
    ///
    /// # Errors
    /// [`TokenStore`](ErrorKind::TokenStore).
    pub async fn remove(&self, auth_app_id: &str) -> Result<(), Error> {
        self.inner
            .store
            .remove(self.inner.key(auth_app_id))
            .await
            .map_err(store_error)?;
        self.inner.forget(auth_app_id);
        Ok(())
    }

    /// Waits until all tokens that Alipay has returned, or is about to, are stored. Call it before the process ends, after the last call.
    pub async fn idle(&self) {
        self.inner.task_tracker.none().await;
    }
}

impl Inner {
    fn merchant(self: &Arc<Self>, auth_app_id: &str) -> Merchant {
        Merchant {
            isv: Arc::clone(self),
            auth_app_id: auth_app_id.into(),
        }
    }

    fn memory(&self, auth_app_id: &str) -> Arc<Memory> {
        let mut merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(merchants.get_or_insert_ref(auth_app_id, Arc::default))
    }

    /// Drops the token from memory: the store has another one.
    fn forget(&self, auth_app_id: &str) {
        let merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = merchants.peek(auth_app_id) {
            memory.forget();
        }
    }

    /// Waits at most for the client's total timeout.
    async fn in_time<T>(&self, act: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        crate::runtime::check()?;
        tokio::time::timeout(self.client.total_timeout(), act)
            .await
            .unwrap_or_else(|_| {
                let message = "the merchant's token was not available in time";
                Err(Error::new(ErrorKind::Timeout, message).with_outcome(false, true))
            })
            .map_err(not_refreshed)
    }

    fn key<'a>(&'a self, auth_app_id: &'a str) -> MerchantKey<'a> {
        MerchantKey {
            app_id: self.client.app_id(),
            auth_app_id,
        }
    }

    fn now(&self) -> SystemTime {
        self.client.now()
    }

    /// Calls the listener. If it panics, no tokens are lost.
    fn tell(&self, event: &IsvEvent) {
        if panic::catch_unwind(AssertUnwindSafe(|| (self.on_event)(event))).is_err() {
            tracing::error!("the listener of `IsvBuilder::on_event` has panicked");
        }
    }

    async fn load(&self, auth_app_id: &str) -> Result<Option<Stored>, Error> {
        self.store.load(self.key(auth_app_id)).await.map_err(store_error)
    }

    /// The authorisation to call with. One that can't be refreshed any more is used until it expires.
    async fn load_usable(&self, auth_app_id: &str) -> Result<Stored, Error> {
        let missing = |kind, why: &str| {
            let message = format!("the merchant {} {why}", auth_app_id.escape_debug());
            Error::new(kind, message)
        };
        let stored = self.load(auth_app_id).await?;
        let stored = stored.ok_or_else(|| missing(ErrorKind::Authorisation, "has not authorised the app"))?;
        let authorisation = &stored.authorisation;
        match authorisation.state {
            AuthorisationState::Active => Ok(stored),
            AuthorisationState::Lost if authorisation.expires_at.is_none_or(|end| end > self.now()) => Ok(stored),
            AuthorisationState::Lost => Err(lost(auth_app_id)),
            AuthorisationState::Cancelled => Err(missing(
                ErrorKind::AuthorisationCancelled,
                "has withdrawn its authorisation: it has to authorise the app again",
            )),
        }
    }

    /// When a refresh is due: before the first of the two tokens expires.
    fn due(&self, authorisation: &Authorisation) -> Option<SystemTime> {
        first_end(authorisation)?.checked_sub(self.ahead(authorisation))
    }

    /// How long before that a refresh is due; never in the first half of the token's lifetime.
    fn ahead(&self, authorisation: &Authorisation) -> Duration {
        let lifetime = first_end(authorisation).and_then(|end| end.duration_since(authorisation.issued_at).ok());
        lifetime.map_or(Duration::ZERO, |lifetime| self.refresh_ahead.min(lifetime / 2))
    }
}

impl fmt::Debug for Isv {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Isv")
            .field("client", &self.inner.client)
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}

fn first_end(authorisation: &Authorisation) -> Option<SystemTime> {
    [authorisation.expires_at, authorisation.refresh_expires_at]
        .into_iter()
        .flatten()
        .min()
}

fn lost(auth_app_id: &str) -> Error {
    let merchant = auth_app_id.escape_debug();
    let message = format!("the merchant {merchant} has to authorise the app again: Alipay refuses its refresh token");
    Error::new(ErrorKind::AuthorisationLost, message)
}

/// The error of a call whose refresh has failed. The refresh's own error is about another method, so it becomes the cause.
fn not_refreshed(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Authorisation
        | ErrorKind::AuthorisationCancelled
        | ErrorKind::AuthorisationLost
        | ErrorKind::TokenStore
        | ErrorKind::Timeout
            if error.method().is_none() =>
        {
            error
        }
        _ => Error::new(
            ErrorKind::TokenRefresh,
            "the merchant's token could not be refreshed: the call was not carried out",
        )
        .with_outcome(false, may_pass(&error))
        .with_source(error),
    }
}

/// Whether the same request about tokens may succeed later. A signed refusal of Alipay is final; an unsigned one may have been written by
/// anyone on the network.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Gateway if error.is_verified() => error.is_retryable() || error.is_outcome_unknown(),
        ErrorKind::Gateway
        | ErrorKind::Transport
        | ErrorKind::Timeout
        | ErrorKind::Malformed
        | ErrorKind::Verification
        | ErrorKind::UnknownCertificate => true,
        _ => error.is_retryable(),
    }
}

fn store_error(error: StoreError) -> Error {
    let message = format!("the token store: {error}");
    let may_pass = error.kind() == StoreErrorKind::Unavailable;
    Error::new(ErrorKind::TokenStore, message)
        .with_outcome(false, may_pass)
        .with_source(error)
}
