use std::{error::Error, fmt};

use super::SignType;

/// What signs requests.
///
/// [`PrivateKey::signer`](super::PrivateKey::signer) makes one. Implement it for a key that is kept elsewhere; its
/// `Debug` must show nothing of the key.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The type of the signatures it makes, sent along as `sign_type`.
    fn sign_type(&self) -> SignType;

    /// Signs the message: hashes it, pads the hash, and gives the bare bytes of the signature, not base64.
    ///
    /// # Errors
    /// The signature can't be made. With a key in memory, that takes a broken source of randomness or a faulty machine.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Whether one signature keeps its thread so long (a millisecond, a network round trip) that an asynchronous caller
    /// should leave it to a blocking thread.
    ///
    /// True unless the implementation knows better.
    fn is_slow(&self) -> bool {
        true
    }
}

/// What checks that answers and notifications are Alipay's.
///
/// [`PublicKey::verifier`](super::PublicKey::verifier) makes one.
pub trait Verifier: Send + Sync + fmt::Debug {
    /// The type of the signatures it checks. One that claims to be of another type must be refused before it gets here.
    fn sign_type(&self) -> SignType;

    /// Checks that the signature, in bare bytes and not base64, is this key's over the message.
    ///
    /// # Errors
    /// It isn't, whatever the reason: nothing about a forgery is worth telling apart.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}

/// A signature could not be made.
#[derive(Debug)]
pub struct SignError {
    source: Box<dyn Error + Send + Sync>,
}

impl SignError {
    /// For a [`Signer`] of your own: why it failed, kept as the error's source. It ends up in logs, so it must hold
    /// nothing of the key.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: reason.into() }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the message can't be signed")
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The signature is not the key's over this message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the signature is not this key's over this message")
    }
}

impl Error for BadSignature {}
