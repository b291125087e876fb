//! What came back, and what it says of the outcome.

use super::{AnswerValue, Exchange, Read, excerpt::Sort};
use crate::{
    Error, ErrorClass, ErrorKind,
    error::class_of,
    generated::gateway::{GatewayCode, GatewayErrorCode},
    method::Retry,
    protocol::{
        Claim, Unsigned, WRONG_ALIPAY_KEY,
        answer::{Answer, AnswerError},
        received::Received,
    },
    sign::BadSignature,
    transport::{TransportError, TransportErrorKind},
};

impl Exchange<'_> {
    /// Reads what a verified answer says.
    pub(super) fn verified(
        &self,
        answer: &Answer<'_>,
        unsigned: &dyn Unsigned,
        read: &Read<'_>,
    ) -> Result<AnswerValue, Error> {
        let reads = self.retry == Retry::Read;
        // Also a refusal may be about another order.
        if let Some(name) = answer.unasked(&self.content.asked).filter(|_| answer.verified) {
            // Genuine, but it may be another's, or from another day.
            let message = format!("the answer is signed, but is about another `{name}` than the call");
            return Err(self.error(ErrorKind::Verification, message).with_outcome(!reads, reads));
        }
        if answer.verdict.is_error {
            return Err(self.refused(answer, unsigned));
        }
        read(answer).map_err(|error| {
            let message = format!("the answer is verified, but can't be read: {error}");
            self.failed(ErrorKind::Decode, message)
                .verified()
                .with_verified_content(answer.text)
                .with_source(error)
        })
    }

    /// What came back is no answer, or can't be believed.
    pub(super) fn unverified(&self, error: &AnswerError, received: &Received<'_>) -> Error {
        let reads = self.retry == Retry::Read;
        let message = error.to_string();
        match error {
            AnswerError::Malformed { may_pass, .. } => self
                .failed(ErrorKind::Malformed, format!("{message}; {}", Sort(received.body())))
                // A read that met a passing fault may be sent again.
                .with_outcome(!reads, reads && *may_pass),
            AnswerError::Unsigned => self.failed(ErrorKind::Verification, message),
            AnswerError::WrongSignature => {
                let error = self.failed(ErrorKind::Verification, message).with_source(BadSignature);
                if self.verifiers.has_certificates() {
                    error
                } else {
                    error.with_hint(&format!("it was changed on the way, or {WRONG_ALIPAY_KEY}"))
                }
            }
            AnswerError::Undecided { content, .. } => self
                .failed(ErrorKind::Decode, message)
                .verified()
                .with_verified_content(content),
        }
    }

    /// The gateway's own error.
    fn refused(&self, answer: &Answer<'_>, unsigned: &dyn Unsigned) -> Error {
        let mut gateway = answer.gateway_error();
        unsigned.explain(&mut gateway);
        if answer.must_be_signed() {
            let message = "the gateway's refusal has no signature, which refusals of this code have: it said";
            return self
                .failed(ErrorKind::Verification, message)
                .with_gateway(gateway, None, false);
        }
        let described = gateway.sub_code.as_deref().and_then(|sub_code| self.class(sub_code));
        let class = described.or_else(|| class_of::<GatewayCode>(&gateway.code));
        let reads = self.retry == Retry::Read;
        // A code that nobody has described says nothing of the outcome, nor does one that a `code` of success stands beside; and
        // anyone on the way can make an unsigned refusal of what was in truth carried out.
        let says_nothing = matches!(class, None | Some(ErrorClass::OutcomeUnknown))
            || answer.verdict.claims_success()
            || !answer.verified
            // No refusal says which call it answers: whoever is on the way could repeat an old one.
            || !self.session.is_protected;
        let unknown = !reads && says_nothing;
        // What is read may be read again, but not where the method refuses it with a code that nobody has described: that may stay.
        let may_pass = reads && (described.is_some() || answer.verdict.claim != Claim::BusinessRefusal);
        let retryable =
            matches!(class, Some(ErrorClass::Retry)) || (may_pass && class == Some(ErrorClass::OutcomeUnknown));
        let error = self
            .error(ErrorKind::Gateway, "the gateway answered")
            .with_gateway(gateway, class, answer.verified)
            .with_outcome(unknown, retryable && !unknown);
        if answer.verified && answer.verdict.claims_success() {
            // It contradicts itself: somebody has to look.
            error.with_verified_content(answer.text)
        } else {
            error
        }
    }

    /// By the method's own codes, then by those that are common to all.
    fn class(&self, sub_code: &str) -> Option<ErrorClass> {
        (self.classify)(sub_code).or_else(|| class_of::<GatewayErrorCode>(sub_code))
    }

    /// No whole answer: what was sent may have been carried out, unless there was no connection.
    pub(super) fn not_answered(&self, error: TransportError) -> Error {
        let (kind, sent) = match error.kind() {
            TransportErrorKind::Connect => (ErrorKind::Transport, false),
            TransportErrorKind::Timeout => (ErrorKind::Timeout, true),
            TransportErrorKind::TooLarge => (ErrorKind::Malformed, true),
            TransportErrorKind::Broken => (ErrorKind::Transport, true),
            TransportErrorKind::Unusable => (ErrorKind::Configuration, false),
        };
        let reads = self.retry == Retry::Read;
        let may_pass = !matches!(kind, ErrorKind::Malformed | ErrorKind::Configuration);
        self.error(kind, error.to_string())
            .with_outcome(sent && !reads, may_pass && (reads || !sent))
            .with_source(error)
    }

    /// What came back says nothing about whether the call was carried out.
    pub(super) fn failed(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.error(kind, message).with_outcome(self.retry != Retry::Read, false)
    }

    pub(super) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).with_method(&self.content.method)
    }
}
