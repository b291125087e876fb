//! The tables, and what differs between databases in the text of statements.

/// A database's own way to say what all of them can do.
pub(super) struct Dialect {
    /// Begins a transaction that will write. What follows waits until no other such transaction is under way.
    pub(super) begin: &'static [&'static str],
    /// How many tables are called `alipay_store`: none or one.
    pub(super) exists: &'static str,
    /// The statements that lead from each version of the schema to the next, from an empty database on. Its latest version is their count.
    pub(super) migrations: &'static [&'static [&'static str]],
    /// Takes a lease: for `$1` and `$2`, by `$3`, for `$4` milliseconds. A row is the answer if it is taken.
    pub(super) lease: &'static str,
}

/// One text for all databases: `$now` is the database's clock in milliseconds since 1970, read anew each time and after any wait for a
/// lock; `$name` is the type of a text that is compared by its bytes.
macro_rules! dialect {
    (
        begin: $begin:expr, exists: $exists:literal, now: $now:literal,
        integer: $integer:literal, name: $name:literal, bytes: $bytes:literal, table: $table:literal $(,)?
    ) => {
        $crate::isv::store::sql::schema::Dialect {
            begin: &$begin,
            exists: $exists,
            migrations: &[&[
                // Its one row tells what the other tables look like, and which key was used.
                concat!(
                    "CREATE TABLE alipay_store (",
                    "id ",
                    $integer,
                    " NOT NULL PRIMARY KEY CHECK (id = 1), ",
                    "schema_version ",
                    $integer,
                    " NOT NULL, ",
                    "key_check ",
                    $bytes,
                    " NOT NULL)",
                    $table
                ),
                concat!(
                    "CREATE TABLE alipay_authorisation (",
                    "app_id ",
                    $name,
                    " NOT NULL, ",
                    "auth_app_id ",
                    $name,
                    " NOT NULL, ",
                    "version ",
                    $integer,
                    " NOT NULL, ",
                    "app_auth_token ",
                    $bytes,
                    " NOT NULL, ",
                    "app_refresh_token ",
                    $bytes,
                    " NOT NULL, ",
                    "user_id ",
                    $name,
                    " NOT NULL, ",
                    "state ",
                    $name,
                    " NOT NULL, ",
                    "authorised_at ",
                    $integer,
                    " NOT NULL, ",
                    "issued_at ",
                    $integer,
                    " NOT NULL, ",
                    "expires_at ",
                    $integer,
                    ", ",
                    "refresh_expires_at ",
                    $integer,
                    ", ",
                    "PRIMARY KEY (app_id, auth_app_id))",
                    $table
                ),
                // Apart from the authorisations: a merchant that was never stored can be leased, too.
                concat!(
                    "CREATE TABLE alipay_lease (",
                    "app_id ",
                    $name,
                    " NOT NULL, ",
                    "auth_app_id ",
                    $name,
                    " NOT NULL, ",
                    "holder ",
                    $name,
                    " NOT NULL, ",
                    "duration ",
                    $integer,
                    " NOT NULL, ",
                    "ends_at ",
                    $integer,
                    " NOT NULL, ",
                    "PRIMARY KEY (app_id, auth_app_id))",
                    $table
                ),
            ]],
            // A lease that ends later than twice its time from now was taken before the clock was set back.
            lease: concat!(
                "INSERT INTO alipay_lease (app_id, auth_app_id, holder, duration, ends_at) ",
                "VALUES ($1, $2, $3, $4, ",
                $now,
                " + $4) ",
                "ON CONFLICT (app_id, auth_app_id) DO UPDATE ",
                "SET holder = excluded.holder, duration = excluded.duration, ends_at = ",
                $now,
                " + excluded.duration ",
                "WHERE alipay_lease.holder = excluded.holder ",
                "OR alipay_lease.ends_at <= ",
                $now,
                " ",
                "OR alipay_lease.ends_at > ",
                $now,
                " + 2 * alipay_lease.duration ",
                "RETURNING holder"
            ),
        }
    };
}
pub(super) use dialect;

pub(super) const READ_STORE: &str = "SELECT schema_version, key_check FROM alipay_store";

