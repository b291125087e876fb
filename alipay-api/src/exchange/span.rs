//! The `tracing` span of a call. Its fields are part of the public interface: see the guide's page on observability.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{Span, field::Empty};

use super::attempts::Answered;
use crate::{
    Error,
    error::{ErrorKind, Sanitized},
    metrics::{self, EndedCall},
    protocol::content::RequestContent,
};

/// One call and its span, which is recorded when the call ends or is dropped, and counted.
pub(super) struct CallSpan<'a> {
    span: Span,
    content: &'a RequestContent,
    protocol: &'static str,
    started: Instant,
    attempts: AtomicU32,
    has_result: bool,
}

impl<'a> CallSpan<'a> {
    pub(super) fn new(content: &'a RequestContent, protocol: &'static str) -> Self {
        Self {
            span: tracing::info_span!(
                target: "alipay_api",
                "alipay.call",
                method = &*content.method,
                protocol,
                attempts = Empty,
                elapsed_ms = Empty,
                outcome = Empty,
                kind = Empty,
                code = Empty,
                sub_code = Empty,
                trace_id = Empty,
            ),
            content,
            protocol,
            started: Instant::now(),
            attempts: AtomicU32::new(0),
            has_result: false,
        }
    }

    /// The span, to run the call in.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Whether a subscriber wants the span.
    pub(super) fn is_watched(&self) -> bool {
        !self.span.is_disabled()
    }

    /// When the call began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Counts an attempt.
    pub(super) fn begins_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// How many attempts were begun.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Records the result. Errors and trace ids come redacted.
    pub(super) fn ends(&mut self, result: &Result<Answered, Error>) {
        self.has_result = true;
        let outcome = match result {
            Ok(answered) if answered.is_pending => "pending",
            Ok(_) => "ok",
            Err(error) if error.is_outcome_unknown() => "unknown",
            Err(_) => "failed",
        };
        self.record(outcome, result.as_ref().err().map(Error::kind));
        if !self.is_watched() {
            return;
        }
        let trace_id = match result {
            Ok(answered) => answered.trace_id.as_deref(),
            Err(error) => {
                self.record_error(error.kind(), error.code(), error.sub_code());
                error.trace_id()
            }
        };
        if let Some(trace_id) = trace_id {
            self.span
                .record("trace_id", tracing::field::display(Sanitized(trace_id)));
        }
    }

    fn record(&self, outcome: &'static str, kind: Option<ErrorKind>) {
        let (attempts, elapsed) = (self.attempts(), self.elapsed());
        metrics::call_ended(&EndedCall {
            method: self.content.method_of_spec(),
            protocol: self.protocol,
            outcome,
            kind,
            attempts,
            elapsed,
        });
        self.span.record("attempts", attempts);
        let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.span.record("elapsed_ms", elapsed);
        self.span.record("outcome", outcome);
    }

    fn record_error(&self, kind: ErrorKind, code: Option<&str>, sub_code: Option<&str>) {
        self.span.record("kind", tracing::field::debug(kind));
        for (name, code) in [("code", code), ("sub_code", sub_code)] {
            if let Some(code) = code.filter(|code| !code.is_empty()) {
                self.span.record(name, tracing::field::display(Sanitized(code)));
            }
        }
    }
}

impl Drop for CallSpan<'_> {
    fn drop(&mut self) {
        if !self.has_result {
            self.record("dropped", None);
        }
    }
}
