//! The same test with each kind of store. It takes two handles of one empty store, as two processes have them.

use std::{future::Future, sync::Arc};

use alipay_api::isv::store::{MemoryStore, MySqlStore, PostgresStore, SqliteStore, TokenStore};

use super::key;
use crate::{mysql_server, postgres_server};

pub(crate) type Handle = Arc<dyn TokenStore>;

/// The test of one property for each of the stores.
macro_rules! each_store {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $crate::stores::each::with_memory(super::$test).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $crate::stores::each::with_sqlite(super::$test).await;
            })*
        }

        mod mysql {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $crate::stores::each::with_mysql(super::$test).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                $crate::stores::each::with_postgres(super::$test).await;
            })*
        }
    };
}
pub(crate) use each_store;

pub(crate) async fn with_memory<F: Future<Output = ()>>(test: impl FnOnce(Handle, Handle) -> F) {
    let store: Handle = Arc::new(MemoryStore::new());
    test(Arc::clone(&store), store).await;
}

pub(crate) async fn with_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Handle, Handle) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens.db");
    let open = || async { Arc::new(SqliteStore::open(&path, &key()).await.expect("a store")) };
    test(open().await, open().await).await;
}

pub(crate) async fn with_mysql<F: Future<Output = ()>>(test: impl FnOnce(Handle, Handle) -> F) {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let url = server.database();
    let connect = || async { Arc::new(MySqlStore::connect(&url, &key()).await.expect("a store")) };
    test(connect().await, connect().await).await;
}

pub(crate) async fn with_postgres<F: Future<Output = ()>>(test: impl FnOnce(Handle, Handle) -> F) {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    // Settings that a database may have, and that a store must not suffer from.
    server.sql(
        &url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); \
         EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
    );
    let connect = || async { Arc::new(PostgresStore::connect(&url, &key()).await.expect("a store")) };
    test(connect().await, connect().await).await;
}
