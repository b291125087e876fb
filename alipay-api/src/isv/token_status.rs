//! What Alipay says about a token.

use std::cmp::Ordering;

use super::Inner;
use crate::{
    Error, ErrorKind,
    open_auth::{TokenAppQuery, TokenAppQueryErrorCode, token_app_query::TokenAppQueryStatus},
    types::{DateTime, Secret},
};

/// The state of a merchant's token, as Alipay reports it.
pub(super) struct TokenStatus {
    pub(super) is_valid: bool,
    /// When the token became valid, by Alipay's clock.
    since: Option<DateTime>,
}

impl TokenStatus {
    /// The state of a token that is not the merchant's.
    pub(super) const NOTHING: Self = Self {
        is_valid: false,
        since: None,
    };

    /// Which of two tokens of one merchant is newer; `Equal` if Alipay does not say.
    ///
    /// Both may be valid although one was replaced: a replaced token works for a while.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let since = || self.since.zip(other.since).map(|(one, other)| one.cmp(&other));
        let by_validity = self.is_valid.cmp(&other.is_valid);
        by_validity.then_with(|| since().unwrap_or(Ordering::Equal))
    }
}

impl Inner {
    /// Asks Alipay for the state of a merchant's token.
    pub(super) async fn token_status(&self, auth_app_id: &str, app_auth_token: &Secret) -> Result<TokenStatus, Error> {
        let query = TokenAppQuery::new(app_auth_token.clone());
        match self.client.open_auth().token_app_query(query).await {
            Ok(answer) if !answer.auth_app_id.is_empty() && answer.auth_app_id != auth_app_id => {
                let merchant = auth_app_id.escape_debug();
                let message =
                    format!("the token that is kept for merchant {merchant} is another merchant's, as Alipay says");
                Err(Error::new(ErrorKind::Mismatch, message).verified())
            }
            Ok(answer) => Ok(TokenStatus {
                is_valid: answer.status == TokenAppQueryStatus::Valid,
                since: answer.auth_start,
            }),
            Err(error)
                if error.is_verified() && error.sub_code_as() == Some(TokenAppQueryErrorCode::AuthTokenNotExisted) =>
            {
                Ok(TokenStatus::NOTHING)
            }
            Err(error) => Err(error),
        }
    }
}
