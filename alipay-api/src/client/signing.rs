//! From a request to signed parameters.

use std::{fmt::Write as _, sync::Arc};

use super::{Client, caller::CallerIdentity};
use crate::{
    Error, ErrorKind,
    protocol::{
        parameters::{Parameters, SignedParameters},
        request::{Business, Identity, Options},
    },
    sign::SignError,
    types::DateTime,
};

impl Client {
    /// The present time in Beijing.
    pub(super) fn timestamp(&self, method: &str) -> Result<String, Error> {
        let now = DateTime::try_from(self.inner.clock.now()).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the clock is out of range")
                .with_method(method)
                .with_source(error)
        })?;
        let mut text = String::with_capacity("yyyy-MM-dd HH:mm:ss".len());
        // Writing into memory does not fail.
        let _ = write!(text, "{now}");
        Ok(text)
    }

    /// Signs without keeping the runtime's threads from other work.
    pub(super) async fn sign<'a>(
        &'a self,
        method: &'a str,
        business: &'a Business,
        options: &'a Options,
        timestamp: &'a str,
    ) -> Result<SignedParameters<'a>, Error> {
        if !self.inner.credentials.signer.is_slow() {
            return self.sign_now(method, business, options, timestamp);
        }
        let parameters = self.parameters(method, business, options, timestamp)?;
        let text = parameters.string_to_sign();
        let signer = Arc::clone(&self.inner.credentials.signer);
        let signature = tokio::task::spawn_blocking(move || signer.sign(text.as_bytes())).await;
        let signature = signature
            .map_err(SignError::new)
            .flatten()
            .map_err(|error| unsigned(method, error))?;
        Ok(parameters.signed(&signature))
    }

    /// Signs on the caller's thread.
    pub(super) fn sign_now<'a>(
        &'a self,
        method: &'a str,
        business: &'a Business,
        options: &'a Options,
        timestamp: &'a str,
    ) -> Result<SignedParameters<'a>, Error> {
        let parameters = self.parameters(method, business, options, timestamp)?;
        let text = parameters.string_to_sign();
        let signature = self
            .inner
            .credentials
            .signer
            .sign(text.as_bytes())
            .map_err(|error| unsigned(method, error))?;
        Ok(parameters.signed(&signature))
    }

    fn parameters<'a>(
        &'a self,
        method: &'a str,
        business: &'a Business,
        options: &'a Options,
        timestamp: &'a str,
    ) -> Result<Parameters<'a>, Error> {
        let credentials = &self.inner.credentials;
        for (name, token) in [
            ("app_auth_token", &options.app_auth_token),
            ("auth_token", &options.auth_token),
        ] {
            // Without its token the call would be the app's own: somebody else's money.
            if token.as_ref().is_some_and(|token| token.expose().trim().is_empty()) {
                let message = format!("the {name} is empty: it would be a call for the app itself");
                return Err(Error::new(ErrorKind::Request, message).with_method(method));
            }
        }
        if matches!(self.caller, CallerIdentity::Managed(_)) && options.app_auth_token.is_none() {
            let message = "pages and order strings are made without waiting, but the merchant's token may have to be waited for: \
                           take the client from Isv::merchant_with_token";
            return Err(Error::new(ErrorKind::Request, message).with_method(method));
        }
        let identity = Identity {
            app_id: &self.inner.app_id,
            sign_type: credentials.sign_type(),
            certificates: credentials.certificates.as_deref(),
            timestamp,
        };
        business.parameters(method, options, identity).map_err(|error| {
            Error::new(ErrorKind::Request, error.to_string())
                .with_method(method)
                .with_source(error)
        })
    }
}

fn unsigned(method: &str, error: SignError) -> Error {
    Error::new(ErrorKind::Request, "the request can't be signed")
        .with_method(method)
        .with_source(error)
}
