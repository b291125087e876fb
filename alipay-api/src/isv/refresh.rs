//! From one pair of tokens to the next, one process at a time.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Inner, IsvEvent, lost,
    pair::Pair,
    store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Stored, Version},
    store_error,
};
use crate::{
    Error, ErrorKind,
    open::{AuthTokenApp, AuthTokenAppErrorCode, auth_token_app::AuthTokenAppGrantType},
    random,
    types::Secret,
};

/// How much longer than a refresh its lease is: for a request that reaches Alipay after nobody waits for it any more.
const MARGIN: Duration = Duration::from_secs(2);
/// How often what could not be stored is tried again. Whoever finds a refresh token dead waits longer than that for a better one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl Inner {
    /// Refreshes the tokens of this version; `false` where another process has the lease, `true` where what is stored now is another
    /// version. It goes on when the future is dropped.
    pub(super) async fn refresh(self: &Arc<Self>, auth_app_id: &str, version: Version) -> Result<bool, Error> {
        let (isv, merchant) = (Arc::clone(self), auth_app_id.to_owned());
        let task = self.under_way.begin();
        unaborted(async move {
            let _task = task;
            let memory = isv.memory(&merchant);
            // In this process, nobody refreshes while a new pair waits for the store.
            let _refreshing = memory.refreshing.lock().await;
            let result = isv.refresh_alone(&merchant, version).await;
            if let Err(error) = &result
                && error.kind() != ErrorKind::AuthorisationLost
            {
                tracing::warn!(auth_app_id = merchant, %error, "a merchant's tokens could not be refreshed");
                isv.tell(&IsvEvent::RefreshFailed {
                    auth_app_id: merchant.clone(),
                    error: error.clone(),
                });
            }
            isv.forget(&merchant);
            result
        })
        .await
    }

    async fn refresh_alone(&self, auth_app_id: &str, version: Version) -> Result<bool, Error> {
        let merchant = self.key(auth_app_id);
        let holder = random::name()?;
        let deadline = Instant::now() + self.refresh_timeout;
        let lease = self.refresh_timeout.saturating_add(MARGIN);
        if !self.store.lease(merchant, &holder, lease).await.map_err(store_error)? {
            return Ok(false);
        }
        let result = self.refresh_leased(auth_app_id, version, deadline).await;
        // A request that nobody has seen the answer of may still be on its way: until the lease ends, nobody sends another.
        if !result.as_ref().is_err_and(Error::is_outcome_unknown)
            && let Err(error) = self.store.release(merchant, &holder).await
        {
            tracing::warn!(auth_app_id, %error, "the lease of a refresh stays until it ends");
        }
        result.map(|()| true)
    }

    async fn refresh_leased(&self, auth_app_id: &str, version: Version, deadline: Instant) -> Result<(), Error> {
        let stored = self.load_usable(auth_app_id).await?;
        if stored.version != version || stored.authorisation.state != AuthorisationState::Active {
            return Ok(());
        }
        let old = stored.authorisation.app_refresh_token.clone();
        let issued_at = self.now();
        let request = AuthTokenApp::with_refresh_token(old.clone(), AuthTokenAppGrantType::RefreshToken);
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = match self.client.open().auth_token_app(request).timeout(left).await {
            Ok(answer) => answer,
            Err(error) if is_dead(&error) => return self.lose(auth_app_id, stored, error).await,
            Err(error) => return Err(error),
        };
        let pair = Pair::of(answer)
            .into_iter()
            .find(|pair| pair.auth_app_id == auth_app_id)
            .filter(|pair| pair.user_id.is_empty() || pair.user_id == stored.authorisation.user_id)
            .ok_or_else(|| {
                let message = "Alipay's answer to the refresh is verified, but has no tokens of this merchant";
                Error::new(ErrorKind::Mismatch, message)
                    .verified()
                    .with_outcome(true, false)
            })?;
        let mut fresh = stored.authorisation.clone();
        pair.renew(&mut fresh, issued_at);
        if self.keep(auth_app_id, Some(version), &fresh, Some(&old)).await {
            tracing::debug!(auth_app_id, "a merchant's tokens are refreshed");
            self.tell(&IsvEvent::Refreshed {
                auth_app_id: auth_app_id.to_owned(),
            });
        }
        Ok(())
    }

    /// The gateway refuses the refresh token: so it is dead, unless another process has used it and stores what it got for it.
    async fn lose(&self, auth_app_id: &str, stored: Stored, error: Error) -> Result<(), Error> {
        let (pause, longest) = PAUSES;
        let patience = Instant::now() + 3 * longest;
        while Instant::now() < patience {
            tokio::time::sleep(10 * pause).await;
            if self.load(auth_app_id).await?.map(|now| now.version) != Some(stored.version) {
                return Ok(());
            }
        }
        let mut dead = stored.authorisation;
        dead.state = AuthorisationState::Lost;
        let replaced = self
            .store
            .replace(self.key(auth_app_id), Some(stored.version), &dead)
            .await;
        if replaced.map_err(store_error)?.is_none() {
            return Ok(());
        }
        tracing::error!(auth_app_id, %error, "a merchant has to authorise the app again");
        self.tell(&IsvEvent::Lost {
            auth_app_id: auth_app_id.to_owned(),
            error: error.clone(),
        });
        Err(lost(auth_app_id).with_source(error))
    }

    /// Stores new tokens, however long it takes; `false` where the merchant has others by now that must not be lost.
    ///
    /// `expected` is the version that they follow, `old` the refresh token that they were made from: whatever has been written about
    /// that one is out of date.
    pub(super) async fn keep(
        &self,
        auth_app_id: &str,
        mut expected: Option<Version>,
        fresh: &Authorisation,
        old: Option<&Secret>,
    ) -> bool {
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let error = match self.try_keep(auth_app_id, &mut expected, fresh, old).await {
                Ok(kept) => return kept,
                Err(error) => error,
            };
            if !told {
                tracing::error!(auth_app_id, %error, "a merchant's new tokens can't be stored; trying again");
                self.tell(&IsvEvent::NotStored {
                    auth_app_id: auth_app_id.to_owned(),
                    authorisation: fresh.clone(),
                    error: store_error(error),
                });
                told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Stores tokens that were made of no others, unless the merchant has authorised the app since.
    pub(super) async fn put(&self, auth_app_id: &str, fresh: &Authorisation) -> Result<bool, StoreError> {
        self.try_keep(auth_app_id, &mut None, fresh, None).await
    }

    async fn try_keep(
        &self,
        auth_app_id: &str,
        expected: &mut Option<Version>,
        fresh: &Authorisation,
        old: Option<&Secret>,
    ) -> Result<bool, StoreError> {
        let merchant = self.key(auth_app_id);
        loop {
            if self.store.replace(merchant, *expected, fresh).await?.is_some() {
                return Ok(true);
            }
            let stored = match self.store.load(merchant).await {
                // Nobody can read what is there: a new authorisation is all that helps.
                Err(error) if error.kind() == StoreErrorKind::Damaged && old.is_none() => {
                    self.clear(merchant, error).await?;
                    None
                }
                stored => stored?,
            };
            if let Some(stored) = &stored {
                if stored.authorisation.app_refresh_token == fresh.app_refresh_token {
                    // An attempt that was answered with an error was carried out all the same.
                    return Ok(true);
                }
                if !is_out_of_date(&stored.authorisation, fresh, old) {
                    return Ok(false);
                }
            }
            *expected = stored.map(|stored| stored.version);
        }
    }
}

impl Inner {
    /// Removes what is damaged, unless somebody else has by now.
    async fn clear(&self, merchant: MerchantKey<'_>, damaged: StoreError) -> Result<(), StoreError> {
        let Ok(holder) = random::name() else {
            return Err(damaged);
        };
        if !self.store.lease(merchant, &holder, MARGIN).await? {
            return Err(damaged);
        }
        let is_damaged = |error: &StoreError| error.kind() == StoreErrorKind::Damaged;
        if self.store.load(merchant).await.as_ref().is_err_and(is_damaged) {
            self.store.remove(merchant).await?;
        }
        self.store.release(merchant, &holder).await
    }
}

/// Runs it to its end, also when the future is dropped.
pub(super) async fn unaborted<T: Send + 'static>(
    task: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(task).await.unwrap_or_else(|error| {
        let message = "the exchange of tokens was cut off: its runtime has ended, or the store has panicked";
        Err(Error::new(ErrorKind::Transport, message)
            .with_outcome(true, false)
            .with_source(error))
    })
}

/// Whether what is stored gives way: it was written about the refresh token that new tokens were made from, or, where they were made of
/// none, it was granted before them.
fn is_out_of_date(stored: &Authorisation, fresh: &Authorisation, old: Option<&Secret>) -> bool {
    match old {
        Some(old) => stored.app_refresh_token == *old && stored.state != AuthorisationState::Cancelled,
        None => stored.authorised_at <= fresh.authorised_at,
    }
}

/// Whether Alipay says, and has signed, that the refresh token is of no use any more.
fn is_dead(error: &Error) -> bool {
    error.is_verified()
        && matches!(
            error.sub_code_as(),
            Some(
                AuthTokenAppErrorCode::RefreshTokenNotExist
                    | AuthTokenAppErrorCode::RefreshTokenNotValid
                    | AuthTokenAppErrorCode::RefreshTokenTimeOut
            )
        )
}

impl Authorisation {
    /// How long the token lasts from when it was given out.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.expires_at?.duration_since(self.issued_at).ok()
    }
}
