//! The contents of the tables, which the trait does not show.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{SqliteStore, StoreKey, StoreOptions};
use crate::isv::store::{Authorisation, MerchantKey, StoreError, StoreErrorKind, TokenStore as _, Version};

fn key() -> StoreKey {
    StoreKey::new([7; 32])
}

fn merchant(auth_app_id: &str) -> MerchantKey<'_> {
    MerchantKey {
        app_id: "2021",
        auth_app_id,
    }
}

fn authorisation(token: &str) -> Authorisation {
    Authorisation::new(token, format!("{token}-refresh"), "2088", SystemTime::UNIX_EPOCH)
}

fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

/// A store with two merchants, left by a process that has ended.
async fn filled(path: &Path) {
    let store = SqliteStore::open(path, &key()).await.unwrap();
    for name in ["a", "b"] {
        let stored = store.replace(merchant(name), None, &authorisation(name)).await.unwrap();
        assert_eq!(stored, Some(Version::FIRST));
    }
}

/// Changes the file as no store does.
async fn tamper(path: &Path, statements: &str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(AssertSqlSafe(statements)).await.unwrap();
    connection.close().await.unwrap();
}

async fn open_error(path: &Path) -> StoreError {
    SqliteStore::open(path, &key()).await.expect_err("it is refused")
}

