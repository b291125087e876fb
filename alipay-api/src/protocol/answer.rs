//! An answer: its members are found, its content's exact text is verified, and only then is any of it given out.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::root::{Content, Found, Root};
use crate::{
    error::GatewayError,
    sign::Verifier,
    transport::MAX_BODY,
    wire::{DecodeError, Values},
};

/// The members of an answer's content that belong to the protocol, not to the method.
pub(crate) const PROTOCOL_MEMBERS: &[&str] = &["code", "msg", "sub_code", "sub_msg"];

/// The code of what is done.
pub(crate) const SUCCESS: &str = "10000";

/// The content of an answer.
pub(crate) struct Answer<'a> {
    /// The exact text.
    pub(crate) text: &'a str,
    /// What it says; the members of the protocol are hidden.
    pub(crate) values: Values<'a>,
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
    content: Content<'a>,
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
        let Root { content, others } = Root::read(body, method).map_err(|error| unreadable(&error))?;
        let malformed = |message: String| Err(AnswerError::Malformed(message));
        if let Some(flaw) = others.flaw() {
            return malformed(format!("the answer can't be read: {flaw}"));
        }
        let content = match content {
            Found::Content(content) => content,
            // None was asked for.
            Found::Text => {
                return malformed("the answer is encrypted, and encryption was not asked for".to_owned());
            }
            Found::Escaped => return malformed("the name of the answer's content is written with escapes".to_owned()),
            Found::Several => return malformed("the answer has two contents".to_owned()),
            Found::Nothing => {
                let expected = method.replace('.', "_");
                return malformed(format!("the answer has no member `{expected}_response`"));
            }
        };
        if let Some(flaw) = content.values.flaw() {
            return malformed(format!("the answer's content can't be read: {flaw}"));
        }
        Ok(Self {
            content,
            sign: member(&others, "sign")?,
            alipay_cert_sn: member(&others, "alipay_cert_sn")?,
        })
    }

    /// The certificate that signed it, where it is signed and names one.
    pub(crate) fn alipay_cert_sn(&self) -> Option<&str> {
        let serial = self.alipay_cert_sn.as_deref().filter(|serial| !serial.is_empty())?;
        self.is_signed().then_some(serial)
    }

    /// A member of the content. Anyone may have written it: only what proves itself may be read so.
    pub(crate) fn unverified(&self, name: &str) -> Option<String> {
        let member = member(&self.content.values, name);
        member.ok().flatten().map(Cow::into_owned)
    }

    /// Verifies it, if it is signed; codes in `pending` are not errors.
    pub(crate) fn verify(self, verifier: &dyn Verifier, pending: &[&str]) -> Result<Answer<'a>, AnswerError> {
        let is_signed = self.is_signed();
        let Content {
            text,
            mut values,
            is_error,
        } = self.content;
        if let (true, Some(sign)) = (is_signed, &self.sign) {
            verify(text, sign, verifier)?;
        }
        let code = member(&values, "code")?;
        values.hide(PROTOCOL_MEMBERS);
        // An error may come unsigned, where the gateway could not tell who was calling. Anything else must be signed;
        // a login's answer has no code at all.
        let is_bad = |code: &str| code != SUCCESS && !pending.contains(&code);
        let is_error = is_error || code.as_deref().is_some_and(is_bad);
        if !is_signed && !is_error {
            return Err(AnswerError::Unverified("the answer has no signature"));
        }
        Ok(Answer {
            text,
            values,
            code,
            is_error,
            verified: is_signed,
        })
    }

    fn is_signed(&self) -> bool {
        self.sign.as_deref().is_some_and(|sign| !sign.is_empty())
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
            let text = member(&self.values, name).ok().flatten();
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

fn member<'a>(values: &Values<'a>, name: &str) -> Result<Option<Cow<'a, str>>, AnswerError> {
    let text = values.get(name).map(|value| value.text());
    let text = text.transpose().map_err(|error| unreadable(&error))?;
    Ok(text.flatten())
}

fn unreadable(error: &DecodeError) -> AnswerError {
    AnswerError::Malformed(format!("the answer can't be read: {error}"))
}
