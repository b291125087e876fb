use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Sqlite,
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous},
};
use tokio::time::Instant;

use super::{
    StoreKeyRing, StoreOptions,
    database::{Database, Fault, Value, rows},
    schema::{Dialect, dialect},
    store::{Store, token_store},
};
use crate::{
    isv::store::{StoreError, StoreErrorKind},
    transport::BoxFuture,
};

/// A store in a SQLite file, for the processes of one machine. It survives restarts.
///
/// The file must be on a disk of the machine: SQLite's locks don't hold on a network share. It is created with access for its owner only,
/// and two more lie beside it, with `-wal` and `-shm` after its name. A copy of the file may lack what was stored last: back it up with
/// SQLite's `VACUUM INTO`.
///
/// Leases go by the machine's clock. Set forwards, it ends leases before their time; set back, a lease may last for up to twice its time.
/// What was stored is safe from both.
///
/// Needs the feature `sqlite`, and runs on tokio.
pub struct SqliteStore(Store<Sqlite>);

token_store!(SqliteStore);

impl SqliteStore {
    /// Opens the store in this file, or makes it if there is no file.
    ///
    /// The file is read through once: better a store that refuses to start than one that can't take new tokens when the old ones are dead.
    ///
    /// # Errors
    /// [`WrongKey`](StoreErrorKind::WrongKey): the file was made with another key; nothing is changed.
    /// [`Damaged`](StoreErrorKind::Damaged): the file is no SQLite database, is cut off, overwritten or empty.
    /// [`Configuration`](StoreErrorKind::Configuration): it can't be opened, or a newer release of this library has made it.
    /// [`Unavailable`](StoreErrorKind::Unavailable): somebody else keeps it locked, or its disk is full.
    pub async fn open(path: impl AsRef<Path>, keys: impl Into<StoreKeyRing>) -> Result<Self, StoreError> {
        Self::open_with(path, keys, &StoreOptions::new()).await
    }

    /// Opens the store in this file as [`open`](Self::open) does, with other limits.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_with(
        path: impl AsRef<Path>,
        keys: impl Into<StoreKeyRing>,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let file = File::find_or_create(path.as_ref(), options.timeout).await?;
        let opened = Self::open_file(&file, &keys.into(), options).await;
        if opened.is_err() {
            file.remove_if_begun();
        }
        opened
    }

    /// Encrypts with the first of the [keys](StoreKeyRing) what was encrypted with another, and gives how many merchants that were.
    /// When it has returned, the store can be opened with the first alone, and no more without it. Others may use the store meanwhile.
    ///
    /// What somebody has changed stays as it is, with a warning in the log: no key opens it.
    ///
    /// # Errors
    /// [`WrongKey`](StoreErrorKind::WrongKey): something was encrypted with none of the keys.
    /// [`Unavailable`](StoreErrorKind::Unavailable). After each of them it may be called again.
    pub async fn reseal(&self) -> Result<u64, StoreError> {
        self.0.reseal().await
    }

    /// Closes all connections, once what is under way has ended; what comes later is [`Unavailable`](StoreErrorKind::Unavailable).
    /// The file
    /// then holds everything by itself. A process may as well end without.
    pub async fn close(&self) {
        self.0.close().await;
    }

    async fn open_file(file: &File, keys: &StoreKeyRing, options: &StoreOptions) -> Result<Self, StoreError> {
        let connect = SqliteConnectOptions::new()
            .filename(&file.path)
            // Within the time that an answer may take: SQLite's own error says more.
            .busy_timeout(options.timeout * 4 / 5)
            .synchronous(SqliteSynchronous::Full)
            // Where a disk's cache has to be told: macOS.
            .pragma("fullfsync", "ON")
            // A changed file can't have functions run.
            .pragma("trusted_schema", "OFF");
        let store = Store::new(connect, PoolOptions::new(), options, keys, file.name());
        check(&store, file).await?;
        let is_set_up = store.is_set_up().await?;
        write_ahead(&store, options.timeout).await?;
        if !is_set_up {
            store.set_up().await?;
        }
        Ok(Self(store))
    }
}

impl Database for Sqlite {
    const DIALECT: Dialect = dialect! {
        begin: ["BEGIN IMMEDIATE"],
        exists: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alipay_store'",
        now: "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
        integer: "INTEGER",
        name: "TEXT",
        bytes: "BLOB",
        table: " STRICT, WITHOUT ROWID",
    };

