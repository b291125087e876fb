//! A full disk: what is stored stays, what isn't stored is reported, and with room again all goes on.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use alipay_api::isv::store::{SqliteStore, StoreErrorKind, StoreOptions, TokenStore as _, Version};

use super::{authorisation, key, merchant, put, token};

/// Names the folder to a copy of this program that can only write small files.
const FOLDER: &str = "ALIPAY_TEST_SMALL_FILES";

/// A disk of a mebibyte, for as long as this lives.
struct TinyDisk(PathBuf);

impl TinyDisk {
    /// `None` where this user, or this sandbox, may not mount.
    fn mount(folder: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder);
        mount
            .output()
            .is_ok_and(|output| output.status.success())
            .then(|| Self(folder.to_owned()))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: SQLite's threads may still be closing the file.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).output();
        assert!(
            unmounted.is_ok_and(|output| output.status.success()),
            "unmount {}",
            self.0.display()
        );
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = TinyDisk::mount(folder.path()) else {
        // The next test does the same in another way.
        let _ = writeln!(io::stderr(), "skipped: no disk can be mounted here");
        return;
    };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 768 * 1024]).unwrap();
    let path = folder.path().join("tokens.db");
    let stored = fill(&path).await;
    // Full to the last byte, nothing can be opened; but that is said, and harms nothing.
    let mut file = fs::OpenOptions::new().append(true).open(&ballast).unwrap();
    while file.write_all(&[1]).is_ok() {}
    drop(file);
    if let Err(error) = SqliteStore::open(&path, &key()).await {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
    let error = SqliteStore::open(folder.path().join("new.db"), &key())
        .await
        .expect_err("there is no room");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(!folder.path().join("new.db").exists());

    fs::remove_file(&ballast).unwrap();
    assert_whole(&path, stored).await;
}

/// Needs no right to mount: the system refuses to let a file grow.
#[tokio::test]
async fn a_file_that_may_not_grow_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // In blocks of 512 or 1024 bytes: either way less than what is to be stored. Without the trap the signal ends the process.
    let script =
        "trap '' XFSZ; ulimit -f 300; exec \"$0\" --exact stores::room::with_small_files --ignored --nocapture";
    let program = env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{shown}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let stored = shown
        .lines()
        .find_map(|line| line.strip_prefix("stored: "))
        .expect("a count");
    assert_whole(&folder.path().join("tokens.db"), stored.parse().unwrap()).await;
}

/// Not a test by itself: what the copy of this program does.
#[tokio::test]
#[ignore = "only for a process with a limit"]
async fn with_small_files() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let stored = fill(&Path::new(&folder).join("tokens.db")).await;
    writeln!(io::stdout(), "\nstored: {stored}").unwrap();
}

/// Stores merchants until there is no room for another, and gives their number.
async fn fill(path: &Path) -> u32 {
    let store = SqliteStore::open_with(path, &key(), &StoreOptions::new().timeout(Duration::from_secs(2)))
        .await
        .unwrap();
    let error = {
        let mut count = 0;
        loop {
            let name = count.to_string();
            match store.replace(merchant(&name), None, &long(&name)).await {
                Ok(version) => assert_eq!(version, Some(Version::FIRST)),
                Err(error) => break (count, error),
            }
            count += 1;
            assert!(count < 10_000, "the disk is not small");
        }
    };
    let (count, error) = error;
    assert!(count > 5, "{count}: {error:?}");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(
        error
            .to_string()
            .contains("tokens.db: it can't be reached, is busy, or has no room"),
        "{error}"
    );
    // Nothing half-done: neither of what is new, nor of what is changed.
    assert_eq!(store.load(merchant(&count.to_string())).await.unwrap(), None);
    let changed = store
        .replace(merchant("0"), Some(Version::FIRST), &long("changed"))
        .await;
    assert_eq!(
        changed.expect_err("there is no room").kind(),
        StoreErrorKind::Unavailable
    );
    for index in 0..count {
        assert_eq!(
            token(&store, &index.to_string()).await,
            long(&index.to_string()).app_auth_token.expose()
        );
    }
    count
}

/// All that was stored is there, and more can be.
async fn assert_whole(path: &Path, count: u32) {
    let store = SqliteStore::open(path, &key()).await.unwrap();
    for index in 0..count {
        assert_eq!(
            token(&store, &index.to_string()).await,
            long(&index.to_string()).app_auth_token.expose()
        );
    }
    assert_eq!(store.load(merchant(&count.to_string())).await.unwrap(), None);
    put(&store, "new", "first").await;
    let changed = store
        .replace(merchant("0"), Some(Version::FIRST), &authorisation("second"))
        .await
        .unwrap();
    assert_eq!(changed, Some(Version(2)));
    store.close().await;
    let store = SqliteStore::open(path, &key()).await.unwrap();
    assert_eq!(
        (token(&store, "new").await, token(&store, "0").await),
        ("first".to_owned(), "second".to_owned())
    );
}

fn long(name: &str) -> alipay_api::isv::store::Authorisation {
    authorisation(&name.repeat(2000))
}
