//! What a third-party app (ISV) needs on top of a client: merchants' authorisations, and tokens that stay alive.
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
//! A call for a merchant takes the token from this process's memory, or else from the store. A token that is to end soon is refreshed
//! [before it does](IsvBuilder::refresh_ahead), while calls go on with the present one; a call waits only where there is no other way.
//! A token that the gateway refuses (signed) is replaced once, and the call is sent again: the gateway has not carried it out.
//! Processes that share a store refresh one at a time. What another one has refreshed is found in the store.
//!
//! Nothing in a refusal says which call it answers, so whoever can change what the network carries can give an old one as the answer to a
//! call that was carried out. So what may be done twice (methods that their specs let nobody repeat, and
//! [raw calls](crate::Client::call_raw) that don't [only read](crate::RawCall::reads)) is sent again only where nobody can: to a gateway
//! with an `https` address, or on this machine. Elsewhere the token is replaced all the same, and the call gives the refusal.
//!
//! # What can be lost
//! A refresh kills the old refresh token, and Alipay gives the new one out once. Before a new pair is used, it is stored; a refresh
//! goes on when the call that began it is dropped; while the store can't be written, writing is tried again for as long as the process
//! lives, and [`IsvEvent::NotStored`] hands the pair to you, which [`Isv::restore`] takes back. So a pair is lost only
//!
//! * when the process dies after Alipay has made it and before it is stored, which includes a process that ends without waiting for
//!   [`Isv::idle`];
//! * when its answer never arrives whole, or can't be verified or read: the connection breaks, the time is over, the certificate that
//!   signed it can't be fetched.
//!
//! Then the next refresh is refused, the state becomes [`Lost`](store::AuthorisationState::Lost), [`IsvEvent::Lost`] tells, and the
//! merchant has to authorise again. The old token serves until it ends or the gateway refuses it.
//!
//! # Which refusals lose a merchant
//! Those that are signed, and that say of the refresh token itself that nothing will ever be given out for it: it was never given out, is
//! replaced, withdrawn or over, or is another app's (`REFRESH_TOKEN_NOT_EXIST`, `REFRESH_TOKEN_NOT_VALID`, `REFRESH_TOKEN_TIME_OUT`,
//! `APP_ID_NOT_CONSISTENT`, `AUTH_CODE_NOT_EXIST`, `AUTH_CODE_NOT_VALID`, `AUTH_TOKEN_NOT_FOUND`, `isv.code-invalid`,
//! `isv.invalid-auth-relations`). That is stored: no process asks again for these tokens. Tokens that are [restored](Isv::restore) or given
//! out anew end the state.
//!
//! What Alipay has against the app (its certificate has expired, it may not use the method) loses nobody, as it can be mended: calls
//! that need a refresh fail with [`TokenRefresh`](ErrorKind::TokenRefresh), which is not [retryable](Error::is_retryable), and each process
//! tries again after a minute. What may pass, and whatever is not signed, is tried again with the next call.
//!
//! # Which tokens take the place of which
//! Tokens come by codes, notices, refreshes and [`Isv::restore`], late, twice and in any order, and the clocks of an app's processes
//! differ. A dead pair never takes the place of a living one: where both the stored tokens and others are active, and they were not made
//! of each other, Alipay is asked which are in force (`alipay.open.auth.token.app.query`), and of two that both are, which came later.
//! Only where Alipay does not tell do times decide: when the merchant authorised, then when the tokens were given out. What is
//! [`Lost`](store::AuthorisationState::Lost) or [`Cancelled`](store::AuthorisationState::Cancelled) gives way to active tokens, but for those
//! of an old notice.
//!
//! A merchant that makes no calls needs a refresh all the same before its refresh token ends: call [`Isv::refresh_ending`] once a day.

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
/// It is cheap to clone, and clones share what they hold in memory. Make one for each app and process.
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
    /// Those that were asked for last, by their `auth_app_id`.
    merchants: Mutex<LruCache<String, Arc<Memory>>>,
    task_tracker: TaskTracker,
}

impl Isv {
    /// Begins with the third-party app's client and the store that all of the app's processes share.
    pub fn builder(client: Client, store: Arc<dyn TokenStore>) -> IsvBuilder {
        IsvBuilder::new(client, store)
    }