#[tokio::test]
async fn what_somebody_has_changed_is_refused() {
    for swap in [
        "UPDATE alipay_authorisation SET app_auth_token = (SELECT app_auth_token FROM alipay_authorisation WHERE auth_app_id = 'b') \
         WHERE auth_app_id = 'a'",
        "UPDATE alipay_authorisation SET app_auth_token = app_refresh_token",
        "UPDATE alipay_authorisation SET version = 2",
        "UPDATE alipay_authorisation SET app_refresh_token = x'01'",
        "UPDATE alipay_authorisation SET app_id = '2022'; UPDATE alipay_authorisation SET app_id = '2021', auth_app_id = 'c' \
         WHERE auth_app_id = 'a'; UPDATE alipay_authorisation SET app_id = '2021', auth_app_id = 'a' WHERE auth_app_id = 'b'",
        "UPDATE alipay_authorisation SET state = 'unheard of'",
        "UPDATE alipay_authorisation SET state = 'cancelled'",
        "UPDATE alipay_authorisation SET state = 'removed'",
        "UPDATE alipay_authorisation SET state = 'removed', app_auth_token = x''",
        "UPDATE alipay_authorisation SET user_id = '2089'",
        "UPDATE alipay_authorisation SET authorised_at = authorised_at + 1",
        "UPDATE alipay_authorisation SET issued_at = issued_at - 1",
        "UPDATE alipay_authorisation SET expires_at = 253402300799999",
        "UPDATE alipay_authorisation SET refresh_expires_at = 253402300799999",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        filled(&path).await;
        tamper(&path, swap).await;
        let store = SqliteStore::open(&path, &key()).await.unwrap();
        let error = store.load(merchant("a")).await.expect_err(swap);
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{swap}");
        assert!(
            error
                .to_string()
                .contains("the authorisation of merchant \"a\" for app \"2021\""),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_somebody_has_changed_can_be_removed_and_stored_anew() {
    for (change, version) in [
        ("app_refresh_token = x'01'", 2),
        ("state = 'unheard of'", 2),
        ("version = 41", 42),
        ("version = -1", 2),
        ("version = 9223372036854775807", 2),
        ("user_id = '2089', expires_at = 0", 2),
        ("state = 'removed'", 2),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        filled(&path).await;
        tamper(&path, &format!("UPDATE alipay_authorisation SET {change}")).await;
        let store = SqliteStore::open(&path, &key()).await.unwrap();
        let error = store.load(merchant("a")).await.expect_err(change);
        assert!(
            error.to_string().contains("remove it (`TokenStore::remove`)"),
            "{error}"
        );
        let stored = store.replace(merchant("a"), None, &authorisation("new")).await.unwrap();
        assert_eq!(stored, None, "{change}");

        store.remove(merchant("a")).await.unwrap();
        assert_eq!(store.load(merchant("a")).await.unwrap(), None, "{change}");
        let stored = store.replace(merchant("a"), None, &authorisation("new")).await.unwrap();
        assert_eq!(stored, Some(Version(version)), "{change}");
        let stored = store.load(merchant("a")).await.unwrap().unwrap();
        assert_eq!(stored.authorisation, authorisation("new"), "{change}");
        let others = store.load(merchant("b")).await;
        assert_eq!(others.unwrap_err().kind(), StoreErrorKind::Damaged, "{change}");
    }
}

#[tokio::test]
async fn whatever_a_changed_row_says_it_is_listed_as_due() {
    let (soon, late) = (Some(time(1_000)), Some(time(9_000_000)));
    for change in [
        "expires_at = 253402300799999",
        "expires_at = NULL",
        "refresh_expires_at = NULL, expires_at = NULL",
        "refresh_expires_at = 0",
        "state = 'lost'",
        "state = 'cancelled'",
        "state = 'removed'",
        "state = 'unheard of'",
        "issued_at = 7",
        "version = 9",
        "app_refresh_token = x'02'",
        "auth_app_id = 'aa'",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        let store = SqliteStore::open(&path, &key()).await.unwrap();
        for (name, end) in [("a", late), ("b", soon), ("c", late), ("d", soon), ("e", late)] {
            let mut granted = authorisation(name);
            (granted.expires_at, granted.refresh_expires_at) = (end, late);
            store.replace(merchant(name), None, &granted).await.unwrap();
        }
        store.remove(merchant("e")).await.unwrap();
        let due = async |limit| store.ending_before("2021", time(5_000), None, limit).await.unwrap();
        assert_eq!(due(9).await, ["b", "d"]);
        // Neither a merchant that is due nor one that is not can be disguised, and no other merchant is affected.
        for (changed, is_due) in [("a", ["a", "b", "d"].as_slice()), ("d", &["b", "d"])] {
            let before = "CREATE TABLE kept AS SELECT * FROM alipay_authorisation";
            let changing = format!("UPDATE alipay_authorisation SET {change} WHERE auth_app_id = '{changed}'");
            tamper(&path, &format!("{before}; {changing}")).await;
            let listed = due(9).await;
            let name = if change.starts_with("auth_app_id") {
                "aa"
            } else {
                changed
            };
            let mut expected: Vec<_> = is_due
                .iter()
                .map(|due| if *due == changed { name } else { *due })
                .collect();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{change} of {changed}");
            assert_eq!(due(1).await, expected[..1], "{change} of {changed}");
            let error = store.load(merchant(name)).await.expect_err(change);
            assert_eq!(error.kind(), StoreErrorKind::Damaged, "{change} of {changed}");
            let back = "DELETE FROM alipay_authorisation; INSERT INTO alipay_authorisation SELECT * FROM kept; DROP TABLE kept";
            tamper(&path, back).await;
        }
    }
}

#[tokio::test]
async fn all_merchants_are_looked_at_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    let mut due = Vec::new();
    for index in 0..1_203 {
        let name = format!("{index:04}");
        let mut granted = authorisation(&name);
        granted.expires_at = Some(time(if index % 400 == 399 { 1 } else { 9_000 }));
        store.replace(merchant(&name), None, &granted).await.unwrap();
        if index % 400 == 399 {
            due.push(name);
        }
    }
    assert_eq!(store.ending_before("2021", time(5), None, 9).await.unwrap(), due);
    assert_eq!(store.ending_before("2021", time(5), None, 2).await.unwrap(), due[..2]);
    assert_eq!(
        store.ending_before("2021", time(5), Some(&due[0]), 9).await.unwrap(),
        due[1..]
    );
    assert_eq!(store.ending_before("2022", time(5), None, 9).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn of_a_merchant_that_is_removed_no_token_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    filled(&path).await;
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    store.remove(merchant("a")).await.unwrap();
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path))
        .await
        .unwrap();
    let left = "SELECT length(app_auth_token) + length(app_refresh_token) + length(user_id) FROM alipay_authorisation \
                WHERE auth_app_id = 'a'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    filled(&path).await;
    tamper(&path, "UPDATE alipay_store SET schema_version = 2").await;
    let error = open_error(&path).await;
    assert_eq!(error.kind(), StoreErrorKind::Configuration);
    assert!(
        error
            .to_string()
            .contains("their schema has version 2, and this release knows 1; use the newer release"),
        "{error}"
    );
    tamper(&path, "UPDATE alipay_store SET schema_version = 1").await;
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    assert_eq!(
        store.load(merchant("a")).await.unwrap().unwrap().authorisation,
        authorisation("a")
    );
}

#[tokio::test]
async fn tables_that_are_not_ours_are_refused() {
    for change in [
        "DELETE FROM alipay_store",
        "DROP TABLE alipay_store; CREATE TABLE alipay_store (id TEXT)",
        "UPDATE alipay_store SET schema_version = 0",
        "UPDATE alipay_store SET schema_version = -1",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        filled(&path).await;
        tamper(&path, change).await;
        assert_eq!(open_error(&path).await.kind(), StoreErrorKind::Damaged, "{change}");
    }
}

#[tokio::test]
async fn tokens_are_nowhere_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    let token = "202011BBfdb3c5ef";
    store.replace(merchant("a"), None, &authorisation(token)).await.unwrap();
    let mut found = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
        // Otherwise the wrong files were searched.
        found += usize::from(bytes.windows(4).any(|window| window == b"2088"));
    }
    assert!(found > 0);
    assert!(!format!("{store:?}").contains(token));
}

