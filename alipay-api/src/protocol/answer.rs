//! An answer. It is parsed and its signature is checked before any of it is given out.

use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{Claim, Verdict, WireProtocol, member, received::Received};
use crate::{
    codec::Values,
    encryption::{DecryptionError, EncryptionKey, Plaintext},
    error::GatewayError,
    method::AnswerInfo,
    sign::Verifier,
};

/// How far the gateway's clock and this machine's may differ. Alipay names no limit for answers: this is what it allows requests.
const MAX_DIFFERENCE: Duration = Duration::from_secs(10 * 60);

/// The content of an answer.
pub(crate) struct Answer<'a> {
    protocol: &'static dyn WireProtocol,
    received: &'a Received<'a>,
    /// The exact text, decrypted where it came encrypted.
    pub(crate) text: &'a str,
    /// What it says; the members of the protocol are hidden.
    pub(crate) values: Values<'a>,
    pub(crate) verdict: Verdict,
    /// Whether the signature is there and holds. Only an error can be without.
    pub(crate) verified: bool,
}

/// Why an answer is refused.
#[derive(Debug)]
pub(crate) enum AnswerError {
    /// What came is not an answer.
    Malformed {
        message: String,
        /// Another attempt may get a whole one.
        may_pass: bool,
    },
    /// The signature is missing, and must be there.
    Unsigned,
    /// The signature does not hold.
    WrongSignature,
    /// The signature holds, and was made long before the request, or long after.
    OtherTime,
    /// The answer is verified, and can't be decrypted.
    Undecryptable {
        /// The exact text of its content.
        content: String,
    },
    /// The answer is verified, and says neither that the call succeeded nor that it failed.
    Undecided {
        message: &'static str,
        /// The exact text of its content.
        content: String,
    },
}

impl fmt::Display for AnswerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed { message, .. } => message,
            Self::Unsigned => "the answer has no signature",
            Self::WrongSignature => "the answer's signature does not hold",
            Self::OtherTime => {
                "the answer was signed at another time: it may be an old one that was repeated, or this machine's clock is wrong"
            }
            Self::Undecryptable { .. } => "the answer is signed, but can't be decrypted",
            Self::Undecided { message, .. } => message,
        })
    }
}

impl AnswerError {
    /// What came is not an answer, and another attempt would bring the same.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed {
            message: message.into(),
            may_pass: false,
        }
    }
}

/// An answer that is not verified yet. All that it gives out is which certificate it claims to be signed with.
pub(crate) struct UnverifiedAnswer<'a> {
    pub(super) protocol: &'static dyn WireProtocol,
    pub(super) received: &'a Received<'a>,
    /// The content's exact text.
    pub(super) text: &'a str,
    /// What it says; nothing where it is encrypted.
    pub(super) values: Values<'a>,
    /// The ciphertext, where the content is one.
    pub(super) ciphertext: Option<Cow<'a, str>>,
    /// Whether what stands around the content says that it is an error.
    pub(super) is_error: bool,
    /// What is signed.
    pub(super) message: Cow<'a, [u8]>,
    /// The signature in base64; absent or empty where there is none.
    pub(super) sign: Option<Cow<'a, str>>,
    pub(super) alipay_cert_sn: Option<Cow<'a, str>>,
    /// When it was signed, in milliseconds since 1970, where the message says so.
    pub(super) signed_at: Option<u64>,
}

impl<'a> UnverifiedAnswer<'a> {
    /// The certificate that signed it, where it is signed and names one.
    pub(crate) fn alipay_cert_sn(&self) -> Option<&str> {
        let serial = self.alipay_cert_sn.as_deref().filter(|serial| !serial.is_empty())?;
        self.is_signed().then_some(serial)
    }

    /// A member of the content. Anyone may have written it: use it only for what proves itself, such as a certificate.
    pub(crate) fn unverified(&self, name: &str) -> Option<String> {
        let member = member(&self.values, name);
        member.ok().flatten().map(Cow::into_owned)
    }

