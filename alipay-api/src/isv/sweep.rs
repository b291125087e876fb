use super::{
    Isv,
    store::{AuthorisationState, Stored},
    store_error,
};
use crate::{Error, ErrorKind};

/// How many merchants are read at once.
const PAGE: u32 = 200;

/// The result of [`Isv::refresh_ending`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sweep {
    /// How many merchants' tokens were refreshed.
    pub refreshed: u64,
    /// The merchants (`auth_app_id`) whose tokens could not be refreshed, and why. The errors have no [body](Error::raw_body).
    pub failed: Vec<(String, Error)>,
}

impl Isv {
    /// Refreshes the tokens of all merchants whose token or refresh token expires soon, one after another. Call it once a day, for the
    /// merchants that make no calls. Merchants that another process is refreshing are skipped.
    ///
    /// # Errors
    /// The store can't be read. If the refresh of a merchant fails, its error is in the [`Sweep`], and the others are refreshed.
    pub async fn refresh_ending(&self) -> Result<Sweep, Error> {
        let isv = &self.inner;
        let mut sweep = Sweep::default();
        let mut after: Option<String> = None;
        loop {
            let until = isv.now() + isv.refresh_ahead;
            let page = isv
                .store
                .ending_before(isv.client.app_id(), until, after.as_deref(), PAGE);
            let page = page.await.map_err(store_error)?;
            let Some(last) = page.last() else { return Ok(sweep) };
            after = Some(last.clone());
            for auth_app_id in page {
                match self.refresh_if_due(&auth_app_id).await {
                    Ok(refreshed) => sweep.refreshed += u64::from(refreshed),
                    Err(error) => sweep.failed.push((auth_app_id, error.without_body())),
                }
            }
        }
    }

    async fn refresh_if_due(&self, auth_app_id: &str) -> Result<bool, Error> {
        let is_due = |stored: &Stored| {
            let due = self.inner.due(&stored.authorisation);
            stored.authorisation.state == AuthorisationState::Active && due.is_some_and(|due| due <= self.inner.now())
        };
        match self.inner.load_usable(auth_app_id).await {
            Ok(stored) if is_due(&stored) => self.inner.refresh(auth_app_id, stored.version).await,
            Err(error) if error.kind() == ErrorKind::TokenStore => Err(error),
            // The merchant has become cancelled or lost since the page was read.
            Ok(_) | Err(_) => Ok(false),
        }
    }
}
