//! New tokens on their way into the store, and which of two pairs gives way to the other.
//!
//! Clocks don't decide over a living pair where Alipay can be asked: those of several processes differ, and some are set back.

use std::{cmp::Ordering, time::Duration};

use super::{
    Inner, IsvEvent, may_pass,
    order::{after, follows},
    store::{Authorisation, AuthorisationState, MerchantKey, StoreError, StoreErrorKind, Version},
    store_error,
    token_status::TokenStatus,
};
use crate::{Error, ErrorKind, random, types::Secret};

/// How often what could not be stored is tried again.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long it may take to remove what is damaged.
const CLEARING: Duration = Duration::from_secs(2);

/// How tokens that are to be stored came about.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Alipay has just given them out for a merchant's code, which works once.
    Code,
    /// Alipay has just given them out for this refresh token, which works once.
    Refresh(&'a Secret),
    /// A notice brought them, which may be an old one.
    Notice,
    /// Somebody has kept them elsewhere.
    Elsewhere,
}

/// What became of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// They are stored now.
    Stored,
    /// They were stored already.
    Before,
    /// They are not stored, and what is stored stays: an authorisation of this state.
    Not(AuthorisationState),
}

impl Kept {
    /// Whether the tokens are what is stored.
    pub(super) fn is_stored(self) -> bool {
        !matches!(self, Self::Not(_))
    }
}

impl Origin<'_> {
    /// Whether they are lost unless they are stored now: nobody else has them.
    fn is_fresh(self) -> bool {
        matches!(self, Self::Code | Self::Refresh(_))
    }
}

impl Inner {
    /// Stores fresh tokens, however long it takes, unless the merchant has others by now that must not be lost.
    ///
    /// `expected` is the version that they follow, if that is known.
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

    /// Stores tokens unless what is stored must stay. After an error nothing is decided.
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
                // Nobody can read what is there: a new authorisation is all that helps.
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
                // An attempt that was answered with an error was carried out all the same, or somebody else has brought them.
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

    /// Whether what is stored gives way to another pair, or to another state of its own.
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
            // What is dead takes the place of nothing that lives.
            Origin::Elsewhere if fresh.state != AuthorisationState::Active => {
                return Ok(!is_living && follows(fresh, stored));
            }
            Origin::Elsewhere if !is_living => return Ok(true),
            Origin::Code if !is_living && !is_same => return Ok(true),
            // Whatever was found out about the refresh token that they were made of is out of date.
            Origin::Refresh(_) if made_of_stored && stored.state != AuthorisationState::Cancelled => return Ok(true),
            // An old notice, and it is known what became of its tokens.
            Origin::Notice if is_same => return Ok(false),
            _ => {}
        }
        let asked = if is_living {
            self.later(auth_app_id, fresh, stored).await
        } else {
            // They are good for something unless they, too, were withdrawn.
            let status = self.token_status(auth_app_id, &fresh.app_auth_token).await;
            status.map(|status| Some(status.is_valid))
        };
        let later = match asked {
            // Alipay will never tell, and neither those who have the tokens nor its notice can wait for ever.
            Err(error) if (origin.is_fresh() || matches!(origin, Origin::Notice)) && !may_pass(&error) => {
                tracing::warn!(auth_app_id, %error, "Alipay does not tell which of a merchant's tokens are in force");
                None
            }
            asked => asked?,
        };
        Ok(later.unwrap_or_else(|| match origin {
            // The code has worked just now, and nothing says that it was the earlier of two.
            Origin::Code => true,
            _ => made_of_stored || follows(fresh, stored),
        }))
    }

    /// Whether Alipay says that one of two pairs is the later one; `None` where it does not tell.
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

    /// Removes what is damaged, unless somebody else has by now.
    async fn clear(&self, merchant: MerchantKey<'_>, damaged: StoreError) -> Result<(), StoreError> {
        let Ok(holder) = random::name() else {
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

/// Whether two are the same tokens, whatever is known of them.
fn is_same(one: &Authorisation, other: &Authorisation) -> bool {
    one.app_auth_token == other.app_auth_token && one.app_refresh_token == other.app_refresh_token
}
