//! Token stores in SQL databases: one implementation, and the differences between the databases.

mod database;
mod key;
mod key_ring;
#[cfg(all(test, feature = "postgres", target_os = "linux"))]
mod million;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
mod seal;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(all(test, feature = "sqlite"))]
mod tests;
mod time;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod url;

#[cfg(feature = "mysql")]
pub use self::mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::{key::StoreKey, key_ring::StoreKeyRing, options::StoreOptions};
