//! An answer, taken apart and verified before anything of it is read.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::value::RawValue;

use crate::{
    error::GatewayError,
    sign::Verifier,
    transport::MAX_BODY,
    wire::{DecodeError, Members, Value, members},
};

/// The members of an answer's content that belong to the protocol, not to the method.
pub(crate) const PROTOCOL_MEMBERS: &[&str] = &["code", "msg", "sub_code", "sub_msg"];

/// Beside its content, an answer has a signature and the serial of a certificate.
const MAX_MEMBERS: usize = 16;

/// The code of what is done.
pub(crate) const SUCCESS: &str = "10000";

/// The content of an answer.
pub(crate) struct Answer<'a> {
    /// The exact text.
    pub(crate) text: &'a str,
    pub(crate) members: Members<'a>,
    pub(crate) code: Option<Cow<'a, str>>,
    /// Whether the code says that something went wrong.
    pub(crate) is_error: bool,
    /// Whether the signature is there and holds. Only an error can be without.
    pub(crate) verified: bool,
}

/// Why an answer is refused.
#[derive(Debug)]
pub(crate) enum AnswerError {
    /// It is not an answer.
    Malformed(String),
    /// Its signature is missing or wrong.
    Unverified(&'static str),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed(message) => message,
            Self::Unverified(message) => message,
        })
    }
}

/// An answer that nobody has verified yet. All that it tells is who is said to have signed it.
pub(crate) struct UnverifiedAnswer<'a> {
    content: &'a str,
    is_error: bool,
    sign: Option<Cow<'a, str>>,
    alipay_cert_sn: Option<Cow<'a, str>>,
}

impl<'a> UnverifiedAnswer<'a> {
    /// Takes the answer to a call of `method` apart.
    pub(crate) fn read(body: &'a [u8], method: &str) -> Result<Self, AnswerError> {
        if body.len() > MAX_BODY {
            return Err(AnswerError::Malformed(format!(
                "the answer is larger than {} MiB",
                MAX_BODY >> 20
            )));
        }
        let body = std::str::from_utf8(body)
            .map_err(|_| AnswerError::Malformed("the answer is not UTF-8, which was asked for".to_owned()))?;
        Self::root(body, method)
    }

    /// The certificate that signed it, where it is signed and names one.
    pub(crate) fn alipay_cert_sn(&self) -> Option<&str> {
        let serial = self.alipay_cert_sn.as_deref().filter(|serial| !serial.is_empty())?;
        self.is_signed().then_some(serial)
    }

    /// A member of the content. Anyone may have written it: only what proves itself may be read so.
    pub(crate) fn unverified(&self, name: &str) -> Option<String> {
        let members = members(self.content).ok()?;
        protocol_member(&members, name).ok().flatten().map(Cow::into_owned)
    }

    /// Verifies it, if it is signed; codes in `pending` are not errors.
    pub(crate) fn verify(self, verifier: &dyn Verifier, pending: &[&str]) -> Result<Answer<'a>, AnswerError> {
        let is_signed = self.is_signed();
        let Self {
            content,
            is_error: is_error_root,
            sign,
            ..
        } = self;
        if let (true, Some(sign)) = (is_signed, &sign) {
            verify(content, sign, verifier)?;
        }
        if content.starts_with('"') {
            // An encrypted answer is text. None was asked for.
            return Err(AnswerError::Malformed(
                "the answer is encrypted, and encryption was not asked for".to_owned(),
            ));
        }
        let members = members(content).map_err(|error| malformed("the answer's content", &error))?;
        let code = protocol_member(&members, "code")?;
        // An error may come unsigned, where the gateway could not tell who was calling. Anything else must be signed;
        // a login's answer has no code at all.
        let is_bad = |code: &str| code != SUCCESS && !pending.contains(&code);
        let is_error = is_error_root || code.as_deref().is_some_and(is_bad);
        if !is_signed && !is_error {
            return Err(AnswerError::Unverified("the answer has no signature"));
        }
        Ok(Answer {
            text: content,
            members,
            code,
            is_error,
            verified: is_signed,
        })
    }

    fn is_signed(&self) -> bool {
        self.sign.as_deref().is_some_and(|sign| !sign.is_empty())
    }

    fn root(body: &'a str, method: &str) -> Result<Self, AnswerError> {
        let members = members(body).map_err(|error| malformed("the answer", &error))?;
        if members.len() > MAX_MEMBERS {
            let message = format!("the answer has more than {MAX_MEMBERS} members");
            return Err(AnswerError::Malformed(message));
        }
        if has_repetition(&members) {
            return Err(AnswerError::Malformed("the answer names a member twice".to_owned()));
        }
        let (mut content, mut sign, mut alipay_cert_sn) = (None, None, None);
        for (name, value) in &members {
            let is_error = name == "error_response";
            if is_error || is_content_of(method, name) {
                if content.replace((value.get(), is_error)).is_some() {
                    return Err(AnswerError::Malformed("the answer has two contents".to_owned()));
                }
            } else if name == "sign" {
                sign = text(value)?;
            } else if name == "alipay_cert_sn" {
                alipay_cert_sn = text(value)?;
            }
        }
        let (content, is_error) = content.ok_or_else(|| {
            let expected = method.replace('.', "_");
            AnswerError::Malformed(format!("the answer has no member `{expected}_response`"))
        })?;
        Ok(Self {
            content,
            is_error,
            sign,
            alipay_cert_sn,
        })
    }
}

