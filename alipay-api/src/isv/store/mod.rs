//! Stores for merchants' tokens.
//!
//! [`MemoryStore`] serves one process and forgets everything when it ends. In production, use a store that survives restarts and is shared
//! by all processes of the app: `SqliteStore` (feature `sqlite`) on one machine, `PostgresStore` (feature `postgres`) or `MySqlStore` (feature
//! `mysql`) on several. All of them encrypt the tokens with a `StoreKey` of yours, and open a database by themselves or use a pool of the
//! program's.

mod authorisation;
mod error;
mod memory;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod sql;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

#[cfg(feature = "mysql")]
#[cfg_attr(docsrs, doc(cfg(feature = "mysql")))]
pub use self::sql::MySqlStore;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use self::sql::PostgresStore;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sql::SqliteStore;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))))]
pub use self::sql::{StoreKey, StoreKeyRing, StoreOptions};
pub use self::{
    authorisation::{Authorisation, AuthorisationState},
    error::{StoreError, StoreErrorKind},
    memory::MemoryStore,
};
use crate::transport::BoxFuture;

/// Stores merchants' tokens, and prevents two processes from refreshing the same merchant's tokens at the same time.
///
/// A store may hold the merchants of several apps. All processes that refresh for an app must share one store: a refresh token works once,
/// and using it twice may lose the merchant.
///
/// [`replace`](Self::replace), [`remove`](Self::remove) and [`lease`](Self::lease) are atomic. When `replace` returns, its write is durable.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The merchant's authorisation; `None` if it was never stored, or was removed.
    fn load<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<Option<Stored>, StoreError>>;

    /// Stores `authorisation` if the merchant's version is still `expected`, and returns the new version.
    ///
    /// `expected` is `None` for a merchant that was never stored, or was removed. Returns `None`, and changes nothing, if another process has
    /// stored something meanwhile. No lease is needed: tokens that the gateway has issued must be kept, whoever has the lease.
    ///
    /// Times may be kept in whole milliseconds, rounded down.
    ///
    /// After an [`Unavailable`](StoreErrorKind::Unavailable) error of a remote store, the authorisation may or may not be stored:
    /// [`load`](Self::load) shows it.
    fn replace<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        expected: Option<Version>,
        authorisation: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// Removes the merchant's authorisation, of whatever version. It must also remove one that is [`Damaged`](StoreErrorKind::Damaged) and can
    /// be neither loaded nor replaced: then the merchant can authorise the app again. Before calling it for damage, a process takes the lease
    /// and loads once more, because another process may have repaired the damage.
    ///
    /// The next authorisation gets a version that the merchant has not had before, so that it can't be mistaken for the removed one. (If the
    /// old version can't be read: [`FIRST`](Version::FIRST) or the one after.) The lease is not changed. Removing a merchant that is not stored
    /// is not an error.
    fn remove<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the merchant's lease for this time, by the store's clock. Returns `false` if another holder has it and it has not ended.
    ///
    /// `holder` is a random name. If the holder already has the lease, it is renewed for this time from now.
    fn lease<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        holder: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Releases the lease if `holder` still has it.
    fn release<'a>(&'a self, merchant: MerchantKey<'a>, holder: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The `auth_app_id`s of the app's active merchants whose token or refresh token expires before `time`: at most `limit`, in ascending
    /// order, after `after`. A merchant whose authorisation can't be read is included: [`load`](Self::load) then returns the error.
    fn ending_before<'a>(
        &'a self,
        app_id: &'a str,
        time: SystemTime,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;
}

/// Identifies one authorisation: the merchant and the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MerchantKey<'a> {
    /// The third-party app.
    pub app_id: &'a str,
    /// The merchant's own app, `auth_app_id`.
    pub auth_app_id: &'a str,
}

/// An authorisation that was read from a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The authorisation.
    pub authorisation: Authorisation,
    /// The argument of [`TokenStore::replace`] that replaces it.
    pub version: Version,
}

impl Stored {
    /// An authorisation of this version.
    pub fn new(authorisation: Authorisation, version: Version) -> Self {
        Self { authorisation, version }
    }
}

/// Counts the changes of a merchant's authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// The first version of a merchant that was never removed.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
