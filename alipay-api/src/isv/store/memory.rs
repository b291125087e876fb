use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::{Authorisation, AuthorisationState, MerchantKey, StoreError, Stored, TokenStore, Version};
use crate::transport::BoxFuture;

/// A store in this process's memory: for development and tests, and for apps whose merchants authorise anew after every restart.
#[derive(Default)]
pub struct MemoryStore {
    /// By `app_id` and `auth_app_id`.
    merchants: Mutex<BTreeMap<(String, String), Entry>>,
}

#[derive(Default)]
struct Entry {
    stored: Option<Stored>,
    /// The version that was removed last.
    removed: Option<Version>,
    lease: Option<(String, Option<Instant>)>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn entry<T>(&self, merchant: MerchantKey<'_>, act: impl FnOnce(&mut Entry) -> T) -> T {
        // Nothing panics while the lock is held, so a poisoned lock is whole.
        let mut merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (merchant.app_id.to_owned(), merchant.auth_app_id.to_owned());
        act(merchants.entry(key).or_default())
    }
}

impl TokenStore for MemoryStore {
    fn load<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        let key = (merchant.app_id.to_owned(), merchant.auth_app_id.to_owned());
        let merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = merchants.get(&key).and_then(|entry| entry.stored.clone());
        Box::pin(async { Ok(stored) })
    }

    fn replace<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        expected: Option<Version>,
        authorisation: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(async move {
            Ok(self.entry(merchant, |entry| {
                if entry.stored.as_ref().map(|stored| stored.version) != expected {
                    return None;
                }
                let version = expected.or(entry.removed).map_or(Version::FIRST, Version::next);
                entry.stored = Some(Stored::new(authorisation.clone(), version));
                Some(version)
            }))
        })
    }

    fn remove<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.entry(merchant, |entry| {
                if let Some(stored) = entry.stored.take() {
                    entry.removed = Some(stored.version);
                }
            });
            Ok(())
        })
    }

    fn lease<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        holder: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let now = Instant::now();
            // A time that can't be added to the clock never ends.
            let until = now.checked_add(time);
            Ok(self.entry(merchant, |entry| match &entry.lease {
                Some((other, until)) if other != holder && until.is_none_or(|until| until > now) => false,
                _ => {
                    entry.lease = Some((holder.to_owned(), until));
                    true
                }
            }))
        })
    }

    fn release<'a>(&'a self, merchant: MerchantKey<'a>, holder: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.entry(merchant, |entry| {
                entry.lease.take_if(|(other, _)| other == holder);
            });
            Ok(())
        })
    }

    fn ending_before<'a>(
        &'a self,
        app_id: &'a str,
        time: SystemTime,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let ends = |end: Option<SystemTime>| end.is_some_and(|end| end < time);
        let is_due = |stored: &Stored| {
            let authorisation = &stored.authorisation;
            authorisation.state == AuthorisationState::Active
                && (ends(authorisation.expires_at) || ends(authorisation.refresh_expires_at))
        };
        let merchants = self.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        let due = merchants
            .iter()
            .filter(|((app, merchant), entry)| {
                app == app_id
                    && after.is_none_or(|after| **merchant > *after)
                    && entry.stored.as_ref().is_some_and(is_due)
            })
            .map(|((_, merchant), _)| merchant.clone())
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect();
        Box::pin(async { Ok(due) })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
