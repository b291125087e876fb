use super::{
    Isv,
    store::{AuthorisationState, Stored},
    store_error,
};
use crate::{Error, ErrorKind};

/// How many merchants are read at once.
const PAGE: u32 = 200;

/// What [`Isv::refresh_ending`] has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Sweep {
    /// How many merchants' tokens are new.
    pub refreshed: u64,
    /// Merchants (`auth_app_id`) whose tokens could not be refreshed, and why. The errors have no [body](Error::raw_body).
    pub failed: Vec<(String, Error)>,
}

impl Isv {
    /// Refreshes the tokens of all merchants whose token or refresh token ends soon, one after another: once a day keeps the merchants
    /// that make no calls. Merchants that another process is refreshing are left to it.
    ///
    /// # Errors
    /// The store can't be read. What fails for one merchant is in the [`Sweep`], and the others are refreshed all the same.
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
            // It has been cancelled or lost since the page was read.
            Ok(_) | Err(_) => Ok(false),
        }
    }
}
