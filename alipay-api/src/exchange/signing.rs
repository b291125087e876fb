//! Who asks, when, and the signature.

use std::{error::Error as StdError, fmt};

use super::{Session, secrets};
use crate::{
    Error, ErrorKind,
    credentials::Credentials,
    protocol::{
        InvalidParameter, Unsigned,
        content::{Identity, Options, RequestContent, Timestamp},
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
    pub(crate) fn identity<'a>(&'a self, credentials: &'a Credentials, timestamp: &'a Timestamp) -> Identity<'a> {
        Identity {
            app_id: &self.app_id,
            sign_type: credentials.sign_type(),
            certificates: credentials.certificates.as_deref(),
            timestamp,
            gateway: &self.gateway,
            random: &*self.random,
        }
    }
}

/// Signs a request, for as long as the signer takes.
pub(crate) async fn sign(credentials: &Credentials, unsigned: &dyn Unsigned, method: &str) -> Result<Vec<u8>, Error> {
    let message = unsigned.message();
    let signature = credentials.signer.sign(message.as_bytes()).await;
    signature.map_err(|error| not_signed(method, &message, error))
}

/// Signs a request on the caller's thread, if the signer can; `instead` says what to call where it can't.
pub(crate) fn sign_now(
    credentials: &Credentials,
    unsigned: &dyn Unsigned,
    method: &str,
    instead: &str,
) -> Result<Vec<u8>, Error> {
    let text = unsigned.message();
    let signature = credentials.signer.sign_now(text.as_bytes());
    signature
        .ok_or_else(|| {
            let message = format!("the client's signer is asynchronous only: {instead}");
            Error::new(ErrorKind::Signing, message).with_method(method)
        })?
        .map_err(|error| not_signed(method, &text, error))
}

/// Refuses empty tokens.
pub(crate) fn check_tokens(content: &RequestContent, options: &Options, method: &str) -> Result<(), Error> {
    for (name, token) in [
        ("app_auth_token", &options.app_auth_token),
        ("auth_token", &options.auth_token),
    ] {
        // Without its token the call would be the app's own: somebody else's money.
        if content
            .parameters(name)
            .chain(token)
            .any(|token| token.expose().trim().is_empty())
        {
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

/// A signer's error may quote the message, in which there are tokens.
fn not_signed(method: &str, message: &str, error: SignError) -> Error {
    let is_temporary = error.is_temporary();
    let parameters = message.split('&').filter_map(|parameter| parameter.split_once('='));
    Error::new(ErrorKind::Signing, "the request can't be signed")
        .with_method(method)
        .with_outcome(false, is_temporary)
        .with_source(error)
        .redacted(&secrets::of(parameters.chain([("", message)]), None))
}

/// What did not come in time, before anything was sent: the cause of an error of the kind [`Timeout`](ErrorKind::Timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    Signature,
    Token,
}

impl fmt::Display for Late {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Signature => "the request was not signed in time",
            Self::Token => "the merchant's token did not come in time",
        })
    }
}

impl StdError for Late {}
