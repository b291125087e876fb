//! A token store in any SQL database.

use std::time::{Duration, SystemTime};

use sqlx::{Pool, pool::PoolOptions};

use super::{
    StoreKeyRing, StoreOptions,
    database::{Database, Fault, Loan, Value},
    schema,
    seal::{self, Place, Row, Sealer, Unopened},
    time,
};
use crate::{
    isv::store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Stored, Version},
    types::Secret,
};

/// How many rows are read at once when all rows are.
const PAGE: i64 = 500;
/// A hundred years. A longer time could not be added to the clock.
const LONGEST_LEASE: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The common part of the stores of all databases.
pub(super) struct Store<D: Database> {
    pool: Pool<D>,
    sealer: Sealer,
    timeout: Duration,
    /// Whether the pool is used by nobody else.
    owns_pool: bool,
    /// Names the database in errors, without its password.
    name: String,
}

/// Implements [`TokenStore`](crate::isv::store::TokenStore) for a tuple of one [`Store`].
macro_rules! token_store {
    ($store:ty) => {
        impl $crate::isv::store::TokenStore for $store {
            fn load<'a>(
                &'a self,
                merchant: $crate::isv::store::MerchantKey<'a>,
            ) -> $crate::transport::BoxFuture<
                'a,
                Result<Option<$crate::isv::store::Stored>, $crate::isv::store::StoreError>,
            > {
                Box::pin(self.0.load(merchant))
            }

            fn replace<'a>(
                &'a self,
                merchant: $crate::isv::store::MerchantKey<'a>,
                expected: Option<$crate::isv::store::Version>,
                authorisation: &'a $crate::isv::store::Authorisation,
            ) -> $crate::transport::BoxFuture<
                'a,
                Result<Option<$crate::isv::store::Version>, $crate::isv::store::StoreError>,
            > {
                Box::pin(self.0.replace(merchant, expected, authorisation))
            }

            fn remove<'a>(
                &'a self,
                merchant: $crate::isv::store::MerchantKey<'a>,
            ) -> $crate::transport::BoxFuture<'a, Result<(), $crate::isv::store::StoreError>> {
                Box::pin(self.0.remove(merchant))
            }

            fn lease<'a>(
                &'a self,
                merchant: $crate::isv::store::MerchantKey<'a>,
                holder: &'a str,
                time: std::time::Duration,
            ) -> $crate::transport::BoxFuture<'a, Result<bool, $crate::isv::store::StoreError>> {
                Box::pin(self.0.lease(merchant, holder, time))
            }

            fn release<'a>(
                &'a self,
                merchant: $crate::isv::store::MerchantKey<'a>,
                holder: &'a str,
            ) -> $crate::transport::BoxFuture<'a, Result<(), $crate::isv::store::StoreError>> {
                Box::pin(self.0.release(merchant, holder))
            }

            fn ending_before<'a>(
                &'a self,
                app_id: &'a str,
                time: std::time::SystemTime,
                after: Option<&'a str>,
                limit: u32,
            ) -> $crate::transport::BoxFuture<'a, Result<Vec<String>, $crate::isv::store::StoreError>> {
                Box::pin(self.0.ending_before(app_id, time, after, limit))
            }
        }

        impl std::fmt::Debug for $store {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = formatter.debug_tuple(stringify!($store));
                shown.field(&format_args!("{}", self.0.name())).finish()
            }
        }
    };
}
pub(super) use token_store;

impl<D: Database> Store<D> {
    /// A store, without connecting to its database.
    pub(super) fn new(
        connect: <D::Connection as sqlx::Connection>::Options,
        pool: PoolOptions<D>,
        options: &StoreOptions,
        keys: &StoreKeyRing,
        name: String,
    ) -> Self {
        let pool = pool
            .max_connections(options.max_connections)
            .acquire_timeout(options.timeout);
        Self {
            pool: pool.connect_lazy_with(connect),
            sealer: Sealer::new(keys),
            timeout: options.timeout,
            owns_pool: true,
            name,
        }
    }

