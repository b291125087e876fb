use std::sync::Arc;

use super::{Inner, Isv, IsvEvent, refresh::unaborted, store::Authorisation};
use crate::{
    Error,
    open::{AuthTokenApp, auth_token_app::AuthTokenAppGrantType},
    types::Secret,
};

/// A merchant that has authorised the app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorisedMerchant {
    /// The merchant's own app: what [`Isv::merchant`] takes.
    pub auth_app_id: String,
    /// The merchant's Alipay user number.
    pub user_id: String,
}

impl Isv {
    /// Exchanges the `app_auth_code` that a merchant's browser [brought back](crate::oauth::OAuth::merchant_callback) for the merchant's
    /// tokens, and stores them. One code may be for several of the merchant's apps.
    ///
    /// A code works once: the exchange goes on when the future is dropped.
    ///
    /// # Errors
    /// The gateway's, such as [`AUTH_CODE_NOT_EXIST`](crate::open::AuthTokenAppErrorCode) for a code that was used or has expired. Where
    /// the [outcome is unknown](Error::is_outcome_unknown), the code may be used up: the merchant has to authorise again.
    pub async fn authorise(&self, app_auth_code: impl Into<Secret>) -> Result<Vec<AuthorisedMerchant>, Error> {
        let isv = Arc::clone(&self.inner);
        let code = app_auth_code.into();
        let task = async move {
            let _unstored = isv.unstored.read().await;
            isv.exchange(code).await
        };
        unaborted(task).await
    }
}

impl Inner {
    async fn exchange(self: &Arc<Self>, code: Secret) -> Result<Vec<AuthorisedMerchant>, Error> {
        let authorised_at = self.now();
        let request = AuthTokenApp::with_code(code, AuthTokenAppGrantType::AuthorizationCode);
        let answer = self.client.open().auth_token_app(request).await?;
        let mut pairs = Vec::new();
        for each in answer.tokens {
            let mut pair = Authorisation::new(each.app_auth_token, each.app_refresh_token, each.user_id, authorised_at);
            pair.renew(authorised_at, each.expires_in, each.re_expires_in)?;
            pairs.push((each.auth_app_id, pair));
        }
        // Alipay repeats the only pair in the list, or leaves the list out.
        if pairs.is_empty() {
            let mut pair = Authorisation::new(
                answer.app_auth_token,
                answer.app_refresh_token,
                answer.user_id,
                authorised_at,
            );
            pair.renew(authorised_at, answer.expires_in, answer.re_expires_in)?;
            pairs.push((answer.auth_app_id, pair));
        }
        let mut merchants = Vec::with_capacity(pairs.len());
        for (auth_app_id, pair) in pairs {
            // A code was exchanged just now: nothing that is stored can be newer.
            self.keep(&auth_app_id, None, &pair, None).await;
            self.authorised(&auth_app_id);
            merchants.push(AuthorisedMerchant {
                auth_app_id,
                user_id: pair.user_id,
            });
        }
        Ok(merchants)
    }

    /// What is stored is a new authorisation.
    pub(super) fn authorised(&self, auth_app_id: &str) {
        self.forget(auth_app_id);
        tracing::info!(auth_app_id, "a merchant has authorised the app");
        self.tell(&IsvEvent::Authorised {
            auth_app_id: auth_app_id.to_owned(),
        });
    }
}
