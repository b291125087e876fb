use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Sqlite, SqlitePool,
    error::DatabaseError,
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous},
};
use tokio::time::Instant;

use super::{
    StoreKeyRing, StoreOptions,
    database::{Database, Fault, Value, query, rows},
    schema::{Dialect, dialect},
    store::{Store, token_store},
};
use crate::{
    isv::store::{StoreError, StoreErrorKind},
    transport::BoxFuture,
};

/// A store in a SQLite file, for the processes of one machine. It survives restarts.
///
/// The file must be on a local disk: SQLite's locks don't work on a network share. It is created with access for its owner only. Two more
/// files are beside it, with `-wal` and `-shm` after the name. A plain copy of the file may lack the latest tokens: back it up with SQLite's
/// `VACUUM INTO`.
///
/// Leases use the machine's clock. If the clock is set forwards, leases end early; if it is set back, a lease may last up to twice its time.
/// Stored tokens are safe from both.
///
/// Needs the feature `sqlite`, and runs on tokio.
pub struct SqliteStore(Store<Sqlite>);

token_store!(SqliteStore);

impl SqliteStore {
    /// Opens the store in this file, or creates the file if it is missing.
    ///
    /// The whole file is checked once, because damage must be found before new tokens can't be stored.
    ///
    /// # Errors
    /// * [`WrongKey`](StoreErrorKind::WrongKey): the file was created with another key; nothing is changed.
    /// * [`Damaged`](StoreErrorKind::Damaged): the file is not a SQLite database, or is truncated, overwritten or empty.
    /// * [`Configuration`](StoreErrorKind::Configuration): the file can't be opened, or a newer release of this library has created it.
    /// * [`Unavailable`](StoreErrorKind::Unavailable): another process keeps the file locked, or the disk is full.
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

    /// Uses the connections of a pool that the program has, and creates the store's tables in its file if they are missing: the tables are beside
    /// the program's own, in one file with one `-wal`.
    ///
    /// Of the options, only the timeout counts; the pool's own settings are used for everything else. Its writes must be durable, so
    /// `synchronous` must be `FULL`, as it is by default, or `EXTRA`, and on macOS `fullfsync` `ON`: that it is, only the pool ensures. The
    /// journal mode must not be `MEMORY` or `OFF`, nor the database in memory. Choose `WAL`, or readers wait for writers, and a `busy_timeout`
    /// shorter than the options' timeout. The file is not checked for damage. The pool is one of sqlx 0.9.
    ///
    /// # Errors
    /// * [`WrongKey`](StoreErrorKind::WrongKey): the tables were created with another key; nothing is changed.
    /// * [`Damaged`](StoreErrorKind::Damaged): the file is not a SQLite database, or its tables are not those that this library creates.
    /// * [`Configuration`](StoreErrorKind::Configuration): the file can't be opened or its writes are not durable, or a newer release of this
    ///   library has created the tables.
    /// * [`Unavailable`](StoreErrorKind::Unavailable): another process keeps the file locked, or the disk is full.
    pub async fn from_pool(
        pool: SqlitePool,
        keys: impl Into<StoreKeyRing>,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let name = format!("SQLite file {}", pool.connect_options().get_filename().display());
        let store = Store::with_pool(pool, options, &keys.into(), name);
        let rows = store.run("PRAGMA synchronous", vec![]).await?;
        if matches!(rows.first().map(Vec::as_slice), Some([Value::Integer(Some(..2))])) {
            let what = "the pool's connections have synchronous = OFF or NORMAL, so that a power cut would lose tokens; set it to FULL \
                        (`SqliteConnectOptions::synchronous`)";
            return Err(store.error(StoreErrorKind::Configuration, what));
        }
        // That of a database in memory is `memory`, too.
        let rows = store.run("PRAGMA journal_mode", vec![]).await?;
        if let Some([Value::Text(Some(mode))]) = rows.first().map(Vec::as_slice)
            && matches!(mode.as_str(), "memory" | "off")
        {
            let what = format!(
                "the pool's connections have journal_mode = {mode}, so that a crash would lose tokens; use a file, and set it to WAL \
                 (`SqliteConnectOptions::journal_mode`)"
            );
            return Err(store.error(StoreErrorKind::Configuration, what));
        }
        store.set_up().await?;
        Ok(Self(store))
    }

    /// Encrypts with the first [key](StoreKeyRing) all tokens that were encrypted with another, and returns the number of merchants. After
    /// that, the store can be opened with the first key alone, and not without it. Others may use the store meanwhile.
    ///
    /// A row that somebody has changed stays as it is, with a warning in the log: no key decrypts it.
    ///
    /// # Errors
    /// [`WrongKey`](StoreErrorKind::WrongKey): a row was encrypted with none of the keys.
    /// [`Unavailable`](StoreErrorKind::Unavailable). After an error it may be called again.
    pub async fn reseal(&self) -> Result<u64, StoreError> {
        self.0.reseal().await
    }

    /// Closes all connections after the operations in flight have ended. Later operations fail with
    /// [`Unavailable`](StoreErrorKind::Unavailable). After that the file is complete without its `-wal`. A process may also end without
    /// calling it. A pool that was given stays open.
    pub async fn close(&self) {
        self.0.close().await;
    }