    fn rows<'c>(
        connection: &'c mut SqliteConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>> {
        Box::pin(rows::<Self>(connection, statement, values))
    }

    /// By [SQLite's result codes](https://www.sqlite.org/rescode.html).
    fn fault(code: &str) -> Fault {
        let code = code.parse::<u32>().unwrap_or_default();
        // The lowest byte is the class, the others say more.
        match (code, code & 0xff) {
            // IOERR_SHORT_READ, IOERR_DATA, IOERR_CORRUPTFS
            (522 | 8202 | 8458, _) => Fault::Damaged,
            // ABORT, BUSY, LOCKED, NOMEM, INTERRUPT, PROTOCOL, IOERR_NOMEM, IOERR_BLOCKED
            (_, 4..=7 | 9 | 15) | (3082 | 2826, _) => Fault::Away,
            // IOERR
            (_, 10) => Fault::Disk,
            // FULL
            (_, 13) => Fault::Full,
            // PERM, READONLY, CANTOPEN, AUTH
            (_, 3 | 8 | 14 | 23) => Fault::Configuration,
            // ERROR (no such table), CORRUPT, CONSTRAINT, NOTADB and what else shows that the file is not as it was written.
            _ => Fault::Damaged,
        }
    }
}

/// Reads the whole file.
async fn check(store: &Store<Sqlite>, file: &File) -> Result<(), StoreError> {
    let rows = store.run("PRAGMA quick_check(1)", vec![]).await?;
    let found = match rows.first().map(Vec::as_slice) {
        Some([Value::Text(Some(outcome))]) => outcome.as_str(),
        _ => "no outcome",
    };
    if found != "ok" {
        let what = format!("it is damaged; restore it from a backup. SQLite's check says: {found}");
        return Err(store.error(StoreErrorKind::Damaged, what));
    }
    // Where the last page is cut off, SQLite reads zeros.
    let rows = store.run("PRAGMA page_size", vec![]).await?;
    if let Some([Value::Integer(Some(page))]) = rows.first().map(Vec::as_slice)
        && file.ends_within(*page)
    {
        return Err(store.error(StoreErrorKind::Damaged, "it is cut off; restore it from a backup"));
    }
    Ok(())
}

/// Lets readers and a writer work at a time. The file remembers it.
async fn write_ahead(store: &Store<Sqlite>, timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + timeout;
    // Changing the mode does not wait for others, as everything else in SQLite does.
    loop {
        match store.run("PRAGMA journal_mode = WAL", vec![]).await {
            Ok(rows) => {
                return match rows.first().map(Vec::as_slice) {
                    Some([Value::Text(Some(mode))]) if mode == "wal" => Ok(()),
                    _ => {
                        let what =
                            "its disk has no shared memory for SQLite's write-ahead log; use a disk of this machine";
                        Err(store.error(StoreErrorKind::Configuration, what))
                    }
                };
            }
            Err(error) if error.kind() == StoreErrorKind::Unavailable && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Between two looks at what gives no sign when it changes.
const PAUSE: Duration = Duration::from_millis(10);

/// The database's file.
struct File {
    path: PathBuf,
    /// This process has made it.
    is_new: bool,
}

impl File {
    /// A file with something in it, or a new one. SQLite takes an empty file for a new database: here it is a store that has lost
    /// everything, unless another process is about to fill it.
    async fn find_or_create(path: &Path, timeout: Duration) -> Result<Self, StoreError> {
        let wrong = |kind, what: &str| StoreError::new(kind, format!("SQLite file {}: {what}", path.display()));
        if path.to_str().is_none() {
            return Err(wrong(
                StoreErrorKind::Configuration,
                "the path is not UTF-8; use another",
            ));
        }
        let failed = |error: io::Error| {
            let (kind, what) = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (Fault::Full.kind(), Fault::Full.text()),
                _ => (
                    StoreErrorKind::Configuration,
                    "it can't be opened; look at the path, and whether this process may write there",
                ),
            };
            wrong(kind, what).with_source(error)
        };
        // Absolute: SQLite gives some relative names a meaning of their own, and the process may go elsewhere.
        let absolute = std::path::absolute(path).map_err(failed)?;
        let deadline = Instant::now() + timeout;
        loop {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&absolute) {
                Ok(_) => {
                    return Ok(Self {
                        path: absolute,
                        is_new: true,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
            match fs::metadata(&absolute) {
                Ok(metadata) if metadata.len() > 0 => {
                    return Ok(Self {
                        path: absolute,
                        is_new: false,
                    });
                }
                Ok(_) if Instant::now() >= deadline => {
                    let what = "it is empty: a store that was cut off, or one that was never begun; restore it from a backup, or \
                                remove it to begin anew";
                    return Err(wrong(StoreErrorKind::Damaged, what));
                }
                Ok(_) => tokio::time::sleep(PAUSE).await,
                // Whoever made it has given up.
                Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < deadline => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn name(&self) -> String {
        format!("SQLite file {}", self.path.display())
    }

    /// Whether it ends within a page of this size. That is no damage where a page is still to come from the log, as after a crash.
    fn ends_within(&self, page: i64) -> bool {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        // In this order: whoever removes the log has completed the file before.
        length(Path::new(&log)) == 0
            && u64::try_from(page).is_ok_and(|page| length(&self.path).checked_rem(page) != Some(0))
    }

    /// An empty file that is left behind would be taken for a store that was cut off.
    fn remove_if_begun(&self) {
        if self.is_new && fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == 0) {
            // If that fails, the error of the next start says to remove it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
