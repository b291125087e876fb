//! Refreshing a pair of tokens, by one process at a time.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Inner, IsvEvent,
    keep::{Origin, PAUSES},
    lost,
    order::after,
    pair::Pair,
    store::{Authorisation, AuthorisationState, Stored, Version},
    store_error,
};
use crate::{
    Error, ErrorKind,
    generated::gateway::GatewayErrorCode,
    open_auth::{TokenApp, TokenAppErrorCode, token_app::TokenAppGrantType},
    random,
};

/// How much longer the lease is than the refresh: a request may reach Alipay after its timeout.
const MARGIN: Duration = Duration::from_secs(2);

impl Inner {
    /// Refreshes the tokens of this version. Returns `true` if the store has another version now, and `false` if another process has the
    /// lease. The refresh continues when the future is dropped.
    pub(super) async fn refresh(self: &Arc<Self>, auth_app_id: &str, version: Version) -> Result<bool, Error> {
        let (isv, merchant) = (Arc::clone(self), auth_app_id.to_owned());
        let task = self.task_tracker.begin();
        unaborted(async move {
            let _task = task;
            let memory = isv.memory(&merchant);
            // This process refreshes nothing while a new pair waits to be stored.
            let _refreshing = memory.refreshing.lock().await;
            let result = isv.refresh_alone(&merchant, version).await;
            if let Err(error) = &result
                && error.kind() != ErrorKind::AuthorisationLost
            {
                tracing::warn!(auth_app_id = merchant, %error, "a merchant's tokens could not be refreshed");
                isv.tell(&IsvEvent::RefreshFailed {
                    auth_app_id: merchant.clone(),
                    error: error.clone().without_body(),
                });
            }
            isv.forget(&merchant);
            result
        })
        .await
    }

    async fn refresh_alone(&self, auth_app_id: &str, version: Version) -> Result<bool, Error> {
        let merchant = self.key(auth_app_id);
        let holder = random::name(self.client.random())?;
        let deadline = Instant::now() + self.refresh_timeout;
        let lease = self.refresh_timeout.saturating_add(MARGIN);
        if !self.store.lease(merchant, &holder, lease).await.map_err(store_error)? {
            return Ok(false);
        }
        let result = self.refresh_leased(auth_app_id, version, deadline).await;
        // A request without an answer may still be in flight: nobody sends another until the lease ends.
        if !result.as_ref().is_err_and(Error::is_outcome_unknown)
            && let Err(error) = self.store.release(merchant, &holder).await
        {
            tracing::warn!(auth_app_id, %error, "the lease of a refresh could not be released: it ends by itself");
        }
        result.map(|()| true)
    }

    async fn refresh_leased(&self, auth_app_id: &str, version: Version, deadline: Instant) -> Result<(), Error> {
        let stored = self.load_usable(auth_app_id).await?;
        if stored.version != version || stored.authorisation.state != AuthorisationState::Active {
            return Ok(());
        }
        let old = stored.authorisation.app_refresh_token.clone();
        let now = self.now();
        let request = TokenApp::with_refresh_token(old.clone(), TokenAppGrantType::RefreshToken);
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = match self.client.open_auth().token_app(request).timeout(left).await {
            Ok(answer) => answer,
            // A refusal that may be replayed (unknown outcome) is not final.
            Err(error) if is_dead(&error) && !error.is_outcome_unknown() => {
                return self.lose(auth_app_id, stored, error).await;
            }
            Err(error) => return Err(error),
        };
        let pair = Pair::of(answer)
            .into_iter()
            .find(|pair| pair.auth_app_id == auth_app_id)
            .filter(|pair| {
                let known = &stored.authorisation.user_id;
                pair.user_id.is_empty() || known.is_empty() || pair.user_id == *known
            })
            .ok_or_else(|| {
                let message = "Alipay's verified answer to the refresh has no tokens of this merchant";
                Error::new(ErrorKind::Mismatch, message)
                    .verified()
                    .with_outcome(true, false)
            })?;
        let mut fresh = stored.authorisation.clone();
        pair.renew(&mut fresh, now);
        fresh.issued_at = after(stored.authorisation.issued_at, now);
        let kept = self
            .keep(auth_app_id, Some(version), fresh, Origin::Refresh(&old))
            .await;
        if kept.is_stored() {
            tracing::debug!(auth_app_id, "a merchant's tokens are refreshed");
            self.tell(&IsvEvent::Refreshed {
                auth_app_id: auth_app_id.to_owned(),
            });
        }
        Ok(())
    }

    /// The gateway refuses the refresh token: it is invalid, unless another process has just used it and is storing the new pair.
    async fn lose(&self, auth_app_id: &str, stored: Stored, error: Error) -> Result<(), Error> {
        // Longer than the pause between two attempts of that process to store.
        let (pause, longest) = PAUSES;
        let deadline = Instant::now() + 3 * longest;
        while Instant::now() < deadline {
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
            error: error.clone().without_body(),
        });
        Err(lost(auth_app_id).with_source(error))
    }
}

/// Runs the task to its end, even if the future is dropped.
pub(super) async fn unaborted<T: Send + 'static>(
    task: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(task).await.unwrap_or_else(|error| {
        let message = "the exchange of tokens was aborted: its runtime has stopped, or the store has panicked";
        Err(Error::new(ErrorKind::Transport, message)
            .with_outcome(true, false)
            .with_source(error))
    })
}

/// Whether Alipay says, and has signed, that the refresh token will never work: it is invalid, or is another app's.
///
/// A refusal because of the app, such as an expired certificate, loses no merchant: it can be fixed.
fn is_dead(error: &Error) -> bool {
    use GatewayErrorCode as Common;
    use TokenAppErrorCode as Own;

    let own = || {
        matches!(
            error.sub_code_as(),
            Some(
                Own::RefreshTokenNotExist
                    | Own::RefreshTokenNotValid
                    | Own::RefreshTokenTimeOut
                    | Own::AuthCodeNotExist
                    | Own::AuthCodeNotValid
                    | Own::AuthTokenNotFound
                    | Own::AppIdNotConsistent
            )
        )
    };
    let common = || {
        matches!(
            error.sub_code_as(),
            Some(Common::IsvCodeInvalid | Common::IsvInvalidAuthRelations | Common::InvalidAuthRelations)
        )
    };
    error.is_verified() && (own() || common())
}

impl Authorisation {
    /// The lifetime of the token, from its issue.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.expires_at?.duration_since(self.issued_at).ok()
    }
}
