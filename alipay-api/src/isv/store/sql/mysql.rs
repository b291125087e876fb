use sqlx::{
    AssertSqlSafe, Executor as _, MySql, MySqlPool,
    error::DatabaseError,
    mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError},
    pool::PoolOptions,
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

/// A store in a MySQL or MariaDB database, for several machines. Its statements are those of MySQL 8.0; it is tested with MariaDB 10.11 and MySQL
/// 9.7.
///
/// Its tables, `alipay_store`, `alipay_authorisation` and `alipay_lease`, are created once in the URL's database, by InnoDB; that user needs
/// the right `CREATE`. After that, any user who may `SELECT`, `INSERT`, `UPDATE` and `DELETE` in them can open the store. Texts are compared by
/// their bytes, and times are whole milliseconds since 1970 in UTC, whatever the collation, the time zone and the `sql_mode` of the session. An app
/// id, merchant or user id has at most 255 bytes.
///
/// All processes must reach the server that takes the writes, not a replica that may be behind. For every write to survive a crash of that
/// server's machine, `innodb_flush_log_at_trx_commit` must be 1, as it is by default, and with replicas `sync_binlog` too: both are settings
/// of the server, which no session can change. With 0 or 2, a crash may lose the last second, and so merchants whose tokens were refreshed in it.
///
/// Leases use the server's clock. If the clock is set forwards, leases end early; if it is set back, a lease may last up to twice its time.
/// Stored tokens are safe from both.
///
/// Needs the feature `mysql`, and runs on tokio.
pub struct MySqlStore(Store<MySql>);

token_store!(MySqlStore);

