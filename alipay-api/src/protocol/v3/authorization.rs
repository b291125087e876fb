//! Who asks, and the signature: the header `Authorization`.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{cert::Certificates, protocol::content::Identity, random};

/// What is signed first, and stands in the header in front of the signature.
pub(super) fn auth(identity: &Identity<'_>) -> String {
    let mut auth = format!("app_id={}", identity.app_id);
    if let Some(serial) = identity.certificates.map(Certificates::app_cert_sn) {
        // Writing into memory does not fail.
        let _ = write!(auth, ",app_cert_sn={serial}");
    }
    let _ = write!(
        auth,
        ",nonce={},timestamp={}",
        random::digits(identity.random),
        identity.timestamp.milliseconds()
    );
    auth
}

/// The header's value.
pub(super) fn header(auth: &str, signature: &[u8]) -> String {
    format!("ALIPAY-SHA256withRSA {auth},sign={}", BASE64_STANDARD.encode(signature))
}
