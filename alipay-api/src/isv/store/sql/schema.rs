//! The tables and statements, and how they differ between databases.

/// The statements that differ between databases.
pub(super) struct Dialect {
    /// Begins to set up the tables, and waits for others that do. A row of 0 or NULL says that it has waited in vain.
    pub(super) begin: &'static [&'static str],
    /// Ends it. Closing the connection before that ends it, too.
    pub(super) end: &'static str,
    /// Counts the tables named `alipay_store`: none or one.
    pub(super) exists: &'static str,
    /// The statements from each version of the schema to the next, beginning with an empty database. The latest version is their number.
    pub(super) migrations: &'static [&'static [&'static str]],
    /// Where each statement commits by itself, so that tables may be there without the row of [`READ_STORE`], because a process has ended while
    /// it set them up: counts the authorisations, one at most. If there are any, somebody has removed the row.
    pub(super) any: Option<&'static str>,
    /// Stores the version `$1` of the schema, and if there is none yet, `$2` to check the key.
    pub(super) write_store: &'static str,
    /// Writes a row if there was none before. The parameters are those of [`UPDATE`].
    pub(super) insert: &'static str,
    /// Take a lease for the merchant `$1`, `$2` by the holder `$3` for `$4` milliseconds: the first where nobody has one, the second from
    /// the holder itself, or after its end. The lease is taken if one of them has written a row.
    pub(super) lease: [&'static str; 2],
    /// The merchants of all apps after the merchant `$2`, `$3`, as [`ALL`] gives the first.
    pub(super) all_after: &'static str,
    /// How many bytes a name may have.
    pub(super) longest_name: usize,
}

/// The common text of all databases. `$now` is the database's clock in milliseconds since 1970, read again each time and after waiting for a
/// lock; `$name` is the type of a text that is compared by its bytes; `$or_nothing` makes an `INSERT` write nothing if its row is there,
/// unless [`Database::write`](super::database::Database::write) does; `$after` is the condition for rows after `$2`, `$3` in the order of the
/// primary key, in the form by which the database finds the first of them there.
///
/// Statements are written in what all databases have in common. Their parameters have numbers, and a text has no `$` and no `?`.
macro_rules! dialect {
    (
        begin: $begin:expr, end: $end:literal, exists: $exists:literal, any: $any:expr, now: $now:literal,
        create: $create:literal, integer: $integer:literal, name: $name:literal, bytes: $bytes:literal, table: $table:literal,
        or_nothing: $or_nothing:literal, or_update: $or_update:literal, after: $after:literal, longest_name: $longest_name:expr $(,)?
    ) => {
        $crate::isv::store::sql::schema::Dialect {
            begin: &$begin,
            end: $end,
            any: $any,
            exists: $exists,
            migrations: &[&[
                concat!(
                    $create,
                    " alipay_authorisation (",
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
                    $create,
                    " alipay_lease (",
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
                // Its only row has the version of the schema, and shows which key was used. The last: who finds it finds all.
                concat!(
                    $create,
                    " alipay_store (",
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
            ]],
            write_store: concat!(
                "INSERT INTO alipay_store (id, schema_version, key_check) VALUES (1, $1, $2) ",
                $or_update,
                " schema_version = $1"
            ),
            insert: concat!(
                "INSERT INTO alipay_authorisation (app_id, auth_app_id, version, app_auth_token, app_refresh_token, user_id, state, ",
                "authorised_at, issued_at, expires_at, refresh_expires_at) ",
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                $or_nothing
            ),
            lease: [
                concat!(
                    "INSERT INTO alipay_lease (app_id, auth_app_id, holder, duration, ends_at) VALUES ($1, $2, $3, $4, ",
                    $now,
                    " + $4)",
                    $or_nothing
                ),
                // If a lease ends later than twice its time from now, the clock was set back after it was taken.
                concat!(
                    "UPDATE alipay_lease SET holder = $3, duration = $4, ends_at = ",
                    $now,
                    " + $4 WHERE app_id = $1 AND auth_app_id = $2 AND (holder = $3 OR ends_at <= ",
                    $now,
                    " OR ends_at > ",
                    $now,
                    " + 2 * duration)"
                ),
            ],
            all_after: $crate::isv::store::sql::schema::page!($after),
            longest_name: $longest_name,
        }
    };
}
pub(super) use dialect;

pub(super) const READ_STORE: &str = "SELECT schema_version, key_check FROM alipay_store";

/// The state of a removed merchant's row. It has only the last version of the merchant.
pub(super) const REMOVED_STATE: &str = "removed";
macro_rules! removed {
    () => {
        "'removed'"
    };
}

/// The columns of a merchant, at the end of the rows that are read.
macro_rules! columns {
    () => {
        "version, app_auth_token, app_refresh_token, user_id, state, authorised_at, issued_at, expires_at, refresh_expires_at"
    };
}
pub(super) use columns;

/// The condition for such a row. If it has tokens, somebody has changed it.
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

/// Rows that meet this condition, in the order of the primary key.
macro_rules! page {
    ($condition:literal) => {
        concat!(
            "SELECT app_id, auth_app_id, ",
            $crate::isv::store::sql::schema::columns!(),
            " FROM alipay_authorisation ",
            $condition,
            " ORDER BY app_id, auth_app_id LIMIT $1"
        )
    };
}
pub(super) use page;

/// The first merchants of an app, in any state: the state is trustworthy only after decryption.
pub(super) const OF_APP: &str = page!("WHERE app_id = $2");

/// Those after `$3`. One statement for both, with `$3 IS NULL OR`, would read all rows up to `$3` each time.
pub(super) const OF_APP_AFTER: &str = page!("WHERE app_id = $2 AND auth_app_id > $3");

/// The first merchants of all apps.
pub(super) const ALL: &str = page!("");

/// Writes the row if the version is still the same.
pub(super) const RESEAL: &str = concat!(
    "UPDATE alipay_authorisation SET app_auth_token = $4, app_refresh_token = $5 \
     WHERE app_id = $1 AND auth_app_id = $2 AND version = $3 AND state <> ",
    removed!()
);

pub(super) const RESEAL_STORE: &str = "UPDATE alipay_store SET key_check = $1 WHERE id = 1";

/// Replaces a row that meets this condition.
macro_rules! update {
    ($($state:tt)*) => {
        concat!(
            "UPDATE alipay_authorisation SET version = $3, app_auth_token = $4, app_refresh_token = $5, user_id = $6, state = $7, \
             authorised_at = $8, issued_at = $9, expires_at = $10, refresh_expires_at = $11 \
             WHERE app_id = $1 AND auth_app_id = $2 AND version = $3 - 1 AND ",
            $($state)*
        )
    };
}

/// Writes the row if the version was the one before `$3`.
pub(super) const UPDATE: &str = update!(concat!("state <> ", removed!()));

/// The same for a removed merchant.
pub(super) const RESTORE: &str = update!(emptied!());

/// A version that is out of range is replaced by 1.
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
