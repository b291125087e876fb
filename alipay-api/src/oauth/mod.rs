//! Alipay's authorisation pages (OAuth): where to send a user's or a merchant's browser, and what it brings back.
//!
//! The [guide](crate::guide::login) has a whole login.
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
//! What comes back is not signed. Only the [`State`] shows that it belongs to this browser: without it, anyone could send a browser back with
//! a code of their own, and log your user into a foreign account.

mod callback;
mod state;

pub use self::{
    callback::{MerchantCallback, UserCallback},
    state::State,
};
use crate::{Client, Error, protocol::urlencoded::append_encoded};

/// What a user can be asked for. For a scope that is not here, give its name from Alipay's documentation.
pub mod scope {
    /// Who the user is (the user id), without asking the user.
    pub const AUTH_BASE: &str = "auth_base";
    /// The user's profile, which the user has to agree to: for `alipay.user.info.share`.
    pub const AUTH_USER: &str = "auth_user";
    /// The user's membership cards.
    pub const AUTH_ECARD: &str = "auth_ecard";
    /// The user's invoices.
    pub const AUTH_INVOICE_INFO: &str = "auth_invoice_info";
}

/// The types of a merchant's apps, for [`OAuth::merchant_apps_url`].
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
    /// The address to send a user's browser to, so that the user agrees to these [scopes](scope).
    ///
    /// The browser comes back to `redirect_uri`, which must begin with the app's callback address (授权回调地址) on the open platform.
    pub fn user_url(&self, scopes: &[&str], redirect_uri: &str, state: &State) -> String {
        let scopes = scopes.join(",");
        self.url("publicAppAuthorize.htm", Some(("scope", &scopes)), redirect_uri, state)
    }

    /// The address to send a merchant's browser to, so that the merchant authorises this third-party app for its account.
    ///
    /// The browser comes back to `redirect_uri`, which must be the app's callback address (授权回调地址) on the open platform.
    pub fn merchant_url(&self, redirect_uri: &str, state: &State) -> String {
        self.url("appToAppAuth.htm", None, redirect_uri, state)
    }

    /// The same as [`merchant_url`](Self::merchant_url), but the merchant chooses which of its apps of these [types](application_type) it
    /// authorises.
    pub fn merchant_apps_url(&self, application_types: &[&str], redirect_uri: &str, state: &State) -> String {
        let types = application_types.join(",");
        self.url(
            "appToAppBatchAuth.htm",
            Some(("application_type", &types)),
            redirect_uri,
            state,
        )
    }

    /// Reads what a user's browser brought back: the query of the request to `redirect_uri`, still percent-encoded, without the `?`.
    ///
    /// # Errors
    /// * [`Malformed`](crate::ErrorKind::Malformed): it is not such a query.
    /// * [`Mismatch`](crate::ErrorKind::Mismatch): the state is not the one that was kept, or it is for another app.
    /// * [`Authorisation`](crate::ErrorKind::Authorisation): the user did not agree.
    pub fn user_callback(&self, query: &str, state: &State) -> Result<UserCallback, Error> {
        UserCallback::read(query, state, self.client.app_id())
    }

    /// Reads what a merchant's browser brought back: the query of the request to `redirect_uri`, still percent-encoded, without the `?`.
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