pub(super) const WRITE_STORE: &str = "INSERT INTO alipay_store (id, schema_version, key_check) VALUES (1, $1, $2) \
     ON CONFLICT (id) DO UPDATE SET schema_version = excluded.schema_version";

/// The state of a row that holds nothing but the version that the merchant had when it was removed.
pub(super) const REMOVED_STATE: &str = "removed";
macro_rules! removed {
    () => {
        "'removed'"
    };
}

/// What is stored of a merchant, as the rows that are read have it at their end.
macro_rules! columns {
    () => {
        "version, app_auth_token, app_refresh_token, user_id, state, authorised_at, issued_at, expires_at, refresh_expires_at"
    };
}

/// Such a row: with tokens in it, it is one that somebody has changed.
macro_rules! emptied {
    () => {
        concat!(
            "state = ",
            removed!(),
            " AND length(app_auth_token) = 0 AND length(app_refresh_token) = 0"
        )
    };
}

pub(super) const LOAD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM alipay_authorisation WHERE app_id = $1 AND auth_app_id = $2"
);

/// All merchants of an app, whatever their rows say: what they say is known when they are opened.
pub(super) const OF_APP: &str = concat!(
    "SELECT app_id, auth_app_id, ",
    columns!(),
    " FROM alipay_authorisation WHERE app_id = $1 AND ($2 IS NULL OR auth_app_id > $2) ORDER BY auth_app_id LIMIT $3"
);

/// All merchants of all apps.
pub(super) const ALL: &str = concat!(
    "SELECT app_id, auth_app_id, ",
    columns!(),
    " FROM alipay_authorisation WHERE $1 IS NULL OR app_id > $1 OR (app_id = $1 AND auth_app_id > $2) \
     ORDER BY app_id, auth_app_id LIMIT $3"
);

/// A row is the answer if the version is still the same.
pub(super) const RESEAL: &str = concat!(
    "UPDATE alipay_authorisation SET app_auth_token = $4, app_refresh_token = $5 \
     WHERE app_id = $1 AND auth_app_id = $2 AND version = $3 AND state <> ",
    removed!(),
    " RETURNING version"
);

pub(super) const RESEAL_STORE: &str = "UPDATE alipay_store SET key_check = $1 WHERE id = 1";

/// A row is the answer if there was none. The parameters are [`UPDATE`]'s.
pub(super) const INSERT: &str = "INSERT INTO alipay_authorisation (app_id, auth_app_id, version, app_auth_token, app_refresh_token, \
     user_id, state, authorised_at, issued_at, expires_at, refresh_expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (app_id, auth_app_id) DO NOTHING RETURNING version";

/// Writes a row over one of this state.
macro_rules! update {
    ($($state:tt)*) => {
        concat!(
            "UPDATE alipay_authorisation SET version = $3, app_auth_token = $4, app_refresh_token = $5, user_id = $6, state = $7, \
             authorised_at = $8, issued_at = $9, expires_at = $10, refresh_expires_at = $11 \
             WHERE app_id = $1 AND auth_app_id = $2 AND version = $3 - 1 AND ",
            $($state)*,
            " RETURNING version"
        )
    };
}

/// A row is the answer if the version was the one before `$3`.
pub(super) const UPDATE: &str = update!(concat!("state <> ", removed!()));

/// The same, of a merchant that was removed.
pub(super) const RESTORE: &str = update!(emptied!());

/// A version that can't have been counted says nothing.
pub(super) const REMOVE: &str = concat!(
    "UPDATE alipay_authorisation SET version = CASE WHEN version BETWEEN 1 AND 9223372036854775806 THEN version ELSE 1 END, \
     app_auth_token = $3, app_refresh_token = $3, user_id = '', state = ",
    removed!(),
    ", authorised_at = 0, issued_at = 0, expires_at = NULL, refresh_expires_at = NULL WHERE app_id = $1 AND auth_app_id = $2"
);

pub(super) const REMOVED: &str = concat!(
    "SELECT version FROM alipay_authorisation WHERE app_id = $1 AND auth_app_id = $2 AND ",
    emptied!()
);

pub(super) const RELEASE: &str = "DELETE FROM alipay_lease WHERE app_id = $1 AND auth_app_id = $2 AND holder = $3";
