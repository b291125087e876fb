use super::store::Authorisation;
use crate::Error;

/// What has happened to a merchant's authorisation. Its `Debug` shows no token, and its errors have no [body](Error::raw_body).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum IsvEvent {
    /// A merchant has authorised the app, and its tokens are stored.
    Authorised {
        /// The merchant's own app.
        auth_app_id: String,
    },
    /// A merchant's tokens were refreshed, and the new ones are stored.
    Refreshed {
        /// The merchant's own app.
        auth_app_id: String,
    },
    /// A refresh has failed for now. It is tried again: where the error says that Alipay refuses it on account of the app, after a minute.
    /// If the error's outcome is unknown, the refresh token may be dead already.
    RefreshFailed {
        /// The merchant's own app.
        auth_app_id: String,
        /// Why.
        error: Error,
    },
    /// New tokens can't be stored for now: the store can't be written, or Alipay doesn't tell which of two pairs is the later one. Storing is
    /// tried again while the process lives: should it have to end before, keep them elsewhere for [`Isv::restore`](super::Isv::restore),
    /// for the tokens that the store has may be dead.
    NotStored {
        /// The merchant's own app.
        auth_app_id: String,
        /// The new tokens.
        authorisation: Authorisation,
        /// Why.
        error: Error,
    },
    /// The gateway refuses the merchant's refresh token for good, and that is stored: the merchant has to authorise the app again.
    Lost {
        /// The merchant's own app.
        auth_app_id: String,
        /// The gateway's refusal.
        error: Error,
    },
    /// The merchant has withdrawn its authorisation.
    Cancelled {
        /// The merchant's own app.
        auth_app_id: String,
    },
}
