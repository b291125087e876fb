use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use lru::LruCache;

use super::{Inner, Isv, event::IsvEvent, store::TokenStore, task_tracker::TaskTracker};
use crate::Client;

/// Longer than any token's lifetime, and small enough for sums.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Builds an [`Isv`]: from [`Isv::builder`].
#[must_use]
pub struct IsvBuilder {
    client: Client,
    store: Arc<dyn TokenStore>,
    refresh_ahead: Duration,
    refresh_timeout: Duration,
    cached_merchants: NonZeroUsize,
    on_event: Box<dyn Fn(&IsvEvent) + Send + Sync>,
}

impl IsvBuilder {
    pub(super) fn new(client: Client, store: Arc<dyn TokenStore>) -> Self {
        Self {
            client: client.for_the_app(),
            store,
            refresh_ahead: Duration::from_secs(72 * 60 * 60),
            refresh_timeout: Duration::from_secs(15),
            cached_merchants: const { NonZeroUsize::new(10_000).unwrap() },
            on_event: Box::new(|_| {}),
        }
    }

    /// How long before a token or its refresh token expires it is refreshed; 72 hours by default, and never in the first half of its
    /// lifetime. Each process waits up to a quarter of this time longer, at random, so that they don't all refresh at the same moment.
    pub fn refresh_ahead(mut self, time: Duration) -> Self {
        self.refresh_ahead = time.min(LONGEST);
        self
    }

    /// How long a refresh may take; 15 seconds by default. If a process dies during a refresh, others wait for this time and two seconds
    /// more.
    pub fn refresh_timeout(mut self, time: Duration) -> Self {
        self.refresh_timeout = time.min(LONGEST);
        self
    }

    /// How many merchants' tokens are kept in memory; 10,000 by default. Others are read from the store when they are needed.
    pub fn cached_merchants(mut self, number: NonZeroUsize) -> Self {
        self.cached_merchants = number;
        self
    }

    /// Called when something happens to a merchant's authorisation: see [`IsvEvent`]. Calls wait for the listener, so it must be quick.
    pub fn on_event(mut self, act: impl Fn(&IsvEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Box::new(act);
        self
    }

    /// Builds it. This reads nothing from the store.
    pub fn build(self) -> Isv {
        Isv {
            inner: Arc::new(Inner {
                client: self.client,
                store: self.store,
                refresh_ahead: self.refresh_ahead,
                refresh_timeout: self.refresh_timeout,
                on_event: self.on_event,
                merchants: Mutex::new(LruCache::sparse(self.cached_merchants)),
                task_tracker: TaskTracker::default(),
            }),
        }
    }
}

impl fmt::Debug for IsvBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IsvBuilder")
            .field("client", &self.client)
            .field("store", &self.store)
            .field("refresh_ahead", &self.refresh_ahead)
            .field("refresh_timeout", &self.refresh_timeout)
            .finish_non_exhaustive()
    }
}
