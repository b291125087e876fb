//! Where an exchange finds what an answer is verified by.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{Error, protocol::answer::UnverifiedAnswer, sign::Verifier, transport::BoxFuture};

/// Finds the verifier of an answer by the certificate that the answer names.
pub(crate) trait ResolveVerifier: Send + Sync {
    /// The verifier, if its certificate is known. Any may verify an answer that names no certificate.
    fn known(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>>;

    /// The verifier for an answer that names an unknown certificate. The answer has arrived, so the call's whole time may be used:
    /// giving up would leave the outcome unknown.
    fn fetch<'a>(
        &'a self,
        answer: &'a UnverifiedAnswer<'a>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Verifier>, Error>>;

    /// Whether certificates tell by which key a signature is; else there is only one key.
    fn has_certificates(&self) -> bool;
}
