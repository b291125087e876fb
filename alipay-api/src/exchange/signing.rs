//! Who asks, when, and the signature.

use std::sync::Arc;

use super::Session;
use crate::{
    Error, ErrorKind,
    protocol::{
        InvalidParameter, Unsigned,
        content::{Identity, Options, Timestamp},
    },
    sign::SignError,
};

impl Session {
    /// The present time.
    pub(crate) fn timestamp(&self, method: &str) -> Result<Timestamp, Error> {
        Timestamp::new(self.clock.now()).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the clock is out of range")
                .with_method(method)
                .with_source(error)
        })
    }

    /// Who asks, and when.
    pub(crate) fn identity<'a>(&'a self, timestamp: &'a Timestamp) -> Identity<'a> {
        Identity {
            app_id: &self.app_id,
            sign_type: self.credentials.sign_type(),
            certificates: self.credentials.certificates.as_deref(),
            timestamp,
            gateway: &self.gateway,
        }
    }

    /// Signs without keeping the runtime's threads from other work.
    pub(super) async fn sign(&self, unsigned: &dyn Unsigned, method: &str) -> Result<Vec<u8>, Error> {
        if !self.credentials.signer.is_slow() {
            return self.sign_now(unsigned, method);
        }
        let message = unsigned.message();
        let signer = Arc::clone(&self.credentials.signer);
        let signature = tokio::task::spawn_blocking(move || signer.sign(message.as_bytes())).await;
        signature
            .map_err(SignError::new)
            .unwrap_or_else(Err)
            .map_err(|error| not_signed(method, error))
    }

    /// Signs on the caller's thread.
    pub(crate) fn sign_now(&self, unsigned: &dyn Unsigned, method: &str) -> Result<Vec<u8>, Error> {
        let signature = self.credentials.signer.sign(unsigned.message().as_bytes());
        signature.map_err(|error| not_signed(method, error))
    }
}

/// Refuses empty tokens.
pub(crate) fn check_tokens(options: &Options, method: &str) -> Result<(), Error> {
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
    Ok(())
}

/// A parameter can't be sent as it was given.
pub(crate) fn invalid(error: InvalidParameter, method: &str) -> Error {
    Error::new(ErrorKind::Request, error.to_string())
        .with_method(method)
        .with_source(error)
}

fn not_signed(method: &str, error: SignError) -> Error {
    Error::new(ErrorKind::Request, "the request can't be signed")
        .with_method(method)
        .with_source(error)
}
