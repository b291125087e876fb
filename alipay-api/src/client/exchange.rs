//! One call: signed, sent, perhaps sent again, its answer verified.

use std::{any::Any, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{Client, caller::CallerIdentity, certificates::unknown_certificate, excerpt::Sort, secrets};
use crate::{
    Error, ErrorClass, ErrorKind,
    cert::Cause,
    codec::{DecodeError, KnownValue as _},
    generated::gateway::{GatewayCode, GatewayErrorCode},
    method::{AnswerInfo, Retry, class_of},
    protocol::{
        answer::{Answer, AnswerError, UnverifiedAnswer},
        body::Body,
        diagnosis::{self, WRONG_ALIPAY_KEY},
        multipart,
        parameters::{SignedParameters, append_encoded},
        request::{Business, Options, is_in_query},
    },
    random, runtime,
    sign::Verifier,
    transport::{TransportError, TransportErrorKind},
};

/// What to call, as far as every method is alike.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a Client,
    pub(super) method: &'a str,
    pub(super) retry: Retry,
    pub(super) answer: &'a AnswerInfo,
    /// The names of what must not be shown of the request; `None` where nothing is known of it.
    pub(super) secret: Option<&'a [&'a str]>,
    pub(super) classify: fn(&str) -> Option<ErrorClass>,
    pub(super) business: &'a Business,
    pub(super) options: Options,
    pub(super) timeouts: TimeoutPolicy,
    /// The serial of the certificate that the call fetches, if that is what it is for.
    pub(super) fetches: Option<&'a str>,
}

/// What a verified answer says: an `Option` of a type that is known to whoever asked for it.
pub(super) struct AnswerValue(Box<dyn Any + Send>);

impl AnswerValue {
    #[inline]
    pub(super) fn new<T: Send + 'static>(content: T) -> Self {
        Self(Box::new(Some(content)))
    }
}

/// Takes what a verified answer says.
pub(super) type Read<'a> = dyn Fn(&Answer<'_>) -> Result<AnswerValue, DecodeError> + Sync + 'a;

/// The content as what its [`Read`] has made.
pub(super) fn unpacked<T: 'static>(content: Result<AnswerValue, Error>) -> Result<T, Error> {
    // Taken out where it is: to turn the box into one of this type would be compiled for each type.
    let mut content = content?;
    match content.0.downcast_mut::<Option<T>>().and_then(Option::take) {
        Some(content) => Ok(content),
        None => Err(misread()),
    }
}

fn misread() -> Error {
    Error::new(ErrorKind::Decode, "the answer was read as another type than the call's")
}

/// How long a call may take, and how often it is sent at most.
#[derive(Clone, Copy)]
pub(super) struct TimeoutPolicy {
    pub(super) attempt: Duration,
    pub(super) total: Duration,
    pub(super) attempts: u32,
}

/// A verified answer, and what to say of it if it can't be read.
pub(super) struct Exchanged {
    body: Bytes,
    status: u16,
    trace_id: Option<String>,
}