impl MySqlStore {
    /// Connects to the database of this URL, and creates the store's tables if they are missing.
    ///
    /// The URL is `mysql://user:password@host:3306/database`, with `?socket=/folder/mysqld.sock` for a Unix socket. Over a network add
    /// `ssl-mode=VERIFY_IDENTITY`, with `ssl-ca=/file.pem` for a private authority, and for a certificate of the user `ssl-cert` and `ssl-key`:
    /// by default TLS is used only if the server offers it, and its certificate is not checked, so whoever answers in its place gets the password.
    /// The tokens are encrypted before they are sent in any case. `ssl-mode=VERIFY_CA` needs a default `CryptoProvider` of rustls: if the process
    /// has none, this installs one.
    ///
    /// Passwords of MySQL's `caching_sha2_password` and `sha256_password` need TLS, so the feature `aws-lc` or `ring`: without TLS, the password
    /// would go to whoever answers, encrypted with a key that the answer brings. `mysql_native_password` works without.
    ///
    /// # Errors
    /// * [`WrongKey`](StoreErrorKind::WrongKey): the tables were created with another key; nothing is changed.
    /// * [`Configuration`](StoreErrorKind::Configuration): the URL is wrong or names no database, the server refuses the user or the password, the
    ///   database does not exist, or a newer release of this library has created the tables. The URL's password is not shown.
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
        if matches!(connect.get_ssl_mode(), sqlx::mysql::MySqlSslMode::VerifyCa) {
            super::url::install_cryptography();
        }
        let name = name(&connect);
        let pool = PoolOptions::new().after_connect(|connection: &mut MySqlConnection, _| {
            Box::pin(async move { connection.execute(SESSION).await.map(drop) })
        });
        let store = Store::new(connect, pool, options, &keys.into(), name);
        store.set_up().await?;
        Ok(Self(store))
    }

    /// Uses the connections of a pool that the program has, and creates the store's tables in its database if they are missing.
    ///
    /// Of the options, only the timeout counts: how many connections there are is the pool's matter. Its sessions must commit each statement
    /// (`autocommit`), as they do by default. The pool is one of sqlx 0.9.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect). [`Configuration`](StoreErrorKind::Configuration) also if the sessions don't commit each statement.
    pub async fn from_pool(
        pool: MySqlPool,
        keys: impl Into<StoreKeyRing>,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let name = name(&pool.connect_options());
        let store = Store::with_pool(pool, options, &keys.into(), name);
        let rows = store.run(READ_AUTOCOMMIT, vec![]).await?;
        if !matches!(rows.first().map(Vec::as_slice), Some([Value::Integer(Some(1))])) {
            let what = "the pool's sessions have autocommit = 0, so that nothing would be stored; set it to 1";
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

/// The setting of each session, whatever the server's.
const SESSION: &str = "SET autocommit = 1";

const READ_AUTOCOMMIT: &str = "SELECT @@autocommit";

/// `ER_DUP_ENTRY`
const DUPLICATE: u16 = 1062;

impl Database for MySql {
    const DIALECT: Dialect = dialect! {
        // Every `CREATE TABLE` commits, so no transaction can keep others away. Names of locks belong to the whole server, and have at most 64
        // characters: two databases with long names may wait for each other. The lock waits for longer than any store.
        begin: ["SELECT GET_LOCK(LEFT(CONCAT('alipay_store.', COALESCE(DATABASE(), '')), 64), 3600)"],
        end: "SELECT RELEASE_LOCK(LEFT(CONCAT('alipay_store.', COALESCE(DATABASE(), '')), 64))",
        exists: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'alipay_store'",
        any: Some("SELECT COUNT(*) FROM (SELECT 1 FROM alipay_authorisation LIMIT 1) AS found"),
        // `SYSDATE` alone is read after waiting for a lock, and only in the session's time zone: so its distance from the beginning of the
        // statement is added to that in UTC.
        now: "((TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6))) DIV 1000)",
        create: "CREATE TABLE IF NOT EXISTS",
        integer: "BIGINT",
        // No collation: even those by bytes take no notice of spaces at the end.
        name: "VARBINARY(255)",
        bytes: "LONGBLOB",
        table: " ENGINE = InnoDB",
        // `INSERT IGNORE` would also take no notice of other errors.
        or_nothing: "",
        or_update: "ON DUPLICATE KEY UPDATE",
        // For `(app_id, auth_app_id) > ($2, $3)` it reads all rows before them, too.
        after: "WHERE app_id > $2 OR (app_id = $2 AND auth_app_id > $3)",
        longest_name: 255,
    };

    fn rows<'c>(
        connection: &'c mut MySqlConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<Vec<Vec<Value>>, sqlx::Error>> {
        let (statement, values) = positional(statement, &values);
        Box::pin(rows::<Self>(connection, query(AssertSqlSafe(statement), values)))
    }

    fn write<'c>(
        connection: &'c mut MySqlConnection,
        statement: &'static str,
        values: Vec<Value>,
    ) -> BoxFuture<'c, Result<u64, sqlx::Error>> {
        let (statement, values) = positional(statement, &values);
        Box::pin(async move {
            match query::<Self>(AssertSqlSafe(statement), values)
                .execute(connection)
                .await
            {
                // sqlx asks the server to count the rows that were found, changed or not.
                Ok(done) => Ok(done.rows_affected()),
                Err(sqlx::Error::Database(error)) if number(&*error) == DUPLICATE => Ok(0),
                Err(error) => Err(error),
            }
        })
    }

    /// By [MySQL's error numbers](https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html), which MariaDB shares, and where
    /// these say little by the class of SQLSTATE.
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = error.code().unwrap_or_default();
        match (number(error), code.get(..2).unwrap_or_default()) {
            // ER_CHECKREAD, ER_LOCK_DEADLOCK
            (1020 | 1213, _) => Fault::Conflict,
            // ER_DISK_FULL, ER_RECORD_FILE_FULL
            (1021 | 1114, _) => Fault::Full,
            // ER_ERROR_ON_READ, ER_ERROR_ON_WRITE, ER_GET_ERRNO
            (1024 | 1026 | 1030, _) => Fault::Disk,
            // ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
            (1203 | 1226, _) => Fault::Away,
            // ER_NOT_KEYFILE, ER_OLD_KEYFILE, ER_CRASHED_ON_USAGE, ER_CRASHED_ON_REPAIR, ER_NO_DEFAULT_FOR_FIELD,
            // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_INDEX_CORRUPT, ER_CHECK_CONSTRAINT_VIOLATED; no such table or column; values and
            // constraints that this library has not written.
            (1034 | 1035 | 1194 | 1195 | 1364 | 1366 | 1712 | 3819, _) | (_, "21" | "22" | "23") => Fault::Damaged,
            _ if code.starts_with("42S") => Fault::Damaged,
            // ER_HOST_IS_BLOCKED, ER_HOST_NOT_PRIVILEGED, ER_NET_PACKET_TOO_LARGE, ER_NOT_SUPPORTED_AUTH_MODE, ER_UNSUPPORTED_PS,
            // ER_BINLOG_STMT_MODE_AND_ROW_ENGINE, ER_MUST_CHANGE_PASSWORD, ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED,
            // ER_SECURE_TRANSPORT_REQUIRED, MariaDB's ER_ACCOUNT_HAS_BEEN_LOCKED; no permission, no such user or database, a statement or a
            // feature that the server lacks.
            (1129 | 1130 | 1153 | 1251 | 1295 | 1665 | 1820 | 1862 | 3118 | 3159 | 4151, _)
            | (_, "0A" | "28" | "3D" | "42") => Fault::Configuration,
            // Connections, resources, locks, an operator's intervention, a read-only standby, and everything else that may pass.
            _ => Fault::Away,
        }
    }
}

