//! A gateway that finds again what it knew.

use serde::{Deserialize, Serialize};

use super::start::{Row, StartError};
use super::{APP_ID, AlipayKey, AppKey, Builder, Home, Mode, SELLER_ID};
use crate::certificates::{CERTIFICATES, Certificates, Identity};
use crate::clock::timestamp;
use crate::keys::{KeyError, KeyPair};
use crate::notify::delivery::{Deliveries, NOTIFICATIONS};
use crate::state::State;
use crate::store::folder::{DataError, Folder};
use crate::store::{Store, sqlite};
use crate::table::{Change, Rows as _};

/// Where the app stands among what is stored.
const APP: &str = "app";

/// Who calls.
#[derive(PartialEq, Serialize, Deserialize)]
struct App {
    id: String,
    seller_id: String,
}

impl Builder {
    /// Takes the data directory: gives the settings, completed by what is there; where changes are kept; and all rows of the state.
    pub(super) async fn with_data(mut self) -> Result<(Self, Store, Vec<Row>), StartError> {
        let (folder, database) = match self.home.take() {
            None => return Ok((self, Store::none(), Vec::new())),
            Some(Home::Keys(path)) => (Folder::open(&path)?, None),
            Some(Home::Data(path)) => {
                let folder = Folder::open(&path)?;
                let database = sqlite::open(&folder).await?;
                (folder, Some(database))
            }
        };
        let (connection, rows) = database.unzip();
        let mut rows: Vec<Row> = rows.unwrap_or_default();
        let mut changes = Vec::new();
        let app = take(&mut rows, APP);
        self.complete_app(app, &mut changes)?;
        if !matches!(self.mode, Mode::Given(_)) && matches!(self.app_key, AppKey::Shared | AppKey::Fresh) {
            let (public, pair) = folder.app_key(self.sign_type)?;
            self.app_key = pair.map_or(AppKey::Public(public), AppKey::Pair);
        }
        if matches!(self.alipay_key, AlipayKey::Shared | AlipayKey::Fresh) {
            self.alipay_key = AlipayKey::Pair(folder.alipay_key(self.sign_type)?);
        }
        let certificates = take(&mut rows, CERTIFICATES);
        self.complete_certificates(certificates, &folder, &mut changes)?;
        let store = connection.map_or_else(Store::none, |connection| sqlite::keep(connection, folder));
        store.submit(Ok(changes));
        Ok((self, store, rows))
    }

    /// The app is the last one, if the settings name no other.
    fn complete_app(&mut self, stored: Option<Row>, changes: &mut Vec<Change>) -> Result<(), DataError> {
        let read = |row: Row| serde_json::from_str(&row.2).map_err(|source| damaged(&row, source));
        let stored: Option<App> = stored.map(read).transpose()?;
        let (id, seller_id) = match &stored {
            Some(app) => (app.id.as_str(), app.seller_id.as_str()),
            None => (APP_ID, SELLER_ID),
        };
        let app = App {
            id: self.app_id.take().unwrap_or_else(|| id.to_owned()),
            seller_id: self.seller_id.take().unwrap_or_else(|| seller_id.to_owned()),
        };
        if stored.as_ref() != Some(&app) {
            changes.push(Change::of(APP, &(), Some(&app)).map_err(DataError::Unwritable)?);
        }
        self.app_id = Some(app.id);
        self.seller_id = Some(app.seller_id);
        Ok(())
    }

    /// The certificates are those of the last time, else those of the folder's files, else new ones. An app without certificate mode has some too: it
    /// may turn to that.
    fn complete_certificates(
        &mut self,
        stored: Option<Row>,
        folder: &Folder,
        changes: &mut Vec<Change>,
    ) -> Result<(), StartError> {
        let is_there = stored.is_some() || folder.certificates()?.is_some();
        let is_wanted = match self.mode {
            Mode::Issued => true,
            Mode::PublicKeys if is_there => return Ok(()),
            Mode::PublicKeys => false,
            Mode::Given(_) | Mode::Kept(_) => return Ok(()),
        };
        let app_key = match &self.app_key {
            AppKey::Pair(pair) => pair.public_key(),
            AppKey::Public(key) => key.clone(),
            AppKey::Shared | AppKey::Fresh => return Err(KeyError::Operation.into()),
        };
        let alipay_key: KeyPair = match &self.alipay_key {
            AlipayKey::Pair(pair) => pair.clone(),
            AlipayKey::Shared | AlipayKey::Fresh => return Err(KeyError::Operation.into()),
        };
        let certificates = match (stored, folder.certificates()?) {
            (Some(row), _) => Certificates::load(&row.2).map_err(|source| damaged(&row, source))?,
            (None, Some(files)) => Certificates::from_files(files, alipay_key)?,
            (None, None) => {
                let (app_id, seller_id) = (self.app_id.as_deref(), self.seller_id.as_deref());
                let now = timestamp(self.clock.now());
                let names = (app_id.unwrap_or(APP_ID), seller_id.unwrap_or(SELLER_ID));
                Certificates::issue(names.0, names.1, &app_key, alipay_key, now)?
            }
        };
        folder.show(&certificates)?;
        if is_wanted {
            self.mode = Mode::Kept(Box::new(certificates));
        } else {
            let mut identity = Identity::Certificates(Box::new(certificates));
            let taken = identity.take_changes(CERTIFICATES, changes);
            taken.map_err(DataError::Unwritable)?;
        }
        Ok(())
    }
}

/// Fills the state, and the record of what was told.
pub(super) fn load(state: &mut State, deliveries: &Deliveries, rows: &[Row]) -> Result<(), DataError> {
    for row in rows {
        let (table, key, value) = row;
        let is_known = match table.as_str() {
            NOTIFICATIONS => deliveries.load(key, value).map(|()| true),
            _ => state.load(table, key, value),
        };
        if !is_known.map_err(|source| damaged(row, source))? {
            return Err(DataError::UnknownTable(table.clone()));
        }
    }
    state.loaded();
    Ok(())
}

/// Takes the only row of a table out of all rows.
fn take(rows: &mut Vec<Row>, table: &str) -> Option<Row> {
    let place = rows.iter().position(|(name, _, _)| name == table)?;
    Some(rows.swap_remove(place))
}

fn damaged((table, key, _): &Row, source: serde_json::Error) -> DataError {
    DataError::Row {
        table: table.clone(),
        key: key.clone(),
        source,
    }
}