impl Exchange<'_> {
    /// Sends the call until there is an answer, and gives what `read` makes of its verified content.
    pub(super) async fn run(mut self, read: &Read<'_>) -> Result<AnswerValue, Error> {
        runtime::check().map_err(|error| error.with_method(self.method))?;
        let deadline = after(self.timeouts.total);
        let late = |_| {
            let message = "the merchant's token was not at hand in time: the call was not carried out";
            Error::new(ErrorKind::Timeout, message).with_outcome(false, true)
        };
        let with_context = |error: Error| error.with_method(self.method);
        let mut managed = None;
        if let CallerIdentity::Managed(tokens) = &self.client.caller {
            let live = timeout_at(deadline, tokens.live()).await.map_err(late).flatten();
            let live = live.map_err(with_context)?;
            self.options.app_auth_token = Some(live.token.clone());
            managed = Some((tokens, live));
        }
        loop {
            let result = self.send(deadline, read).await;
            // Once, there may be another token.
            let Some((tokens, live)) = managed.take() else {
                return result;
            };
            if !result.as_ref().is_err_and(is_token_refused) {
                return result;
            }
            let other = timeout_at(deadline, tokens.after_refusal(&live)).await;
            match other.map_err(late).flatten().map_err(with_context)? {
                Some(other) if self.may_repeat_refused() => self.options.app_auth_token = Some(other.token),
                _ => return result,
            }
        }
    }

    /// Sends it until there is an answer.
    async fn send(&self, deadline: Instant, read: &Read<'_>) -> Result<AnswerValue, Error> {
        let mut attempt = 1;
        let mut was_misled = false;
        loop {
            let result = self.attempt(deadline, read).await;
            let Err(error) = &result else { return result };
            // Of what is never verified, only an answer to another question may be asked for again: once.
            if error.kind() == ErrorKind::Verification && std::mem::replace(&mut was_misled, true) {
                return result;
            }
            tracing::debug!(method = self.method, attempt, kind = ?error.kind(), code = error.code(), "call failed");
            if attempt >= self.timeouts.attempts || !self.may_send_again(error) {
                return result;
            }
            let pause = after(backoff(attempt));
            if pause >= deadline {
                return result;
            }
            tokio::time::sleep_until(pause).await;
            attempt += 1;
        }
    }

    /// Whether the failure may pass and the call can't do anything twice.
    fn may_send_again(&self, error: &Error) -> bool {
        let was_not_sent = error.kind() == ErrorKind::Transport;
        error.is_retryable() && (self.retry == Retry::Read || was_not_sent)
    }

    /// Whether the call may be sent again once the gateway has refused its token, and so has not looked at it. But no refusal says which
    /// call it answers: where others could answer in the gateway's place with one that they have kept, this one may have been carried out.
    fn may_repeat_refused(&self) -> bool {
        self.retry != Retry::Never || self.client.inner.is_protected
    }

    async fn attempt(&self, total_deadline: Instant, read: &Read<'_>) -> Result<AnswerValue, Error> {
        let inner = &*self.client.inner;
        let deadline = total_deadline.min(after(self.timeouts.attempt));
        let late = || {
            self.error(ErrorKind::Timeout, "it was not signed in time: nothing was sent")
                .with_outcome(false, true)
        };
        let timestamp = self.client.timestamp(self.method)?;
        let signing = self.client.sign(self.method, self.business, &self.options, &timestamp);
        let parameters = timeout_at(deadline, signing).await.map_err(|_| late())??;
        let request = self.http_request(&parameters)?;
        if Instant::now() >= deadline {
            return Err(late());
        }
        let sent = timeout_at(deadline, inner.transport.send(request)).await;
        let late = |_| Err(TransportError::new(TransportErrorKind::Timeout));
        let result = match sent.unwrap_or_else(late) {
            Ok(response) => self.answered(response, &parameters, total_deadline, read).await,
            Err(error) => Err(self.not_answered(error)),
        };
        // Whoever answers may quote the request.
        result.map_err(|error| error.redacted(&secrets::of(parameters.iter(), self.secret)))
    }

    async fn answered(
        &self,
        response: http::Response<Bytes>,
        parameters: &SignedParameters<'_>,
        deadline: Instant,
        read: &Read<'_>,
    ) -> Result<AnswerValue, Error> {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let trace_id = header("trace_id")
            .or_else(|| header("alipay-trace-id"))
            .map(str::to_owned);
        let answered = Exchanged {
            status: response.status().as_u16(),
            trace_id,
            body: response.into_body(),
        };
        let (status, trace_id) = (answered.status, answered.trace_id.as_deref());
        tracing::debug!(method = self.method, status, trace_id, "the gateway answered");
        self.answer(&answered, parameters, deadline, read).await
    }

    fn http_request(&self, parameters: &SignedParameters<'_>) -> Result<http::Request<Bytes>, Error> {
        let mut url = format!("{}?", self.client.inner.gateway);
        append_encoded(&mut url, parameters.iter().filter(|(name, _)| is_in_query(name)));
        let in_body = parameters.iter().filter(|(name, _)| !is_in_query(name));
        let (content_type, body) = if self.business.files.is_empty() {
            let mut body = String::new();
            append_encoded(&mut body, in_body);
            (
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
                body.into_bytes(),
            )
        } else {
            multipart::encode(in_body, &self.business.files)
        };
        http::Request::post(url)
            .header(http::header::CONTENT_TYPE, content_type)
            .body(Bytes::from(body))
            .map_err(|error| {
                self.error(ErrorKind::Request, "the request can't be written as HTTP")
                    .with_source(error)
            })
    }

    async fn answer(
        &self,
        answered: &Exchanged,
        parameters: &SignedParameters<'_>,
        deadline: Instant,
        read: &Read<'_>,
    ) -> Result<AnswerValue, Error> {
        let with_context =
            |error: Error| error.with_answer(answered.status, answered.trace_id.as_deref(), answered.body.clone());
        if answered.status != 200 {
            let message = format!("the gateway did not answer with status 200; {}", Sort(&answered.body));
            // A read that met a passing fault may be sent again.
            let retryable = self.retry == Retry::Read && answered.status >= 500;
            let error = self.error(ErrorKind::Malformed, message);
            return Err(with_context(error.with_outcome(self.retry != Retry::Read, retryable)));
        }
        let reads = self.retry == Retry::Read;
        let refused = |error: AnswerError| {
            let message = error.to_string();
            with_context(match error {
                AnswerError::Malformed { is_cut_short, .. } => self
                    .failed(ErrorKind::Malformed, format!("{message}; {}", Sort(&answered.body)))
                    .with_outcome(!reads, reads && is_cut_short),
                AnswerError::Unsigned => self.failed(ErrorKind::Verification, message),
                AnswerError::WrongSignature => {
                    let error = self.failed(ErrorKind::Verification, message);
                    if self.client.fetches_certificates() {
                        error
                    } else {
                        error.with_hint(&format!("it was changed on the way, or {WRONG_ALIPAY_KEY}"))
                    }
                }
                AnswerError::Undecided(_) => self.failed(ErrorKind::Decode, message).verified(),
            })
        };
        let body = Body::new(&answered.body);
        let unverified = UnverifiedAnswer::read(&body, self.method).map_err(refused)?;
        let verifier = self.verifier(&unverified, deadline).await.map_err(|error| {
            let message = format!("the answer can't be verified: {error}");
            with_context(self.failed(error.kind(), message)).with_source(error)
        })?;
        let answer = unverified.verify(&*verifier, self.answer).map_err(refused)?;
        if answer.is_error {
            return Err(with_context(self.refused(&answer, parameters)));
        }
        if let Some(name) = answer.unasked(&self.business.asked) {
            // Genuine, but it may be another's, or from another day.
            let message = format!("the answer is signed, but is about another `{name}` than the call");
            return Err(with_context(
                self.error(ErrorKind::Verification, message).with_outcome(!reads, reads),
            ));
        }
        read(&answer).map_err(|error| {
            let message = format!("the answer is verified, but can't be read: {error}");
            with_context(self.failed(ErrorKind::Decode, message))
                .verified()
                .with_verified_content(answer.text)
                .with_source(error)
        })
    }

    /// What verifies the answer: by the certificate that it names, which is fetched if need be. With an answer in hand, the
    /// call's whole time may go into that: to give up is to not know what it says.
    async fn verifier(&self, answer: &UnverifiedAnswer<'_>, deadline: Instant) -> Result<Arc<dyn Verifier>, Error> {
        let named = answer.alipay_cert_sn();
        match (self.client.verifier(named), self.fetches, named) {
            (Some(verifier), _, _) => Ok(verifier),
            (None, None, Some(named)) => self.client.fetch_verifier(named, Cause::Answer, deadline).await,
            (None, Some(fetched), Some(named)) if fetched == named => self.client.verifier_within(named, answer),
            (None, _, _) => Err(unknown_certificate(named.unwrap_or_default())),
        }
    }

    /// The gateway's own error.
    fn refused(&self, answer: &Answer<'_>, parameters: &SignedParameters<'_>) -> Error {
        let mut gateway = answer.gateway_error();
        if gateway.sub_code.as_deref() == Some("isv.invalid-signature") {
            // It quotes the request, tokens and all.
            let theirs = gateway.sub_message.unwrap_or_default();
            gateway.sub_message = Some(diagnosis::explain(&theirs, parameters.signed()));
        }
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
            || answer.has_success_code(self.answer.pending)
            || !answer.verified
            // No refusal says which call it answers: whoever is on the way could repeat an old one.
            || !self.client.inner.is_protected;
        let unknown = !reads && says_nothing;
        // What is read may be read again, but not where the method refuses it with a code that nobody has described: that may stay.
        let is_refusal = GatewayCode::from_text(&gateway.code) == Some(GatewayCode::V40004);
        let may_pass = reads && (described.is_some() || !is_refusal);
        let retryable =
            matches!(class, Some(ErrorClass::Retry)) || (may_pass && class == Some(ErrorClass::OutcomeUnknown));
        self.error(ErrorKind::Gateway, "the gateway answered")
            .with_gateway(gateway, class, answer.verified)
            .with_outcome(unknown, retryable && !unknown)
    }

    /// By the method's own codes, then by those that are common to all.
    fn class(&self, sub_code: &str) -> Option<ErrorClass> {
        (self.classify)(sub_code).or_else(|| class_of::<GatewayErrorCode>(sub_code))
    }

    /// No whole answer: what was sent may have been carried out, unless there was no connection.
    fn not_answered(&self, error: TransportError) -> Error {
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
    fn failed(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        self.error(kind, message).with_outcome(self.retry != Retry::Read, false)
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).with_method(self.method)
    }
}

/// Whether Alipay has said, and signed, that the merchant's token is not good.
fn is_token_refused(error: &Error) -> bool {
    let sub_code = error.sub_code_as();
    error.is_verified()
        && matches!(
            sub_code,
            Some(GatewayErrorCode::AopInvalidAppAuthToken | GatewayErrorCode::AopAppAuthTokenTimeOut)
        )
}

/// The moment after this time, or one that nobody will live to see.
pub(super) fn after(time: Duration) -> Instant {
    const YEARS: Duration = Duration::from_hours(30 * 365 * 24);
    let now = Instant::now();
    now.checked_add(time).unwrap_or_else(|| now + YEARS)
}

/// 100 milliseconds, then twice as long each time up to 1.6 seconds, and up to as much again, so that many callers don't come back at once.
fn backoff(attempt: u32) -> Duration {
    let base = Duration::from_millis(100) * 2_u32.saturating_pow((attempt - 1).min(4));
    base + random::up_to(base)
}