    /// The app's own client: for its own calls, [notifications](Client::notifications) and [authorisation pages](Client::oauth).
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// A client whose calls are made for this merchant (`auth_app_id`), always with a live token.
    ///
    /// Nothing is read yet: a merchant that has not authorised the app is an [`Authorisation`](ErrorKind::Authorisation) error of the
    /// call. For page and app payments, which are made without waiting, use [`merchant_with_token`](Self::merchant_with_token).
    pub fn merchant(&self, auth_app_id: &str) -> Client {
        let merchant = self.inner.merchant(auth_app_id);
        self.inner.client.on_behalf_of_managed(Arc::new(merchant))
    }

    /// A client whose calls are made for this merchant (`auth_app_id`) with the token that it has now: for the page or order string
    /// that is made next, not to be kept.
    ///
    /// # Errors
    /// [`Authorisation`](ErrorKind::Authorisation), [`AuthorisationCancelled`](ErrorKind::AuthorisationCancelled) or
    /// [`AuthorisationLost`](ErrorKind::AuthorisationLost) where the merchant has to authorise the app (again);
    /// [`TokenStore`](ErrorKind::TokenStore); [`TokenRefresh`](ErrorKind::TokenRefresh); and [`Timeout`](ErrorKind::Timeout) where none of
    /// that is known within the client's [total timeout](crate::ClientBuilder::total_timeout).
    pub async fn merchant_with_token(&self, auth_app_id: &str) -> Result<Client, Error> {
        let live = self
            .inner
            .in_time(self.inner.merchant(auth_app_id).present_token())
            .await?;
        Ok(self.inner.client.on_behalf_of(live.token))
    }

    /// What Alipay knows of this merchant's authorisation: which methods it opens, and until when.
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

    /// Stores tokens that were kept elsewhere, such as those of [`IsvEvent::NotStored`] or of another system. `true` where they are stored
    /// now, or were before; `false` where others must stay, and nothing is changed.
    ///
    /// Others stay where they are active and Alipay says that they are the later ones: where the merchant has authorised the app since, or
    /// its tokens have been refreshed. Tokens that are not [`Active`](store::AuthorisationState::Active) themselves, as from a backup, only
    /// fill a gap, or take the place of earlier ones that are not active either.
    ///
    /// # Errors
    /// [`TokenStore`](ErrorKind::TokenStore), and those of `alipay.open.auth.token.app.query`, such as [`Mismatch`](ErrorKind::Mismatch) for
    /// another merchant's tokens: nothing is changed.
    pub async fn restore(&self, auth_app_id: &str, authorisation: &Authorisation) -> Result<bool, Error> {
        let mut authorisation = authorisation.clone();
        let kept = self
            .inner
            .try_keep(auth_app_id, &mut None, &mut authorisation, Origin::Elsewhere)
            .await?;
        self.inner.forget(auth_app_id);
        Ok(kept.is_stored())
    }

    /// Deletes a merchant's tokens, whatever state they are in. Alipay is not told: the merchant withdraws its authorisation there.
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

    /// Waits until no tokens are on their way from Alipay to the store. Call it before the process ends, when no more calls are made.
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

    /// What is stored is another authorisation now.
    fn forget(&self, auth_app_id: &str) {
        let merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = merchants.peek(auth_app_id) {
            memory.forget();
        }
    }

    /// Waits no longer than for a call.
    async fn in_time<T>(&self, act: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        crate::runtime::check()?;
        tokio::time::timeout(self.client.total_timeout(), act)
            .await
            .unwrap_or_else(|_| {
                let message = "the merchant's token was not at hand in time";
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

    /// A listener that panics must not take tokens with it.
    fn tell(&self, event: &IsvEvent) {
        if panic::catch_unwind(AssertUnwindSafe(|| (self.on_event)(event))).is_err() {
            tracing::error!("the listener of a merchant's events has panicked");
        }
    }

    async fn load(&self, auth_app_id: &str) -> Result<Option<Stored>, Error> {
        self.store.load(self.key(auth_app_id)).await.map_err(store_error)
    }

    /// The authorisation that calls can be made with: until it ends, also one that can't be refreshed any more.
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

    /// When a refresh is due: before the first of both tokens ends.
    fn due(&self, authorisation: &Authorisation) -> Option<SystemTime> {
        first_end(authorisation)?.checked_sub(self.ahead(authorisation))
    }

    /// How long before the end that is, which is not in the first half of its life.
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

/// What a call says that needed a refresh which has failed: that one's own words are about another method.
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

/// Whether a request about a merchant's tokens may be answered otherwise later. Not where Alipay has refused it, and signed that; what
/// anybody on the way could have said always may.
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
