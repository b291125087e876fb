//! From one pair of tokens to the next, one process at a time.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Inner, IsvEvent,
    store::{Authorisation, AuthorisationState, Stored, Version},
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
/// How often what could not be stored is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

impl Inner {
    /// Refreshes the tokens of this version; `false` where another process has the lease, `true` where what is stored now is another
    /// version. It goes on when the future is dropped.
    pub(super) async fn refresh(self: &Arc<Self>, auth_app_id: &str, version: Version) -> Result<bool, Error> {
        let (isv, merchant) = (Arc::clone(self), auth_app_id.to_owned());
        let task = async move {
            let _unstored = isv.unstored.read().await;
            isv.refresh_alone(&merchant, version).await
        };
        unaborted(task).await
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
        if let Err(error) = &result
            && error.kind() != ErrorKind::Authorisation
        {
            tracing::warn!(auth_app_id, %error, "a merchant's tokens could not be refreshed");
            self.tell(&IsvEvent::RefreshFailed {
                auth_app_id: auth_app_id.to_owned(),
                error: error.clone(),
            });
        }
        result.map(|()| true)
    }

    async fn refresh_leased(&self, auth_app_id: &str, version: Version, deadline: Instant) -> Result<(), Error> {
        let stored = self.load_active(auth_app_id).await?;
        if stored.version != version {
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
        let mut fresh = stored.authorisation.clone();
        fresh.app_auth_token = answer.app_auth_token;
        fresh.app_refresh_token = answer.app_refresh_token;
        fresh.renew(issued_at, answer.expires_in, answer.re_expires_in)?;
        if self.keep(auth_app_id, Some(version), &fresh, Some(&old)).await {
            tracing::debug!(auth_app_id, "a merchant's tokens are refreshed");
            self.tell(&IsvEvent::Refreshed {
                auth_app_id: auth_app_id.to_owned(),
            });
        }
        Ok(())
    }

    /// The gateway refuses the refresh token: so it is dead, unless somebody else has stored a better one.
    async fn lose(&self, auth_app_id: &str, stored: Stored, error: Error) -> Result<(), Error> {
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
        let message = format!(
            "the merchant {} has to authorise the app again: Alipay refuses its refresh token",
            auth_app_id.escape_debug()
        );
        Err(Error::new(ErrorKind::Authorisation, message).with_source(error))
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
        let merchant = self.key(auth_app_id);
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let error = match self.store.replace(merchant, expected, fresh).await {
                Ok(Some(_)) => return true,
                Ok(None) => match self.store.load(merchant).await {
                    Ok(Some(stored)) if is_out_of_date(&stored.authorisation, old) => {
                        expected = Some(stored.version);
                        continue;
                    }
                    // An attempt that was answered with an error was carried out all the same.
                    Ok(Some(stored)) => return stored.authorisation.app_refresh_token == fresh.app_refresh_token,
                    Ok(None) => {
                        expected = None;
                        continue;
                    }
                    Err(error) => error,
                },
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
            tokio::time::sleep(pause + random::up_to(pause)).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Runs it to its end, also when the future is dropped.
pub(super) async fn unaborted<T: Send + 'static>(
    task: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(task).await.unwrap_or_else(|error| {
        let message = "the exchange of tokens was cut off: its runtime has ended, or an event's listener has panicked";
        Err(Error::new(ErrorKind::Transport, message).with_source(error))
    })
}

/// Whether what is stored was written about the refresh token that new tokens were made from. `None`: they were not made from one, and
/// are newer than anything.
fn is_out_of_date(stored: &Authorisation, old: Option<&Secret>) -> bool {
    old.is_none_or(|old| stored.app_refresh_token == *old && stored.state != AuthorisationState::Cancelled)
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
    /// Sets the times of tokens that were just given out.
    pub(super) fn renew(
        &mut self,
        issued_at: SystemTime,
        expires_in: Option<i64>,
        re_expires_in: Option<i64>,
    ) -> Result<(), Error> {
        if self.app_auth_token.expose().is_empty() || self.app_refresh_token.expose().is_empty() {
            let message = "Alipay's answer is verified, but lacks a token";
            return Err(Error::new(ErrorKind::Decode, message));
        }
        let end = |seconds: Option<i64>| {
            let seconds = u64::try_from(seconds?).ok().filter(|seconds| *seconds > 0)?;
            issued_at.checked_add(Duration::from_secs(seconds))
        };
        self.issued_at = issued_at;
        self.expires_at = end(expires_in);
        self.refresh_expires_at = end(re_expires_in);
        Ok(())
    }

    /// How long the token lasts from when it was given out.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.expires_at?.duration_since(self.issued_at).ok()
    }
}
