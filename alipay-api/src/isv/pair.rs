//! Tokens as the gateway issues them.

use std::time::{Duration, SystemTime};

use super::store::Authorisation;
use crate::{
    open_auth::{TokenAppResponse, token_app::AppTokenExchangeSubElement},
    types::Secret,
};

/// A merchant's two tokens.
pub(super) struct Pair {
    pub(super) auth_app_id: String,
    pub(super) user_id: String,
    app_auth_token: Secret,
    app_refresh_token: Secret,
    expires_in: Option<i64>,
    re_expires_in: Option<i64>,
}

impl Pair {
    /// The pairs of an answer. Alipay lists them where there are several, and may repeat the only one in a list.
    #[expect(deprecated, reason = "a lifetime that an answer does say holds")]
    pub(super) fn of(answer: TokenAppResponse) -> Vec<Self> {
        let first = AppTokenExchangeSubElement {
            app_auth_token: answer.app_auth_token,
            app_refresh_token: answer.app_refresh_token,
            auth_app_id: answer.auth_app_id,
            user_id: answer.user_id,
            expires_in: answer.expires_in,
            re_expires_in: answer.re_expires_in,
            ..Default::default()
        };
        let mut pairs: Vec<Self> = Vec::new();
        for each in answer.tokens.into_iter().chain([first]) {
            let is_new = pairs.iter().all(|pair| pair.auth_app_id != each.auth_app_id);
            if is_new {
                pairs.extend(Self::new(
                    each.auth_app_id,
                    each.user_id,
                    (each.app_auth_token, each.app_refresh_token),
                    (each.expires_in, each.re_expires_in),
                ));
            }
        }
        pairs
    }

    /// `None` if a token or the merchant's name is missing.
    pub(super) fn new(
        auth_app_id: String,
        user_id: String,
        (app_auth_token, app_refresh_token): (Secret, Secret),
        (expires_in, re_expires_in): (Option<i64>, Option<i64>),
    ) -> Option<Self> {
        let texts = [&auth_app_id, app_auth_token.expose(), app_refresh_token.expose()];
        texts.iter().all(|text| !text.is_empty()).then_some(Self {
            auth_app_id,
            user_id,
            app_auth_token,
            app_refresh_token,
            expires_in,
            re_expires_in,
        })
    }

    /// A new authorisation with these tokens.
    pub(super) fn authorisation(self, authorised_at: SystemTime) -> Authorisation {
        let mut authorisation = Authorisation::new("", "", self.user_id.clone(), authorised_at);
        self.renew(&mut authorisation, authorised_at);
        authorisation
    }

    /// Replaces the tokens of an authorisation by these.
    pub(super) fn renew(self, authorisation: &mut Authorisation, issued_at: SystemTime) {
        let end = |seconds: Option<i64>| {
            let seconds = u64::try_from(seconds?).ok().filter(|seconds| *seconds > 0)?;
            issued_at.checked_add(Duration::from_secs(seconds))
        };
        if authorisation.user_id.is_empty() {
            authorisation.user_id = self.user_id;
        }
        authorisation.app_auth_token = self.app_auth_token;
        authorisation.app_refresh_token = self.app_refresh_token;
        authorisation.issued_at = issued_at;
        authorisation.expires_at = end(self.expires_in);
        authorisation.refresh_expires_at = end(self.re_expires_in);
    }
}
