//! The merchants who authorise the app, and what the gateway knows of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ControlError;
use crate::clock::beijing;
use crate::core::Core;
use crate::lifetimes::Lifetimes;
use crate::notify::delivery::{About, NotificationView};
use crate::numbers;
use crate::state::authorisations::{DeadRefreshToken, Grant, Grantor, TokenStatus};
use crate::validate::scalar::is_url;

/// Who authorises the app. What is not given is generated.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreement {
    pub(crate) auth_app_id: Option<String>,
    pub(crate) user_id: Option<String>,
}

/// Where messages about merchants are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppGateway {
    pub(crate) url: Option<String>,
}

/// A merchant's authorisation as the gateway knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AuthorisationView {
    /// The merchant's own app.
    pub auth_app_id: String,
    /// The merchant's user number.
    pub user_id: String,
    /// The status of the latest token.
    pub status: AuthorisationStatus,
    /// The latest token.
    pub app_auth_token: String,
    /// The latest refresh token.
    pub app_refresh_token: String,
    /// When the merchant authorised, in Beijing time.
    pub authorised_at: String,
    /// When the latest token was issued, in Beijing time.
    pub issued_at: String,
    /// When it ends, in Beijing time.
    pub expires_at: String,
    /// How often the tokens were refreshed since the merchant authorised.
    pub refreshes: u64,
    /// The messages about this merchant, oldest first.
    pub notifications: Vec<NotificationView>,
}

/// The status of a merchant's latest token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthorisationStatus {
    /// The token can be used.
    Valid,
    /// The token has expired and has to be refreshed.
    Expired,
    /// The merchant has cancelled the authorisation.
    Cancelled,
}

impl Core {
    /// A merchant authorises the app: gives the `app_auth_code`.
    pub(crate) fn authorise(&self, agreement: Agreement) -> String {
        let grantor = Grantor {
            auth_app_id: agreement.auth_app_id.unwrap_or_else(|| numbers::account("2021")),
            user_id: agreement.user_id.unwrap_or_else(|| numbers::account("2088")),
        };
        self.with_state(|state| state.authorisations.agree(grantor, self.now()))
    }

    /// A merchant cancels its authorisation.
    pub(crate) fn cancel_authorisation(&self, auth_app_id: &str) -> Result<AuthorisationView, ControlError> {
        let cancelled = self.with_state(|state| state.authorisations.cancel(auth_app_id));
        let view = self.authorisation(auth_app_id)?;
        cancelled
            .map(|_| view)
            .ok_or_else(|| ControlError::Cancelled(auth_app_id.to_owned()))
    }

    /// The authorisation of a merchant.
    pub(crate) fn authorisation(&self, auth_app_id: &str) -> Result<AuthorisationView, ControlError> {
        let grant = self.with_state(|state| state.authorisations.latest(auth_app_id).cloned());
        grant
            .map(|grant| self.authorisation_view(&grant))
            .ok_or_else(|| ControlError::NoMerchant(auth_app_id.to_owned()))
    }

    /// The refresh tokens that were used after they had ended.
    pub(crate) fn dead_refresh_tokens(&self) -> Vec<DeadRefreshToken> {
        self.with_state(|state| state.authorisations.dead().cloned().collect())
    }

    /// Sets where messages about merchants are sent.
    pub(crate) fn set_app_gateway(&self, address: AppGateway) -> Result<(), ControlError> {
        if let Some(url) = address.url.as_deref().filter(|url| !is_url(url)) {
            return Err(ControlError::no_url(url));
        }
        self.with_state(|state| state.app_gateway_url.set(address.url));
        Ok(())
    }

    /// How long codes and tokens live.
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        self.with_state(|state| *state.authorisations.lifetimes)
    }

    /// The same, from now on.
    pub(crate) fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.with_state(|state| state.authorisations.lifetimes.set(lifetimes));
    }

    /// The same, of those that are named, in seconds. Gives all of them.
    pub(crate) fn change_lifetimes(
        &self,
        seconds: &Map<String, Value>,
    ) -> Result<BTreeMap<&'static str, f64>, ControlError> {
        let changed = self.lifetimes().changed(seconds).map_err(ControlError::Setting)?;
        self.set_lifetimes(changed);
        Ok(changed.seconds())
    }

    fn authorisation_view(&self, grant: &Grant) -> AuthorisationView {
        AuthorisationView {
            auth_app_id: grant.grantor.auth_app_id.clone(),
            user_id: grant.grantor.user_id.clone(),
            status: match grant.status(self.now()) {
                TokenStatus::Valid => AuthorisationStatus::Valid,
                TokenStatus::Cancelled => AuthorisationStatus::Cancelled,
                TokenStatus::Expired | TokenStatus::Replaced => AuthorisationStatus::Expired,
            },
            app_auth_token: grant.token.clone(),
            app_refresh_token: grant.refresh.clone(),
            authorised_at: beijing(grant.authorised),
            issued_at: beijing(grant.start),
            expires_at: beijing(grant.end),
            refreshes: grant.refreshes,
            notifications: self.deliveries.of(&About::Merchant(grant.grantor.auth_app_id.clone())),
        }
    }
}
