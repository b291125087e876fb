//! Opening a store: the first time, by many at once, with the wrong key, in the wrong place.

use std::{collections::BTreeSet, future::Future, str::FromStr as _, time::Duration};

use alipay_api::isv::store::{
    MySqlStore, PostgresStore, SqliteStore, StoreError, StoreErrorKind, StoreKey, StoreOptions, TokenStore as _,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{authorisation, key, merchant, put, token};
use crate::{mysql_server, postgres_server};

/// Opens one new store eight times at once, each time with the key of the number: those with one key get it, the others don't.
async fn open_at_once<S: Send + 'static, F>(keys: u8, open: impl Fn(StoreKey) -> F)
where
    F: Future<Output = Result<S, StoreError>> + Send + 'static,
{
    let tasks: Vec<_> = (0..8)
        .map(|index| {
            let number = index % keys;
            let opening = open(StoreKey::new([number; StoreKey::LENGTH]));
            tokio::spawn(async move { (number, opening.await) })
        })
        .collect();
    let (mut opened, mut refused) = (BTreeSet::new(), BTreeSet::new());
    // Until all are there nobody closes it.
    let mut stores = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (number, Ok(store)) => {
                opened.insert(number);
                stores.push(store);
            }
            (number, Err(error)) => {
                assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{error:?}");
                refused.insert(number);
            }
        }
    }
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(refused.len(), usize::from(keys) - 1, "{refused:?}");
    assert!(opened.is_disjoint(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_begin_a_file_at_once() {
    for keys in [1, 1, 1, 2, 8] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        open_at_once(keys, |key| {
            let path = path.clone();
            async move { SqliteStore::open(path, &key).await }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_begin_a_database_at_once() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    for keys in [1, 1, 2, 8] {
        let url = server.database();
        open_at_once(keys, |key| {
            let url = url.clone();
            async move { PostgresStore::connect(&url, &key).await }
        })
        .await;
    }
}

/// With pools in whose transactions a statement sees only what was there at the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn many_begin_a_database_by_serializable_pools_at_once() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    for keys in [1, 1, 2, 8] {
        let url = server.database();
        let connect = PgConnectOptions::from_str(&url)
            .unwrap()
            .options([("default_transaction_isolation", "serializable")]);
        open_at_once(keys, |key| {
            let pool = PgPoolOptions::new().connect_lazy_with(connect.clone());
            async move { PostgresStore::from_pool(pool, &key, &StoreOptions::new()).await }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_begin_a_mysql_database_at_once() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    for keys in [1, 1, 2, 8] {
        let url = server.database();
        open_at_once(keys, |key| {
            let url = url.clone();
            async move { MySqlStore::connect(&url, &key).await }
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_process_has_begun_before_its_end_another_finishes() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let whole = server.database();
    let store = MySqlStore::connect(&whole, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    // In MySQL each table is created by itself.
    for what in [
        "DROP TABLE alipay_store",
        "DROP TABLE alipay_store, alipay_lease",
        "DELETE FROM alipay_store",
    ] {
        let url = server.database();
        MySqlStore::connect(&url, &StoreKey::generate().unwrap()).await.unwrap();
        server.sql(&url, what);
        let store = MySqlStore::connect(&url, &key()).await.unwrap();
        put(&store, "shop", "first").await;
        assert!(
            store
                .lease(merchant("shop"), "a", Duration::from_secs(1))
                .await
                .unwrap()
        );
        let error = MySqlStore::connect(&url, &StoreKey::generate().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::WrongKey, "{what}: {error:?}");
    }
    // Where there are merchants, the tables were finished, and somebody has damaged them.
    for what in ["DELETE FROM alipay_store", "DROP TABLE alipay_store"] {
        server.sql(&whole, what);
        let error = MySqlStore::connect(&whole, &key()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{what}: {error:?}");
    }
}

#[tokio::test]
async fn another_key_is_refused_by_a_file_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    store.close().await;
    let before = std::fs::read(&path).unwrap();

    let error = SqliteStore::open(&path, &StoreKey::generate().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    let message = error.to_string();
    assert!(
        message.contains(
            "tokens.db: the tokens were encrypted with another key; open the store with the key that created it"
        ),
        "{message}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(
        token(&SqliteStore::open(&path, &key()).await.unwrap(), "shop").await,
        "first"
    );
}

#[tokio::test]
async fn another_key_is_refused_by_a_database_and_nothing_changes() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    put(&PostgresStore::connect(&url, &key()).await.unwrap(), "shop", "first").await;
    let rows = || server.sql(&url, "SELECT * FROM alipay_store, alipay_authorisation");
    let before = rows();

    let error = PostgresStore::connect(&url, &StoreKey::generate().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert!(
        error.to_string().contains("the tokens were encrypted with another key"),
        "{error}"
    );
    assert_eq!(rows(), before);
    assert_eq!(
        token(&PostgresStore::connect(&url, &key()).await.unwrap(), "shop").await,
        "first"
    );
}

#[tokio::test]
async fn another_key_is_refused_by_a_mysql_database_and_nothing_changes() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let url = server.database();
    put(&MySqlStore::connect(&url, &key()).await.unwrap(), "shop", "first").await;
    let columns = "HEX(key_check), HEX(app_auth_token), HEX(app_refresh_token), version, state";
    let rows = || {
        server.sql(
            &url,
            &format!("SELECT {columns} FROM alipay_store, alipay_authorisation"),
        )
    };
    let before = rows();
    assert!(before.contains("active"), "{before}");

    let error = MySqlStore::connect(&url, &StoreKey::generate().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::WrongKey);
    assert_eq!(rows(), before);
    assert_eq!(
        token(&MySqlStore::connect(&url, &key()).await.unwrap(), "shop").await,
        "first"
    );
}

#[tokio::test]
async fn who_may_use_the_tables_of_mysql_need_not_make_them() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let url = server.database();
    let name = url.split(['/', '?']).nth(3).unwrap();
    server.sql(&url, &format!("CREATE USER {name}_clerk@localhost IDENTIFIED BY ''"));
    let clerk = url.replace("root@", &format!("{name}_clerk@"));
    let error = MySqlStore::connect(&clerk, &key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");

    MySqlStore::connect(&url, &key()).await.unwrap();
    let error = MySqlStore::connect(&clerk, &key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    let grant =
        |what: &str, table: &str| server.sql(&url, &format!("GRANT {what} ON {table} TO {name}_clerk@localhost"));
    grant("SELECT", "alipay_store");
    grant("SELECT, INSERT, UPDATE, DELETE", "alipay_authorisation");
    grant("SELECT, INSERT, UPDATE, DELETE", "alipay_lease");
    let store = MySqlStore::connect(&clerk, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    assert_eq!(token(&store, "shop").await, "first");
}

#[tokio::test]
async fn a_mysql_database_that_is_not_there_is_a_clear_error() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let error = MySqlStore::connect(&server.url("root", "nowhere"), &key())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(format!("{error:?}").contains("nowhere"), "{error:?}");

    let options = StoreOptions::new().timeout(Duration::from_millis(200));
    let url = "mysql://me:hunter2@127.0.0.1:1/tokens";
    let error = MySqlStore::connect_with(url, &key(), &options).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("MySQL at 127.0.0.1:1: the database can't be reached"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

/// Names that a collation, or a comparison that ignores spaces at the end, takes for one.
#[tokio::test]
async fn names_are_compared_by_their_bytes() {
    let Some(server) = mysql_server::shared() else {
        return;
    };
    let store = MySqlStore::connect(&server.database(), &key()).await.unwrap();
    let longest = "长".repeat(85);
    let names = [
        "shop",
        "SHOP",
        "shop ",
        "shöp",
        "sho\u{0308}p",
        "商户",
        "😀",
        "",
        " ",
        &*longest,
    ];
    for name in names {
        put(&store, name, name).await;
        assert!(store.lease(merchant(name), name, Duration::from_mins(1)).await.unwrap());
    }
    for name in names {
        assert_eq!(token(&store, name).await, name);
        assert!(
            !store
                .lease(merchant(name), "other", Duration::from_mins(1))
                .await
                .unwrap()
        );
    }
    let error = store.load(merchant(&format!("{longest}a"))).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("a name of 256 bytes"), "{error}");
    // Neither is anything cut off elsewhere.
    let mut long = authorisation("first");
    long.user_id = format!("{longest}a");
    let error = store.replace(merchant("new"), None, &long).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert_eq!(store.load(merchant("new")).await.unwrap(), None);
}

#[tokio::test]
async fn who_may_use_the_tables_need_not_make_them() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    server.sql(&url, "CREATE ROLE clerk LOGIN");
    let clerk = url.replace("postgres@", "clerk@");
    let error = PostgresStore::connect(&clerk, &key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");

    PostgresStore::connect(&url, &key()).await.unwrap();
    let error = PostgresStore::connect(&clerk, &key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    server.sql(
        &url,
        "GRANT SELECT ON alipay_store TO clerk; GRANT SELECT, INSERT, UPDATE, DELETE ON alipay_authorisation, alipay_lease TO clerk",
    );
    let store = PostgresStore::connect(&clerk, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    assert_eq!(token(&store, "shop").await, "first");
}

#[tokio::test]
async fn tables_go_where_the_search_path_says() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let url = server.database();
    server.sql(&url, "CREATE SCHEMA isv");
    let store = PostgresStore::connect(&format!("{url}&options[search_path]=isv"), &key())
        .await
        .unwrap();
    put(&store, "shop", "first").await;
    assert_eq!(server.sql(&url, "SELECT count(*) FROM isv.alipay_authorisation"), "1");
    // Another schema is another store, with a key of its own.
    PostgresStore::connect(&url, &StoreKey::generate().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_a_clear_error() {
    let Some(server) = postgres_server::shared() else {
        return;
    };
    let error = PostgresStore::connect(&server.url("postgres", "nowhere"), &key())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(format!("{error:?}").contains("nowhere"), "{error:?}");

    let options = StoreOptions::new().timeout(Duration::from_millis(200));
    let url = "postgres://me:hunter2@127.0.0.1:1/tokens";
    let error = PostgresStore::connect_with(url, &key(), &options).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("PostgreSQL at 127.0.0.1:1: the database can't be reached"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tokens.db"), &key())
        .await
        .unwrap();
    put(&store, "shop", "first").await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn what_can_be_no_file_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing/tokens.db"), folder.path().to_owned()] {
        let error = SqliteStore::open(&path, &key()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
