//! A store's key is changed, step by step, while the store is in use.

use alipay_api::isv::store::{
    MerchantKey, MySqlStore, PostgresStore, SqliteStore, StoreError, StoreErrorKind, StoreKey, StoreKeyRing,
    StoreOptions, TokenStore, Version,
};
use sqlx::{
    Executor as _,
    mysql::{MySqlConnection, MySqlPoolOptions},
};

use super::{authorisation, merchant, put, token};
use crate::{mysql_server, postgres_server};

fn keys() -> [StoreKey; 2] {
    [1, 2].map(|byte| StoreKey::new([byte; StoreKey::LENGTH]))
}

/// Changes the key of an empty store, by the steps that `StoreKeyRing` gives.
async fn rotate<S: TokenStore>(
    open: impl AsyncFn(StoreKeyRing) -> Result<S, StoreError>,
    reseal: impl AsyncFn(&S) -> Result<u64, StoreError>,
) {
    let [old, new] = keys();
    let ring = |first: &StoreKey, second: &StoreKey| StoreKeyRing::new(first.clone()).with(second.clone());
    let before = open((&old).into()).await.unwrap();
    for name in ["idle", "busy", "gone"] {
        put(&before, name, "first").await;
    }
    before.remove(merchant("gone")).await.unwrap();

    // Every process learns the new key, then seals with it: here some are a step behind.
    let first = open(ring(&old, &new)).await.unwrap();
    let second = open(ring(&new, &old)).await.unwrap();
    let stored = second
        .replace(merchant("busy"), Some(Version::FIRST), &authorisation("second"))
        .await;
    assert_eq!(stored.unwrap(), Some(Version(2)));
    for store in [&first, &second] {
        assert_eq!(token(store, "idle").await, "first");
        assert_eq!(token(store, "busy").await, "second");
    }
    // Whoever has not taken the first step is told what is the matter, and not to remove the merchant.
    let error = before.load(merchant("busy")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error}");
    let message = error.to_string();
    assert!(
        message.contains("\"busy\"")
            && message.contains("open the store with that key, too")
            && !message.contains("remove"),
        "{message}"
    );
    // Nor can the old key go before its time.
    let error = open((&new).into()).await.expect_err("the old key is needed");
    assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error}");

    assert_eq!(reseal(&second).await.unwrap(), 1);
    assert_eq!(reseal(&second).await.unwrap(), 0);
    let after = open((&new).into()).await.unwrap();
    for store in [&first, &second, &after] {
        assert_eq!(token(store, "idle").await, "first");
        assert_eq!(token(store, "busy").await, "second");
        assert_eq!(store.load(merchant("gone")).await.unwrap(), None);
    }
    // The versions are the same, and go on.
    for (name, version) in [
        ("idle", Some(Version::FIRST)),
        ("busy", Some(Version(2))),
        ("gone", None),
    ] {
        let stored = after.replace(merchant(name), version, &authorisation("third")).await;
        assert!(stored.unwrap().is_some(), "{name}");
        assert_eq!(token(&first, name).await, "third");
    }
    let error = open((&old).into()).await.expect_err("the old key is gone");
    assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error}");

    // A process that was forgotten writes with the old key after all: nothing is lost, and the error says what to do.
    put(&before, "late", "first").await;
    let error = after.load(merchant("late")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error}");
    let error = reseal(&after).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error}");
    assert_eq!(reseal(&second).await.unwrap(), 1);
    assert_eq!(token(&after, "late").await, "first");
}

#[tokio::test]
async fn the_key_of_a_file_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    rotate(
        async |keys| SqliteStore::open(&path, keys).await,
        async |store| store.reseal().await,
    )
    .await;
}

#[tokio::test]
async fn the_key_of_a_database_is_changed() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    rotate(
        async |keys| PostgresStore::connect(&url, keys).await,
        async |store| store.reseal().await,
    )
    .await;
}

#[tokio::test]
async fn the_key_of_a_mysql_database_is_changed() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let url = server.database();
    rotate(
        async |keys| MySqlStore::connect(&url, keys).await,
        async |store| store.reseal().await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_meanwhile_is_not_lost() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    let [old, new] = keys();
    let first = PostgresStore::connect(&url, StoreKeyRing::new(old.clone()).with(new.clone()))
        .await
        .unwrap();
    let second = PostgresStore::connect(&url, StoreKeyRing::new(new.clone()).with(old))
        .await
        .unwrap();
    for index in 0..40 {
        put(&first, &index.to_string(), "0").await;
    }
    // Some go on writing with the old key while all is sealed with the new one.
    let writer = tokio::spawn(async move {
        for round in 1..=5_u64 {
            for index in 0..40 {
                let name = index.to_string();
                let next = authorisation(&round.to_string());
                let stored = first
                    .replace(merchant(&name), Some(Version(round)), &next)
                    .await
                    .unwrap();
                assert_eq!(stored, Some(Version(round + 1)), "{name}");
            }
        }
    });
    while !writer.is_finished() {
        second.reseal().await.unwrap();
    }
    writer.await.unwrap();
    second.reseal().await.unwrap();
    let after = PostgresStore::connect(&url, &new).await.unwrap();
    for index in 0..40 {
        assert_eq!(token(&after, &index.to_string()).await, "5");
    }
}

#[tokio::test]
async fn of_many_merchants_each_is_read_once() {
    const MERCHANTS: u64 = 1_100;
    let Some(server) = mysql_server::shared() else {
        return;
    };
    // Of one session, the server tells how many rows it has read.
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection: &mut MySqlConnection, _| {
            Box::pin(async move { connection.execute("SET autocommit = 1").await.map(drop) })
        })
        .connect(&server.database())
        .await
        .unwrap();
    let [old, new] = keys();
    let options = StoreOptions::new();
    let before = MySqlStore::from_pool(pool.clone(), &old, &options).await.unwrap();
    let names: Vec<_> = (0..MERCHANTS)
        .map(|number| (format!("app{}", number % 3), format!("{number:04}")))
        .collect();
    let merchants = || {
        names
            .iter()
            .map(|(app_id, auth_app_id)| MerchantKey { app_id, auth_app_id })
    };
    for merchant in merchants() {
        before.replace(merchant, None, &authorisation("first")).await.unwrap();
    }
    pool.execute("ANALYZE TABLE alipay_authorisation").await.unwrap();
    let rows_read = async || {
        let status = sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_read_next'");
        let (_, rows): (String, String) = status.fetch_one(&pool).await.unwrap();
        rows.parse::<u64>().unwrap()
    };

    let both = StoreKeyRing::new(new.clone()).with(old.clone());
    let store = MySqlStore::from_pool(pool.clone(), both, &options).await.unwrap();
    let at_first = rows_read().await;
    assert_eq!(store.reseal().await.unwrap(), MERCHANTS);
    let read = rows_read().await - at_first;
    assert!((MERCHANTS / 2..MERCHANTS + 100).contains(&read), "{read}");
    let after = MySqlStore::from_pool(pool.clone(), &new, &options).await.unwrap();
    for merchant in merchants() {
        assert!(after.load(merchant).await.unwrap().is_some(), "{merchant:?}");
    }
}
