//! What users allow the app: codes that become tokens, and tokens that become newer ones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::authorisations::{ExchangeRefusal, after};
use super::trades::Buyer;
use crate::lifetimes::Lifetimes;
use crate::numbers;
use crate::table::{Rows, Single, Table};

/// The user whose browser it is, and who may be a merchant too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Visitor {
    /// The user number, as a user and as a merchant.
    pub user_id: String,
    /// The open id towards the app. With it, the gateway gives this instead of the user number.
    pub open_id: Option<String>,
    /// The app that the visitor authorises as a merchant.
    pub auth_app_id: String,
    /// What the visitor answers to the pages below `/oauth2/` without seeing them: the browser is sent back at once. By default the pages ask.
    pub agrees: Option<bool>,
}

impl Default for Visitor {
    fn default() -> Self {
        Self {
            user_id: "2088102104794936".to_owned(),
            open_id: None,
            auth_app_id: "2013121100055554".to_owned(),
            agrees: None,
        }
    }
}

impl Visitor {
    /// As a buyer, a payer and a signer.
    pub(crate) fn account(&self) -> Buyer {
        Buyer {
            user_id: self.user_id.clone(),
            open_id: self.open_id.clone(),
            ..Buyer::default()
        }
    }
}

/// A pair of tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UserGrant {
    pub(crate) user_id: String,
    pub(crate) open_id: Option<String>,
    pub(crate) scope: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) start: Timestamp,
    pub(crate) seconds: (u64, u64),
    end: Timestamp,
    refresh_end: Timestamp,
    replaced: bool,
}

/// The status of a user's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserTokenStatus {
    Valid,
    Expired,
    /// Replaced, or never given out.
    Invalid,
}

/// All users' authorisations.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// Who opens the authorisation pages.
    pub(crate) visitor: Single<Visitor>,
    codes: Table<String, Code>,
    /// By token.
    grants: Table<String, UserGrant>,
    /// Token by refresh token.
    refresh: BTreeMap<String, String>,
    /// What users share, by user number.
    profiles: Table<String, Map<String, Value>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Code {
    user_id: String,
    open_id: Option<String>,
    scope: String,
    end: Timestamp,
    used: bool,
}

impl Users {
    /// What outlives the process.
    pub(super) fn rows(&mut self) -> [(&'static str, &mut dyn Rows); 4] {
        [
            ("visitor", &mut self.visitor),
            ("user_codes", &mut self.codes),
            ("user_grants", &mut self.grants),
            ("profiles", &mut self.profiles),
        ]
    }

    /// Finds tokens again by their refresh tokens, after they were loaded.
    pub(super) fn index(&mut self) {
        let grants = self.grants.values();
        self.refresh = grants
            .map(|grant| (grant.refresh.clone(), grant.token.clone()))
            .collect();
    }

    /// A user agrees: gives the `auth_code`.
    pub(crate) fn agree(
        &mut self,
        (user_id, open_id): (String, Option<String>),
        scope: &str,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> String {
        let code = numbers::random(16);
        let made = Code {
            user_id,
            open_id,
            scope: scope.to_owned(),
            end: after(now, lifetimes.auth_code),
            used: false,
        };
        self.codes.insert(code.clone(), made);
        code
    }

    /// Turns a code into tokens, once.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Result<UserGrant, ExchangeRefusal> {
        let known = self.codes.get(code).ok_or(ExchangeRefusal::Unknown)?;
        if known.used || now >= known.end {
            return Err(ExchangeRefusal::Spent);
        }
        let code = self.codes.get_mut(code).ok_or(ExchangeRefusal::Unknown)?;
        code.used = true;
        let whose = (code.user_id.clone(), code.open_id.clone());
        let scope = code.scope.clone();
        Ok(self.grant(whose, scope, lifetimes, now))
    }

    /// Turns a refresh token into new tokens. Both old ones are dead at once.
    pub(crate) fn renew(
        &mut self,
        refresh: &str,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> Result<UserGrant, ExchangeRefusal> {
        let token = self.refresh.get(refresh).ok_or(ExchangeRefusal::Unknown)?;
        let known = self.grants.get(token).ok_or(ExchangeRefusal::Unknown)?;
        if known.replaced {
            return Err(ExchangeRefusal::Spent);
        }
        if now >= known.refresh_end {
            return Err(ExchangeRefusal::Expired);
        }
        let old = self.grants.get_mut(token).ok_or(ExchangeRefusal::Unknown)?;
        old.replaced = true;
        let whose = (old.user_id.clone(), old.open_id.clone());
        let scope = old.scope.clone();
        Ok(self.grant(whose, scope, lifetimes, now))
    }

    /// What a token is worth, and whose it is.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> (UserTokenStatus, Option<&UserGrant>) {
        let Some(grant) = self.grants.get(token).filter(|grant| !grant.replaced) else {
            return (UserTokenStatus::Invalid, None);
        };
        if now < grant.end {
            (UserTokenStatus::Valid, Some(grant))
        } else {
            (UserTokenStatus::Expired, Some(grant))
        }
    }

    /// What users allow and nothing newer has replaced, with whether it still holds.
    pub(crate) fn all(&self, now: Timestamp) -> impl Iterator<Item = (&UserGrant, bool)> {
        let granted = self.grants.values().filter(|grant| !grant.replaced);
        granted.map(move |grant| (grant, now < grant.end))
    }

    /// What a user shares.
    pub(crate) fn profile(&self, user_id: &str) -> Map<String, Value> {
        let usual = || {
            let profile = json!({
                "avatar": "http://tfsimg.alipay.com/images/partner/T1uIxXXbpXXXXXXXX", "province": "安徽省", "city": "安庆",
                "nick_name": "支付宝小二", "gender": "F",
            });
            profile.as_object().cloned().unwrap_or_default()
        };
        self.profiles.get(user_id).cloned().unwrap_or_else(usual)
    }

    /// What a user shares from now on.
    pub(crate) fn set_profile(&mut self, user_id: &str, profile: Map<String, Value>) {
        self.profiles.insert(user_id.to_owned(), profile);
    }

    fn grant(
        &mut self,
        (user_id, open_id): (String, Option<String>),
        scope: String,
        lifetimes: &Lifetimes,
        now: Timestamp,
    ) -> UserGrant {
        let grant = UserGrant {
            user_id,
            open_id,
            scope,
            token: numbers::user_token(),
            refresh: numbers::user_token(),
            start: now,
            seconds: (lifetimes.access_token.as_secs(), lifetimes.refresh_token.as_secs()),
            end: after(now, lifetimes.access_token),
            refresh_end: after(now, lifetimes.refresh_token),
            replaced: false,
        };
        self.refresh.insert(grant.refresh.clone(), grant.token.clone());
        self.grants.insert(grant.token.clone(), grant.clone());
        grant
    }
}
