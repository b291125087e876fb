use sqlx::{
    Executor as _, PgPool, Postgres,
    error::DatabaseError,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgConnection},
};

use super::{
    StoreKeyRing, StoreOptions,
    database::{Database, Fault, Value, query, rows},
    schema::{Dialect, dialect},
    store::{Store, token_store},
    url::UrlRules,
};
use crate::{
    isv::store::{StoreError, StoreErrorKind},
    transport::BoxFuture,
};

/// A store in a PostgreSQL database, for several machines.
///
/// Its tables, `alipay_store`, `alipay_authorisation` and `alipay_lease`, are created once in the first schema of the user's `search_path`;
/// that user needs the right to do so. After that, any user who may read and write the tables can open the store.
///
/// Leases use the server's clock. If the clock is set forwards, leases end early; if it is set back, a lease may last up to twice its time.
/// Stored tokens are safe from both.
///
/// Needs the feature `postgres`, and runs on tokio.
pub struct PostgresStore(pub(super) Store<Postgres>);

token_store!(PostgresStore);

impl PostgresStore {
    /// Connects to the database of this URL, and creates the store's tables if they are missing.
    ///
    /// The URL is `postgres://user:password@host:5432/database`, with `?host=/folder` for a Unix socket. Missing parts are taken from the
    /// environment, as `psql` does: `PGHOST`, `PGPASSWORD` and so on, and `~/.pgpass`. Over a network add `sslmode=verify-full`, with
    /// `sslrootcert=/file.pem` for a private authority: by default TLS is used only if the server offers it. The tokens are encrypted before
    /// they are sent in any case. `sslmode=verify-ca` needs a default `CryptoProvider` of rustls: if the process has none, this installs one.
    ///
    /// Connect to the server itself, or to a pooler that keeps one server connection for each client (`PgBouncer`'s `pool_mode=session`). A
    /// pooler that shares connections between transactions or statements is not supported: the store prepares statements, and makes its
    /// session's writes durable.
    ///
    /// # Errors
    /// * [`WrongKey`](StoreErrorKind::WrongKey): the tables were created with another key; nothing is changed.
    /// * [`Configuration`](StoreErrorKind::Configuration): the URL is wrong, the server refuses the user or the password, the database does
    ///   not exist, or a newer release of this library has created the tables. The URL's password is not shown.
    /// * [`Unavailable`](StoreErrorKind::Unavailable): the server can't be reached in time.
    /// * [`Damaged`](StoreErrorKind::Damaged): the tables are not those that this library creates.
    pub async fn connect(url: &str, keys: impl Into<StoreKeyRing>) -> Result<Self, StoreError> {
        Self::connect_with(url, keys, &StoreOptions::new()).await
    }

