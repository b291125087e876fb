use super::store::Authorisation;
use crate::Error;

/// What has happened to a merchant's authorisation. `Debug` shows no token, and the errors have no [body](Error::raw_body).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum IsvEvent {
    /// A merchant has authorised the app, and its tokens are stored.
    Authorised {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
    },
    /// A merchant's tokens were refreshed, and the new ones are stored.
    Refreshed {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
    },
    /// A refresh has failed for now, and is tried again; after a minute if Alipay refuses it because of the app. If the error's outcome is
    /// unknown, the refresh token may already be invalid.
    RefreshFailed {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
        /// Why.
        error: Error,
    },
    /// New tokens can't be stored for now: the store can't be written, or Alipay does not say which of two pairs is newer. Storing is
    /// retried as long as the process lives. If the process has to end before, keep these tokens elsewhere for
    /// [`Isv::restore`](super::Isv::restore): the tokens in the store may be invalid.
    NotStored {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
        /// The new tokens.
        authorisation: Authorisation,
        /// Why.
        error: Error,
    },
    /// The gateway refuses the merchant's refresh token for good, and the store says so: the merchant has to authorise the app again.
    Lost {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
        /// The gateway's refusal.
        error: Error,
    },
    /// The merchant has withdrawn its authorisation.
    Cancelled {
        /// The merchant's own app, `auth_app_id`.
        auth_app_id: String,
    },
}