#[tokio::test]
async fn a_file_that_somebody_keeps_locked_fails_in_time_and_works_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    filled(&path).await;
    let timeout = Duration::from_millis(200);
    let options = StoreOptions::new().timeout(timeout);
    let store = SqliteStore::open_with(&path, &key(), &options).await.unwrap();
    let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path))
        .await
        .unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();

    let before = Instant::now();
    let replaced = store
        .replace(merchant("a"), Some(Version::FIRST), &authorisation("second"))
        .await;
    assert_eq!(replaced.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let leased = store.lease(merchant("a"), "holder", Duration::from_secs(1)).await;
    assert_eq!(leased.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(before.elapsed() < 4 * timeout, "{:?}", before.elapsed());
    // Readers need not wait.
    assert_eq!(
        store.load(merchant("a")).await.unwrap().unwrap().authorisation,
        authorisation("a")
    );
    SqliteStore::open_with(&path, &key(), &options).await.unwrap();

    other.execute("ROLLBACK").await.unwrap();
    let replaced = store
        .replace(merchant("a"), Some(Version::FIRST), &authorisation("second"))
        .await;
    assert_eq!(replaced.unwrap(), Some(Version(2)));
}

#[tokio::test]
async fn a_lease_outlives_no_clock_that_is_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    filled(&path).await;
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    let minute = Duration::from_mins(1);
    for (ahead, is_free) in [(0, false), (50_000, false), (70_000, true), (86_400_000, true)] {
        assert!(store.lease(merchant("a"), "dead", minute).await.unwrap());
        // As if the clock had been this much later when the lease was taken.
        tamper(&path, &format!("UPDATE alipay_lease SET ends_at = ends_at + {ahead}")).await;
        assert_eq!(
            store.lease(merchant("a"), "alive", minute).await.unwrap(),
            is_free,
            "{ahead} ms"
        );
        store.release(merchant("a"), "alive").await.unwrap();
        store.release(merchant("a"), "dead").await.unwrap();
    }
}

#[tokio::test]
async fn names_that_no_database_takes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tokens.db"), &key())
        .await
        .unwrap();
    let error = store.load(merchant("a\0b")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Configuration);
    assert!(error.to_string().contains("NUL"), "{error}");
}
