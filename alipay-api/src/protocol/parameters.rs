//! Parameters, the text of them that is signed, and their percent-encoding.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::sign::{SignError, Signer};

/// What is not percent-encoded: the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request's parameters, none of them empty, in the byte order of their names, with the signature over them.
pub(crate) struct SignedParameters<'a> {
    parameters: Vec<(&'a str, &'a str)>,
    sign: String,
}

impl<'a> SignedParameters<'a> {
    /// Drops what is empty, sorts the rest, and signs it.
    pub(crate) fn new(mut parameters: Vec<(&'a str, &'a str)>, signer: &dyn Signer) -> Result<Self, SignError> {
        // The gateway leaves empty values out of what it verifies: so nothing empty is sent.
        parameters.retain(|(_, value)| !value.is_empty());
        parameters.sort_unstable_by_key(|(name, _)| name.as_bytes());
        let text = Zeroizing::new(string_to_sign(&parameters));
        let sign = BASE64_STANDARD.encode(signer.sign(text.as_bytes())?);
        Ok(Self { parameters, sign })
    }

    /// Names and values, `sign` last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().copied().chain([("sign", self.sign.as_str())])
    }

    /// The text that was signed.
    pub(crate) fn string_to_sign(&self) -> Zeroizing<String> {
        Zeroizing::new(string_to_sign(&self.parameters))
    }
}

/// `name=value` joined by `&`, raw.
fn string_to_sign(parameters: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum());
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

/// Appends `name=value`, joined by `&` and percent-encoded once.
pub(crate) fn append_encoded<'a>(out: &mut String, parameters: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in parameters.enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.extend(utf8_percent_encode(value, RESERVED));
    }
}
