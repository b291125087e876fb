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
//! # What can be lost
//! A refresh kills the old refresh token, and Alipay gives the new one out once. Before a new pair is used, it is stored; a refresh
//! goes on when the call that began it is dropped; while the store can't be written, writing is tried again for as long as the process
//! lives, and [`IsvEvent::NotStored`] hands the pair to you. So what can be lost is this, and only this: the process dies, or the
//! answer is lost on the network, **after Alipay has made the new pair and before it is stored**. Then the next refresh is refused, the
//! state becomes [`Lost`](store::AuthorisationState::Lost), [`IsvEvent::Lost`] tells, and the merchant has to authorise again. The old
//! token serves until it ends. Let [`Isv::idle`] finish before a process ends, and the process's end is not a case of it.
//!
//! A merchant that makes no calls needs a refresh all the same before its refresh token ends: call [`Isv::refresh_ending`] once a day.

mod authorise;
mod builder;
mod event;
mod merchant;
mod notice;
mod refresh;
pub mod store;
mod sweep;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use lru::LruCache;

pub use self::{authorise::AuthorisedMerchant, builder::IsvBuilder, event::IsvEvent, sweep::Sweep};
use self::{
    merchant::{Memory, Merchant},
    store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Stored, TokenStore},
};
use crate::{
    Client, Error, ErrorKind,
    open::{AuthTokenAppQuery, AuthTokenAppQueryResponse},
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
    /// Read by whoever holds a pair of tokens that is not stored yet.
    unstored: Arc<tokio::sync::RwLock<()>>,
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
    /// [`Authorisation`](ErrorKind::Authorisation) where the merchant has not authorised the app or has to do it again,
    /// [`TokenStore`](ErrorKind::TokenStore), and those of a refresh.
    pub async fn merchant_with_token(&self, auth_app_id: &str) -> Result<Client, Error> {
        let live = self.inner.merchant(auth_app_id).live_token().await?;
        Ok(self.inner.client.on_behalf_of(live.token))
    }

    /// What Alipay knows of this merchant's authorisation: which methods it opens, and until when.
    ///
    /// # Errors
    /// As for [`merchant_with_token`](Self::merchant_with_token), and the gateway's.
    pub async fn authorisation(&self, auth_app_id: &str) -> Result<AuthTokenAppQueryResponse, Error> {
        let live = self.inner.merchant(auth_app_id).live_token().await?;
        self.inner
            .client
            .open()
            .auth_token_app_query(AuthTokenAppQuery::new(live.token))
            .await
    }

    /// Waits until no tokens are on their way from Alipay to the store. Call it before the process ends, when no more calls are made.
    pub async fn idle(&self) {
        _ = self.inner.unstored.write().await;
    }
}

impl Inner {
    fn merchant(self: &Arc<Self>, auth_app_id: &str) -> Merchant {
        let mut merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = merchants.get_or_insert_ref(auth_app_id, || Arc::new(Memory::new(auth_app_id)));
        Merchant {
            isv: Arc::clone(self),
            memory: Arc::clone(memory),
        }
    }

    /// What is stored is another authorisation now.
    fn forget(&self, auth_app_id: &str) {
        let merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = merchants.peek(auth_app_id) {
            memory.forget();
        }
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

    fn tell(&self, event: &IsvEvent) {
        (self.on_event)(event);
    }

    async fn load(&self, auth_app_id: &str) -> Result<Option<Stored>, Error> {
        self.store.load(self.key(auth_app_id)).await.map_err(store_error)
    }

    /// The authorisation that calls can be made with.
    async fn load_active(&self, auth_app_id: &str) -> Result<Stored, Error> {
        let missing = |why: &str| {
            let message = format!("the merchant {} {why}", auth_app_id.escape_debug());
            Error::new(ErrorKind::Authorisation, message)
        };
        match self.load(auth_app_id).await? {
            None => Err(missing("has not authorised the app")),
            Some(stored) => match stored.authorisation.state {
                AuthorisationState::Active => Ok(stored),
                AuthorisationState::Cancelled => Err(missing("has withdrawn its authorisation")),
                AuthorisationState::Lost => Err(missing("has to authorise the app again: its refresh token is dead")),
            },
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

fn store_error(error: StoreError) -> Error {
    let message = format!("the token store: {error}");
    let may_pass = error.kind() == StoreErrorKind::Unavailable;
    Error::new(ErrorKind::TokenStore, message)
        .with_outcome(false, may_pass)
        .with_source(error)
}