    /// Checks the signature, if there is one, and finds out whether the answer is a success. For what nobody has asked to be encrypted.
    pub(crate) fn verify(
        self,
        verifier: &dyn Verifier,
        info: &AnswerInfo,
        now: SystemTime,
    ) -> Result<Answer<'a>, AnswerError> {
        let authentic = self.authenticate(verifier)?;
        authentic.check_time(now)?;
        authentic.decrypt(None)?;
        authentic.judge(None, info)
    }

    /// Checks the signature, if there is one.
    pub(crate) fn authenticate(self, verifier: &dyn Verifier) -> Result<AuthenticAnswer<'a>, AnswerError> {
        if let (true, Some(sign)) = (self.is_signed(), &self.sign) {
            self.check(sign, verifier)?;
        }
        Ok(AuthenticAnswer(self))
    }

    /// Finds out whether the answer is a success: what it says is this plain text, where it came encrypted.
    fn judge(mut self, plain: Option<&'a str>, info: &AnswerInfo) -> Result<Answer<'a>, AnswerError> {
        let is_signed = self.is_signed();
        if let Some(plain) = plain {
            self.values = Values::parse(plain, 1).map_err(|_| self.undecryptable())?;
            self.text = plain;
        }
        let verdict = self.protocol.judge(&self.values, self.is_error, info)?;
        // An error may be unsigned, where the gateway can't identify the caller. Anything else must be signed.
        if !verdict.is_error {
            if !is_signed {
                return Err(AnswerError::Unsigned);
            }
            if let Some(undecided) = verdict.undecided {
                return Err(AnswerError::Undecided {
                    message: undecided,
                    content: self.text.to_owned(),
                });
            }
            if !self.received.is_utf8() {
                return Err(AnswerError::malformed("the answer is not UTF-8, which was asked for"));
            }
        }
        let mut values = self.values;
        let own = if verdict.is_error || verdict.claim == Claim::Pending {
            self.protocol.members_of_errors()
        } else {
            self.protocol.own_members()
        };
        values.hide(own, info.own_members);
        Ok(Answer {
            protocol: self.protocol,
            received: self.received,
            text: self.text,
            values,
            verdict,
            verified: is_signed,
        })
    }

    fn undecryptable(&self) -> AnswerError {
        AnswerError::Undecryptable {
            content: self.text.to_owned(),
        }
    }

    fn is_signed(&self) -> bool {
        self.sign.as_deref().is_some_and(|sign| !sign.is_empty())
    }

    /// Checks the signature over the exact bytes.
    fn check(&self, sign: &str, verifier: &dyn Verifier) -> Result<(), AnswerError> {
        let sign = BASE64_STANDARD.decode(sign).map_err(|_| AnswerError::WrongSignature)?;
        if verifier.verify(&self.message, &sign).is_ok() {
            return Ok(());
        }
        if self.received.is_utf8()
            && let Some(other) = self.protocol.other_message(self.text)
            && verifier.verify(other.as_bytes(), &sign).is_ok()
        {
            return Ok(());
        }
        Err(AnswerError::WrongSignature)
    }
}

/// An answer whose signature holds, or which has none. It is to be decrypted and judged before any of it is given out.
pub(crate) struct AuthenticAnswer<'a>(UnverifiedAnswer<'a>);

impl<'a> AuthenticAnswer<'a> {
    /// Refuses an answer that was signed at quite another time than this: an old one could be repeated.
    pub(crate) fn check_time(&self, now: SystemTime) -> Result<(), AnswerError> {
        let Some(signed_at) = self.0.signed_at.filter(|_| self.0.is_signed()) else {
            return Ok(());
        };
        let signed_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(signed_at));
        let difference =
            signed_at.map(|signed_at| now.duration_since(signed_at).unwrap_or_else(|error| error.duration()));
        match difference {
            Some(difference) if difference <= MAX_DIFFERENCE => Ok(()),
            _ => Err(AnswerError::OtherTime),
        }
    }

    /// Decrypts the content with the key of the request; `None` where it came plain. Without a key, encryption was not asked for.
    pub(crate) fn decrypt(&self, key: Option<&EncryptionKey>) -> Result<Option<Plaintext>, AnswerError> {
        let Some(ciphertext) = &self.0.ciphertext else {
            return Ok(None);
        };
        let Some(key) = key else {
            return Err(AnswerError::malformed(
                "the answer is encrypted, and encryption was not asked for",
            ));
        };
        if !self.0.is_signed() {
            // Only Alipay's own ciphertexts are decrypted. Else anyone could find out by trying what they hold.
            return Err(AnswerError::Unsigned);
        }
        let plain = key.decrypt(ciphertext, key.encrypt_type());
        plain.map(Some).map_err(|DecryptionError| self.0.undecryptable())
    }

    /// Finds out whether the answer is a success. `plain` is what [`decrypt`](Self::decrypt) has given.
    pub(crate) fn judge(self, plain: Option<&'a Plaintext>, info: &AnswerInfo) -> Result<Answer<'a>, AnswerError> {
        let plain = plain.map(Plaintext::text).transpose();
        let plain = plain.map_err(|DecryptionError| self.0.undecryptable())?;
        self.0.judge(plain, info)
    }
}

impl Answer<'_> {
    /// Whether the answer is a business refusal without a signature. By its own rules the gateway signs these, for it knows the caller, so
    /// the words of an unsigned one decide nothing. Only errors about a caller that the gateway can't identify are unsigned.
    pub(crate) fn must_be_signed(&self) -> bool {
        !self.verified && self.verdict.must_be_signed
    }

    /// The first field whose value differs from what was asked for. An absent or empty one does not differ.
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
        self.protocol.gateway_error(self.received, self.text, &self.values)
    }
}
