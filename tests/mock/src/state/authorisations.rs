//! What merchants allow a third-party app: codes that become tokens, and tokens that become newer ones.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lifetimes::Lifetimes;
use crate::numbers;
use crate::table::{List, Rows, Single, Table};

/// The merchant who allowed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grantor {
    pub(crate) auth_app_id: String,
    pub(crate) user_id: String,
}

/// A pair of tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) grantor: Grantor,
    pub(crate) token: String,
    pub(crate) refresh: String,
    /// When the merchant authorised.
    pub(crate) authorised: Timestamp,
    pub(crate) start: Timestamp,
    /// After this the token is no good.
    pub(crate) end: Timestamp,
    /// For how many seconds they were given out.
    pub(crate) seconds: (u64, u64),
    /// How often the merchant's tokens have been refreshed since the authorisation.
    pub(crate) refreshes: u64,
    refresh_end: Timestamp,
    over: Option<End>,
}

/// How a pair of tokens ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    Replaced,
    Cancelled,
}

/// The status of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    Valid,
    /// The token has expired.
    Expired,
    /// A newer one has taken its place.
    Replaced,
    /// The merchant has withdrawn it.
    Cancelled,
}

impl Grant {
    /// The status of the token.
    pub(crate) fn status(&self, now: Timestamp) -> TokenStatus {
        match self.over {
            Some(End::Cancelled) => TokenStatus::Cancelled,
            _ if now < self.end => TokenStatus::Valid,
            Some(End::Replaced) => TokenStatus::Replaced,
            None => TokenStatus::Expired,
        }
    }

    fn renew_until(&mut self, lifetimes: &Lifetimes, now: Timestamp) {
        self.start = now;
        self.end = after(now, lifetimes.app_auth_token);
        self.refresh_end = after(now, lifetimes.app_refresh_token);
        self.seconds = (
            lifetimes.app_auth_token.as_secs(),
            lifetimes.app_refresh_token.as_secs(),
        );
    }
}

/// Why a code or a refresh token isn't exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeRefusal {
    /// Never given out.
    Unknown,
    /// Used, replaced, cancelled, or a code past its time.
    Spent,
    /// A refresh token past its time.
    Expired,
}

/// A refresh token that was used after it had ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct DeadRefreshToken {
    /// The token.
    pub app_refresh_token: String,
    /// The merchant whose it was.
    pub auth_app_id: String,
    /// Why it had ended.
    pub cause: RefreshTokenDeath,
}

/// Why a refresh token has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefreshTokenDeath {
    /// The token was used before, or the merchant has authorised the app again since.
    Replaced,
    /// The merchant has cancelled the authorisation.
    Cancelled,
    /// The token had expired.
    Expired,
}

/// What a message to the app is about.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A merchant authorised: the tokens, and the code for them.
    Authorised(Grant, String),
    /// A merchant withdrew what it had allowed.
    Cancelled(Grant),
}

/// All authorisations.
#[derive(Debug, Default)]
pub(crate) struct Authorisations {
    pub(crate) lifetimes: Single<Lifetimes>,
    /// Events that no message was sent for yet.
    pub(crate) events: Vec<Event>,
    codes: Table<String, Code>,
    /// By token.
    grants: Table<String, Grant>,
    /// Token by refresh token.
    refresh: BTreeMap<String, String>,
    /// The latest token by `auth_app_id`.
    latest: Table<String, String>,
    dead: List<DeadRefreshToken>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Code {
    /// The token that it stands for.
    token: String,
    end: Timestamp,
    used: bool,
}

impl Authorisations {
    /// None yet; codes and tokens will live so long.
    pub(crate) fn new(lifetimes: Lifetimes) -> Self {
        Self {
            lifetimes: Single::new(lifetimes),
            ..Self::default()
        }
    }

    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 5] {
        [
            ("lifetimes", &mut self.lifetimes),
            ("merchant_codes", &mut self.codes),
            ("merchant_grants", &mut self.grants),
            ("latest_grants", &mut self.latest),
            ("dead_refresh_tokens", &mut self.dead),
        ]
    }

    /// Finds tokens again by their refresh tokens, after they were loaded.
    pub(super) fn index(&mut self) {
        let grants = self.grants.values();
        self.refresh = grants
            .map(|grant| (grant.refresh.clone(), grant.token.clone()))
            .collect();
    }

    /// A merchant agrees: gives the code that Alipay calls the app back with. The tokens exist from now on, and earlier ones of the merchant are replaced.
    pub(crate) fn agree(&mut self, grantor: Grantor, now: Timestamp) -> String {
        let earlier = self.latest.get(&grantor.auth_app_id).cloned();
        if let Some(earlier) = earlier {
            self.replace(&earlier, now);
        }
        let grant = self.grant(grantor, now, now, 0);
        let code = numbers::random(16);
        let end = after(now, self.lifetimes.app_auth_code);
        let token = grant.token.clone();
        self.codes.insert(
            code.clone(),
            Code {
                token,
                end,
                used: false,
            },
        );
        self.events.push(Event::Authorised(grant, code.clone()));
        code
    }