    async fn open_file(file: &File, keys: &StoreKeyRing, options: &StoreOptions) -> Result<Self, StoreError> {
        let connect = SqliteConnectOptions::new()
            .filename(&file.path)
            // Shorter than the time for an answer, because SQLite's own error says more than a timeout.
            .busy_timeout(options.timeout * 4 / 5)
            .synchronous(SqliteSynchronous::Full)
            // macOS needs it to flush the disk's cache.
            .pragma("fullfsync", "ON")
            // A manipulated file must not run functions.
            .pragma("trusted_schema", "OFF");
        let store = Store::new(connect, PoolOptions::new(), options, keys, file.name());
        check(&store, file).await?;
        // A file with another key must not be changed.
        store.is_set_up().await?;
        write_ahead(&store, options.timeout).await?;
        store.set_up().await?;
        Ok(Self(store))
    }
}

impl Database for Sqlite {
    const DIALECT: Dialect = dialect! {
        begin: ["BEGIN IMMEDIATE"],
        end: "COMMIT",
        exists: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'alipay_store'",
        any: None,
        now: "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
        create: "CREATE TABLE",
        integer: "INTEGER",
        name: "TEXT",
        bytes: "BLOB",
        table: " STRICT, WITHOUT ROWID",
        or_nothing: " ON CONFLICT DO NOTHING",
        or_update: "ON CONFLICT (id) DO UPDATE SET",
        after: "WHERE (app_id, auth_app_id) > ($2, $3)",
        longest_name: usize::MAX,
    };

    fn rows<'c>(
        connection: &'c mut SqliteConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>> {
        Box::pin(rows::<Self>(connection, query(statement, values)))
    }

    fn write<'c>(
        connection: &'c mut SqliteConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<u64, sqlx::Error>> {
        Box::pin(async move {
            Ok(query::<Self>(statement, values)
                .execute(connection)
                .await?
                .rows_affected())
        })
    }

    /// By [SQLite's result codes](https://www.sqlite.org/rescode.html).
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = error.code().unwrap_or_default().parse::<u32>().unwrap_or_default();
        // The lowest byte is the class; the others give details.
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
            // ERROR (no such table), CORRUPT, CONSTRAINT, NOTADB, and everything else that shows a changed file.
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
        let what = format!("the database is damaged; restore it from a backup. SQLite's check says: {found}");
        return Err(store.error(StoreErrorKind::Damaged, what));
    }
    // SQLite reads a truncated last page as zeros.
    let rows = store.run("PRAGMA page_size", vec![]).await?;
    if let Some([Value::Integer(Some(page))]) = rows.first().map(Vec::as_slice)
        && file.ends_within(*page)
    {
        return Err(store.error(
            StoreErrorKind::Damaged,
            "the file is truncated; restore it from a backup",
        ));
    }
    Ok(())
}

/// Lets readers and a writer work at the same time. The mode is stored in the file.
async fn write_ahead(store: &Store<Sqlite>, timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + timeout;
    // Unlike everything else in SQLite, changing the mode does not wait for others.
    loop {
        match store.run("PRAGMA journal_mode = WAL", vec![]).await {
            Ok(rows) => {
                return match rows.first().map(Vec::as_slice) {
                    Some([Value::Text(Some(mode))]) if mode == "wal" => Ok(()),
                    _ => {
                        let what = "the disk has no shared memory for SQLite's write-ahead log; use a local disk of this machine";
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

/// The pause between two attempts, where no event can be waited for.
const PAUSE: Duration = Duration::from_millis(10);

/// The database's file.
struct File {
    path: PathBuf,
    /// Whether this process has created the file.
    is_new: bool,
}

impl File {
    /// A file with content, or a new one. SQLite treats an empty file as a new database. Here it is a store that has lost everything, unless
    /// another process is about to write it.
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
                    "the file can't be opened; check the path, and whether this process may write there",
                ),
            };
            wrong(kind, what).with_source(error)
        };
        // Absolute, because some relative names are special in SQLite, and the process may change its folder.
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
                    let what = "the file is empty: the store was truncated or never written; restore it from a backup, or \
                                remove it to start with a new store";
                    return Err(wrong(StoreErrorKind::Damaged, what));
                }
                Ok(_) => tokio::time::sleep(PAUSE).await,
                // The process that created it has given up.
                Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < deadline => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn name(&self) -> String {
        format!("SQLite file {}", self.path.display())
    }

    /// Whether the file ends within a page of this size. That is no damage if the rest of the page is in the log, as after a crash.
    fn ends_within(&self, page: i64) -> bool {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        // The log first: it is removed only after the file is complete.
        length(Path::new(&log)) == 0
            && u64::try_from(page).is_ok_and(|page| length(&self.path).checked_rem(page) != Some(0))
    }

    /// Removes an empty new file, which would be mistaken for a truncated store.
    fn remove_if_begun(&self) {
        if self.is_new && fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == 0) {
            // If this fails, the error of the next start says to remove the file.
            let _ = fs::remove_file(&self.path);
        }
    }
}
