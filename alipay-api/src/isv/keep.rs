//! Storing new tokens, and which of two pairs replaces the other.
//!
//! If Alipay can be asked, no clock decides about a live pair: the clocks of several processes differ, and some are set back.

use std::{cmp::Ordering, time::Duration};

use super::{
    Inner, IsvEvent, may_pass,
    order::{after, follows},
    store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Version},
    store_error,
    token_status::TokenStatus,
};
use crate::{Error, ErrorKind, random, types::Secret};

/// The first and the longest pause between two attempts to store.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long removing a damaged row may take.
const CLEARING: Duration = Duration::from_secs(2);

/// Where tokens come from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Alipay has just issued them for a merchant's code, which works once.
    Code,
    /// Alipay has just issued them for this refresh token, which works once.
    Refresh(&'a Secret),
    /// A notice, which may be old.
    Notice,
    /// They were kept outside of the store.
    Elsewhere,
}

/// The result of storing tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// They are stored now.
    Stored,
    /// They were stored before.
    Before,
    /// They are not stored: the store keeps another authorisation, of this state.
    Not(AuthorisationState),
}

impl Kept {
    /// Whether the store has these tokens.
    pub(super) fn is_stored(self) -> bool {
        !matches!(self, Self::Not(_))
    }
}

impl Origin<'_> {
    /// Whether the tokens exist nowhere else, and are lost unless they are stored now.
    fn is_fresh(self) -> bool {
        matches!(self, Self::Code | Self::Refresh(_))
    }
}

impl Inner {
    /// Stores fresh tokens and retries until this succeeds, unless the store has better ones by now.
    ///
    /// `expected` is the version that they replace, if it is known.
    pub(super) async fn keep(
        &self,
        auth_app_id: &str,
        mut expected: Option<Version>,
        mut fresh: Authorisation,
        origin: Origin<'_>,
    ) -> Kept {
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let error = match self.try_keep(auth_app_id, &mut expected, &mut fresh, origin).await {
                Ok(kept) => return kept,
                Err(error) => error,
            };
            if !told {
                tracing::error!(auth_app_id, %error, "a merchant's new tokens can't be stored; trying again");
                self.tell(&IsvEvent::NotStored {
                    auth_app_id: auth_app_id.to_owned(),
                    authorisation: fresh.clone(),
                    error: error.without_body(),
                });
                told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Stores tokens unless the stored ones are better. After an error it is open which are better.
    pub(super) async fn try_keep(
        &self,
        auth_app_id: &str,
        expected: &mut Option<Version>,
        fresh: &mut Authorisation,
        origin: Origin<'_>,
    ) -> Result<Kept, Error> {
        let merchant = self.key(auth_app_id);
        loop {
            let replaced = self.store.replace(merchant, *expected, fresh).await;
            if replaced.map_err(store_error)?.is_some() {
                return Ok(Kept::Stored);
            }
            let stored = match self.store.load(merchant).await {
                // The row can't be read by anyone: only a new authorisation helps.
                Err(error)
                    if error.kind() == StoreErrorKind::Damaged
                        && matches!(origin, Origin::Code | Origin::Elsewhere) =>
                {
                    self.clear(merchant, error).await.map_err(store_error)?;
                    None
                }
                stored => stored.map_err(store_error)?,
            };
            *expected = stored.as_ref().map(|stored| stored.version);
            let Some(stored) = stored.map(|stored| stored.authorisation) else {
                continue;
            };
            if is_same(&stored, fresh) && stored.state == fresh.state {
                // An earlier attempt was carried out in spite of its error, or another process has stored them.
                return Ok(Kept::Before);
            }
            if !self.gives_way(auth_app_id, &stored, fresh, origin).await? {
                return Ok(Kept::Not(stored.state));
            }
            if matches!(origin, Origin::Code) {
                fresh.authorised_at = after(stored.authorised_at, fresh.authorised_at);
                fresh.issued_at = fresh.issued_at.max(fresh.authorised_at);
            }
        }
    }

    /// Whether the stored pair is to be replaced by another, or by another state of itself.
    async fn gives_way(
        &self,
        auth_app_id: &str,
        stored: &Authorisation,
        fresh: &Authorisation,
        origin: Origin<'_>,
    ) -> Result<bool, Error> {
        let (is_living, is_same) = (stored.state == AuthorisationState::Active, is_same(stored, fresh));
        let made_of_stored = matches!(origin, Origin::Refresh(old) if stored.app_refresh_token == *old);
        match origin {
            // A dead pair never replaces a live one.
            Origin::Elsewhere if fresh.state != AuthorisationState::Active => {
                return Ok(!is_living && follows(fresh, stored));
            }
            Origin::Elsewhere if !is_living => return Ok(true),
            Origin::Code if !is_living && !is_same => return Ok(true),
            // The stored state is that of the old refresh token, and out of date.
            Origin::Refresh(_) if made_of_stored && stored.state != AuthorisationState::Cancelled => return Ok(true),
            // The notice is old: the store knows more about its tokens.
            Origin::Notice if is_same => return Ok(false),
            _ => {}
        }
        let asked = if is_living {
            self.later(auth_app_id, fresh, stored).await
        } else {
            // The new tokens are usable unless they were withdrawn, too.
            let status = self.token_status(auth_app_id, &fresh.app_auth_token).await;
            status.map(|status| Some(status.is_valid))
        };
        let later = match asked {
            // Alipay will never say, and the tokens can't wait for ever.
            Err(error) if (origin.is_fresh() || matches!(origin, Origin::Notice)) && !may_pass(&error) => {
                tracing::warn!(auth_app_id, %error, "Alipay does not say which of a merchant's tokens are valid");
                None
            }
            asked => asked?,
        };
        Ok(later.unwrap_or_else(|| match origin {
            // The code has just worked, and nothing says that its authorisation is the older one.
            Origin::Code => true,
            _ => made_of_stored || follows(fresh, stored),
        }))
    }

    /// Whether Alipay says that the fresh pair is newer than the stored one; `None` if it does not say.
    async fn later(
        &self,
        auth_app_id: &str,
        fresh: &Authorisation,
        stored: &Authorisation,
    ) -> Result<Option<bool>, Error> {
        let one = self.token_status(auth_app_id, &fresh.app_auth_token).await?;
        let other = match self.token_status(auth_app_id, &stored.app_auth_token).await {
            Err(error) if error.kind() == ErrorKind::Mismatch => TokenStatus::NOTHING,
            other => other?,
        };
        Ok(match one.compare(&other) {
            Ordering::Greater => Some(true),
            Ordering::Less => Some(false),
            Ordering::Equal => None,
        })
    }

    /// Removes a damaged row, unless another process has done so.
    async fn clear(&self, merchant: MerchantKey<'_>, damaged: StoreError) -> Result<(), StoreError> {
        let Ok(holder) = random::name(self.client.random()) else {
            return Err(damaged);
        };
        if !self.store.lease(merchant, &holder, CLEARING).await? {
            return Err(damaged);
        }
        let is_damaged = |error: &StoreError| error.kind() == StoreErrorKind::Damaged;
        if self.store.load(merchant).await.as_ref().is_err_and(is_damaged) {
            self.store.remove(merchant).await?;
        }
        self.store.release(merchant, &holder).await
    }
}

/// Whether both have the same tokens, in whatever state.
fn is_same(one: &Authorisation, other: &Authorisation) -> bool {
    one.app_auth_token == other.app_auth_token && one.app_refresh_token == other.app_refresh_token
}
