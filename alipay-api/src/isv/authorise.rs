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
    /// The merchant's own app: what [`Isv::merchant`] takes.
    pub auth_app_id: String,
    /// The merchant's Alipay user number.
    pub user_id: String,
}

impl Isv {
    /// Exchanges the `app_auth_code` that a merchant's browser [brought back](crate::oauth::OAuth::merchant_callback) for the merchant's
    /// tokens, and stores them. One code may be for several of the merchant's apps. What comes back are those whose tokens are stored now.
    ///
    /// Tokens that are just given out take the place of all others, but for those of a still later authorisation of the merchant's, whose
    /// own exchange was faster. Which are the later ones, Alipay tells (`alipay.open.auth.token.app.query`), and no clock.
    ///
    /// A code works once: the exchange goes on when the future is dropped.
    ///
    /// # Errors
    /// The gateway's, such as [`AUTH_CODE_NOT_VALID`](crate::open_auth::TokenAppErrorCode) for a code that was used or has expired. Where
    /// the [outcome is unknown](Error::is_outcome_unknown), the code may be used up: the merchant has to authorise again.
    /// [`TokenStore`](ErrorKind::TokenStore) where the tokens can't be stored within the client's
    /// [total timeout](crate::ClientBuilder::total_timeout), or Alipay doesn't tell which tokens are the later ones:
    /// [`IsvEvent::NotStored`] has them, and storing goes on. Where no tokens of the code are stored for good,
    /// [`AuthorisationSuperseded`](ErrorKind::AuthorisationSuperseded): those of a later authorisation are, and calls can be made with them;
    /// or [`AuthorisationCancelled`](ErrorKind::AuthorisationCancelled): the merchant has withdrawn it meanwhile.
    pub async fn authorise(&self, app_auth_code: impl Into<Secret>) -> Result<Vec<AuthorisedMerchant>, Error> {
        crate::runtime::check()?;
        let isv = Arc::clone(&self.inner);
        let code = app_auth_code.into();
        let task = self.inner.task_tracker.begin();
        let exchange = unaborted(async move {
            let _task = task;
            isv.exchange(code).await
        });
        // The exchange itself takes as long as a call may take.
        let time = self.inner.client.total_timeout().saturating_mul(2);
        tokio::time::timeout(time, exchange).await.unwrap_or_else(|_| {
            let message = "the merchant's tokens can't be stored yet: storing goes on";
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

    /// What is stored is a new authorisation.
    pub(super) fn authorised(&self, auth_app_id: &str) {
        self.forget(auth_app_id);
        tracing::info!(auth_app_id, "a merchant has authorised the app");
        self.tell(&IsvEvent::Authorised {
            auth_app_id: auth_app_id.to_owned(),
        });
    }
}

/// What became of the tokens of a code that are not stored.
fn not_kept(auth_app_id: &str, stored: AuthorisationState) -> Error {
    let merchant = auth_app_id.escape_debug();
    match stored {
        AuthorisationState::Cancelled => {
            let message =
                format!("the merchant {merchant} has withdrawn its authorisation while its code was exchanged");
            Error::new(ErrorKind::AuthorisationCancelled, message)
        }
        AuthorisationState::Lost => lost(auth_app_id),
        AuthorisationState::Active => {
            let message = format!(
                "the tokens of the merchant {merchant} were not stored: those that are stored are of a later authorisation, as Alipay says"
            );
            Error::new(ErrorKind::AuthorisationSuperseded, message)
        }
    }
}
