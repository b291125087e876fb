//! The signed form or query that notifications and returns are.

use alipay_codegen::ir::Signature;

use crate::certificates::Signatory;
use crate::keys::{KeyError, SignType};
use crate::protocol::charset::Charset;

/// Signs parameters, as notifications, returns and calls to apps are: all that aren't empty, except `sign` and, by the V1 rule, `sign_type`. Gives the form or
/// query that carries them.
pub(crate) fn signed_form(
    fields: &[(&str, String)],
    rule: Signature,
    charset: &Charset,
    sign_type: SignType,
    signatory: &Signatory,
) -> Result<String, KeyError> {
    let sign_type = signatory.sign_type(sign_type);
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
