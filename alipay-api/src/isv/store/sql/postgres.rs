use sqlx::{
    Postgres,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgConnection},
};

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

/// A store in a PostgreSQL database, for several machines.
///
/// Its tables, `alipay_store`, `alipay_authorisation` and `alipay_lease`, are created once in the first schema of the user's `search_path`;
/// that user needs the right to do so. After that, any user who may read and write the tables can open the store.
///
/// Leases use the server's clock. If the clock is set forwards, leases end early; if it is set back, a lease may last up to twice its time.
/// Stored tokens are safe from both.
///
/// Needs the feature `postgres`, and runs on tokio.
pub struct PostgresStore(Store<Postgres>);

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
            install_cryptography();
        }
        let name = match connect.get_socket() {
            Some(folder) => format!("PostgreSQL at {}", folder.display()),
            None => format!("PostgreSQL at {}:{}", connect.get_host(), connect.get_port()),
        };
        let pool = PoolOptions::new().after_connect(|connection, _| {
            Box::pin(async move { Postgres::rows(connection, SESSION, vec![]).await.map(drop) })
        });
        let store = Store::new(connect, pool, options, &keys.into(), name);
        if !store.is_set_up().await? {
            store.set_up().await?;
        }
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
    /// [`Unavailable`](StoreErrorKind::Unavailable). A process may also end without calling it.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl Database for Postgres {
    const DIALECT: Dialect = dialect! {
        // An arbitrary number that other programs are unlikely to use.
        begin: ["BEGIN", "SELECT pg_advisory_xact_lock(7092732164577747065)::TEXT"],
        exists: "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('alipay_store')",
        now: "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)",
        integer: "BIGINT",
        name: "TEXT COLLATE \"C\"",
        bytes: "BYTEA",
        table: "",
    };

    fn rows<'c>(
        connection: &'c mut PgConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>> {
        Box::pin(rows::<Self>(connection, statement, values))
    }

    /// By [PostgreSQL's error codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
    fn fault(code: &str) -> Fault {
        match (code.get(..2).unwrap_or_default(), code) {
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

/// The known parameters of a URL.
const PARAMETERS: [&str; 17] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
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
];

/// For `verify-ca`, sqlx takes the process's default cryptography, and rustls panics where a program has both of its kinds and chose none.
#[cfg(any(feature = "aws-lc", feature = "ring"))]
fn install_cryptography() {
    #[cfg(feature = "aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster: then there is one.
        let _ = provider.install_default();
    }
}

fn read_url(url: &str) -> Result<PgConnectOptions, StoreError> {
    let wrong = |what: String| StoreError::new(StoreErrorKind::Configuration, format!("the PostgreSQL URL: {what}"));
    let Some(("postgres" | "postgresql", rest)) = url.split_once("://") else {
        return Err(wrong(
            "the beginning is not postgres://; use a URL of PostgreSQL".to_owned(),
        ));
    };
    // Otherwise a part of the password could be read as the database's name, which errors show.
    let path = rest
        .find(['/', '?', '#'])
        .and_then(|at| rest.get(at..))
        .unwrap_or_default();
    if path.contains(['@', '#']) {
        let what = "write /, ?, # and @ in a name or password as %2F, %3F, %23 and %40";
        return Err(wrong(what.to_owned()));
    }
    // sqlx logs unknown parameters with their values.
    let query = path.split_once('?').map_or("", |(_, query)| query);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        if !PARAMETERS.contains(&name) && !name.starts_with("options[") {
            return Err(wrong(format!("the parameter {name:?} is not known; remove it")));
        }
    }
    url.parse()
        .map_err(|error: sqlx::Error| wrong("the URL is malformed; fix the cause".to_owned()).with_source(error))
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
