//! An answer: its members are found, its content's exact text is verified, and only then is any of it given out.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    body::Body,
    root::{Found, Root, SignedContent},
};
use crate::{
    codec::{DecodeError, Value, Values},
    error::GatewayError,
    method::AnswerInfo,
    sign::Verifier,
    transport::MAX_BODY,
};

/// The members of an answer's content that belong to the protocol, not to the method.
pub(crate) const PROTOCOL_MEMBERS: &[&str] = &["code", "msg", "sub_code", "sub_msg"];

/// The code of what is done.
pub(crate) const SUCCESS: &str = "10000";

/// The code of what the business behind the gateway refuses.
const REFUSED: &str = "40004";

/// The content of an answer.
pub(crate) struct Answer<'a> {
    body: &'a Body<'a>,
    /// The exact text.
    pub(crate) text: &'a str,
    /// What it says; the members of the protocol are hidden.
    pub(crate) values: Values<'a>,
    pub(crate) code: Option<Cow<'a, str>>,
    /// Whether the code, or a `sub_code`, says that something went wrong.
    pub(crate) is_error: bool,
    /// Whether the signature is there and holds. Only an error can be without.
    pub(crate) verified: bool,
}

/// Why an answer is refused.
#[derive(Debug)]
pub(crate) enum AnswerError {
    /// It is not an answer.
    Malformed {
        message: String,
        /// It may be the beginning of one.
        is_cut_short: bool,
    },
    /// It has no signature, and must have one.
    Unsigned,
    /// Its signature does not hold.
    WrongSignature,
    /// It is verified, and says neither that it is a success nor that it is none.
    Undecided(&'static str),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed { message, .. } => message,
            Self::Unsigned => "the answer has no signature",
            Self::WrongSignature => "the answer's signature does not hold",
            Self::Undecided(message) => message,
        })
    }
}

/// An answer that nobody has verified yet. All that it tells is who is said to have signed it.
pub(crate) struct UnverifiedAnswer<'a> {
    body: &'a Body<'a>,
    content: SignedContent<'a>,
    sign: Option<Cow<'a, str>>,
    alipay_cert_sn: Option<Cow<'a, str>>,
}

