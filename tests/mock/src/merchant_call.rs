//! Calls that Alipay makes to an app (`spi.…`), and the app's answer.
//!
//! By Alipay's rules for SPI (opendocs.alipay.com/isv/0gp3u4 and /isv/spiforisv).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use alipay_codegen::ir::Signature;

use crate::certificates::Signatory;
use crate::keys::{KeyError, PublicKey, SignType};
use crate::notify::delivery;
use crate::notify::envelope;
use crate::notify::form::signed_form;
use crate::protocol::charset::Charset;

/// The largest answer that is read.
const MAX_ANSWER: usize = 1024 * 1024;
/// So many characters of an answer are quoted.
const QUOTED: usize = 200;

/// Why a call to an app has no answer that Alipay would believe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MerchantCallError {
    /// The fields are no JSON object.
    #[error("the fields of the call are no JSON object")]
    NotAnObject,
    /// The field `charset` is neither UTF-8 nor GBK.
    #[error("the call has a `charset` other than UTF-8 and GBK")]
    Charset,
    /// The gateway could not sign the call.
    #[error("the gateway could not sign the call")]
    Signing,
    /// There was no whole answer.
    #[error("the app did not answer the call: {0}")]
    Unanswered(String),
    /// The answer has another HTTP status than 200.
    #[error("the app answered the call with the status {status} and `{body}`")]
    Status {
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The answer is no JSON with an object `response` and a text `sign`.
    #[error("the app's answer is not `{{\"response\":{{…}},\"sign\":\"…\"}}`: `{0}`")]
    Malformed(String),
    /// The signature does not hold over the text of `response`.
    #[error("the signature of the app's answer does not hold over its `response`: {0}")]
    Signature(String),
    /// In certificate mode, the answer does not name the app's certificate.
    #[error("the app's answer does not name the app's certificate by `app_cert_sn`")]
    Certificate,
}

/// What an app answers.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    response: &'a RawValue,
    // Some writers of JSON escape the `/` of base64.
    #[serde(borrow)]
    sign: Cow<'a, str>,
    app_cert_sn: Option<String>,
}

/// The form of a call of this method at this time, in seconds, by the V1 rule, and its charset. Alipay's list of its parameters has no certificate of
/// Alipay's.
pub(crate) fn form(
    method: &str,
    fields: Value,
    seconds: i64,
    signatory: Signatory,
) -> Result<(String, Charset), MerchantCallError> {
    let Value::Object(mut fields) = fields else {
        return Err(MerchantCallError::NotAnObject);
    };
    let seconds = seconds.to_string();
    for (name, value) in [
        ("method", method),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("utc_timestamp", &seconds),
    ] {
        fields.entry(name).or_insert_with(|| value.into());
    }
    let named = fields.get("charset").and_then(Value::as_str).unwrap_or_default();
    let charset = Charset::from_name(named).ok_or(MerchantCallError::Charset)?;
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), envelope::text(value)))
        .collect();
    let form = signed_form(&pairs, Signature::V1, &charset, SignType::Rsa2, &signatory.unnamed());
    let form = form.map_err(|_: KeyError| MerchantCallError::Signing)?;
    Ok((form, charset))
}

/// Posts it, and reads the answer.
pub(crate) async fn post(url: &str, form: String, charset: &Charset) -> Result<String, MerchantCallError> {
    let unanswered = |error: reqwest::Error| MerchantCallError::Unanswered(error.to_string());
    let content_type = format!("application/x-www-form-urlencoded; charset={}", charset.name());
    let client = delivery::http_client().map_err(unanswered)?;
    let request = client.post(url).header("content-type", content_type).body(form);
    let mut response = request.send().await.map_err(unanswered)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            let message = format!("the answer is larger than {MAX_ANSWER} bytes");
            return Err(MerchantCallError::Unanswered(message));
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).map_err(|error| {
        let body = String::from_utf8_lossy(error.as_bytes());
        MerchantCallError::Malformed(beginning(&body))
    })?;
    if status != 200 {
        let body = beginning(&body);
        return Err(MerchantCallError::Status { status, body });
    }
    Ok(body)
}

/// The response of an answer that the app has signed, by this certificate where it has one.
pub(crate) fn verified(answer: &str, key: &PublicKey, serial: Option<&str>) -> Result<Value, MerchantCallError> {
    let malformed = || MerchantCallError::Malformed(beginning(answer));
    let parsed: Answer<'_> = serde_json::from_str(answer).map_err(|_| malformed())?;
    let text = parsed.response.get();
    let sign_type = key.fitting(SignType::Rsa2);
    if !key.verify(sign_type, text.as_bytes(), &parsed.sign) {
        return Err(MerchantCallError::Signature(beginning(text)));
    }
    if serial.is_some() && parsed.app_cert_sn.as_deref() != serial {
        return Err(MerchantCallError::Certificate);
    }
    let response: Value = serde_json::from_str(text).map_err(|_| malformed())?;
    if response.is_object() {
        Ok(response)
    } else {
        Err(malformed())
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyPair;

    #[test]
    fn an_answer_is_believed_as_it_was_signed() {
        let pair = KeyPair::generate().unwrap();
        let key = pair.public_key();
        let response = r#"{ "code" : "10000", "name":"你好" }"#;
        let sign = pair.sign(SignType::Rsa2, response.as_bytes()).unwrap();
        let answer = |response: &str, serial: &str| format!(r#"{{"response":{response},"sign":"{sign}"{serial}}}"#);
        let plain = answer(response, "");
        assert_eq!(verified(&plain, &key, None).unwrap()["name"], "你好");
        verified(&plain.replace('/', r"\/"), &key, None).unwrap();
        let named = answer(response, r#","app_cert_sn":"7""#);
        verified(&named, &key, Some("7")).unwrap();
        for (answer, serial, message) in [
            (answer(r#"{"code":"10000","name":"你好"}"#, ""), None, "does not hold"),
            (plain.clone(), Some("7"), "`app_cert_sn`"),
            (named, Some("8"), "`app_cert_sn`"),
            (format!(r#"{{"response":{response}}}"#), None, "is not"),
            ("success".to_owned(), None, "is not"),
            (format!("{plain}x"), None, "is not"),
        ] {
            let error = verified(&answer, &key, serial).unwrap_err().to_string();
            assert!(error.contains(message), "{answer}: {error}");
        }
        let stranger = KeyPair::generate().unwrap().public_key();
        assert!(verified(&plain, &stranger, None).is_err());
    }
}
