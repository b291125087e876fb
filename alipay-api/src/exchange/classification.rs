//! What came back, and what it says of the outcome.

use super::{AnswerValue, Exchange, Read, excerpt::Sort};
use crate::{
    Error, ErrorClass, ErrorKind,
    encryption::DecryptionError,
    error::{GatewayError, class_of},
    generated::gateway::{GatewayCode, GatewayErrorCode},
    method::Retry,
    protocol::{
        Claim, Unsigned, WRONG_ALIPAY_KEY,
        answer::{Answer, AnswerError},
        received::Received,
    },
    sign::BadSignature,
    transport::{Fate, TransportError, TransportErrorKind},
};

/// What a refusal of the gateway's says can be done.
pub(crate) struct RefusalClass {
    /// By its `sub_code`, if a spec describes that: the method's own, or that of the codes that are common to all.
    described: Option<ErrorClass>,
    /// The same, or else by its `code`.
    pub(crate) class: Option<ErrorClass>,
}

impl RefusalClass {
    /// `own` has the classes of the method's own codes.
    pub(crate) fn of(gateway: &GatewayError, own: fn(&str) -> Option<ErrorClass>) -> Self {
        let class = |sub_code: &str| own(sub_code).or_else(|| class_of::<GatewayErrorCode>(sub_code));
        let described = gateway.sub_code.as_deref().and_then(class);
        Self {
            described,
            class: described.or_else(|| class_of::<GatewayCode>(&gateway.code)),
        }
    }

    /// Whether this class leaves open what became of the call.
    pub(crate) fn says_nothing(class: Option<ErrorClass>) -> bool {
        matches!(class, None | Some(ErrorClass::OutcomeUnknown))
    }
}

impl Exchange<'_> {
    /// Reads what a verified answer says.
    pub(super) fn verified(
        &self,
        answer: &Answer<'_>,
        unsigned: &dyn Unsigned,
        read: &Read<'_>,
    ) -> Result<AnswerValue, Error> {
        let reads = self.retry == Retry::Read;
        // The answer is genuine, but may belong to another call.
        let of_another = |message: String| self.error(ErrorKind::Verification, message).with_outcome(!reads, true);
        // Also a refusal may be about another order.
        if let Some(name) = answer.unasked(&self.content.asked).filter(|_| answer.verified) {
            return Err(of_another(format!(
                "the answer is signed, but is about another `{name}` than the call"
            )));
        }
        if answer.verdict.is_of_query {
            return Err(of_another(
                "the answer is signed, but has the fields of an answer to a query, and not to this method".to_owned(),
            ));
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

    /// What came back is not an answer, or can't be believed.
    pub(super) fn unverified(&self, error: &AnswerError, received: &Received<'_>) -> Error {
        let reads = self.retry == Retry::Read;
        let message = error.to_string();
        match error {
            AnswerError::Malformed { may_pass, .. } => self
                .failed(ErrorKind::Malformed, format!("{message}; {}", Sort(received.body())))
                .with_outcome(!reads, *may_pass),
            AnswerError::Unsigned | AnswerError::OtherTime => self.failed(ErrorKind::Verification, message),
            AnswerError::WrongSignature => {
                let error = self.failed(ErrorKind::Verification, message).with_source(BadSignature);
                if self.verifiers.has_certificates() {
                    error
                } else {
                    error.with_hint(&format!("the answer was changed on the way, or {WRONG_ALIPAY_KEY}"))
                }
            }
            AnswerError::Undecryptable { content } => self
                .failed(ErrorKind::Decode, message)
                .verified()
                .with_verified_content(content)
                .with_source(DecryptionError),
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
            let message = "the gateway's refusal is not signed, although Alipay signs refusals with this code, so it proves nothing:";
            return self
                .failed(ErrorKind::Verification, message)
                .with_gateway(gateway, None, false);
        }
        let RefusalClass { described, class } = RefusalClass::of(&gateway, self.classify);
        let reads = self.retry == Retry::Read;
        // A code that no spec describes says nothing about the outcome, nor does one beside a `code` of success. And anyone on the way can
        // make an unsigned refusal of a call that was in truth carried out.
        let says_nothing = RefusalClass::says_nothing(class)
            || answer.verdict.claims_success()
            || !answer.verified
            // A refusal does not say which call it answers: anyone on the way could repeat an old one.
            || !self.session.is_protected;
        let unknown = !reads && says_nothing;
        // One of the method's own codes that no spec describes may be permanent.
        let is_understood = described.is_some() || answer.verdict.claim != Claim::BusinessRefusal;
        let may_pass = match class {
            Some(ErrorClass::Retry) => true,
            Some(ErrorClass::OutcomeUnknown) => is_understood,
            _ => false,
        };
        let error = self
            .error(ErrorKind::Gateway, "the gateway answered")
            .with_gateway(gateway, class, answer.verified)
            .with_outcome(unknown, may_pass);
        if answer.verified && answer.verdict.claims_success() {
            // The answer contradicts itself: a person has to look.
            error.with_verified_content(answer.text)
        } else {
            error
        }
    }

    /// No whole answer came: what was sent may have been carried out, unless there was no connection, or the request has not got to its end
    /// and never will.
    pub(super) fn not_answered(&self, error: TransportError, body: Option<&Fate>) -> Error {
        let is_cut_off = body.is_some_and(Fate::abandon);
        if let Some(failure) = body.and_then(Fate::failure) {
            let message = "the upload was not carried out";
            return self.error(ErrorKind::Request, message).with_source(failure.clone());
        }
        let kind = match error.kind() {
            TransportErrorKind::Connect | TransportErrorKind::NotSent | TransportErrorKind::Broken => {
                ErrorKind::Transport
            }
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::TooLarge => ErrorKind::Malformed,
            TransportErrorKind::Unusable => ErrorKind::Configuration,
        };
        let began = !error.kind().is_not_sent();
        let sent = began && !is_cut_off;
        let reads = self.retry == Retry::Read;
        let may_pass = !matches!(kind, ErrorKind::Malformed | ErrorKind::Configuration);
        let mut message = error.to_string();
        if began && is_cut_off {
            message.push_str(" before the end of the upload, which was not carried out");
        }
        self.error(kind, message)
            .with_outcome(sent && !reads, may_pass)
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
