//! Alipay's authorisation pages: where a user or a merchant agrees, and what their browser brings back.
//!
//! ```no_run
//! # fn show(client: alipay_api::Client, query: &str) -> Result<(), alipay_api::Error> {
//! use alipay_api::oauth::{State, scope};
//!
//! // Keep the state in the browser's session, and send the browser to the address.
//! let state = State::generate()?;
//! let address = client.oauth().user_url(&[scope::AUTH_USER], "https://example.com/callback", &state);
//!
//! // Later, when the browser comes back:
//! let code = client.oauth().user_callback(query, &state)?;
//! # Ok(())
//! # }
//! ```
//!
//! What comes back is not signed. The [`State`] is what ties it to the browser that was sent away: without it, anyone could send a
//! browser back with a code of their own, and a merchant's session would end up with somebody else's account.

mod callback;
mod state;

pub use self::{
    callback::{MerchantCallback, UserCallback},
    state::State,
};
use crate::{Client, Error, protocol::urlencoded::append_encoded};

/// What a user can be asked for. A scope that is not here is given as it stands in Alipay's documentation.
pub mod scope {
    /// Who the user is (the user id), without asking.
    pub const AUTH_BASE: &str = "auth_base";
    /// The user's profile, which the user has to agree to: for `alipay.user.info.share`.
    pub const AUTH_USER: &str = "auth_user";
    /// The user's membership cards.
    pub const AUTH_ECARD: &str = "auth_ecard";
    /// The user's invoices.
    pub const AUTH_INVOICE_INFO: &str = "auth_invoice_info";
}

/// The sorts of apps of a merchant's that can be authorised.
pub mod application_type {
    /// A web app.
    pub const WEB: &str = "WEBAPP";
    /// A phone app.
    pub const MOBILE: &str = "MOBILEAPP";
    /// A mini program.
    pub const MINI_PROGRAM: &str = "TINYAPP";
    /// A life account.
    pub const LIFE_ACCOUNT: &str = "PUBLICAPP";
}

impl Client {
    /// Alipay's authorisation pages, for users and merchants.
    pub fn oauth(&self) -> OAuth<'_> {
        OAuth { client: self }
    }
}

/// Alipay's authorisation pages: from [`Client::oauth`].
#[derive(Clone, Copy, Debug)]
pub struct OAuth<'a> {
    client: &'a Client,
}

impl OAuth<'_> {
    /// Where to send a user's browser for the user's consent to these [scopes](scope).
    ///
    /// `redirect_uri` is where it comes back to: it must be below the callback address that the open platform has of the app.
    pub fn user_url(&self, scopes: &[&str], redirect_uri: &str, state: &State) -> String {
        let scopes = scopes.join(",");
        self.url("publicAppAuthorize.htm", Some(("scope", &scopes)), redirect_uri, state)
    }

    /// Where to send a merchant's browser, for the merchant to authorise this third-party app for its account.
    ///
    /// `redirect_uri` is where it comes back to: it must be the callback address that the open platform has of the app.
    pub fn merchant_url(&self, redirect_uri: &str, state: &State) -> String {
        self.url("appToAppAuth.htm", None, redirect_uri, state)
    }

    /// The same for a merchant that is to choose which of its apps of these [sorts](application_type) it authorises.
    pub fn merchant_apps_url(&self, application_types: &[&str], redirect_uri: &str, state: &State) -> String {
        let types = application_types.join(",");
        self.url(
            "appToAppBatchAuth.htm",
            Some(("application_type", &types)),
            redirect_uri,
            state,
        )
    }

    /// What a user's browser brought back: the query of the request to `redirect_uri`, still percent-encoded, without the `?`.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where it is no such query, [`Mismatch`](crate::ErrorKind::Mismatch) where the state
    /// is not this one or it is for another app, [`Authorisation`](crate::ErrorKind::Authorisation) where the user did not agree.
    pub fn user_callback(&self, query: &str, state: &State) -> Result<UserCallback, Error> {
        UserCallback::read(query, state, self.client.app_id())
    }

    /// What a merchant's browser brought back: the query of the request to `redirect_uri`, still percent-encoded, without the `?`.
    ///
    /// # Errors
    /// As for [`user_callback`](Self::user_callback).
    pub fn merchant_callback(&self, query: &str, state: &State) -> Result<MerchantCallback, Error> {
        MerchantCallback::read(query, state, self.client.app_id())
    }

    fn url(self, page: &str, parameter: Option<(&str, &str)>, redirect_uri: &str, state: &State) -> String {
        let mut url = format!("{}/{page}?", self.client.authorisation_pages());
        let parameters = [("app_id", self.client.app_id())]
            .into_iter()
            .chain(parameter)
            .chain([("redirect_uri", redirect_uri), ("state", state.as_str())]);
        append_encoded(&mut url, parameters);
        url
    }
}
