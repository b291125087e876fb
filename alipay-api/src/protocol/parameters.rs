//! Parameters, the text of them that is signed, and their percent-encoding.

use std::{error::Error, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_encode_byte;
use zeroize::Zeroizing;

/// A request's parameters: none of them empty, in the byte order of their names.
pub(crate) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

/// The same with the signature over them.
pub(crate) struct SignedParameters<'a> {
    parameters: Parameters<'a>,
    sign: String,
}

/// A parameter can't be sent as it was given.
#[derive(Debug)]
pub(crate) enum InvalidParameter {
    /// Which of the two would count?
    Duplicate(String),
    /// The signature is this library's to make, and names are words.
    Name(String),
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(name) => write!(formatter, "the parameter `{name}` is given twice"),
            Self::Name(name) => write!(formatter, "`{name}` can't be the name of a parameter"),
        }
    }
}

impl Error for InvalidParameter {}

impl<'a> Parameters<'a> {
    /// Drops what is empty and sorts the rest.
    pub(crate) fn new(mut parameters: Vec<(&'a str, &'a str)>) -> Result<Self, InvalidParameter> {
        // The gateway leaves empty values out of what it verifies: so nothing empty is sent.
        parameters.retain(|(_, value)| !value.is_empty());
        parameters.sort_unstable_by_key(|(name, _)| name.as_bytes());
        if let Some((name, _)) = parameters.iter().find(|(name, _)| !is_name(name)) {
            return Err(InvalidParameter::Name(name.escape_debug().to_string()));
        }
        match parameters.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(InvalidParameter::Duplicate(pair[0].0.to_owned())),
            None => Ok(Self(parameters)),
        }
    }

    /// `name=value` joined by `&`, raw.
    pub(crate) fn string_to_sign(&self) -> Zeroizing<String> {
        let length = self.0.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        text
    }

    /// With the signature over [`string_to_sign`](Self::string_to_sign).
    pub(crate) fn signed(self, signature: &[u8]) -> SignedParameters<'a> {
        SignedParameters {
            parameters: self,
            sign: BASE64_STANDARD.encode(signature),
        }
    }
}

impl SignedParameters<'_> {
    /// Names and values, `sign` last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.0.iter().copied().chain([("sign", self.sign.as_str())])
    }

    /// Room enough for most with [`append_encoded`].
    pub(crate) fn encoded_length(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + 2 * value.len() + 2).sum()
    }

    /// Names and values that were signed, in their order.
    pub(crate) fn signed(&self) -> &[(&str, &str)] {
        &self.parameters.0
    }
}

/// Names of parameters need no encoding.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && name != "sign" && name.bytes().all(is_plain)
}

/// Appends `name=value`, joined by `&` and percent-encoded once.
pub(crate) fn append_encoded<'a>(out: &mut String, parameters: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in parameters.enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        append_value(out, value);
    }
}

/// Whatever is not an unreserved character of RFC 3986 is encoded.
fn append_value(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(place) = rest.bytes().position(|byte| !UNRESERVED[usize::from(byte)]) {
        let (plain, after) = rest.split_at(place);
        out.push_str(plain);
        let encoded = after.bytes().take_while(|byte| !UNRESERVED[usize::from(*byte)]);
        let mut length = 0;
        for byte in encoded {
            out.push_str(percent_encode_byte(byte));
            length += 1;
        }
        rest = &after[length..];
    }
    out.push_str(rest);
}

/// By byte: a letter, a digit, or one of `-._~`.
const UNRESERVED: [bool; 256] = {
    let mut unreserved = [false; 256];
    let mut byte = 0_u8;
    while byte.is_ascii() {
        unreserved[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    unreserved
};