    /// Turns a code into its tokens, once. Their time runs from now.
    pub(crate) fn exchange(&mut self, code: &str, now: Timestamp) -> Result<Grant, ExchangeRefusal> {
        let known = self.codes.get(code).ok_or(ExchangeRefusal::Unknown)?;
        let grant = self.grants.get(&known.token).ok_or(ExchangeRefusal::Unknown)?;
        if known.used || now >= known.end || grant.over.is_some() {
            return Err(ExchangeRefusal::Spent);
        }
        let code = self.codes.get_mut(code).ok_or(ExchangeRefusal::Unknown)?;
        code.used = true;
        let grant = self.grants.get_mut(&code.token).ok_or(ExchangeRefusal::Unknown)?;
        grant.renew_until(&self.lifetimes, now);
        Ok(grant.clone())
    }

    /// Turns a refresh token into new tokens. The old refresh token is dead at once, the old token after its grace.
    pub(crate) fn renew(&mut self, refresh: &str, now: Timestamp) -> Result<Grant, ExchangeRefusal> {
        let token = self.refresh.get(refresh).cloned().ok_or(ExchangeRefusal::Unknown)?;
        let old = self.grants.get(&token).ok_or(ExchangeRefusal::Unknown)?;
        let (cause, refusal) = match old.over {
            Some(End::Replaced) => (RefreshTokenDeath::Replaced, ExchangeRefusal::Spent),
            Some(End::Cancelled) => (RefreshTokenDeath::Cancelled, ExchangeRefusal::Spent),
            None if now >= old.refresh_end => (RefreshTokenDeath::Expired, ExchangeRefusal::Expired),
            None => {
                let (grantor, authorised, refreshes) = (old.grantor.clone(), old.authorised, old.refreshes);
                self.replace(&token, now);
                return Ok(self.grant(grantor, authorised, now, refreshes + 1));
            }
        };
        self.dead.push(DeadRefreshToken {
            app_refresh_token: refresh.to_owned(),
            auth_app_id: old.grantor.auth_app_id.clone(),
            cause,
        });
        Err(refusal)
    }

    /// The merchant withdraws: no token of its own is good any more. Gives the latest, or nothing if nothing was in force.
    pub(crate) fn cancel(&mut self, auth_app_id: &str) -> Option<Grant> {
        let latest = self.latest.get(auth_app_id)?;
        if self.grants.get(latest)?.over == Some(End::Cancelled) {
            return None;
        }
        let latest = latest.clone();
        let is_one = |grant: &Grant| grant.grantor.auth_app_id == auth_app_id;
        self.grants
            .change_all(is_one, |grant| grant.over = Some(End::Cancelled));
        let grant = self.grants.get(&latest)?.clone();
        self.events.push(Event::Cancelled(grant.clone()));
        Some(grant)
    }

    /// The grant of a token, live or not.
    pub(crate) fn find(&self, token: &str) -> Option<&Grant> {
        self.grants.get(token)
    }

    /// The latest grant of each merchant.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Grant> {
        self.latest.values().filter_map(|token| self.grants.get(token))
    }

    /// The latest grant of a merchant.
    pub(crate) fn latest(&self, auth_app_id: &str) -> Option<&Grant> {
        self.grants.get(self.latest.get(auth_app_id)?)
    }

    /// The refresh tokens that came after their death, in the order that they came in.
    pub(crate) fn dead(&self) -> impl Iterator<Item = &DeadRefreshToken> {
        self.dead.iter()
    }

    /// What happened since the last time somebody asked.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    fn replace(&mut self, token: &str, now: Timestamp) {
        let grace = self.lifetimes.app_auth_token_grace;
        let is_live = self.grants.get(token).is_some_and(|grant| grant.over.is_none());
        if is_live && let Some(grant) = self.grants.get_mut(token) {
            grant.over = Some(End::Replaced);
            grant.end = grant.end.min(after(now, grace));
        }
    }

    fn grant(&mut self, grantor: Grantor, authorised: Timestamp, now: Timestamp, refreshes: u64) -> Grant {
        let mut grant = Grant {
            grantor,
            token: numbers::token(now),
            refresh: numbers::token(now),
            authorised,
            start: now,
            end: now,
            seconds: (0, 0),
            refreshes,
            refresh_end: now,
            over: None,
        };
        grant.renew_until(&self.lifetimes, now);
        self.refresh.insert(grant.refresh.clone(), grant.token.clone());
        self.latest
            .insert(grant.grantor.auth_app_id.clone(), grant.token.clone());
        self.grants.insert(grant.token.clone(), grant.clone());
        grant
    }
}

/// The moment after this time, or the last there is.
pub(crate) fn after(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "authorisations_tests.rs"]
mod tests;