impl Answer<'_> {
    /// Whether its code is one of these.
    pub(crate) fn is_pending(&self, pending: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| pending.contains(&code))
    }

    /// The gateway's words, where the answer is an error.
    pub(crate) fn gateway_error(&self) -> GatewayError {
        let text = |name| {
            let text = protocol_member(&self.members, name).ok().flatten();
            text.map(Cow::into_owned).filter(|text| !text.is_empty())
        };
        GatewayError {
            code: text("code").unwrap_or_default(),
            message: text("msg").unwrap_or_default(),
            sub_code: text("sub_code"),
            sub_message: text("sub_msg"),
        }
    }
}

/// Whether the content of an answer to the method has this name: the method's own, with underscores.
fn is_content_of(method: &str, name: &str) -> bool {
    let with_underscores = method.bytes().map(|byte| if byte == b'.' { b'_' } else { byte });
    name.strip_suffix("_response")
        .is_some_and(|name| with_underscores.eq(name.bytes()))
}

/// Whether a name comes twice.
fn has_repetition(members: &Members<'_>) -> bool {
    let mut rest = members.as_slice();
    while let Some(((name, _), others)) = rest.split_first() {
        if others.iter().any(|(other, _)| other == name) {
            return true;
        }
        rest = others;
    }
    false
}

/// Checks the signature over the exact text.
fn verify(content: &str, sign: &str, verifier: &dyn Verifier) -> Result<(), AnswerError> {
    const WRONG: AnswerError = AnswerError::Unverified("the answer's signature does not hold");
    let sign = BASE64_STANDARD.decode(sign).map_err(|_| WRONG)?;
    if verifier.verify(content.as_bytes(), &sign).is_ok() {
        return Ok(());
    }
    // Some gateways sign before they escape slashes.
    if content.contains("\\/") && verifier.verify(with_plain_slashes(content).as_bytes(), &sign).is_ok() {
        return Ok(());
    }
    Err(WRONG)
}

/// JSON with `/` for each `\/`, and every other escape as it is: the text means the same.
fn with_plain_slashes(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some('/')) => {}
            ('\\', Some(escaped)) => {
                plain.extend(['\\', escaped]);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

fn protocol_member<'a>(members: &Members<'a>, name: &str) -> Result<Option<Cow<'a, str>>, AnswerError> {
    match members.iter().find(|(member, _)| member == name) {
        Some((_, value)) => text(value),
        None => Ok(None),
    }
}

fn text(json: &RawValue) -> Result<Option<Cow<'_, str>>, AnswerError> {
    Value::of(json, 0)
        .text()
        .map_err(|error| malformed("the answer", &error))
}

fn malformed(what: &str, error: &DecodeError) -> AnswerError {
    AnswerError::Malformed(format!("{what} is not a JSON object: {error}"))
}
