//! An answer: a status, a body, and a signature over the body in headers.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{V3, header, is_gateways};
use crate::{
    codec::{KnownValue as _, Values},
    error::GatewayError,
    generated::gateway::GatewayErrorCode,
    protocol::{
        answer::{AnswerError, UnverifiedAnswer},
        is_cut_short,
        received::Received,
    },
};

/// What an empty body says.
const NOTHING: &str = "{}";

/// Takes the answer apart. Nothing of it is verified.
pub(super) fn parse<'a>(
    protocol: &'static V3,
    received: &'a Received<'a>,
) -> Result<UnverifiedAnswer<'a>, AnswerError> {
    let status = received.status();
    let malformed = |message: String| AnswerError::Malformed {
        message,
        may_pass: status >= 500,
    };
    if !matches!(status, 200..=299 | 400..=599) {
        return Err(malformed(format!(
            "the gateway answered with status {status}, and neither with a success nor with an error"
        )));
    }
    let is_error = status >= 400;
    let mut ciphertext = None;
    let (text, values) = match received.text().trim() {
        "" if !is_error => (NOTHING, Values::with_capacity(0)),
        text if is_ciphertext(text) => {
            ciphertext = Some(Cow::Borrowed(text));
            (text, Values::with_capacity(0))
        }
        _ => {
            let text = received.text();
            let values = Values::parse(text, 1).map_err(|error| AnswerError::Malformed {
                message: format!("the answer can't be read: {error}"),
                may_pass: status >= 500 || is_cut_short(text),
            })?;
            (text, values)
        }
    };
    let sign = header(received, "alipay-signature")?.filter(|sign| !sign.is_empty());
    let timestamp = header(received, "alipay-timestamp")?;
    let nonce = header(received, "alipay-nonce")?.filter(|nonce| !nonce.is_empty());
    let signed_at = timestamp.as_ref().and_then(|timestamp| timestamp.parse().ok());
    let mut message = Vec::new();
    if sign.is_some() {
        let (Some(timestamp), Some(nonce)) = (&timestamp, &nonce) else {
            let message =
                "the answer has a signature, but not both of `alipay-timestamp` and `alipay-nonce`, which are signed";
            return Err(AnswerError::malformed(message));
        };
        if signed_at.is_none() {
            return Err(AnswerError::malformed(
                "the answer is signed, and its `alipay-timestamp` is not a number of milliseconds",
            ));
        }
        for part in [timestamp.as_bytes(), nonce.as_bytes(), received.body()] {
            message.extend_from_slice(part);
            message.push(b'\n');
        }
    }
    Ok(UnverifiedAnswer {
        protocol,
        received,
        text,
        values,
        ciphertext,
        is_error,
        message: Cow::Owned(message),
        sign,
        alipay_cert_sn: header(received, "alipay-sn")?,
        signed_at,
    })
}

/// Whether the body is not JSON, and may be what is encrypted: base64 of whole blocks.
fn is_ciphertext(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.len() >= 24 && text.len().is_multiple_of(4) && text.bytes().all(is_base64)
}

/// The gateway's words. V3 has one code: that of a business is V2's `sub_code`, and the gateway's own are V2's without their prefix.
pub(super) fn gateway_error(values: &Values<'_>) -> GatewayError {
    let text = |name| {
        let value = values.get(name)?;
        let text = value.text().unwrap_or(Some(Cow::Borrowed(value.as_raw())))?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    };
    let code = text("code");
    GatewayError {
        code: code.clone().unwrap_or_default(),
        message: text("message").unwrap_or_default(),
        sub_code: code.map(|code| with_prefix(&code).unwrap_or(code)),
        sub_message: None,
        help_link: values.get("links").and_then(|links| first_link(links.as_raw())),
    }
}

/// The gateway's own code as V2 writes it: `isv.invalid-method` for `invalid-method`. A code in capitals is a business's.
fn with_prefix(code: &str) -> Option<String> {
    if !is_gateways(code) {
        return None;
    }
    let prefixed = ["isv.", "aop.", "isp."].map(|prefix| format!("{prefix}{code}"));
    let is_known = |code: &String| GatewayErrorCode::from_text(code).is_some();
    prefixed.into_iter().find(is_known)
}

fn first_link(json: &str) -> Option<String> {
    let links: Json = serde_json::from_str(json).ok()?;
    let link = links.get(0)?.get("link")?.as_str()?;
    link.starts_with("https://").then(|| link.to_owned())
}
