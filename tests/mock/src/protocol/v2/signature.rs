//! The signature over a request's parameters.

use crate::html::escape;
use crate::keys::{PublicKey, SignType};
use crate::protocol::failure::Failure;
use crate::protocol::v2::parameters::Parameters;

/// Checks a request's signature against the app's public key.
pub(super) fn verify(parameters: &Parameters, sign_type: SignType, key: &PublicKey) -> Result<(), Failure> {
    let message = parameters.string_to_sign();
    if key.verify(sign_type, &message, parameters.get("sign").unwrap_or_default()) {
        return Ok(());
    }
    let message = parameters.charset.decode(&message).unwrap_or_default().into_owned();
    let advice = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：";
    Err(Failure::invalid(
        "isv.invalid-signature",
        format!("{advice}{}", escape(&message)),
    ))
}
