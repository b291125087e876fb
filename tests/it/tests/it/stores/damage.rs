//! Files that are cut off, overwritten, or not what they should be: a clear error, and never a wrong token.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use alipay_api::isv::store::{SqliteStore, StoreError, StoreErrorKind, StoreOptions, TokenStore as _};
use tempfile::TempDir;

use super::{authorisation, key, merchant, put, token};

const MERCHANTS: u32 = 40;

/// A closed store of some pages, and its bytes.
async fn filled() -> (TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let store = SqliteStore::open(&path, &key()).await.unwrap();
    for index in 0..MERCHANTS {
        put(&store, &index.to_string(), &format!("token of {index}")).await;
    }
    store.close().await;
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "once it is closed, the file holds everything");
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 4 * PAGE, "{}", bytes.len());
    (folder, path, bytes)
}

/// SQLite's own default.
const PAGE: usize = 4096;

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let options = StoreOptions::new().timeout(Duration::from_millis(500));
    SqliteStore::open_with(path, &key(), &options).await
}

async fn assert_intact(path: &Path) {
    let store = open(path).await.unwrap();
    for index in 0..MERCHANTS {
        assert_eq!(token(&store, &index.to_string()).await, format!("token of {index}"));
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused_and_left_alone() {
    let (_folder, path, whole) = filled().await;
    let lengths = [
        0,
        1,
        15,
        16,
        99,
        100,
        511,
        512,
        PAGE - 1,
        PAGE,
        PAGE + 1,
        2 * PAGE,
        3 * PAGE + 7,
        whole.len() - PAGE,
        whole.len() - 1,
    ];
    for length in lengths {
        fs::write(&path, &whole[..length]).unwrap();
        let error = open(&path)
            .await
            .expect_err(&format!("it is cut off after {length} bytes"));
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{length} bytes: {error:?}");
        let message = error.to_string();
        assert!(
            message.contains("tokens.db") && message.contains("restore it from a backup"),
            "{message}"
        );
        assert_eq!(fs::read(&path).unwrap(), &whole[..length], "{length} bytes");
    }
    fs::write(&path, &whole).unwrap();
    assert_intact(&path).await;
}

#[tokio::test]
async fn a_file_that_was_overwritten_never_gives_a_wrong_authorisation() {
    let (_folder, path, whole) = filled().await;
    let (mut refused, mut unread) = (0, 0);
    // Blocks of different lengths all over the file.
    for (index, length) in (0..whole.len()).step_by(997).zip([1, 7, 64, 512].into_iter().cycle()) {
        let mut changed = whole.clone();
        for byte in changed.iter_mut().skip(index).take(length) {
            *byte ^= 0x55;
        }
        fs::write(&path, &changed).unwrap();
        let Ok(store) = open(&path).await else {
            refused += 1;
            continue;
        };
        for merchant_index in 0..MERCHANTS {
            let name = merchant_index.to_string();
            match store.load(merchant(&name)).await {
                Ok(Some(stored)) => {
                    let right = authorisation(&format!("token of {merchant_index}"));
                    assert_eq!(stored.authorisation, right);
                }
                // Its name is what was overwritten.
                Ok(None) => {}
                Err(error) => {
                    // What was overwritten may name the key, in both tokens alike.
                    let kind = error.kind();
                    assert!(
                        matches!(kind, StoreErrorKind::Damaged | StoreErrorKind::WrongKey),
                        "{error:?}"
                    );
                    unread += 1;
                }
            }
        }
        store.close().await;
    }
    assert!(
        refused > 0 && unread > 0,
        "{refused} files refused, {unread} rows unread"
    );
    fs::write(&path, &whole).unwrap();
    assert_intact(&path).await;
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    for bytes in [
        &b"merchants.csv;1;2;3\n"[..],
        &[0; 10_000],
        &[0xff; 5000],
        b"SQLite format 3\0",
        b"SQLite format 3\0and no more of it",
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open(&path).await.expect_err("it is no database");
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
