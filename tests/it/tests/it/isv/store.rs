//! Stores that fail.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use alipay_api::{
    CheckErrorKind, ErrorKind,
    isv::Isv,
    isv::store::{Authorisation, MemoryStore, MerchantKey, StoreError, StoreErrorKind, Stored, TokenStore, Version},
    transport::BoxFuture,
};

use super::{LIFETIME, MERCHANT, World, order};
use crate::support::builder;

/// A store that is away for a while.
#[derive(Debug, Default)]
struct Shaky {
    store: MemoryStore,
    is_away: AtomicBool,
    /// How many times it can't be written.
    full: AtomicU32,
    /// Whether it gives no answer.
    is_silent: AtomicBool,
    /// Whether a row can't be read, until it is removed.
    is_damaged: AtomicBool,
}

impl Shaky {
    fn reach(&self) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "it is away"));
        }
        Ok(())
    }
}

impl TokenStore for Shaky {
    fn load<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            self.reach()?;
            if self.is_silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.is_damaged.load(Ordering::SeqCst) {
                return Err(StoreError::new(StoreErrorKind::Damaged, "it is damaged"));
            }
            self.store.load(merchant).await
        })
    }

    fn replace<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        expected: Option<Version>,
        authorisation: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        Box::pin(async move {
            self.reach()?;
            let lower = |left: u32| left.checked_sub(1);
            if self
                .full
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, lower)
                .is_ok()
            {
                return Err(StoreError::new(StoreErrorKind::Unavailable, "it is full"));
            }
            self.store.replace(merchant, expected, authorisation).await
        })
    }

    fn remove<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        self.is_damaged.store(false, Ordering::SeqCst);
        self.store.remove(merchant)
    }

    fn lease<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        holder: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.reach()?;
            self.store.lease(merchant, holder, time).await
        })
    }

    fn release<'a>(&'a self, merchant: MerchantKey<'a>, holder: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.release(merchant, holder)
    }

    fn ending_before<'a>(
        &'a self,
        app_id: &'a str,
        time: SystemTime,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.store.ending_before(app_id, time, after, limit)
    }
}

#[tokio::test]
async fn a_new_pair_that_cant_be_stored_is_told_and_stored_later() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    world.clock.advance(LIFETIME * 2);
    store.full.store(3, Ordering::SeqCst);
    // The call waits until the pair is stored: it is not used before.
    order(&world.isv, "one").await.unwrap();
    let told = world.told();
    let names: Vec<_> = told.iter().filter_map(|event| event.split(' ').next()).collect();
    assert_eq!(names, ["Authorised", "NotStored", "Refreshed"]);
    let stored = world.stored().await;
    for token in [&stored.app_auth_token, &stored.app_refresh_token] {
        assert!(!told.iter().any(|event| event.contains(token.expose())));
        assert!(!format!("{stored:?}{:?}{:?}", world.isv, world.store).contains(token.expose()));
    }
    assert_eq!(world.refreshes(), 1);
    assert!(world.mock.dead_refresh_tokens().is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_fails_calls_and_serves_them_when_it_is_back() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    store.is_away.store(true, Ordering::SeqCst);
    let error = order(&world.isv, "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenStore);
    assert!(error.is_retryable() && !error.is_outcome_unknown());
    assert!(error.to_string().contains("it is away"), "{error}");
    // No new authorisation brings the store back.
    let error = world.isv.merchant(MERCHANT).check().await.unwrap_err();
    assert_eq!(error.kind(), CheckErrorKind::MerchantToken);
    assert!(
        error
            .to_string()
            .starts_with("the token store can't be reached or read: check the store"),
        "{error}"
    );
    store.is_away.store(false, Ordering::SeqCst);
    order(&world.isv, "one").await.unwrap();
    // From then on, the token is in memory.
    store.is_away.store(true, Ordering::SeqCst);
    order(&world.isv, "two").await.unwrap();
}

#[tokio::test]
async fn a_listener_that_panics_takes_no_tokens_with_it() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    let isv = alipay_api::isv::Isv::builder(world.client.clone(), Arc::<Shaky>::clone(&store))
        .on_event(|event| panic!("{event:?}"))
        .build();
    world.clock.advance(LIFETIME * 2);
    store.full.store(3, Ordering::SeqCst);
    order(&isv, "one").await.unwrap();
    assert_eq!(world.refreshes(), 1);
    order(&world.isv, "two").await.unwrap();
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn those_who_wait_for_a_store_that_is_away_are_told_together() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    store.is_away.store(true, Ordering::SeqCst);
    let calls = (0..20).map(|number: u32| {
        let isv = world.isv.clone();
        tokio::spawn(async move { order(&isv, &number.to_string()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.method()),
            (ErrorKind::TokenStore, Some("alipay.trade.precreate"))
        );
    }
}

#[tokio::test]
async fn a_damaged_row_gives_way_to_a_new_authorisation() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    store.is_damaged.store(true, Ordering::SeqCst);
    let error = order(&world.other, "one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenStore);
    assert!(
        !error.is_retryable() && error.to_string().contains("it is damaged"),
        "{error}"
    );
    world.authorise().await;
    order(&world.other, "one").await.unwrap();
}

#[tokio::test]
async fn the_check_of_a_merchant_does_not_blame_the_merchant_for_a_store_that_is_away() {
    let store = Arc::new(Shaky::default());
    let world = World::with_store(Arc::<Shaky>::clone(&store)).await;
    world.authorise().await;
    let client = world.isv.merchant(MERCHANT);
    client.check().await.unwrap();
    store.is_away.store(true, Ordering::SeqCst);
    let error = world.other.merchant(MERCHANT).check().await.unwrap_err();
    assert_eq!(error.kind(), CheckErrorKind::MerchantToken);
    let text = error.to_string();
    assert!(
        text.contains("token store") && !text.contains("authorise the app again"),
        "{text}"
    );
    // Nor the network for one that gives no answer.
    store.is_away.store(false, Ordering::SeqCst);
    store.is_silent.store(true, Ordering::SeqCst);
    let hasty = builder(&world.mock).total_timeout(Duration::from_millis(50));
    let hasty = Isv::builder(hasty.build().unwrap(), Arc::<Shaky>::clone(&store)).build();
    let error = hasty.merchant(MERCHANT).check().await.unwrap_err();
    assert_eq!(error.kind(), CheckErrorKind::MerchantToken, "{error}");
    assert!(error.to_string().contains("token store"), "{error}");
}
