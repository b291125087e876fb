//! The token stores: one suite for all of them, and what each must stand.

mod conformance;
mod damage;
mod disk_full;
mod disk_full_during_refresh;
pub(crate) mod each;
mod outage;
mod pool;
mod rotation;
mod start;
mod sweep;
mod tls;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alipay_api::isv::store::{Authorisation, MerchantKey, StoreKey, TokenStore, Version};

pub(crate) use self::each::each_store;

/// The merchant of one app of the tests.
fn merchant(auth_app_id: &str) -> MerchantKey<'_> {
    MerchantKey {
        app_id: "2021000000000001",
        auth_app_id,
    }
}

fn authorisation(token: &str) -> Authorisation {
    Authorisation::new(
        token,
        format!("{token}-refresh"),
        "2088102146225135",
        time(1_763_913_600_000),
    )
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

fn key() -> StoreKey {
    StoreKey::new([7; StoreKey::LENGTH])
}

/// Stores a merchant's first authorisation.
async fn put(store: &dyn TokenStore, auth_app_id: &str, token: &str) {
    let stored = store.replace(merchant(auth_app_id), None, &authorisation(token)).await;
    assert_eq!(stored.expect("it is stored"), Some(Version::FIRST));
}

/// The token that a merchant has.
async fn token(store: &dyn TokenStore, auth_app_id: &str) -> String {
    let stored = store
        .load(merchant(auth_app_id))
        .await
        .expect("it is read")
        .expect("a merchant");
    stored.authorisation.app_auth_token.expose().to_owned()
}