impl<'a> UnverifiedAnswer<'a> {
    /// Takes the answer to a call of `method` apart.
    pub(crate) fn read(body: &'a Body<'a>, method: &str) -> Result<Self, AnswerError> {
        let text = body.text();
        if text.len() > MAX_BODY {
            return Err(malformed(format!("the answer is larger than {} MiB", MAX_BODY >> 20)));
        }
        let Root { content, others } = Root::read(text, method).map_err(|error| AnswerError::Malformed {
            message: format!("the answer can't be read: {error}"),
            is_cut_short: is_cut_short(text),
        })?;
        if let Some(flaw) = others.flaw() {
            return Err(malformed(format!("the answer can't be read: {flaw}")));
        }
        let content = match content {
            Found::Content(content) => content,
            // None was asked for.
            Found::Text => return Err(malformed("the answer is encrypted, and encryption was not asked for")),
            Found::Escaped => return Err(malformed("the name of the answer's content is written with escapes")),
            Found::Several => return Err(malformed("the answer has two contents")),
            Found::Nothing => {
                let expected = method.replace('.', "_");
                return Err(malformed(format!("the answer has no member `{expected}_response`")));
            }
        };
        if let Some(flaw) = content.values.flaw() {
            return Err(malformed(format!("the answer's content can't be read: {flaw}")));
        }
        Ok(Self {
            body,
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

    /// Verifies it, if it is signed, and finds out whether it is a success.
    pub(crate) fn verify(self, verifier: &dyn Verifier, info: &AnswerInfo) -> Result<Answer<'a>, AnswerError> {
        let is_signed = self.is_signed();
        let SignedContent {
            text,
            mut values,
            is_error,
        } = self.content;
        if let (true, Some(sign)) = (is_signed, &self.sign) {
            verify(self.body, text, sign, verifier)?;
        }
        let code = member(&values, "code")?.filter(|code| !code.is_empty());
        let has_sub_code =
            !info.own_members.contains(&"sub_code") && values.get("sub_code").is_some_and(says_something);
        // An error may come unsigned, where the gateway could not tell who was calling. Anything else must be signed.
        let is_error = is_error || has_sub_code || code.as_deref().is_some_and(|code| !is_success(code, info.pending));
        if !is_error {
            if !is_signed {
                return Err(AnswerError::Unsigned);
            }
            if code.is_none() && !info.without_code {
                return Err(AnswerError::Undecided(
                    "the answer has no `code`: nothing says that it is a success",
                ));
            }
            if !self.body.is_utf8() {
                return Err(malformed("the answer is not UTF-8, which was asked for"));
            }
        }
        values.hide(PROTOCOL_MEMBERS, info.own_members);
        Ok(Answer {
            body: self.body,
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

    /// Whether its code is that of a success. Beside a `sub_code`, it contradicts itself.
    pub(crate) fn has_success_code(&self, pending: &[&str]) -> bool {
        self.code.as_deref().is_none_or(|code| is_success(code, pending))
    }

    /// Whether it is a refusal of the business without a signature. By its own rules the gateway signs these, for it knows the caller: so
    /// its words decide nothing.
    pub(crate) fn must_be_signed(&self) -> bool {
        !self.verified && self.code.as_deref() == Some(REFUSED)
    }

    /// The first field that repeats something else than what was asked for. What is absent or empty is no difference.
    pub(crate) fn unasked<'q>(&self, asked: &[(&'q str, String)]) -> Option<&'q str> {
        let differs = |(name, asked): &&(&str, String)| {
            let answered = self.values.get(name).map(|value| value.text());
            match answered {
                Some(Ok(Some(answered))) => !answered.is_empty() && answered != *asked,
                Some(Err(_)) => true,
                Some(Ok(None)) | None => false,
            }
        };
        asked.iter().find(differs).map(|(name, _)| *name)
    }

    /// The gateway's words, where the answer is an error.
    pub(crate) fn gateway_error(&self) -> GatewayError {
        #[cfg(feature = "gbk")]
        if !self.body.is_utf8() {
            let (text, _) = encoding_rs::GB18030.decode_without_bom_handling(self.body.bytes_of(self.text));
            if let Ok(values) = Values::parse(&text, 1) {
                return gateway_error(&values);
            }
        }
        gateway_error(&self.values)
    }
}

fn gateway_error(values: &Values<'_>) -> GatewayError {
    let text = |name| {
        let value = values.get(name)?;
        // Words that can't be read are shown as they came.
        let text = value.text().unwrap_or(Some(Cow::Borrowed(value.as_raw())))?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    };
    GatewayError {
        code: text("code").unwrap_or_default(),
        message: text("msg").unwrap_or_default(),
        sub_code: text("sub_code"),
        sub_message: text("sub_msg"),
    }
}

fn is_success(code: &str, pending: &[&str]) -> bool {
    code == SUCCESS || pending.contains(&code)
}

fn says_something(value: Value<'_>) -> bool {
    match value.text() {
        Ok(text) => text.is_some_and(|text| !text.trim().is_empty()),
        Err(_) => true,
    }
}

/// Whether it is the beginning of JSON, or nothing at all.
fn is_cut_short(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_err_and(|error| error.is_eof())
}

/// Checks the signature over the exact bytes.
fn verify(body: &Body<'_>, content: &str, sign: &str, verifier: &dyn Verifier) -> Result<(), AnswerError> {
    let sign = BASE64_STANDARD.decode(sign).map_err(|_| AnswerError::WrongSignature)?;
    if verifier.verify(body.bytes_of(content), &sign).is_ok() {
        return Ok(());
    }
    // Some gateways sign before they escape slashes.
    if body.is_utf8()
        && content.contains("\\/")
        && verifier.verify(with_plain_slashes(content).as_bytes(), &sign).is_ok()
    {
        return Ok(());
    }
    Err(AnswerError::WrongSignature)
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
    malformed(format!("the answer can't be read: {error}"))
}

fn malformed(message: impl Into<String>) -> AnswerError {
    AnswerError::Malformed {
        message: message.into(),
        is_cut_short: false,
    }
}
