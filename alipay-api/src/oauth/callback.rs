use std::borrow::Cow;

use super::State;
use crate::{Error, ErrorKind, types::Secret};

/// A longer query is none of Alipay's.
const MAX_QUERY: usize = 8 * 1024;

/// A user's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserCallback {
    /// The code to exchange for the user's tokens with `alipay.system.oauth.token`: once, and soon.
    pub auth_code: Secret,
    /// What the user agreed to, as far as Alipay says.
    pub scopes: Vec<String>,
}

/// A merchant's authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MerchantCallback {
    /// The code to exchange for the merchant's tokens: once, within a day.
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

/// Parameters of a query that carries the right state.
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
            let message = "the callback's state is not the one that the browser was sent away with: \
                           somebody else's authorisation, or an old one; begin again";
            return Err(Error::new(ErrorKind::Mismatch, message));
        }
        match parameters.get("app_id") {
            Some(returned) if returned == app_id => Ok(parameters),
            Some(_) => Err(Error::new(ErrorKind::Mismatch, "the callback is for another app")),
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
        let message = format!("the authorisation was not given: the callback has no {name}; the reason is `{why}`");
        Err(Error::new(ErrorKind::Authorisation, message))
    }
}
