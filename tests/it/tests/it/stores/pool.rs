//! Stores that use a pool of the program's.

use std::{
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use alipay_api::isv::store::{
    MySqlStore, PostgresStore, SqliteStore, StoreErrorKind, StoreOptions, TokenStore, Version,
};
use sqlx::{
    Executor as _,
    mysql::{MySqlConnection, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};

use super::{authorisation, key, merchant, put, token};
use crate::{mysql_server, postgres_server};

/// Many change one merchant at once, and each change follows the one before.
async fn no_change_is_lost(store: Arc<dyn TokenStore>) {
    put(&*store, "busy", "0").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..5 {
                    loop {
                        let stored = store.load(merchant("busy")).await.unwrap().unwrap();
                        let count: u32 = stored.authorisation.app_auth_token.expose().parse().unwrap();
                        let next = authorisation(&(count + 1).to_string());
                        let replaced = store.replace(merchant("busy"), Some(stored.version), &next).await;
                        if replaced.unwrap().is_some() {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stored = store.load(merchant("busy")).await.unwrap().unwrap();
    assert_eq!(stored.version, Version(41));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_pool_serves_the_program_and_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connect = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(connect.clone())
        .await
        .unwrap();
    pool.execute("CREATE TABLE orders (number TEXT)").await.unwrap();
    let options = StoreOptions::new();
    let store = Arc::new(SqliteStore::from_pool(pool.clone(), &key(), &options).await.unwrap());
    put(&*store, "shop", "first").await;
    no_change_is_lost(Arc::clone(&store) as _).await;
    // By itself, a store finds the same in the file.
    let alone = SqliteStore::open(&path, &key()).await.unwrap();
    assert_eq!(token(&alone, "shop").await, "first");
    store.close().await;
    pool.execute("INSERT INTO orders VALUES ('20161112')").await.unwrap();

    let careless = connect.synchronous(SqliteSynchronous::Normal);
    let careless = SqlitePool::connect_with(careless).await.unwrap();
    let error = SqliteStore::from_pool(careless, &key(), &options).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(
        error
            .to_string()
            .contains("shop.db: the pool's connections have synchronous"),
        "{error}"
    );
}

#[tokio::test]
async fn a_sqlite_pool_that_may_lose_tokens_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new()
        .filename(folder.path().join("shop.db"))
        .create_if_missing(true);
    let in_memory = SqliteConnectOptions::from_str("sqlite::memory:").unwrap();
    for (connect, mode) in [
        (in_memory, "memory"),
        (file.clone().journal_mode(SqliteJournalMode::Memory), "memory"),
        (file.clone().journal_mode(SqliteJournalMode::Off), "off"),
    ] {
        let pool = SqlitePool::connect_with(connect).await.unwrap();
        let refused = SqliteStore::from_pool(pool.clone(), &key(), &StoreOptions::new()).await;
        let error = refused.expect_err(mode);
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
        assert!(
            error.to_string().contains(&format!("have journal_mode = {mode}")),
            "{error}"
        );
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = sqlx::query_scalar(tables).fetch_one(&pool).await.unwrap();
        assert_eq!(tables, 0, "{mode}");
    }
    // The journal of SQLite's default.
    let pool = SqlitePool::connect_with(file).await.unwrap();
    SqliteStore::from_pool(pool, &key(), &StoreOptions::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_lease_that_is_released_meanwhile_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    // How often the store still borrows the connection until the other process releases its lease; none, if negative.
    let borrows = Arc::new(AtomicI64::new(-1));
    let left = Arc::clone(&borrows);
    let pool = SqlitePoolOptions::new()
        // It is borrowed again for each statement.
        .max_connections(1)
        .before_acquire(move |connection: &mut SqliteConnection, _| {
            let is_now = left.fetch_sub(1, Ordering::Relaxed) == 0;
            Box::pin(async move {
                if is_now {
                    connection.execute("DELETE FROM alipay_lease").await?;
                }
                Ok(true)
            })
        })
        .connect_with(
            SqliteConnectOptions::new()
                .filename(folder.path().join("shop.db"))
                .create_if_missing(true),
        )
        .await
        .unwrap();
    let store = SqliteStore::from_pool(pool, &key(), &StoreOptions::new())
        .await
        .unwrap();
    let minute = Duration::from_mins(1);
    // Before the first statement of the lease, and between that and the second.
    for statements in [0, 1] {
        borrows.store(-1, Ordering::Relaxed);
        assert!(store.lease(merchant("shop"), "dead", minute).await.unwrap());
        assert!(!store.lease(merchant("shop"), "alive", minute).await.unwrap());
        borrows.store(statements, Ordering::Relaxed);
        assert!(
            store.lease(merchant("shop"), "alive", minute).await.unwrap(),
            "after {statements} statements"
        );
        store.release(merchant("shop"), "alive").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_pool_serves_the_program_and_the_store() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    // Here the database undoes what can't be put in an order: the store sends it once more.
    let connect = PgConnectOptions::from_str(&url)
        .unwrap()
        .options([("default_transaction_isolation", "serializable")]);
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_with(connect.clone())
        .await
        .unwrap();
    pool.execute("CREATE TABLE orders (number TEXT)").await.unwrap();
    let options = StoreOptions::new();
    let store = Arc::new(PostgresStore::from_pool(pool.clone(), &key(), &options).await.unwrap());
    put(&*store, "shop", "first").await;
    no_change_is_lost(Arc::clone(&store) as _).await;
    let alone = PostgresStore::connect(&url, &key()).await.unwrap();
    assert_eq!(token(&alone, "shop").await, "first");
    store.close().await;
    pool.execute("INSERT INTO orders VALUES ('20161112')").await.unwrap();

    let careless = connect.options([("synchronous_commit", "off")]);
    let careless = PgPoolOptions::new().connect_with(careless).await.unwrap();
    let error = PostgresStore::from_pool(careless, &key(), &options).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("synchronous_commit = off"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_pool_serves_the_program_and_the_store() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let url = server.database();
    let pool = MySqlPoolOptions::new()
        .max_connections(4)
        .after_connect(|connection: &mut MySqlConnection, _| {
            // What a program may want of its sessions.
            let settings =
                "SET autocommit = 1, time_zone = '-09:30', sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', NAMES gbk";
            Box::pin(async move { connection.execute(settings).await.map(drop) })
        })
        .connect(&url)
        .await
        .unwrap();
    pool.execute("CREATE TABLE orders (number TEXT)").await.unwrap();
    let options = StoreOptions::new();
    let store = Arc::new(MySqlStore::from_pool(pool.clone(), &key(), &options).await.unwrap());
    put(&*store, "商户", "first").await;
    no_change_is_lost(Arc::clone(&store) as _).await;
    let alone = MySqlStore::connect(&url, &key()).await.unwrap();
    assert_eq!(token(&alone, "商户").await, "first");
    // Sessions in several time zones agree when a lease ends.
    let minute = Duration::from_mins(1);
    assert!(store.lease(merchant("商户"), "a", minute).await.unwrap());
    assert!(!alone.lease(merchant("商户"), "b", minute).await.unwrap());
    store.release(merchant("商户"), "a").await.unwrap();
    assert!(alone.lease(merchant("商户"), "b", minute).await.unwrap());
    assert!(!store.lease(merchant("商户"), "a", minute).await.unwrap());
    store.close().await;
    pool.execute("INSERT INTO orders VALUES ('20161112')").await.unwrap();

    let careless = MySqlPoolOptions::new()
        .after_connect(|connection: &mut MySqlConnection, _| {
            Box::pin(async move { connection.execute("SET autocommit = 0").await.map(drop) })
        })
        .connect(&url)
        .await
        .unwrap();
    let error = MySqlStore::from_pool(careless, &key(), &options).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("autocommit = 0"), "{error}");
}
