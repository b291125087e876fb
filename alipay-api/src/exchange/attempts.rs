//! One call under way: sent, perhaps sent again, and answered.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{AnswerValue, Exchange, Late, Persistence, Read, ResponseMetadata, secrets, span::CallSpan};
use crate::{
    Error, ErrorKind,
    generated::gateway::GatewayErrorCode,
    method::{Repeat, Retry},
    metrics,
    protocol::{
        Claim, Unsigned,
        answer::AnswerError,
        content::{Rest, Timestamp},
        received::Received,
    },
    redact::Redactor,
    retry::FailedAttempt,
    runtime,
    transport::{self, MAX_BODY, MethodName, TransportError, TransportErrorKind},
    types::Secret,
};

/// A verified answer, read.
pub(super) struct Answered {
    value: AnswerValue,
    pub(super) is_pending: bool,
    http_status: u16,
    /// Redacted, for a proxy may quote the request in any header. Only where metadata or the span need it.
    pub(super) trace_id: Option<Box<str>>,
    /// The exact text. Only where metadata need it.
    verified_content: Option<Box<str>>,
}

/// What has become of a call so far.
struct Course {
    /// How many attempts were begun, but for one that was sent once more with another token.
    attempts: u32,
    /// Whether an attempt may have been carried out.
    may_be_done: bool,
    /// Whether an answer to another question came.
    was_misled: bool,
}

