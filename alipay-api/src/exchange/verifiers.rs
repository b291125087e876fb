//! Where an exchange finds what an answer is verified by.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{Error, protocol::answer::UnverifiedAnswer, sign::Verifier, transport::BoxFuture};

/// Finds the verifier of an answer by the certificate that the answer names.
pub(crate) trait ResolveVerifier: Send + Sync {
    /// The verifier, if it is at hand. Any may verify an answer that names no certificate.
    fn at_hand(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>>;

    /// The verifier for an answer that names a certificate that is not at hand. The answer has arrived, so the call's whole time may be used:
    /// to give up would be to not know what it says.
    fn fetch<'a>(
        &'a self,
        answer: &'a UnverifiedAnswer<'a>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Verifier>, Error>>;

    /// Whether certificates tell by which key a signature is; else there is only one key.
    fn has_certificates(&self) -> bool;
}
