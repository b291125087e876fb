use std::time::SystemTime;

use crate::types::Secret;

/// What a merchant granted: the tokens, whose they are, and how long they last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorisation {
    /// Goes with every call for the merchant.
    pub app_auth_token: Secret,
    /// Gets the next pair of tokens, and dies with it.
    pub app_refresh_token: Secret,
    /// The merchant's Alipay user number.
    pub user_id: String,
    /// Whether the tokens can be used.
    pub state: AuthorisationState,
    /// When the merchant authorised the app: when the code was exchanged.
    pub authorised_at: SystemTime,
    /// When the gateway gave these tokens out: then, or at the last refresh.
    pub issued_at: SystemTime,
    /// When the token ends; `None` for one without an end.
    pub expires_at: Option<SystemTime>,
    /// When the refresh token ends; `None` for one without an end.
    pub refresh_expires_at: Option<SystemTime>,
}

impl Authorisation {
    /// An active authorisation, fresh from the exchange of its code, with tokens that have no end.
    pub fn new(
        app_auth_token: impl Into<Secret>,
        app_refresh_token: impl Into<Secret>,
        user_id: impl Into<String>,
        authorised_at: SystemTime,
    ) -> Self {
        Self {
            app_auth_token: app_auth_token.into(),
            app_refresh_token: app_refresh_token.into(),
            user_id: user_id.into(),
            state: AuthorisationState::Active,
            authorised_at,
            issued_at: authorised_at,
            expires_at: None,
            refresh_expires_at: None,
        }
    }
}

/// Whether a merchant's tokens can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorisationState {
    /// They can.
    Active,
    /// The merchant has withdrawn its authorisation.
    Cancelled,
    /// The gateway refuses the refresh token: the merchant has to authorise again.
    Lost,
}
