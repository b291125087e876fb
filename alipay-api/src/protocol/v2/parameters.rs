//! The parameters of a request, and the text that is signed.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use crate::{protocol::InvalidParameter, types::File};

/// A request's parameters: none of them empty, in the byte order of their names.
pub(super) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

/// The parameters with their signature.
pub(super) struct SignedParameters<'a> {
    parameters: &'a Parameters<'a>,
    sign: String,
}

impl<'a> Parameters<'a> {
    /// Drops empty parameters and sorts the rest.
    pub(super) fn new(mut parameters: Vec<(&'a str, &'a str)>) -> Result<Self, InvalidParameter> {
        // The gateway ignores empty values when it verifies, so none is sent.
        parameters.retain(|(_, value)| !value.is_empty());
        parameters.sort_unstable_by_key(|(name, _)| name.as_bytes());
        parameters.iter().try_for_each(|(name, _)| check_name(name))?;
        match parameters.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(InvalidParameter::Duplicate(pair[0].0.to_owned())),
            None => Ok(Self(parameters)),
        }
    }

    /// Refuses files whose names are none, or are given twice.
    pub(super) fn check_files(&self, files: &[(Cow<'static, str>, File)]) -> Result<(), InvalidParameter> {
        for (index, (name, _)) in files.iter().enumerate() {
            check_name(name)?;
            let is_parameter = self.0.iter().any(|(parameter, _)| parameter == name);
            if is_parameter || files[..index].iter().any(|(other, _)| other == name) {
                return Err(InvalidParameter::Duplicate(name.to_string()));
            }
        }
        Ok(())
    }

    /// Names and values, in their order.
    pub(super) fn pairs(&self) -> &[(&'a str, &'a str)] {
        &self.0
    }

    /// `name=value` joined by `&`, raw.
    pub(super) fn string_to_sign(&self) -> Zeroizing<String> {
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

    /// Adds the signature of [`string_to_sign`](Self::string_to_sign).
    pub(super) fn signed(&self, signature: &[u8]) -> SignedParameters<'_> {
        SignedParameters {
            parameters: self,
            sign: BASE64_STANDARD.encode(signature),
        }
    }
}

impl SignedParameters<'_> {
    /// Names and values, `sign` last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.0.iter().copied().chain([("sign", self.sign.as_str())])
    }

    /// A capacity that is enough for most requests with [`append_encoded`](crate::protocol::urlencoded::append_encoded).
    pub(super) fn encoded_length(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + 2 * value.len() + 2).sum()
    }
}

fn check_name(name: &str) -> Result<(), InvalidParameter> {
    if is_name(name) {
        Ok(())
    } else {
        Err(InvalidParameter::Name(name.escape_debug().to_string()))
    }
}

/// Names of parameters need no encoding.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && name != "sign" && name.bytes().all(is_plain)
}