fn number(error: &dyn DatabaseError) -> u16 {
    error
        .try_downcast_ref::<MySqlDatabaseError>()
        .map_or(0, MySqlDatabaseError::number)
}

/// MySQL's parameters have no numbers, but an order: a statement with `?`, and the values in their order there. Texts are sent as bytes, which
/// no character set of the session changes.
fn positional(statement: &str, values: &[Value]) -> (String, Vec<Value>) {
    let mut parts = statement.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut ordered = Vec::new();
    for part in parts {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let number: Option<usize> = part.strip_suffix(rest).and_then(|digits| digits.parse().ok());
        ordered.extend(
            number
                .and_then(|number| values.get(number.checked_sub(1)?))
                .map(|value| match value {
                    Value::Text(text) => Value::Bytes(text.clone().map(String::into_bytes)),
                    other => other.clone(),
                }),
        );
        text.push('?');
        text.push_str(rest);
    }
    (text, ordered)
}

fn name(connect: &MySqlConnectOptions) -> String {
    match connect.get_socket() {
        Some(socket) => format!("MySQL at {}", socket.display()),
        None => format!("MySQL at {}:{}", connect.get_host(), connect.get_port()),
    }
}

const URL: UrlRules = UrlRules {
    product: "MySQL",
    schemes: &["mysql", "mariadb"],
    parameters: &[
        "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "sslca", "sslcert", "sslkey", "sslmode",
    ],
};

