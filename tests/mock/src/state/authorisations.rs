//! What merchants allow a third-party app: codes that become tokens, and tokens that become newer ones.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::numbers;

/// How long an `app_auth_token` lives.
pub(crate) const TOKEN_SECONDS: i64 = 31_536_000;
/// How long an `app_refresh_token` lives.
pub(crate) const REFRESH_SECONDS: i64 = 32_140_800;
/// How long a code lives.
const CODE_HOURS: i64 = 24;
/// How long a token outlives its replacement, so that calls under way still pass.
const GRACE_MINUTES: i64 = 10;

/// The merchant who allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grantor {
    pub(crate) auth_app_id: String,
    pub(crate) user_id: String,
}

/// A token, and the one that replaces it.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) grantor: Grantor,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) start: Timestamp,
    /// After this it is no good.
    pub(crate) end: Timestamp,
    refresh_end: Timestamp,
    replaced: bool,
}

impl Grant {
    /// Whether the token still opens anything.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        now < self.end
    }
}

/// Why a code or a refresh token isn't exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeRefusal {
    /// Never given out.
    Unknown,
    /// Used, expired or replaced.
    Spent,
    /// A refresh token past its time.
    Expired,
}

/// All authorisations.
#[derive(Debug, Default)]
pub(crate) struct Authorisations {
    codes: HashMap<String, Code>,
    /// By token.
    grants: HashMap<String, Grant>,
    /// Token by refresh token.
    refresh: HashMap<String, String>,
}

#[derive(Debug)]
struct Code {
    grantor: Grantor,
    made: Timestamp,
    used: bool,
}

impl Authorisations {
    /// A merchant agrees: gives the code that Alipay calls the app back with.
    pub(crate) fn agree(&mut self, grantor: Grantor, now: Timestamp) -> String {
        let code = numbers::random(16);
        self.codes.insert(
            code.clone(),
            Code {
                grantor,
                made: now,
                used: false,
            },
        );
        code
    }

    /// Turns a code into tokens, once.
    pub(crate) fn exchange(&mut self, code: &str, now: Timestamp) -> Result<Grant, ExchangeRefusal> {
        let code = self.codes.get_mut(code).ok_or(ExchangeRefusal::Unknown)?;
        if code.used || now.duration_since(code.made) > SignedDuration::from_hours(CODE_HOURS) {
            return Err(ExchangeRefusal::Spent);
        }
        code.used = true;
        let grantor = code.grantor.clone();
        Ok(self.grant(grantor, now))
    }

    /// Turns a refresh token into new tokens. The old refresh token is dead at once, the old token a little later.
    pub(crate) fn renew(&mut self, refresh: &str, now: Timestamp) -> Result<Grant, ExchangeRefusal> {
        let token = self.refresh.get(refresh).ok_or(ExchangeRefusal::Unknown)?;
        let old = self.grants.get_mut(token).ok_or(ExchangeRefusal::Unknown)?;
        if old.replaced {
            return Err(ExchangeRefusal::Spent);
        }
        if now >= old.refresh_end {
            return Err(ExchangeRefusal::Expired);
        }
        old.replaced = true;
        old.end = old.end.min(now + SignedDuration::from_mins(GRACE_MINUTES));
        let grantor = old.grantor.clone();
        Ok(self.grant(grantor, now))
    }

    /// The grant of a token, live or not.
    pub(crate) fn find(&self, token: &str) -> Option<&Grant> {
        self.grants.get(token)
    }

    fn grant(&mut self, grantor: Grantor, now: Timestamp) -> Grant {
        let grant = Grant {
            grantor,
            token: numbers::token(now),
            refresh: numbers::token(now),
            start: now,
            end: now + SignedDuration::from_secs(TOKEN_SECONDS),
            refresh_end: now + SignedDuration::from_secs(REFRESH_SECONDS),
            replaced: false,
        };
        self.refresh.insert(grant.refresh.clone(), grant.token.clone());
        self.grants.insert(grant.token.clone(), grant.clone());
        grant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn agree(all: &mut Authorisations) -> String {
        all.agree(
            Grantor {
                auth_app_id: "2021".to_owned(),
                user_id: "2088".to_owned(),
            },
            at(0),
        )
    }

    #[test]
    fn a_code_works_once_and_for_a_day() {
        let mut all = Authorisations::default();
        let code = agree(&mut all);
        let grant = all.exchange(&code, at(24)).unwrap();
        assert_eq!((grant.token.len(), grant.grantor.auth_app_id.as_str()), (40, "2021"));
        assert!(all.find(&grant.token).unwrap().is_live(at(25)));
        assert_eq!(all.exchange(&code, at(24)).unwrap_err(), ExchangeRefusal::Spent);
        let late = agree(&mut all);
        assert_eq!(all.exchange(&late, at(25)).unwrap_err(), ExchangeRefusal::Spent);
        assert_eq!(all.exchange("x", at(0)).unwrap_err(), ExchangeRefusal::Unknown);
    }

    #[test]
    fn a_refresh_replaces_both_tokens() {
        let mut all = Authorisations::default();
        let code = agree(&mut all);
        let old = all.exchange(&code, at(0)).unwrap();
        let new = all.renew(&old.refresh, at(1)).unwrap();
        assert!(new.token != old.token && new.refresh != old.refresh);
        assert_eq!(all.renew(&old.refresh, at(1)).unwrap_err(), ExchangeRefusal::Spent);
        assert!(all.find(&old.token).unwrap().is_live(at(1)));
        assert!(!all.find(&old.token).unwrap().is_live(at(2)));
        assert!(all.find(&new.token).unwrap().is_live(at(2)));
        assert_eq!(
            all.renew(&new.refresh, at(24 * 400)).unwrap_err(),
            ExchangeRefusal::Expired
        );
        assert_eq!(all.renew("x", at(0)).unwrap_err(), ExchangeRefusal::Unknown);
    }
}
