use std::time::SystemTime;

use crate::types::Secret;

/// A merchant's authorisation: its tokens, their owner, and when they expire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorisation {
    /// Sent with every call for the merchant.
    pub app_auth_token: Secret,
    /// Exchanged for the next pair of tokens. It works once.
    pub app_refresh_token: Secret,
    /// The merchant's Alipay user number.
    pub user_id: String,
    /// Whether the tokens can be used.
    pub state: AuthorisationState,
    /// When the merchant authorised the app: when the code was exchanged.
    pub authorised_at: SystemTime,
    /// When the gateway issued these tokens: at that time, or at the last refresh.
    pub issued_at: SystemTime,
    /// When the token expires; `None` if it never does.
    pub expires_at: Option<SystemTime>,
    /// When the refresh token expires; `None` if it never does.
    pub refresh_expires_at: Option<SystemTime>,
}

impl Authorisation {
    /// An active authorisation with tokens that were issued now and never expire.
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
    /// The tokens can be used.
    Active,
    /// The merchant has withdrawn its authorisation.
    Cancelled,
    /// The gateway refuses the refresh token: the merchant has to authorise again.
    Lost,
}