fn read_url(url: &str) -> Result<MySqlConnectOptions, StoreError> {
    URL.check(url)?;
    let options: MySqlConnectOptions = url.parse().map_err(|error| URL.malformed(error))?;
    if options.get_database().is_none() {
        return Err(URL.wrong("no database is named; write it after the host, as in mysql://user@host/database"));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::isv::store::sql::schema;

    /// MariaDB, which the tests run, takes more than MySQL 8.0, such as `RETURNING`. What the statements use of SQL is therefore listed here, each
    /// word as the [manual of MySQL 8.0](https://dev.mysql.com/doc/refman/8.0/en/sql-statements.html) has it: look it up there before you add one.
    const WORDS: [&str; 52] = [
        // Statements and clauses. `IF` is that of `CREATE TABLE IF NOT EXISTS`, `ON`, `DUPLICATE` and `KEY` are those of `INSERT`, `CHECK` is enforced
        // from 8.0.16 on.
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CHECK",
        "CREATE",
        "DELETE",
        "DIV",
        "DUPLICATE",
        "ELSE",
        "END",
        "EXISTS",
        "FROM",
        "IF",
        "INSERT",
        "INTO",
        "KEY",
        "LIMIT",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "PRIMARY",
        "SELECT",
        "SET",
        "TABLE",
        "THEN",
        "UPDATE",
        "VALUES",
        "WHEN",
        "WHERE",
        // Types and options of tables.
        "BIGINT",
        "ENGINE",
        "INNODB",
        "LONGBLOB",
        "VARBINARY",
        // Functions.
        "COALESCE",
        "CONCAT",
        "COUNT",
        "DATABASE",
        "GET_LOCK",
        "LEFT",
        "LENGTH",
        "MICROSECOND",
        "NOW",
        "RELEASE_LOCK",
        "SYSDATE",
        "TIMESTAMPDIFF",
        "UTC_TIMESTAMP",
        // A variable of the session.
        "AUTOCOMMIT",
    ];

    /// The names of tables and columns.
    const NAMES: [&str; 25] = [
        "alipay_authorisation",
        "alipay_lease",
        "alipay_store",
        "app_auth_token",
        "app_id",
        "app_refresh_token",
        "auth_app_id",
        "authorised_at",
        "duration",
        "ends_at",
        "expires_at",
        "found",
        "holder",
        "id",
        "issued_at",
        "key_check",
        "refresh_expires_at",
        "schema_version",
        "state",
        "user_id",
        "version",
        // Of the server's own.
        "information_schema",
        "table_name",
        "table_schema",
        "tables",
    ];

    fn statements() -> Vec<&'static str> {
        let dialect = MySql::DIALECT;
        let mut statements = vec![
            schema::READ_STORE,
            schema::LOAD,
            schema::OF_APP,
            schema::OF_APP_AFTER,
            schema::ALL,
            schema::RESEAL,
            schema::RESEAL_STORE,
            schema::UPDATE,
            schema::RESTORE,
            schema::REMOVE,
            schema::REMOVED,
            schema::RELEASE,
            dialect.end,
            dialect.exists,
            dialect.write_store,
            dialect.insert,
            dialect.all_after,
            SESSION,
            READ_AUTOCOMMIT,
        ];
        statements.extend(dialect.any);
        statements.extend(dialect.begin.iter().chain(&dialect.lease));
        statements.extend(dialect.migrations.iter().copied().flatten());
        statements
    }

    #[test]
    fn statements_use_what_mysql_8_has() {
        let mut used = BTreeSet::new();
        for statement in statements() {
            assert!(!statement.contains('?'), "{statement}");
            // Without the texts in quotes.
            let code: String = statement.split('\'').step_by(2).collect();
            used.extend(
                code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .filter(|word| {
                        word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !NAMES.contains(word)
                    })
                    .map(str::to_ascii_uppercase),
            );
            assert!(
                !code.contains('"') && !code.contains("::") && !code.contains("||"),
                "{statement}"
            );
        }
        assert_eq!(used, WORDS.map(str::to_owned).into());
    }

    #[test]
    fn parameters_are_put_in_order() {
        let values = [
            Value::Text(Some("a商".to_owned())),
            Value::Integer(None),
            Value::Bytes(Some(vec![1])),
        ];
        let (text, ordered) = positional("SET x = $3, y = $2 WHERE z = $1 AND w = $3 - 1", &values);
        assert_eq!(text, "SET x = ?, y = ? WHERE z = ? AND w = ? - 1");
        assert!(matches!(
            &*ordered,
            [
                Value::Bytes(Some(third)),
                Value::Integer(None),
                Value::Bytes(Some(first)),
                Value::Bytes(Some(again)),
            ] if third == &[1] && again == &[1] && first == "a商".as_bytes()
        ));
        for statement in statements() {
            let values: Vec<_> = (1..=11).map(|number| Value::Integer(Some(number))).collect();
            let (text, ordered) = positional(statement, &values);
            assert_eq!(text.matches('?').count(), ordered.len(), "{statement}");
            assert!(!text.contains('$'), "{statement}");
        }
    }

    #[test]
    fn a_url_names_its_server() {
        let options =
            read_url("mysql://me:pa%40ss@db.example:6000/tokens?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem").unwrap();
        assert_eq!((options.get_host(), options.get_port()), ("db.example", 6000));
        assert_eq!(options.get_database(), Some("tokens"));
        assert_eq!(name(&options), "MySQL at db.example:6000");
        let options = read_url("mariadb://me@localhost/tokens?socket=/run/mysqld.sock").unwrap();
        assert_eq!(name(&options), "MySQL at /run/mysqld.sock");
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_its_password() {
        for (url, what) in [
            ("postgres://me:hunter2@host/db", "the beginning is not mysql://"),
            ("hunter2", "the beginning is not mysql://"),
            ("mysql://me:pass/hunter2@host/db", "as %2F"),
            ("mysql://me:12#hunter2@host/db", "as %2F"),
            ("mysql://me:hunter2@host:port/db", "malformed"),
            ("mysql://me:hunter2@host", "no database is named"),
            ("mysql://me:hunter2@host/", "no database is named"),
            ("mysql://me@host/db?passwrd=hunter2", "\"passwrd\" is not known"),
            // These go into a statement as they are.
            ("mysql://me@host/db?charset=utf8mb4;hunter2", "\"charset\" is not known"),
            ("mysql://me@host/db?timezone=hunter2", "\"timezone\" is not known"),
            ("mysql://me:hunter2@host/db?ssl-mode=maybe", "malformed"),
        ] {
            let error = read_url(url).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(what), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
