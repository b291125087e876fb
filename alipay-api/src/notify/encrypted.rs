//! Messages whose `biz_content` is encrypted.

use super::parameters::VerifiedParameters;
use crate::{
    Error, ErrorKind,
    charset::GBK,
    encryption::{DecryptionError, EncryptType, EncryptionKey, GIVE_KEY},
    error::Sanitized,
};

/// The parameters with a plain `biz_content`. They are verified, and so is the ciphertext.
pub(super) fn decrypted(
    parameters: &VerifiedParameters,
    key: Option<&EncryptionKey>,
) -> Result<Option<VerifiedParameters>, Error> {
    let given = |name| parameters.get(name).filter(|value| !value.is_empty());
    let (Some(encrypt_type), Some(ciphertext)) = (given("encrypt_type"), given("biz_content")) else {
        return Ok(None);
    };
    if ciphertext.trim_start().starts_with(['{', '<']) {
        // JSON or XML, whatever `encrypt_type` says.
        return Ok(None);
    }
    let error = |kind, message: &str| {
        let message = format!("the notification is verified, but its `biz_content` is encrypted{message}");
        Error::new(kind, message).verified()
    };
    let Some(key) = key else {
        let message = format!(", and the client has no AES key: {GIVE_KEY}");
        return Err(error(ErrorKind::Configuration, &message));
    };
    let Some(known) = EncryptType::named(encrypt_type) else {
        let message = format!(" by `{}`, which the library does not know", Sanitized(encrypt_type));
        return Err(error(ErrorKind::Decode, &message));
    };
    let undecryptable = |cause| error(ErrorKind::Decode, ", and can't be decrypted").with_source(cause);
    let plain = key.decrypt(ciphertext, known).map_err(undecryptable)?;
    let is_gbk = parameters.is_gbk() && !plain.is_ascii();
    let text = match (is_gbk, GBK) {
        (true, None) => {
            let message = " in GBK, and this program was built without GBK: add the feature `gbk` of alipay-api";
            return Err(error(ErrorKind::Configuration, message));
        }
        (true, Some(decode)) => decode(&plain).ok_or(DecryptionError),
        (false, _) => plain.text().map(Into::into),
    };
    let text = text.map_err(undecryptable)?;
    Ok(Some(parameters.with("biz_content", &text)))
}
