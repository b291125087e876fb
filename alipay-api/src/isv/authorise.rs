use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    Inner, Isv, IsvEvent,
    keep::{Kept, Origin},
    lost,
    pair::Pair,
    refresh::unaborted,
    store::AuthorisationState,
};
use crate::{
    Error, ErrorKind,
    open_auth::{TokenApp, token_app::TokenAppGrantType},
    types::Secret,
};

/// A merchant that has authorised the app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorisedMerchant {
    /// The merchant's own app: the argument of [`Isv::merchant`].
    pub auth_app_id: String,
    /// The merchant's Alipay user number.
    pub user_id: String,
}

impl Isv {
    /// Exchanges the `app_auth_code` that a merchant's browser [brought back](crate::oauth::OAuth::merchant_callback) for the merchant's
    /// tokens, and stores them. One code may cover several of the merchant's apps. Returns those whose tokens are stored.
    ///
    /// The new tokens replace all others, except those of a later authorisation of the same merchant whose exchange was faster. Alipay says
    /// which are newer (`alipay.open.auth.token.app.query`); no clock is asked.
    ///
    /// A code works once, so the exchange continues when the future is dropped.
    ///
    /// # Errors
    /// * The gateway's, such as [`AUTH_CODE_NOT_VALID`](crate::open_auth::TokenAppErrorCode) for a code that was used or has expired. If the
    ///   [outcome is unknown](Error::is_outcome_unknown), the code may be used up: the merchant has to authorise the app again.
    /// * [`TokenStore`](ErrorKind::TokenStore): the tokens can't be stored within the client's
    ///   [total timeout](crate::ClientBuilder::total_timeout), or Alipay does not say which tokens are newer. [`IsvEvent::NotStored`] has the
    ///   tokens, and storing is retried.
    /// * [`AuthorisationSuperseded`](ErrorKind::AuthorisationSuperseded): the tokens were not stored, because the store has those of a later
    ///   authorisation. Calls can be made with these.
    /// * [`AuthorisationCancelled`](ErrorKind::AuthorisationCancelled): the tokens were not stored, because the merchant has withdrawn the
    ///   authorisation meanwhile.
    pub async fn authorise(&self, app_auth_code: impl Into<Secret>) -> Result<Vec<AuthorisedMerchant>, Error> {
        crate::runtime::check()?;
        let isv = Arc::clone(&self.inner);
        let code = app_auth_code.into();
        let task = self.inner.task_tracker.begin();
        let exchange = unaborted(async move {
            let _task = task;
            isv.exchange(code).await
        });
        // One total timeout for the call, and one for storing.
        let time = self.inner.client.total_timeout().saturating_mul(2);
        tokio::time::timeout(time, exchange).await.unwrap_or_else(|_| {
            let message = "the merchant's tokens are not stored yet: storing is retried";
            Err(Error::new(ErrorKind::TokenStore, message))
        })
    }
}

impl Inner {
    async fn exchange(self: &Arc<Self>, code: Secret) -> Result<Vec<AuthorisedMerchant>, Error> {
        let authorised_at = self.now();
        let request = TokenApp::with_code(code, TokenAppGrantType::AuthorizationCode);
        let answer = self.client.open_auth().token_app(request).await?;
        // One that can't be stored keeps none of the others waiting.
        let mut storing = JoinSet::new();
        for pair in Pair::of(answer) {
            let isv = Arc::clone(self);
            storing.spawn(async move {
                let merchant = AuthorisedMerchant {
                    auth_app_id: pair.auth_app_id.clone(),
                    user_id: pair.user_id.clone(),
                };
                let authorisation = pair.authorisation(authorised_at);
                let auth_app_id = &merchant.auth_app_id;
                match isv.keep(auth_app_id, None, authorisation, Origin::Code).await {
                    Kept::Stored | Kept::Before => {
                        isv.authorised(auth_app_id);
                        Ok(merchant)
                    }
                    Kept::Not(stored) => Err(not_kept(auth_app_id, stored)),
                }
            });
        }
        if storing.is_empty() {
            let message = "Alipay's answer is verified, but has no tokens";
            return Err(Error::new(ErrorKind::Decode, message)
                .verified()
                .with_outcome(true, false));
        }
        let (mut stored, mut why) = (Vec::new(), None);
        for merchant in storing.join_all().await {
            match merchant {
                Ok(merchant) => stored.push(merchant),
                Err(error) => {
                    tracing::warn!(%error, "tokens of a merchant's authorisation were not stored");
                    why = Some(error);
                }
            }
        }
        why.filter(|_| stored.is_empty()).map_or(Ok(stored), Err)
    }

    /// Reports that a new authorisation is stored.
    pub(super) fn authorised(&self, auth_app_id: &str) {
        self.forget(auth_app_id);
        tracing::info!(auth_app_id, "a merchant has authorised the app");
        self.tell(&IsvEvent::Authorised {
            auth_app_id: auth_app_id.to_owned(),
        });
    }
}

/// The error for tokens of a code that were not stored.
fn not_kept(auth_app_id: &str, stored: AuthorisationState) -> Error {
    let merchant = auth_app_id.escape_debug();
    match stored {
        AuthorisationState::Cancelled => {
            let message = format!("the merchant {merchant} withdrew its authorisation while its code was exchanged");
            Error::new(ErrorKind::AuthorisationCancelled, message)
        }
        AuthorisationState::Lost => lost(auth_app_id),
        AuthorisationState::Active => {
            let message = format!(
                "the tokens of the merchant {merchant} were not stored: the store has those of a later authorisation, as Alipay says"
            );
            Error::new(ErrorKind::AuthorisationSuperseded, message)
        }
    }
}
