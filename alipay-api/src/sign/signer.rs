use std::{error::Error, fmt};

use super::{BoxFuture, SignType};

/// Signs requests.
///
/// Which one to use depends on where the key is:
///
/// | the key | use |
/// |---|---|
/// | in memory, from text or a file | [`PrivateKey::signer`](super::PrivateKey::signer); [`Credentials`](crate::Credentials) does it for you |
/// | behind a library that blocks the thread, such as PKCS#11 for a hardware module | [`blocking`](super::blocking) with a closure |
/// | behind the network, such as in a key management service | implement this trait: only [`sign`](Self::sign) |
///
/// Give a signer of your own to [`Credentials::custom`](crate::Credentials::custom) or
/// [`Credentials::custom_certificates`](crate::Credentials::custom_certificates). The [guide](crate::guide::keys) has a key management
/// service. The `Debug` of a signer must show nothing of the key.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The type of the signatures, sent along as `sign_type`.
    fn sign_type(&self) -> SignType;

    /// Signs the message with the algorithm of [`sign_type`](Self::sign_type): SHA-256 or SHA-1 over the message, padded by PKCS#1 v1.5. Or,
    /// with the feature `sm2`, SM2 with SM3 and the identifier `1234567812345678`: then the signature is the DER of its two numbers. Gives the
    /// bare bytes of the signature, not base64.
    ///
    /// Every call and every asynchronous page awaits this. It must not block the thread: that is what [`blocking`](super::blocking) is for.
    /// The client limits its time and drops the future when the time is over; nothing has been sent by then.
    ///
    /// # Errors
    /// The signature could not be made; nothing is sent. Return [`SignError::temporary`] if another attempt may succeed.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>>;

    /// Signs the message on this thread, without waiting for anything: for pages and order strings that are made outside of async code, by
    /// [`PageCall::url`](crate::PageCall::url) and its like.
    ///
    /// Return `None` (the default) if the signer is asynchronous only: then these methods fail, and the error names their async version, such as
    /// [`PageCall::url_async`](crate::PageCall::url_async).
    ///
    /// # Errors
    /// As for [`sign`](Self::sign).
    fn sign_now(&self, message: &[u8]) -> Option<Result<Vec<u8>, SignError>> {
        let _ = message;
        None
    }
}

/// Checks that answers and notifications are Alipay's.
///
/// [`PublicKey::verifier`](super::PublicKey::verifier) makes one.
pub trait Verifier: Send + Sync + fmt::Debug {
    /// The type of the signatures that it checks. A signature that claims to be of another type is refused before this is asked.
    fn sign_type(&self) -> SignType;

    /// Checks that the signature, in bare bytes and not base64, was made over the message with Alipay's key.
    ///
    /// # Errors
    /// It was not. There is no reason: why a forgery fails is of no use to anybody else.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}

/// A signature could not be made.
#[derive(Debug)]
pub struct SignError {
    source: Box<dyn Error + Send + Sync>,
    is_temporary: bool,
}

impl SignError {
    /// For a [`Signer`] of your own: why it failed, kept as the error's source. It ends up in logs, so it must hold
    /// nothing of the key.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: reason.into(),
            is_temporary: false,
        }
    }

    /// The same for what may succeed when it is tried again, such as a key management service that can't be reached. The client tries again,
    /// as it does where it has no connection to the gateway: nothing has been sent.
    pub fn temporary(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            is_temporary: true,
            ..Self::new(reason)
        }
    }

    /// Whether another attempt may succeed.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the signer failed")
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// The signature was not made over this message with Alipay's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("signature does not hold")
    }
}

impl Error for BadSignature {}
