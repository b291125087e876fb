//! Signatures over parameters: of requests, which are checked, and of notifications and returns, which are made.

use alipay_codegen::ir::Signature;

use crate::certificates::Signatory;
use crate::keys::{KeyError, PublicKey, SignType};
use crate::protocol::charset::Charset;
use crate::protocol::failure::Failure;
use crate::protocol::parameters::Parameters;

/// Checks a request's signature against the app's public key.
pub(crate) fn verify(parameters: &Parameters, sign_type: SignType, key: &PublicKey) -> Result<(), Failure> {
    let message = parameters.string_to_sign();
    if key.verify(sign_type, &message, parameters.get("sign").unwrap_or_default()) {
        return Ok(());
    }
    let message = parameters.charset.decode(&message).unwrap_or_default().into_owned();
    let advice = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：";
    Err(Failure::invalid(
        "isv.invalid-signature",
        format!("{advice}{}", escape_html(&message)),
    ))
}

/// Signs parameters, as notifications and returns are: all that aren't empty, except `sign` and, by the V1 rule, `sign_type`. Gives the form or
/// query that carries them.
pub(crate) fn signed_form(
    fields: &[(&str, String)],
    rule: Signature,
    charset: &Charset,
    sign_type: SignType,
    signatory: &Signatory,
) -> Result<String, KeyError> {
    let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
    fields.push(("sign_type", sign_type.name().to_owned()));
    if let Some(sn) = &signatory.alipay_cert_sn {
        fields.push(("alipay_cert_sn", sn.clone()));
    }
    let mut sorted: Vec<_> = fields
        .iter()
        .filter(|(name, _)| rule == Signature::V2 || *name != "sign_type")
        .collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut message = Vec::new();
    for (name, value) in sorted {
        if !message.is_empty() {
            message.push(b'&');
        }
        message.extend_from_slice(name.as_bytes());
        message.push(b'=');
        message.extend_from_slice(&charset.encode(value));
    }
    let sign = signatory.sign(sign_type, &message)?;
    fields.push(("sign", sign));
    let mut form = String::new();
    for (name, value) in &fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        form.extend(form_urlencoded::byte_serialize(&charset.encode(value)));
    }
    Ok(form)
}

/// Text that is safe in HTML, in attributes too.
pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
