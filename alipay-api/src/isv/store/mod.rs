//! Where merchants' tokens are kept.
//!
//! [`MemoryStore`] serves one process and forgets. What an app in production needs survives a restart and is shared by all of its
//! processes: `SqliteStore` (feature `sqlite`) for those of one machine, `PostgresStore` (feature `postgres`) for those of several. Both
//! encrypt the tokens with a `StoreKey` of yours.

mod authorisation;
mod error;
mod memory;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use self::sql::PostgresStore;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sql::SqliteStore;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "sqlite"))))]
pub use self::sql::{StoreKey, StoreKeyRing, StoreOptions};
pub use self::{
    authorisation::{Authorisation, AuthorisationState},
    error::{StoreError, StoreErrorKind},
    memory::MemoryStore,
};
use crate::transport::BoxFuture;

/// Keeps merchants' tokens, and keeps two processes from refreshing one merchant's at a time.
///
/// A store may hold the merchants of several apps. It must be shared by everyone who refreshes for an app: the refresh token dies
/// when it is used, and whoever uses a dead one may lose the merchant.
///
/// What [`replace`](Self::replace), [`remove`](Self::remove) and [`lease`](Self::lease) do is atomic. What `replace` wrote is durable when it
/// returns.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The merchant's authorisation; `None` for a merchant that was never stored, or was removed.
    fn load<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<Option<Stored>, StoreError>>;

    /// Stores `authorisation` if the merchant's version is still `expected`, and gives the version that it has now.
    ///
    /// `expected` is `None` for a merchant that was never stored, or was removed. The answer is `None`, and nothing is changed, where somebody else has
    /// stored something in between. A lease is not asked for: tokens that the gateway has given out are worth keeping whoever holds it.
    ///
    /// Times may be kept in whole milliseconds, rounded down.
    ///
    /// After an [`Unavailable`](StoreErrorKind::Unavailable) error it may or may not have been done, where the store is on the other side
    /// of a connection that was lost: [`load`](Self::load) tells.
    fn replace<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        expected: Option<Version>,
        authorisation: &'a Authorisation,
    ) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// Removes what is stored of the merchant, also where it is [`Damaged`](StoreErrorKind::Damaged) and neither loads nor can be replaced:
    /// then the merchant can authorise again, and its new tokens be stored. It asks for no version. Of several processes that find the
    /// same damage, each takes the lease first, and loads once more: what another one has stored since must stay.
    ///
    /// What is stored next has a version that the merchant has not had before, so that nobody who has read the old one takes it for that or
    /// replaces it. (If the old version can't be told any more: [`FIRST`](Version::FIRST) or the one after.) A lease stays with its
    /// holder. Removing what is not there is no error.
    fn remove<'a>(&'a self, merchant: MerchantKey<'a>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the merchant's lease for this long, by the store's own clock; `false` where somebody else has it and its time is not over.
    ///
    /// `holder` is a random name. Who has the lease already has it for this long from now on.
    fn lease<'a>(
        &'a self,
        merchant: MerchantKey<'a>,
        holder: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Gives the lease back, if `holder` still has it.
    fn release<'a>(&'a self, merchant: MerchantKey<'a>, holder: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The `auth_app_id` of each active merchant of the app whose token or refresh token ends before `time`: at most `limit` of them,
    /// in ascending order, those after `after`. One whose authorisation can't be read is among them, whatever it seems to say: to
    /// [`load`](Self::load) it tells what is wrong.
    fn ending_before<'a>(
        &'a self,
        app_id: &'a str,
        time: SystemTime,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;
}

/// Names one authorisation: who gave it, and to which app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MerchantKey<'a> {
    /// The third-party app.
    pub app_id: &'a str,
    /// The merchant's own app, `auth_app_id`.
    pub auth_app_id: &'a str,
}

/// An authorisation as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The authorisation.
    pub authorisation: Authorisation,
    /// What to give to [`TokenStore::replace`] to store the next one.
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
    /// The version of what is stored first, of a merchant that was never removed.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
