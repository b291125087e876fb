//! What the stores need of a database: they send statements and get rows of plain values.

use std::{io, time::Duration};

use sqlx::{
    Column as _, ColumnIndex, Decode, Encode, Executor, Row as _, SqlSafeStr, Type, TypeInfo as _, ValueRef as _,
    error::DatabaseError, pool::PoolConnection, query::Query,
};

use super::schema::Dialect;
use crate::{isv::store::StoreErrorKind, transport::BoxFuture};

/// A database that can keep tokens.
pub(super) trait Database: sqlx::Database {
    const DIALECT: Dialect;

    /// Runs one statement to its end and returns its rows: [`rows`], called where the types of the database are known.
    fn rows<'c>(
        connection: &'c mut Self::Connection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>>;

    /// Runs one statement to its end and returns how many rows it has written. An `INSERT` whose row is there already writes none.
    fn write<'c>(
        connection: &'c mut Self::Connection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<u64, sqlx::Error>>;

    /// What an error of the database means.
    fn fault(error: &dyn DatabaseError) -> Fault;
}

/// What is wrong with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database can't be reached, or is busy.
    Away,
    /// The database has undone the statement for the sake of another: a deadlock, or a row that has changed meanwhile.
    Conflict,
    /// The disk is full.
    Full,
    /// The disk can't be read or written: over a quota, or broken.
    Disk,
    /// The database can't work as it is configured.
    Configuration,
    /// The TLS connection that was asked for can't be made.
    Tls,
    /// The database has content that this library has not written.
    Damaged,
}

impl Fault {
    pub(super) fn of<D: Database>(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => D::fault(&**error),
            sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => Self::Configuration,
            sqlx::Error::Tls(_) => Self::Tls,
            // Errors of the TLS handshake, such as a wrong certificate, are reported as this kind.
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Self::Tls,
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. } => Self::Damaged,
            _ => Self::Away,
        }
    }

    pub(super) fn kind(self) -> StoreErrorKind {
        match self {
            Self::Away | Self::Conflict | Self::Full | Self::Disk => StoreErrorKind::Unavailable,
            Self::Configuration | Self::Tls => StoreErrorKind::Configuration,
            Self::Damaged => StoreErrorKind::Damaged,
        }
    }

    /// What was wrong and what to do.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Away | Self::Conflict => "the database can't be reached, or is busy; try again",
            Self::Full => "the disk is full, or its quota is used up; make room, and try again",
            Self::Disk => {
                "the disk can't be read or written; check whether it is full, over its quota or broken, and try again"
            }
            Self::Configuration => "the database can't be used as it is configured; fix the cause",
            Self::Tls => {
                "the TLS connection to the database failed: the server has no TLS, or its certificate is not issued by an \
                 authority that the URL names or not for this host; fix the cause"
            }
            Self::Damaged => {
                "the database has content that no token store has written, or is damaged; restore it from a backup"
            }
        }
    }
}

/// A parameter or a result of a statement; `None` is NULL.
#[derive(Clone)]
pub(super) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// [`Database::rows`] or [`Database::write`].
pub(super) type Sending<D, T> = for<'c> fn(
    &'c mut <D as sqlx::Database>::Connection,
    &'static str,
    Vec<Value>,
) -> BoxFuture<'c, Result<T, sqlx::Error>>;

/// A connection that was borrowed from the pool.
///
/// It is closed unless it is given back: after an error, a timeout or a cancelled caller it may be stuck, or have an open transaction.
pub(super) struct Loan<D: Database> {
    connection: Option<PoolConnection<D>>,
    in_transaction: bool,
}

impl<D: Database> Loan<D> {
    pub(super) fn new(connection: PoolConnection<D>) -> Self {
        Self {
            connection: Some(connection),
            in_transaction: false,
        }
    }

    /// The same for several statements that belong together: none of them is repeated by itself.
    pub(super) fn for_transaction(mut self) -> Self {
        self.in_transaction = true;
        self
    }

    /// Runs one statement to its end, as [`Database::rows`] or [`Database::write`] does. Where it is a transaction by itself, it is repeated
    /// while the database undoes it for the sake of another statement, which then has made progress.
    pub(super) async fn send<T>(
        &mut self,
        limit: Duration,
        send: Sending<D, T>,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<T, sqlx::Error> {
        let Some(connection) = &mut self.connection else {
            return Err(sqlx::Error::PoolClosed);
        };
        let outcome = async {
            loop {
                match send(&mut *connection, statement, values.clone()).await {
                    Err(error) if !self.in_transaction && Fault::of::<D>(&error) == Fault::Conflict => {}
                    outcome => return outcome,
                }
            }
        };
        match tokio::time::timeout(limit, outcome).await {
            Ok(outcome) => outcome,
            Err(elapsed) => Err(sqlx::Error::Io(elapsed.into())),
        }
    }

    /// Returns the connection to the pool, which first tests it. If the test takes longer than `limit`, the connection is closed: the pool
    /// itself would wait for ever, and count the connection meanwhile.
    pub(super) fn give_back(mut self, limit: Duration) {
        if let Some(mut connection) = self.connection.take() {
            tokio::spawn(tokio::time::timeout(limit, connection.return_to_pool()));
        }
    }
}

impl<D: Database> Drop for Loan<D> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

/// A statement with its values.
pub(super) fn query<'q, D>(statement: impl SqlSafeStr, values: Vec<Value>) -> Query<'q, D, D::Arguments>
where
    D: sqlx::Database,
    Option<i64>: for<'v> Encode<'v, D> + Type<D>,
    Option<String>: for<'v> Encode<'v, D> + Type<D>,
    Option<Vec<u8>>: for<'v> Encode<'v, D> + Type<D>,
{
    values
        .into_iter()
        .fold(sqlx::query::<D>(statement), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
}

/// Runs one statement and reads its rows.
pub(super) async fn rows<'c, D>(
    connection: &'c mut D::Connection,
    query: Query<'_, D, D::Arguments>,
) -> Result<Vec<Vec<Value>>, sqlx::Error>
where
    D: sqlx::Database,
    &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: sqlx::IntoArguments<D>,
    usize: ColumnIndex<D::Row>,
    Option<i64>: for<'r> Decode<'r, D> + Type<D>,
    Option<String>: for<'r> Decode<'r, D> + Type<D>,
    Option<Vec<u8>>: for<'r> Decode<'r, D> + Type<D>,
{
    let read = |row: &D::Row, column: &D::Column| {
        let index = column.ordinal();
        let raw = row.try_get_raw(index)?;
        match raw.type_info().name() {
            "INT8" | "INTEGER" | "BIGINT" | "INT" => row.try_get(index).map(Value::Integer),
            "TEXT" => row.try_get(index).map(Value::Text),
            // A text of MySQL that is compared by its bytes.
            "VARBINARY" => {
                let bytes: Option<Vec<u8>> = row.try_get(index)?;
                let text = bytes.map(String::from_utf8).transpose();
                text.map(Value::Text)
                    .map_err(|error| sqlx::Error::Decode(error.utf8_error().into()))
            }
            "BYTEA" | "BLOB" | "LONGBLOB" => row.try_get(index).map(Value::Bytes),
            other => Err(sqlx::Error::Decode(format!("a column is of the type {other}").into())),
        }
    };
    // All rows are fetched even if one is expected: a statement that is not read to its end may not have been carried out.
    let rows = query.fetch_all(connection).await?;
    rows.iter()
        .map(|row| row.columns().iter().map(|column| read(row, column)).collect())
        .collect()
}
