//! A full disk: what is stored stays, what isn't stored is reported, and with room again all goes on.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use alipay_api::isv::store::{PostgresStore, SqliteStore, StoreErrorKind, StoreOptions, TokenStore, Version};

use super::{authorisation, key, merchant, put, token};
use crate::postgres_server::Server;

/// Names the folder to a copy of this program that can only write small files.
const FOLDER: &str = "ALIPAY_TEST_SMALL_FILES";

/// A disk of a mebibyte, for as long as this lives.
pub(super) struct TinyDisk(PathBuf);

impl TinyDisk {
    /// `None` where this user, or this sandbox, may not mount.
    pub(super) fn mount(folder: &Path) -> Option<Self> {
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
    let stored = fill(
        &open(&path).await,
        "the disk is full, or its quota is used up; make room, and try again",
    )
    .await;
    // Full to the last byte, nothing can be opened; but that is said, and harms nothing.
    fill_up(&ballast);
    if let Err(error) = SqliteStore::open(&path, &key()).await {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
    let error = SqliteStore::open(folder.path().join("new.db"), &key())
        .await
        .expect_err("there is no room");
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(!folder.path().join("new.db").exists());

    fs::remove_file(&ballast).unwrap();
    assert_whole(&path, stored).await;
}

#[tokio::test]
async fn a_server_s_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = TinyDisk::mount(folder.path()) else {
        let _ = writeln!(io::stderr(), "skipped: no disk can be mounted here");
        return;
    };
    // Of its own: it must end before the disk goes.
    let Some(server) = Server::start_new() else { return };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 512 * 1024]).unwrap();
    // The server's user must own the place.
    let place = folder.path().join("place").display().to_string();
    server.sql("postgres", &format!("COPY (SELECT 1) TO PROGRAM 'mkdir {place}'"));
    server.sql("postgres", &format!("CREATE TABLESPACE tiny LOCATION '{place}'"));
    let url = format!("{}&options[default_tablespace]=tiny", server.database());
    let store = PostgresStore::connect(&url, &key()).await.unwrap();
    let stored = fill(
        &store,
        "the disk is full, or its quota is used up; make room, and try again",
    )
    .await;
    fs::remove_file(&ballast).unwrap();
    assert_goes_on(&store, stored).await;
    store.close().await;
}

/// Needs no right to mount: the system refuses to let a file grow.
#[tokio::test]
async fn a_file_that_may_not_grow_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // In blocks of 512 or 1024 bytes: either way less than what is to be stored. Without the trap the signal ends the process.
    let script =
        "trap '' XFSZ; ulimit -f 300; exec \"$0\" --exact stores::disk_full::with_small_files --ignored --nocapture";
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
    // For the system this is no full disk, but a file that can't be written.
    let why = "tokens.db: the disk can't be read or written; check whether it is full";
    let stored = fill(&open(&Path::new(&folder).join("tokens.db")).await, why).await;
    writeln!(io::stdout(), "\nstored: {stored}").unwrap();
}

/// Appends to this file until its disk is full to the last byte.
pub(super) fn fill_up(ballast: &Path) {
    let mut file = fs::OpenOptions::new().append(true).open(ballast).unwrap();
    for block in [&[1; 4096][..], &[1]] {
        while file.write_all(block).is_ok() {}
    }
}

async fn open(path: &Path) -> SqliteStore {
    let options = StoreOptions::new().timeout(Duration::from_secs(2));
    SqliteStore::open_with(path, &key(), &options).await.unwrap()
}

/// Stores merchants until there is no room for another, for this reason, and gives their number.
async fn fill(store: &dyn TokenStore, why: &str) -> u32 {
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
    assert!(error.to_string().contains(why), "{error}");
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
            token(store, &index.to_string()).await,
            long(&index.to_string()).app_auth_token.expose()
        );
    }
    count
}

/// The same, also after the file was closed.
async fn assert_whole(path: &Path, count: u32) {
    let store = SqliteStore::open(path, &key()).await.unwrap();
    assert_goes_on(&store, count).await;
    store.close().await;
    let store = SqliteStore::open(path, &key()).await.unwrap();
    assert_eq!(
        (token(&store, "new").await, token(&store, "0").await),
        ("first".to_owned(), "second".to_owned())
    );
}

/// All that was stored is there, and more can be.
async fn assert_goes_on(store: &dyn TokenStore, count: u32) {
    for index in 0..count {
        assert_eq!(
            token(store, &index.to_string()).await,
            long(&index.to_string()).app_auth_token.expose()
        );
    }
    assert_eq!(store.load(merchant(&count.to_string())).await.unwrap(), None);
    put(store, "new", "first").await;
    let changed = store
        .replace(merchant("0"), Some(Version::FIRST), &authorisation("second"))
        .await
        .unwrap();
    assert_eq!(changed, Some(Version(2)));
}

fn long(name: &str) -> alipay_api::isv::store::Authorisation {
    authorisation(&name.repeat(2000))
}