    /// A store by connections of a pool that others use, too.
    pub(super) fn with_pool(pool: Pool<D>, options: &StoreOptions, keys: &StoreKeyRing, name: String) -> Self {
        Self {
            pool,
            sealer: Sealer::new(keys),
            timeout: options.timeout,
            owns_pool: false,
            name,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the tables exist in the latest version. Refuses tables of another key or a newer release. Changes nothing.
    pub(super) async fn is_set_up(&self) -> Result<bool, StoreError> {
        let mut connection = self.borrow().await?;
        let version = self.schema_version(&mut connection).await?;
        connection.give_back(self.timeout);
        Ok(version == D::DIALECT.migrations.len())
    }

    /// Updates the tables to the latest version, unless they are. If several processes try, one does it and the others wait.
    pub(super) async fn set_up(&self) -> Result<(), StoreError> {
        if self.is_set_up().await? {
            return Ok(());
        }
        let mut connection = self.borrow().await?.for_transaction();
        for statement in D::DIALECT.begin {
            let rows = self.rows(&mut connection, statement, vec![]).await?;
            if let Some([Value::Integer(Some(0) | None)]) = rows.first().map(Vec::as_slice) {
                return Err(self.fault(Fault::Away));
            }
        }
        // Another process may have done it meanwhile.
        let version = self.schema_version(&mut connection).await?;
        for migration in D::DIALECT.migrations.get(version..).unwrap_or_default() {
            for statement in *migration {
                self.write(&mut connection, statement, vec![]).await?;
            }
        }
        // What a process has begun before its end has no merchants.
        if version == 0
            && let Some(any) = D::DIALECT.any
        {
            let rows = self.rows(&mut connection, any, vec![]).await?;
            if !matches!(rows.first().map(Vec::as_slice), Some([Value::Integer(Some(0))])) {
                return Err(self.damaged());
            }
        }
        let latest = i64::try_from(D::DIALECT.migrations.len()).ok();
        let check = self.sealer.seal(Place::Store, "")?;
        let values = vec![Value::Integer(latest), Value::Bytes(Some(check))];
        self.write(&mut connection, D::DIALECT.write_store, values).await?;
        self.rows(&mut connection, D::DIALECT.end, vec![]).await?;
        connection.give_back(self.timeout);
        Ok(())
    }

    /// Closes the pool, unless others use it.
    pub(super) async fn close(&self) {
        if self.owns_pool {
            self.pool.close().await;
        }
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn run(&self, statement: &'static str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut connection = self.borrow().await?;
        let rows = self.rows(&mut connection, statement, values).await?;
        connection.give_back(self.timeout);
        Ok(rows)
    }

    /// Runs one statement that writes one row or none, and returns whether it has written one.
    async fn change(&self, statement: &'static str, values: Vec<Value>) -> Result<bool, StoreError> {
        let mut connection = self.borrow().await?;
        let written = self.write(&mut connection, statement, values).await?;
        connection.give_back(self.timeout);
        Ok(written > 0)
    }

    pub(super) async fn load(&self, merchant: MerchantKey<'_>) -> Result<Option<Stored>, StoreError> {
        let rows = self.run(schema::LOAD, merchant_values::<D>(merchant)?).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        self.stored(merchant, row)
            .map_err(|unopened| self.unopened(merchant, unopened))
    }

    pub(super) async fn replace(
        &self,
        merchant: MerchantKey<'_>,
        expected: Option<Version>,
        authorisation: &Authorisation,
    ) -> Result<Option<Version>, StoreError> {
        if let Some(before) = expected {
            return self.store(schema::UPDATE, merchant, before.next(), authorisation).await;
        }
        let stored = self
            .store(D::DIALECT.insert, merchant, Version::FIRST, authorisation)
            .await?;
        if stored.is_some() {
            return Ok(stored);
        }
        let rows = self.run(schema::REMOVED, merchant_values::<D>(merchant)?).await?;
        let Some([Value::Integer(Some(removed))]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let removed = Version(u64::try_from(*removed).map_err(|_| self.damaged())?);
        self.store(schema::RESTORE, merchant, removed.next(), authorisation)
            .await
    }

    pub(super) async fn remove(&self, merchant: MerchantKey<'_>) -> Result<(), StoreError> {
        let mut values = merchant_values::<D>(merchant)?;
        values.push(Value::Bytes(Some(Vec::new())));
        self.change(schema::REMOVE, values).await?;
        Ok(())
    }

    /// Writes a merchant's row of this version. The statement writes nothing if another process was faster.
    async fn store(
        &self,
        statement: &'static str,
        merchant: MerchantKey<'_>,
        version: Version,
        authorisation: &Authorisation,
    ) -> Result<Option<Version>, StoreError> {
        let Some(sealed) = self.sealed(merchant, version, authorisation)? else {
            return Ok(None);
        };
        let row = sealed.row;
        let mut values = merchant_values::<D>(merchant)?;
        values.extend([
            Value::Integer(Some(row.version)),
            sealed.token,
            sealed.refresh_token,
            text::<D>(row.user_id)?,
            text::<D>(row.state)?,
            Value::Integer(Some(row.authorised_at)),
            Value::Integer(Some(row.issued_at)),
            Value::Integer(row.expires_at),
            Value::Integer(row.refresh_expires_at),
        ]);
        Ok(self.change(statement, values).await?.then_some(version))
    }

    /// A merchant's row with encrypted tokens; `None` for a version that can't be stored.
    pub(super) fn sealed<'a>(
        &self,
        merchant: MerchantKey<'a>,
        version: Version,
        authorisation: &'a Authorisation,
    ) -> Result<Option<Sealed<'a>>, StoreError> {
        // No row has a version beyond the range.
        let Ok(version) = i64::try_from(version.0) else {
            return Ok(None);
        };
        let row = Row {
            merchant,
            version,
            user_id: &authorisation.user_id,
            state: state_name(authorisation.state),
            authorised_at: time::floor(authorisation.authorised_at),
            issued_at: time::floor(authorisation.issued_at),
            expires_at: authorisation.expires_at.map(time::floor),
            refresh_expires_at: authorisation.refresh_expires_at.map(time::floor),
        };
        let seal = |column, token: &Secret| {
            let sealed = self.sealer.seal(Place::Column(column, row), token.expose())?;
            Ok(Value::Bytes(Some(sealed)))
        };
        Ok(Some(Sealed {
            token: seal(TOKEN, &authorisation.app_auth_token)?,
            refresh_token: seal(REFRESH_TOKEN, &authorisation.app_refresh_token)?,
            row,
        }))
    }

    pub(super) async fn lease(
        &self,
        merchant: MerchantKey<'_>,
        holder: &str,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let millis = time::ceil_millis(time.min(LONGEST_LEASE));
        let mut values = merchant_values::<D>(merchant)?;
        values.extend([text::<D>(holder)?, Value::Integer(Some(millis))]);
        let [first, again] = D::DIALECT.lease;
        // The third finds what the first could not, if the lease was released between the first and the second.
        for statement in [first, again, first] {
            if self.change(statement, values.clone()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn release(&self, merchant: MerchantKey<'_>, holder: &str) -> Result<(), StoreError> {
        let mut values = merchant_values::<D>(merchant)?;
        values.push(text::<D>(holder)?);
        self.change(schema::RELEASE, values).await?;
        Ok(())
    }

    pub(super) async fn ending_before(
        &self,
        app_id: &str,
        time: SystemTime,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let ends = |end: Option<SystemTime>| end.is_some_and(|end| time::floor(end) < time::ceil(time));
        // A row that can't be read may be due. Loading it returns the error.
        let is_due = |read: Result<Option<Stored>, Unopened>| {
            read.map_or(true, |stored| {
                stored.is_some_and(|Stored { authorisation, .. }| {
                    authorisation.state == AuthorisationState::Active
                        && (ends(authorisation.expires_at) || ends(authorisation.refresh_expires_at))
                })
            })
        };
        let mut due = Vec::new();
        let mut after = after.map(str::to_owned);
        while due.len() < limit {
            let mut values = vec![Value::Integer(Some(PAGE)), text::<D>(app_id)?];
            values.extend(after.as_deref().map(text::<D>).transpose()?);
            let statement = if after.is_none() {
                schema::OF_APP
            } else {
                schema::OF_APP_AFTER
            };
            let rows = self.run(statement, values).await?;
            let Some((_, last, _)) = rows.last().map(|row| self.named(row)).transpose()? else {
                break;
            };
            after = Some(last.to_owned());
            for row in &rows {
                let (_, auth_app_id, row) = self.named(row)?;
                let merchant = MerchantKey { app_id, auth_app_id };
                if due.len() < limit && is_due(self.stored(merchant, row)) {
                    due.push(auth_app_id.to_owned());
                }
            }
        }
        Ok(due)
    }

    /// Encrypts all rows with the first key, and then lets the store be opened with that key alone.
    pub(super) async fn reseal(&self) -> Result<u64, StoreError> {
        let mut resealed = 0;
        let mut after: Option<(String, String)> = None;
        let mut unknown = None;
        let mut was_overtaken = false;
        loop {
            let mut values = vec![Value::Integer(Some(PAGE))];
            let statement = match &after {
                None => schema::ALL,
                Some((app_id, auth_app_id)) => {
                    values.extend([text::<D>(app_id)?, text::<D>(auth_app_id)?]);
                    D::DIALECT.all_after
                }
            };
            let rows = self.run(statement, values).await?;
            for row in &rows {
                let (app_id, auth_app_id, row) = self.named(row)?;
                let merchant = MerchantKey { app_id, auth_app_id };
                after = Some((app_id.to_owned(), auth_app_id.to_owned()));
                if self.is_current(row) {
                    continue;
                }
                match self.stored(merchant, row) {
                    Ok(None) => {}
                    Ok(Some(stored)) => {
                        let is_done = self.reseal_row(merchant, &stored).await?;
                        resealed += u64::from(is_done);
                        // The process that was faster may use another key.
                        was_overtaken |= !is_done;
                    }
                    Err(unopened @ Unopened::UnknownKey) => unknown = Some(self.unopened(merchant, unopened)),
                    Err(unopened @ Unopened::Changed) => {
                        let error = self.unopened(merchant, unopened);
                        tracing::warn!(%error, "an authorisation can't be encrypted again and stays as it is");
                    }
                }
            }
            if !rows.is_empty() {
                continue;
            }
            if !was_overtaken {
                break;
            }
            (after, was_overtaken) = (None, false);
        }
        if let Some(error) = unknown {
            return Err(error);
        }
        let check = self.sealer.seal(Place::Store, "")?;
        self.change(schema::RESEAL_STORE, vec![Value::Bytes(Some(check))])
            .await?;
        Ok(resealed)
    }

    async fn reseal_row(&self, merchant: MerchantKey<'_>, stored: &Stored) -> Result<bool, StoreError> {
        let Some(sealed) = self.sealed(merchant, stored.version, &stored.authorisation)? else {
            return Ok(false);
        };
        let mut values = merchant_values::<D>(merchant)?;
        values.extend([
            Value::Integer(Some(sealed.row.version)),
            sealed.token,
            sealed.refresh_token,
        ]);
        self.change(schema::RESEAL, values).await
    }

    /// Whether both tokens of a row are encrypted with the first key.
    fn is_current(&self, row: &[Value]) -> bool {
        match row {
            [_, Value::Bytes(Some(token)), Value::Bytes(Some(refresh_token)), ..] => {
                self.sealer.is_current(token) && self.sealer.is_current(refresh_token)
            }
            _ => false,
        }
    }

    /// Splits a row that begins with the app and the merchant.
    fn named<'r>(&self, row: &'r [Value]) -> Result<(&'r str, &'r str, &'r [Value]), StoreError> {
        match row {
            [Value::Text(Some(app_id)), Value::Text(Some(auth_app_id)), rest @ ..] => Ok((app_id, auth_app_id, rest)),
            _ => Err(self.damaged()),
        }
    }

    /// The error for a merchant's row that can't be decrypted.
    fn unopened(&self, merchant: MerchantKey<'_>, unopened: Unopened) -> StoreError {
        let (kind, why) = match unopened {
            Unopened::Changed => (
                StoreErrorKind::Damaged,
                "can't be read: somebody has changed it; restore it from a backup, or remove it (`TokenStore::remove`) and have \
                 the merchant authorise again",
            ),
            Unopened::UnknownKey => (
                StoreErrorKind::WrongKey,
                "was encrypted with a key that is not among the store's keys, or is damaged; open the store with that key, too \
                 (`StoreKeyRing`)",
            ),
        };
        let MerchantKey { app_id, auth_app_id } = merchant;
        let what = format!("the authorisation of merchant {auth_app_id:?} for app {app_id:?} {why}");
        self.error(kind, what)
    }

    /// The number of migrations that were applied to the database.
    async fn schema_version(&self, connection: &mut Loan<D>) -> Result<usize, StoreError> {
        let rows = self.rows(connection, D::DIALECT.exists, vec![]).await?;
        if let Some([Value::Integer(Some(0))]) = rows.first().map(Vec::as_slice) {
            return Ok(0);
        }
        let rows = self.rows(connection, schema::READ_STORE, vec![]).await?;
        if rows.is_empty() && D::DIALECT.any.is_some() {
            return Ok(0);
        }
        let Some([Value::Integer(Some(version)), Value::Bytes(Some(check))]) = rows.first().map(Vec::as_slice) else {
            return Err(self.damaged());
        };
        let latest = D::DIALECT.migrations.len();
        let version = match usize::try_from(*version) {
            Ok(version) if version > latest => {
                let what = format!(
                    "a newer release of this library has created the tables: their schema has version {version}, and this \
                     release knows {latest}; use the newer release"
                );
                return Err(self.error(StoreErrorKind::Configuration, what));
            }
            Ok(version) if version > 0 => version,
            _ => return Err(self.damaged()),
        };
        if self.sealer.open(Place::Store, check).is_err() {
            let what = "the tokens were encrypted with another key; open the store with the key that created it";
            return Err(self.error(StoreErrorKind::WrongKey, what));
        }
        Ok(version)
    }

    /// Reads a row of [`schema::LOAD`]; `None` if the merchant was removed.
    fn stored(&self, merchant: MerchantKey<'_>, row: &[Value]) -> Result<Option<Stored>, Unopened> {
        let [
            Value::Integer(Some(version)),
            Value::Bytes(Some(token)),
            Value::Bytes(Some(refresh_token)),
            Value::Text(Some(user_id)),
            Value::Text(Some(state)),
            Value::Integer(Some(authorised_at)),
            Value::Integer(Some(issued_at)),
            Value::Integer(expires_at),
            Value::Integer(refresh_expires_at),
        ] = row
        else {
            return Err(Unopened::Changed);
        };
        if *state == schema::REMOVED_STATE && token.is_empty() && refresh_token.is_empty() {
            return Ok(None);
        }
        let row = Row {
            merchant,
            version: *version,
            user_id,
            state,
            authorised_at: *authorised_at,
            issued_at: *issued_at,
            expires_at: *expires_at,
            refresh_expires_at: *refresh_expires_at,
        };
        // Both were encrypted with one key.
        if !seal::name_one_key(token, refresh_token) {
            return Err(Unopened::Changed);
        }
        let open = |column, sealed: &[u8]| self.sealer.open(Place::Column(column, row), sealed);
        let time = |millis: i64| time::read(millis).ok_or(Unopened::Changed);
        let authorisation = Authorisation {
            app_auth_token: open(TOKEN, token)?.into(),
            app_refresh_token: open(REFRESH_TOKEN, refresh_token)?.into(),
            state: STATES
                .into_iter()
                .find(|known| state_name(*known) == state)
                .ok_or(Unopened::Changed)?,
            authorised_at: time(row.authorised_at)?,
            issued_at: time(row.issued_at)?,
            expires_at: row.expires_at.map(time).transpose()?,
            refresh_expires_at: row.refresh_expires_at.map(time).transpose()?,
            user_id: user_id.clone(),
        };
        let version = Version(u64::try_from(row.version).map_err(|_| Unopened::Changed)?);
        Ok(Some(Stored::new(authorisation, version)))
    }

    async fn borrow(&self) -> Result<Loan<D>, StoreError> {
        // A pool that others use may wait longer than this store.
        let acquired = tokio::time::timeout(self.timeout, self.pool.acquire()).await;
        let connection = acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        Ok(Loan::new(connection.map_err(|error| self.failed(error))?))
    }

    async fn rows(
        &self,
        connection: &mut Loan<D>,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let rows = connection.send(self.timeout, D::rows, statement, values).await;
        rows.map_err(|error| self.failed(error))
    }

    async fn write(
        &self,
        connection: &mut Loan<D>,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let written = connection.send(self.timeout, D::write, statement, values).await;
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        self.fault(Fault::of::<D>(&error)).with_source(error)
    }

    fn damaged(&self) -> StoreError {
        self.fault(Fault::Damaged)
    }

    fn fault(&self, fault: Fault) -> StoreError {
        self.error(fault.kind(), fault.text())
    }

    pub(super) fn error(&self, kind: StoreErrorKind, what: impl std::fmt::Display) -> StoreError {
        StoreError::new(kind, format!("{}: {what}", self.name))
    }
}

/// A merchant's row, ready to be written.
pub(super) struct Sealed<'a> {
    row: Row<'a>,
    pub(super) token: Value,
    pub(super) refresh_token: Value,
}

const TOKEN: &str = "app_auth_token";
const REFRESH_TOKEN: &str = "app_refresh_token";

const STATES: [AuthorisationState; 3] = [
    AuthorisationState::Active,
    AuthorisationState::Cancelled,
    AuthorisationState::Lost,
];

fn state_name(state: AuthorisationState) -> &'static str {
    match state {
        AuthorisationState::Active => "active",
        AuthorisationState::Cancelled => "cancelled",
        AuthorisationState::Lost => "lost",
    }
}

fn merchant_values<D: Database>(merchant: MerchantKey<'_>) -> Result<Vec<Value>, StoreError> {
    Ok(vec![text::<D>(merchant.app_id)?, text::<D>(merchant.auth_app_id)?])
}

fn text<D: Database>(text: &str) -> Result<Value, StoreError> {
    if text.contains('\0') {
        let what = "a name with a NUL character can't be stored: Alipay's app ids and user ids have none";
        return Err(StoreError::new(StoreErrorKind::Configuration, what));
    }
    let longest = D::DIALECT.longest_name;
    if text.len() > longest {
        let what = format!(
            "a name of {} bytes can't be stored, and one of {longest} can: Alipay's app ids and user ids are shorter",
            text.len()
        );
        return Err(StoreError::new(StoreErrorKind::Configuration, what));
    }
    Ok(Value::Text(Some(text.to_owned())))
}
