//! A token store in any database.

use std::time::{Duration, SystemTime};

use sqlx::{Pool, pool::PoolOptions};

use super::{
    StoreKey, StoreOptions,
    database::{Database, Fault, Loan, Value},
    schema,
    seal::{Place, Row, Sealer},
    time,
};
use crate::{
    isv::store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Stored, Version},
    types::Secret,
};

/// A hundred years: what is longer could not be added to the time.
const LONGEST_LEASE: Duration = Duration::from_hours(100 * 365 * 24);

/// What the stores of all databases are.
pub(super) struct Store<D: Database> {
    pool: Pool<D>,
    sealer: Sealer,
    timeout: Duration,
    /// Says in errors which database it is, without its password.
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
    /// A store that has not been looked at yet.
    pub(super) fn new(
        connect: <D::Connection as sqlx::Connection>::Options,
        pool: PoolOptions<D>,
        options: &StoreOptions,
        key: &StoreKey,
        name: String,
    ) -> Self {
        let pool = pool
            .max_connections(options.max_connections)
            .acquire_timeout(options.timeout);
        Self {
            pool: pool.connect_lazy_with(connect),
            sealer: Sealer::new(key),
            timeout: options.timeout,
            name,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the tables are there, in the latest version. Refuses those of another key or a newer release. Changes nothing.
    pub(super) async fn is_set_up(&self) -> Result<bool, StoreError> {
        let mut connection = self.borrow().await?;
        let version = self.schema_version(&mut connection).await?;
        connection.give_back(self.timeout);
        Ok(version == D::DIALECT.migrations.len())
    }

    /// Brings the tables to the latest version. Of several processes one does it, and the others wait.
    pub(super) async fn set_up(&self) -> Result<(), StoreError> {
        let mut connection = self.borrow().await?;
        for statement in D::DIALECT.begin {
            self.rows(&mut connection, statement, vec![]).await?;
        }
        // Another process may have been at it.
        let version = self.schema_version(&mut connection).await?;
        for migration in D::DIALECT.migrations.get(version..).unwrap_or_default() {
            for statement in *migration {
                self.rows(&mut connection, statement, vec![]).await?;
            }
        }
        let latest = i64::try_from(D::DIALECT.migrations.len()).ok();
        let check = self.sealer.seal(Place::Store, "")?;
        let values = vec![Value::Integer(latest), Value::Bytes(Some(check))];
        self.rows(&mut connection, schema::WRITE_STORE, values).await?;
        self.rows(&mut connection, "COMMIT", vec![]).await?;
        connection.give_back(self.timeout);
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one statement.
    pub(super) async fn run(&self, statement: &'static str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut connection = self.borrow().await?;
        let rows = self.rows(&mut connection, statement, values).await?;
        connection.give_back(self.timeout);
        Ok(rows)
    }

    pub(super) async fn load(&self, merchant: MerchantKey<'_>) -> Result<Option<Stored>, StoreError> {
        let rows = self.run(schema::LOAD, merchant_values(merchant)?).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        match self.stored(merchant, row) {
            Some(stored) => Ok(Some(stored)),
            None => Err(self.error(
                StoreErrorKind::Damaged,
                format!(
                    "the authorisation of merchant {:?} for app {:?} can't be read: somebody has changed it; restore it from a \
                     backup, or remove it (`TokenStore::remove`) and have the merchant authorise again",
                    merchant.auth_app_id, merchant.app_id
                ),
            )),
        }
    }

    pub(super) async fn replace(
        &self,
        merchant: MerchantKey<'_>,
        expected: Option<Version>,
        authorisation: &Authorisation,
    ) -> Result<Option<Version>, StoreError> {
        if let Some(before) = expected {
            return self.write(schema::UPDATE, merchant, before.next(), authorisation).await;
        }
        let stored = self
            .write(schema::INSERT, merchant, Version::FIRST, authorisation)
            .await?;
        if stored.is_some() {
            return Ok(stored);
        }
        let rows = self.run(schema::REMOVED, merchant_values(merchant)?).await?;
        let Some([Value::Integer(Some(removed))]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let removed = Version(u64::try_from(*removed).map_err(|_| self.damaged())?);
        self.write(schema::RESTORE, merchant, removed.next(), authorisation)
            .await
    }

    pub(super) async fn remove(&self, merchant: MerchantKey<'_>) -> Result<(), StoreError> {
        let mut values = merchant_values(merchant)?;
        values.push(Value::Bytes(Some(Vec::new())));
        self.run(schema::REMOVE, values).await?;
        Ok(())
    }

    /// Writes a merchant's row, of this version, with a statement that does so unless somebody else was faster.
    async fn write(
        &self,
        statement: &'static str,
        merchant: MerchantKey<'_>,
        version: Version,
        authorisation: &Authorisation,
    ) -> Result<Option<Version>, StoreError> {
        // Of a higher version than can be counted nothing was ever stored.
        let Ok(number) = i64::try_from(version.0) else {
            return Ok(None);
        };
        let row = Row {
            merchant,
            version: number,
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
        let mut values = merchant_values(merchant)?;
        values.extend([
            Value::Integer(Some(row.version)),
            seal(TOKEN, &authorisation.app_auth_token)?,
            seal(REFRESH_TOKEN, &authorisation.app_refresh_token)?,
            text(row.user_id)?,
            text(row.state)?,
            Value::Integer(Some(row.authorised_at)),
            Value::Integer(Some(row.issued_at)),
            Value::Integer(row.expires_at),
            Value::Integer(row.refresh_expires_at),
        ]);
        let rows = self.run(statement, values).await?;
        Ok((!rows.is_empty()).then_some(version))
    }

    pub(super) async fn lease(
        &self,
        merchant: MerchantKey<'_>,
        holder: &str,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let millis = time::ceil_millis(time.min(LONGEST_LEASE));
        let mut values = merchant_values(merchant)?;
        values.extend([text(holder)?, Value::Integer(Some(millis))]);
        Ok(!self.run(D::DIALECT.lease, values).await?.is_empty())
    }

    pub(super) async fn release(&self, merchant: MerchantKey<'_>, holder: &str) -> Result<(), StoreError> {
        let mut values = merchant_values(merchant)?;
        values.push(text(holder)?);
        self.run(schema::RELEASE, values).await?;
        Ok(())
    }

    pub(super) async fn ending_before(
        &self,
        app_id: &str,
        time: SystemTime,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let values = vec![
            text(app_id)?,
            Value::Integer(Some(time::ceil(time))),
            after.map_or(Ok(Value::Text(None)), text)?,
            Value::Integer(Some(limit.into())),
        ];
        let rows = self.run(schema::ENDING, values).await?;
        let names = rows.into_iter().map(|row| match <[Value; 1]>::try_from(row) {
            Ok([Value::Text(Some(name))]) => Ok(name),
            _ => Err(self.damaged()),
        });
        names.collect()
    }

    /// How many migrations the database has seen.
    async fn schema_version(&self, connection: &mut Loan<D>) -> Result<usize, StoreError> {
        let rows = self.rows(connection, D::DIALECT.exists, vec![]).await?;
        if let Some([Value::Integer(Some(0))]) = rows.first().map(Vec::as_slice) {
            return Ok(0);
        }
        let rows = self.rows(connection, schema::READ_STORE, vec![]).await?;
        let Some([Value::Integer(Some(version)), Value::Bytes(Some(check))]) = rows.first().map(Vec::as_slice) else {
            return Err(self.damaged());
        };
        let latest = D::DIALECT.migrations.len();
        let version = match usize::try_from(*version) {
            Ok(version) if version > latest => {
                let what = format!(
                    "it was set up by a newer release of this library: its schema has version {version}, and this release knows \
                     {latest}; use the newer release"
                );
                return Err(self.error(StoreErrorKind::Configuration, what));
            }
            Ok(version) if version > 0 => version,
            _ => return Err(self.damaged()),
        };
        if self.sealer.open(Place::Store, check).is_none() {
            let what = "its tokens were encrypted with another key; open it with the key that it was made with";
            return Err(self.error(StoreErrorKind::WrongKey, what));
        }
        Ok(version)
    }

    /// Reads a row of [`schema::LOAD`]. `None` if it can't have been written so.
    fn stored(&self, merchant: MerchantKey<'_>, row: Vec<Value>) -> Option<Stored> {
        let Ok(
            [
                Value::Integer(Some(version)),
                Value::Bytes(Some(token)),
                Value::Bytes(Some(refresh_token)),
                Value::Text(Some(user_id)),
                Value::Text(Some(state)),
                Value::Integer(Some(authorised_at)),
                Value::Integer(Some(issued_at)),
                Value::Integer(expires_at),
                Value::Integer(refresh_expires_at),
            ],
        ) = <[Value; 9]>::try_from(row)
        else {
            return None;
        };
        let row = Row {
            merchant,
            version,
            user_id: &user_id,
            state: &state,
            authorised_at,
            issued_at,
            expires_at,
            refresh_expires_at,
        };
        let open = |column, sealed: &[u8]| self.sealer.open(Place::Column(column, row), sealed);
        let end = |millis: Option<i64>| millis.map_or(Some(None), |millis| time::read(millis).map(Some));
        let authorisation = Authorisation {
            app_auth_token: open(TOKEN, &token)?.into(),
            app_refresh_token: open(REFRESH_TOKEN, &refresh_token)?.into(),
            state: STATES.into_iter().find(|known| state_name(*known) == state)?,
            authorised_at: time::read(authorised_at)?,
            issued_at: time::read(issued_at)?,
            expires_at: end(expires_at)?,
            refresh_expires_at: end(refresh_expires_at)?,
            user_id,
        };
        let version = Version(u64::try_from(version).ok()?);
        Some(Stored::new(authorisation, version))
    }

    async fn borrow(&self) -> Result<Loan<D>, StoreError> {
        let connection = self.pool.acquire().await.map_err(|error| self.failed(error))?;
        Ok(Loan::new(connection))
    }

    async fn rows(
        &self,
        connection: &mut Loan<D>,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let rows = connection.rows(self.timeout, statement, values).await;
        rows.map_err(|error| self.failed(error))
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

fn merchant_values(merchant: MerchantKey<'_>) -> Result<Vec<Value>, StoreError> {
    Ok(vec![text(merchant.app_id)?, text(merchant.auth_app_id)?])
}

fn text(text: &str) -> Result<Value, StoreError> {
    if text.contains('\0') {
        let what = "a name with a NUL character can't be stored: neither Alipay's app_id nor its user_id has one";
        return Err(StoreError::new(StoreErrorKind::Configuration, what));
    }
    Ok(Value::Text(Some(text.to_owned())))
}