    /// Connects as [`connect`](Self::connect) does, with other limits.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub async fn connect_with(
        url: &str,
        keys: impl Into<StoreKeyRing>,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let connect = read_url(url)?;
        #[cfg(any(feature = "aws-lc", feature = "ring"))]
        if matches!(connect.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyCa) {
            super::url::install_cryptography();
        }
        let name = name(&connect);
        let pool = PoolOptions::new().after_connect(|connection: &mut PgConnection, _| {
            Box::pin(async move { connection.execute(SESSION).await.map(drop) })
        });
        let store = Store::new(connect, pool, options, &keys.into(), name);
        store.set_up().await?;
        Ok(Self(store))
    }

    /// Uses the connections of a pool that the program has, and creates the store's tables if they are missing, in the first schema of its
    /// sessions' `search_path`.
    ///
    /// Of the options, only the timeout counts: how many connections there are is the pool's matter. The isolation of its transactions does
    /// not matter; its writes must be durable, so no session may have `synchronous_commit = off`. The pool is one of sqlx 0.9.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect). [`Configuration`](StoreErrorKind::Configuration) also if the session's writes are not durable.
    pub async fn from_pool(
        pool: PgPool,
        keys: impl Into<StoreKeyRing>,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let name = name(&pool.connect_options());
        let store = Store::with_pool(pool, options, &keys.into(), name);
        let rows = store
            .run("SELECT current_setting('synchronous_commit')", vec![])
            .await?;
        if matches!(rows.first().map(Vec::as_slice), Some([Value::Text(Some(setting))]) if setting == "off") {
            let what = "the pool's sessions have synchronous_commit = off, so that a crash of the server would lose tokens; set it \
                        to on, such as by `PgConnectOptions::options`";
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
    /// [`WrongKey`](StoreErrorKind::WrongKey): a row was encrypted with none of the keys. [`Configuration`](StoreErrorKind::Configuration):
    /// this user may not write to the table `alipay_store`. [`Unavailable`](StoreErrorKind::Unavailable). After an error it may be called
    /// again.
    pub async fn reseal(&self) -> Result<u64, StoreError> {
        self.0.reseal().await
    }

    /// Closes all connections after the operations in flight have ended. Later operations fail with
    /// [`Unavailable`](StoreErrorKind::Unavailable). A process may also end without calling it. A pool that was given stays open.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl Database for Postgres {
    const DIALECT: Dialect = dialect! {
        // Whatever the session's isolation, the statements after the lock see what others have committed meanwhile. The lock's number is
        // arbitrary: other programs are unlikely to use it.
        begin: ["BEGIN ISOLATION LEVEL READ COMMITTED", "SELECT pg_advisory_xact_lock(7092732164577747065)::TEXT"],
        end: "COMMIT",
        exists: "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('alipay_store')",
        any: None,
        now: "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)",
        create: "CREATE TABLE",
        integer: "BIGINT",
        name: "TEXT COLLATE \"C\"",
        bytes: "BYTEA",
        table: "",
        or_nothing: " ON CONFLICT DO NOTHING",
        or_update: "ON CONFLICT (id) DO UPDATE SET",
        after: "WHERE (app_id, auth_app_id) > ($2, $3)",
        longest_name: usize::MAX,
    };

    fn rows<'c>(
        connection: &'c mut PgConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>> {
        Box::pin(rows::<Self>(connection, query(statement, values)))
    }

    fn write<'c>(
        connection: &'c mut PgConnection,
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

    /// By [PostgreSQL's error codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = &*error.code().unwrap_or_default();
        match (code.get(..2).unwrap_or_default(), code) {
            // serialization_failure, deadlock_detected
            (_, "40001" | "40P01") => Fault::Conflict,
            // disk_full
            (_, "53100") => Fault::Full,
            // io_error
            (_, "58030") => Fault::Disk,
            // index_corrupted, data_corrupted
            (_, "XX001" | "XX002") => Fault::Damaged,
            // No such user, database, schema or prepared statement; a feature that the server lacks; no permission; behind a pooler, another
            // client's prepared statement.
            ("28" | "3D" | "3F" | "26" | "0A" | "F0", _) | (_, "42501" | "42P05") => Fault::Configuration,
            // Values, constraints and tables that this library has not written.
            ("22" | "23" | "42", _) => Fault::Damaged,
            // Connections, resources, locks, an operator's intervention, a read-only standby, and everything else that may pass.
            _ => Fault::Away,
        }
    }
}

/// The settings of each session, whatever the server's: a change is durable when it is reported done, and a statement that has waited for
/// another change continues with it instead of failing.
const SESSION: &str = "SELECT set_config('default_transaction_isolation', 'read committed', false), \
     set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE \
     current_setting('synchronous_commit') END, false)";

fn name(connect: &PgConnectOptions) -> String {
    match connect.get_socket() {
        Some(folder) => format!("PostgreSQL at {}", folder.display()),
        None => format!("PostgreSQL at {}:{}", connect.get_host(), connect.get_port()),
    }
}

const URL: UrlRules = UrlRules {
    product: "PostgreSQL",
    schemes: &["postgres", "postgresql"],
    parameters: &[
        "application_name",
        "dbname",
        "host",
        "hostaddr",
        "options",
        "options[",
        "password",
        "port",
        "ssl-ca",
        "ssl-cert",
        "ssl-key",
        "ssl-mode",
        "ssl-root-cert",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "user",
    ],
};

fn read_url(url: &str) -> Result<PgConnectOptions, StoreError> {
    URL.check(url)?;
    url.parse().map_err(|error| URL.malformed(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_server() {
        let options =
            read_url("postgresql://me:pa%40ss@db.example:6000/tokens?sslmode=verify-full&options[search_path]=isv")
                .unwrap();
        assert_eq!((options.get_host(), options.get_port()), ("db.example", 6000));
        assert_eq!(options.get_database(), Some("tokens"));
        assert_eq!(options.get_options(), Some("-c search_path=isv"));
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_its_password() {
        for (url, what) in [
            ("mysql://me:hunter2@host/db", "the beginning is not postgres://"),
            ("hunter2", "the beginning is not postgres://"),
            ("postgres://me:pass/hunter2@host/db", "as %2F"),
            ("postgres://me:12#hunter2@host/db", "as %2F"),
            ("postgres://me:hunter2@host:port/db", "malformed"),
            ("postgres://me@host/db?passwrd=hunter2", "\"passwrd\" is not known"),
            (
                "postgres://me@host/db?statement-cache-capacity=0",
                "\"statement-cache-capacity\" is not known",
            ),
            ("postgres://me:hunter2@host/db?sslmode=maybe", "malformed"),
        ] {
            let error = read_url(url).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(what), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
