//! The database: one table of rows, whose keys and values are JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, watch};

use super::folder::{DataError, Folder};
use super::{Batch, End, Progress, StorageError, Store};
use crate::table::Change;

/// What the file is called in the folder.
pub(super) const FILE: &str = "alipay-mock.db";

/// Marks a database as one of this program: the bytes `aMoc`.
const APPLICATION: i64 = 0x614d_6f63;

/// The version of the format: raise it with every change of what the rows hold.
const VERSION: i64 = 1;

/// Opens the database of a folder, or makes it, and gives all rows: table, key and value.
pub(crate) async fn open(folder: &Folder) -> Result<(SqliteConnection, Vec<(String, String, String)>), DataError> {
    let file = folder.database()?;
    let failed = |error: sqlx::Error| DataError::Database {
        file: file.clone(),
        source: error,
    };
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .journal_mode(SqliteJournalMode::Wal)
        // What is committed survives the end of the process, and the database always stays sound.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("trusted_schema", "OFF");
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
    prepare(&mut connection, &file).await?;
    let rows = sqlx::query_as("SELECT name, key, value FROM entry")
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    Ok((connection, rows))
}

/// Keeps changes there, and the folder, until the store is closed.
pub(crate) fn keep(connection: SqliteConnection, folder: Folder) -> Store {
    let (store, batches, progress) = Store::new();
    tokio::spawn(write(connection, folder, batches, progress));
    store
}

/// Looks whose database it is; one that is empty becomes the gateway's.
async fn prepare(connection: &mut SqliteConnection, file: &Path) -> Result<(), DataError> {
    let failed = |source: sqlx::Error| DataError::Database {
        file: PathBuf::from(file),
        source,
    };
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    match (application, version) {
        (0, 0) if tables == 0 => {
            let mut transaction = connection.begin().await.map_err(failed)?;
            sqlx::raw_sql(
                "CREATE TABLE entry (name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID",
            )
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            for (pragma, value) in [("application_id", APPLICATION), ("user_version", VERSION)] {
                // A pragma takes no parameters.
                let statement = sqlx::AssertSqlSafe(format!("PRAGMA {pragma} = {value}"));
                sqlx::raw_sql(statement)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)
        }
        (APPLICATION, VERSION) => Ok(()),
        (APPLICATION, version) => Err(DataError::Version {
            file: PathBuf::from(file),
            version,
            expected: VERSION,
        }),
        _ => Err(DataError::Foreign(PathBuf::from(file))),
    }
}

/// Writes batches until the store is closed or something fails. The folder is locked as long.
async fn write(
    mut connection: SqliteConnection,
    folder: Folder,
    mut batches: mpsc::UnboundedReceiver<Batch>,
    progress: watch::Sender<Progress>,
) {
    let mut failure = None;
    while let Some(first) = batches.recv().await {
        // Whatever waits goes into one transaction.
        let mut waiting = vec![first];
        while let Ok(batch) = batches.try_recv() {
            waiting.push(batch);
        }
        let count = waiting.len();
        match commit(&mut connection, waiting).await {
            Ok(()) => progress.send_modify(|progress| progress.committed += count as u64),
            Err(error) => {
                let file = folder.path().join(FILE);
                failure = Some(StorageError(format!("{}: {error}", file.display()).into()));
                break;
            }
        }
    }
    // All that is committed is safe, whether this succeeds or not.
    let _ = connection.close().await;
    drop(folder);
    let end = failure.map_or(End::Closed, End::Failed);
    progress.send_modify(|progress| progress.end = Some(end));
}

async fn commit(
    connection: &mut SqliteConnection,
    batches: Vec<Batch>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Of a row that changed several times, only the last value counts.
    let mut rows = BTreeMap::new();
    for batch in batches {
        for Change { table, key, value } in batch? {
            rows.insert((table, key), value);
        }
    }
    let mut transaction = connection.begin().await?;
    for ((table, key), value) in rows {
        match value {
            Some(value) => {
                sqlx::query(
                    "INSERT INTO entry (name, key, value) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
                )
                .bind(table)
                .bind(key)
                .bind(value)
                .execute(&mut *transaction)
                .await?;
            }
            None => {
                sqlx::query("DELETE FROM entry WHERE name = ? AND key = ?")
                    .bind(table)
                    .bind(key)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
    }
    Ok(transaction.commit().await?)
}
