use std::borrow::Cow;

use super::State;
use crate::{Error, ErrorKind, error::Sanitized, types::Secret};

/// Alipay sends no longer query.
const MAX_QUERY: usize = 8 * 1024;

/// What a user's browser brought back after the user agreed: from [`OAuth::user_callback`](super::OAuth::user_callback).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserCallback {
    /// The code to exchange for the user's tokens with `alipay.system.oauth.token`. It serves once, and for a short time.
    pub auth_code: Secret,
    /// The [scopes](super::scope) that the user agreed to, as far as Alipay says them.
    pub scopes: Vec<String>,
}

/// What a merchant's browser brought back after the merchant authorised the app: from
/// [`OAuth::merchant_callback`](super::OAuth::merchant_callback).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MerchantCallback {
    /// The code to exchange for the merchant's tokens. It serves once, within a day.
    pub app_auth_code: Secret,
}

impl UserCallback {
    pub(super) fn read(query: &str, state: &State, app_id: &str) -> Result<Self, Error> {
        let parameters = CallbackQuery::checked(query, state, app_id)?;
        Ok(Self {
            auth_code: parameters.code("auth_code")?,
            scopes: parameters
                .get("scope")
                .unwrap_or_default()
                .split(',')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl MerchantCallback {
    pub(super) fn read(query: &str, state: &State, app_id: &str) -> Result<Self, Error> {
        Ok(Self {
            app_auth_code: CallbackQuery::checked(query, state, app_id)?.code("app_auth_code")?,
        })
    }
}

/// The parameters of a query whose state is right.
struct CallbackQuery<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> CallbackQuery<'a> {
    fn checked(query: &'a str, state: &State, app_id: &str) -> Result<Self, Error> {
        let malformed =
            |message: &str| Error::new(ErrorKind::Malformed, format!("the query of the callback {message}"));
        if query.len() > MAX_QUERY {
            return Err(malformed("is longer than 8 KiB"));
        }
        let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        parameters.sort();
        if parameters.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(malformed("names a parameter twice"));
        }
        let parameters = Self(parameters);
        if !parameters.get("state").is_some_and(|returned| state.is(returned)) {
            let message = "the callback's state is not the one that was kept for this browser: the authorisation is an old one, or \
                           somebody else's; send the browser to the authorisation page again";
            return Err(Error::new(ErrorKind::Mismatch, message));
        }
        match parameters.get("app_id") {
            Some(returned) if returned == app_id => Ok(parameters),
            Some(returned) => {
                let message = format!(
                    "the callback is for the app `{}`, but this client is for the app `{app_id}`: use the client of that app",
                    Sanitized(returned)
                );
                Err(Error::new(ErrorKind::Mismatch, message))
            }
            None => Err(malformed("names no app_id")),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(parameter, _)| parameter == name);
        found.map(|(_, value)| &**value)
    }

    fn code(&self, name: &str) -> Result<Secret, Error> {
        if let Some(code) = self.get(name).filter(|code| !code.is_empty()) {
            return Ok(code.into());
        }
        let why = ["error_code", "error", "error_scope", "result_code"];
        let why = why.into_iter().find_map(|name| self.get(name)).unwrap_or("none given");
        let why: String = why.chars().take(80).flat_map(char::escape_debug).collect();
        let message =
            format!("the authorisation was not given: the callback has no `{name}`, and names the reason `{why}`");
        Err(Error::new(ErrorKind::Authorisation, message))
    }
}
