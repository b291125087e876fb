//! Keys that sign on the thread that asks.

use std::{fmt, sync::Arc};

use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::{BoxFuture, SignError, SignType, Signer};

/// Signs on the thread that asks.
pub(super) trait SignNow: fmt::Debug + Send + Sync + 'static {
    fn sign_type(&self) -> SignType;

    fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// How long one signature takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Less than a millisecond: an asynchronous caller signs on its own thread.
    Fast,
    /// A millisecond or more: an asynchronous caller leaves it to a blocking thread.
    Slow,
}

/// A signer for whatever signs on the thread that asks.
pub(super) struct LocalSigner<K> {
    key: Arc<K>,
    pace: Pace,
}

/// A signer for a function that blocks the thread, such as of a hardware module's library. Async code runs it on tokio's threads for blocking
/// work, several at a time; [`PageCall::url`](crate::PageCall::url) and its like run it on the thread that they are called on.
///
/// The function gets the whole message and gives the bare bytes of its signature, as [`Signer::sign`] says. It can't be stopped: where a
/// call's time is over, the call ends, and the function goes on until it returns.
///
/// ```
/// use alipay_api::sign::{self, SignError, SignType};
///
/// # struct Hsm;
/// # #[derive(Debug)] struct HsmError;
/// # impl std::fmt::Display for HsmError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("no session") } }
/// # impl std::error::Error for HsmError {}
/// # impl Hsm { fn sha256_rsa_pkcs(&self, message: &[u8]) -> Result<Vec<u8>, HsmError> { let _ = message; Err(HsmError) } }
/// # let hsm = Hsm;
/// let signer = sign::blocking(SignType::Rsa2, move |message| hsm.sha256_rsa_pkcs(message).map_err(SignError::temporary));
/// # assert_eq!(signer.sign_type(), SignType::Rsa2);
/// ```
pub fn blocking<F>(sign_type: SignType, sign: F) -> Arc<dyn Signer>
where
    F: Fn(&[u8]) -> Result<Vec<u8>, SignError> + Send + Sync + 'static,
{
    Arc::new(LocalSigner::new(Function { sign_type, sign }, Pace::Slow))
}

/// A function of the caller's own.
struct Function<F> {
    sign_type: SignType,
    sign: F,
}

impl<F> SignNow for Function<F>
where
    F: Fn(&[u8]) -> Result<Vec<u8>, SignError> + Send + Sync + 'static,
{
    fn sign_type(&self) -> SignType {
        self.sign_type
    }

    fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (self.sign)(message)
    }
}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlockingSigner({})", self.sign_type)
    }
}

impl<K: SignNow> LocalSigner<K> {
    pub(super) fn new(key: K, pace: Pace) -> Self {
        Self {
            key: Arc::new(key),
            pace,
        }
    }
}

impl<K: SignNow> Signer for LocalSigner<K> {
    fn sign_type(&self) -> SignType {
        self.key.sign_type()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        if self.pace == Pace::Fast {
            return Box::pin(async { self.key.sign_now(message) });
        }
        Box::pin(async {
            let runtime = Handle::try_current().map_err(SignError::new)?;
            let (key, message) = (Arc::clone(&self.key), Zeroizing::new(message.to_vec()));
            let signature = runtime.spawn_blocking(move || key.sign_now(&message)).await;
            signature.map_err(SignError::new).unwrap_or_else(Err)
        })
    }

    fn sign_now(&self, message: &[u8]) -> Option<Result<Vec<u8>, SignError>> {
        Some(self.key.sign_now(message))
    }
}

impl<K: SignNow> fmt::Debug for LocalSigner<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(formatter)
    }
}