impl Exchange<'_> {
    /// Sends the call until there is an answer, and gives what `read` makes of its verified content.
    pub(crate) async fn run(self, read: &Read<'_>) -> Result<AnswerValue, Error> {
        let query_method = self.query_method;
        self.session.retries.budget.begin_call();
        let mut call = CallSpan::new(self.content, self.protocol.name());
        let result = self.answer(&call, read).instrument(call.span()).await;
        let result = result.map_err(|error| match query_method {
            Some(query_method) if error.is_outcome_unknown() => error.with_query_method(query_method),
            _ => error,
        });
        call.ends(&result);
        let mut answered = result?;
        if let Some(verified_content) = answered.verified_content {
            answered.value.metadata = Some(Box::new(ResponseMetadata {
                http_status: answered.http_status,
                trace_id: answered.trace_id,
                verified_content,
                attempts: call.attempts(),
                elapsed: call.elapsed(),
            }));
        }
        Ok(answered.value)
    }

    /// Sends the call, with a live token where the client acts for a managed merchant.
    async fn answer(mut self, call: &CallSpan<'_>, read: &Read<'_>) -> Result<Answered, Error> {
        runtime::check().map_err(|error| error.with_method(&self.content.method))?;
        self.encrypt()?;
        let deadline = later(call.started(), self.timeouts.total);
        let late = |_| {
            let message = "the merchant's token did not come in time: the call was not carried out";
            let error = Error::new(ErrorKind::Timeout, message).with_outcome(false, true);
            error.with_source(Late::Token)
        };
        let with_context = |error: Error| error.with_method(&self.content.method);
        let mut managed = None;
        if let Some(tokens) = self.tokens {
            let live = timeout_at(deadline, tokens.live())
                .await
                .map_err(late)
                .unwrap_or_else(Err);
            let live = live.map_err(with_context)?;
            self.options.app_auth_token = Some(live.token.clone());
            managed = Some((tokens, live));
        }
        let mut course = Course {
            attempts: 1,
            may_be_done: false,
            was_misled: false,
        };
        loop {
            let result = self.send(call, &mut course, deadline, read).await;
            // Try once more with another token, if there is one.
            let Some((tokens, live)) = managed.take() else {
                return result;
            };
            if !result.as_ref().is_err_and(is_token_refused) {
                return result;
            }
            let other = timeout_at(deadline, tokens.after_refusal(&live)).await;
            match other.map_err(late).unwrap_or_else(Err).map_err(with_context) {
                Ok(Some(other)) if self.may_repeat_refused() => {
                    self.options.app_auth_token = Some(other.token);
                    self.session.retries.budget.force_retry();
                }
                // Why there is no other token says nothing about what became of the call.
                Err(error) if !result.as_ref().is_err_and(Error::is_outcome_unknown) => return Err(error),
                Ok(_) | Err(_) => return result,
            }
        }
    }

    /// Sends it until there is an answer.
    async fn send(
        &self,
        call: &CallSpan<'_>,
        course: &mut Course,
        deadline: Instant,
        read: &Read<'_>,
    ) -> Result<Answered, Error> {
        loop {
            call.begins_attempt();
            let result = self.attempt(call, deadline, read).await;
            let error = match result {
                Err(error) if course.may_be_done => error.after_unknown_outcome(),
                Err(error) => error,
                Ok(answered) => return Ok(answered),
            };
            course.may_be_done |= error.is_outcome_unknown();
            let attempt = course.attempts;
            tracing::debug!(method = &*self.content.method, attempt, kind = ?error.kind(), code = error.code(), "call failed");
            // A signed answer to another question may be asked for again, once.
            let is_misled_again =
                error.kind() == ErrorKind::Verification && std::mem::replace(&mut course.was_misled, true);
            if is_misled_again || !self.may_send_again(&error) {
                return Err(error);
            }
            let failed = FailedAttempt::new(&error, attempt, call.elapsed());
            let Some(at) = self.next_attempt(&failed, deadline) else {
                return Err(error);
            };
            tokio::time::sleep_until(at).await;
            course.attempts = attempt.saturating_add(1);
        }
    }

    /// Whether the failure may pass and the call can't do anything twice: the library's own rule, which nobody else extends.
    fn may_send_again(&self, error: &Error) -> bool {
        let was_not_sent = match error.kind() {
            ErrorKind::Signing => true,
            // The beginning of an upload is not the whole, but is not nothing either.
            ErrorKind::Transport => error
                .cause()
                .and_then(|cause| cause.downcast_ref::<TransportError>())
                .is_some_and(|cause| cause.kind().is_not_sent()),
            _ => false,
        };
        let may_arrive = (was_not_sent && !error.is_outcome_unknown()) || self.is_repeatable();
        error.may_pass() && may_arrive && self.content.spent_file().is_none()
    }

    /// Whether it may arrive twice: the content of all attempts is the same, and by its key the gateway knows that it is the same call.
    fn is_repeatable(&self) -> bool {
        match self.retry {
            Retry::Read => true,
            Retry::Keyed {
                key,
                repeat: Some(Repeat::Same),
                ..
            } => self.content.has(key),
            Retry::Keyed { .. } | Retry::Never => false,
        }
    }

    /// When to send the call again, if that is wanted and there is time.
    fn next_attempt(&self, failed: &FailedAttempt<'_>, deadline: Instant) -> Option<Instant> {
        let (retries, random) = (&self.session.retries, &*self.session.random);
        let is_wanted = match self.persistence {
            Persistence::OfClient => retries.policy.should_retry(failed),
            Persistence::UntilDeadline => true,
            Persistence::Once => false,
        };
        if !is_wanted {
            return None;
        }
        let at = after(retries.backoff.pause(failed, random));
        if at >= deadline {
            return None;
        }
        if self.persistence == Persistence::UntilDeadline {
            retries.budget.force_retry();
        } else if !retries.budget.take_retry() {
            tracing::debug!(
                method = &*self.content.method,
                "no retry: the budget of retries is spent"
            );
            metrics::retry_refused(self.content.method_of_spec(), self.protocol.name());
            return None;
        }
        Some(at)
    }

    /// Whether the call may be sent again after the gateway has refused its token, and so has done nothing. A refusal does not say which call
    /// it answers: where others could play back an old one in the gateway's place, this call may have been carried out.
    fn may_repeat_refused(&self) -> bool {
        (self.session.is_protected || self.is_repeatable()) && self.content.spent_file().is_none()
    }

    async fn attempt(&self, call: &CallSpan<'_>, total_deadline: Instant, read: &Read<'_>) -> Result<Answered, Error> {
        let session = self.session;
        let deadline = total_deadline.min(after(self.timeouts.attempt));
        let late = || {
            self.error(
                ErrorKind::Timeout,
                "the request was not signed in time: nothing was sent",
            )
            .with_outcome(false, true)
            .with_source(Late::Signature)
        };
        let timestamp = session.timestamp(&self.content.method)?;
        let unsigned = self.encode(&timestamp)?;
        let signing = super::sign(self.credentials, &*unsigned, &self.content.method);
        let signature = timeout_at(deadline, signing).await.map_err(|_| late())??;
        let mut request = unsigned.finish(&signature).map_err(|error| {
            self.error(ErrorKind::Request, "the request can't be written as HTTP")
                .with_source(error)
        })?;
        if Instant::now() >= deadline {
            return Err(late());
        }
        let fate = request.body().fate();
        request
            .extensions_mut()
            .insert(MethodName::new(self.content.method.clone()));
        let sending = async { transport::collected(session.transport.send(request).await?, MAX_BODY).await };
        let sent = timeout_at(deadline, sending).await;
        let late = |_| Err(TransportError::new(TransportErrorKind::Timeout));
        let result = match sent.unwrap_or_else(late) {
            Ok(response) => {
                let received = Received::new(&response);
                let answered = self.answered(&received, &*unsigned, total_deadline, read).await;
                answered.map(|answered| self.with_trace_id(answered, call, &received, &signature))
            }
            Err(error) => Err(self.not_answered(error, fate.as_deref())),
        };
        // The answer may quote the request.
        result.map_err(|error| error.redacted(&self.secrets(&signature)))
    }

    fn encode<'a>(&'a self, timestamp: &'a Timestamp) -> Result<Box<dyn Unsigned + 'a>, Error> {
        let session = self.session;
        let method = &*self.content.method;
        super::check_tokens(self.content, &self.options, method)?;
        if let Some(spent) = self.content.spent_file() {
            return Err(self.error(ErrorKind::Request, spent.to_string()).with_source(spent));
        }
        let unsigned = self.protocol.encode(
            self.content,
            &session.identity(self.credentials, timestamp),
            &self.options,
        );
        unsigned.map_err(|error| super::invalid(error, method))
    }

    /// Verifies what came back, and reads it.
    async fn answered(
        &self,
        received: &Received<'_>,
        unsigned: &dyn Unsigned,
        deadline: Instant,
        read: &Read<'_>,
    ) -> Result<Answered, Error> {
        let (status, trace_id) = (received.status(), received.trace_id());
        // Without the trace id, which is not redacted yet: a proxy may quote the request in any header.
        tracing::debug!(method = &*self.content.method, status, "the gateway answered");
        let with_context = |error: Error| error.with_answer(status, trace_id, received.body().clone());
        let refused = |error: AnswerError| with_context(self.unverified(&error, received));
        let unverified = self.protocol.parse(received, &self.content.method);
        let unverified = unverified.map_err(refused)?;
        let verifier = match self.verifiers.known(unverified.alipay_cert_sn()) {
            Some(verifier) => Ok(verifier),
            None => self.verifiers.fetch(&unverified, deadline).await,
        };
        let verifier = verifier.map_err(|error| {
            let message = format!("the answer can't be verified: {error}");
            with_context(self.failed(error.kind(), message)).with_source(error)
        })?;
        let authentic = unverified.authenticate(&*verifier).map_err(refused)?;
        authentic.check_time(self.session.clock.now()).map_err(refused)?;
        let plain = authentic.decrypt(self.key_of_answer()).map_err(refused)?;
        let answer = authentic.judge(plain.as_ref(), self.answer).map_err(refused)?;
        if self.options.ciphertext.is_some() && plain.is_none() && !answer.verdict.is_error {
            // Alipay has signed it: what became of the call is known, and what could be read on the way was read.
            tracing::warn!(
                method = &*self.content.method,
                "the answer to an encrypted call came plain"
            );
        }
        let value = self.verified(&answer, unsigned, read).map_err(with_context)?;
        Ok(Answered {
            value,
            is_pending: answer.verdict.claim == Claim::Pending,
            http_status: status,
            trace_id: None,
            verified_content: self.wants_metadata.then(|| answer.text.into()),
        })
    }

    /// With Alipay's number of the exchange, where metadata or the span need it.
    fn with_trace_id(
        &self,
        answered: Answered,
        call: &CallSpan<'_>,
        received: &Received<'_>,
        signature: &[u8],
    ) -> Answered {
        let trace_id = received.trace_id();
        let trace_id = trace_id
            .filter(|_| self.wants_metadata || call.is_watched())
            .map(|trace_id| {
                let redacted = self.secrets(signature).redact(trace_id);
                redacted.map_or_else(|| trace_id.into(), Into::into)
            });
        Answered { trace_id, ..answered }
    }

    /// Finds the request's secrets in a text.
    fn secrets(&self, signature: &[u8]) -> Redactor {
        let secret = |secret: &'_ Option<Secret>| secret.as_ref().map_or("", Secret::expose).to_owned();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (content, options) = (self.content, &self.options);
        let parameters = [
            ("app_auth_token", secret(&options.app_auth_token)),
            ("auth_token", secret(&options.auth_token)),
            ("notify_url", text(&options.notify_url)),
            ("return_url", text(&options.return_url)),
            ("content", content.content.expose().to_owned()),
            (
                "ciphertext",
                options
                    .ciphertext
                    .as_ref()
                    .map_or_else(String::new, |ciphertext| ciphertext.text.clone()),
            ),
            ("sign", BASE64_STANDARD.encode(signature)),
        ];
        let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let top_level = content
            .top_level
            .iter()
            .map(|parameter| (&*parameter.name, parameter.text.expose()));
        let in_query: Vec<(String, String)> = match &content.rest {
            Rest::Raw { target, .. } => target.split_once('?').map_or_else(Vec::new, |(_, query)| {
                form_urlencoded::parse(query.as_bytes()).into_owned().collect()
            }),
            Rest::None | Rest::Method(_) => Vec::new(),
        };
        let in_query = in_query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        secrets::of(parameters.chain(top_level).chain(in_query), self.secret)
    }
}

/// Whether Alipay has said, and signed, that the merchant's token is invalid.
fn is_token_refused(error: &Error) -> bool {
    let sub_code = error.sub_code_as();
    error.is_verified()
        && matches!(
            sub_code,
            Some(GatewayErrorCode::AopInvalidAppAuthToken | GatewayErrorCode::AopAppAuthTokenTimeOut)
        )
}

/// The moment after this time, or one in decades where there is none.
pub(crate) fn after(time: Duration) -> Instant {
    later(Instant::now(), time)
}

fn later(start: Instant, time: Duration) -> Instant {
    const YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    start.checked_add(time).unwrap_or_else(|| start + YEARS)
}
