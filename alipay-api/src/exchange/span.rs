//! The `tracing` span of a call. Its fields are part of the public interface: see the guide's page on answers.

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
};

/// One call and its span, which is recorded when the call ends or is dropped.
pub(super) struct CallSpan {
    span: Span,
    started: Instant,
    attempts: AtomicU32,
    has_result: bool,
}

impl CallSpan {
    pub(super) fn new(method: &str) -> Self {
        Self {
            span: tracing::info_span!(
                target: "alipay_api",
                "alipay.call",
                method,
                attempts = Empty,
                elapsed_ms = Empty,
                outcome = Empty,
                kind = Empty,
                code = Empty,
                sub_code = Empty,
                trace_id = Empty,
            ),
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
        if !self.is_watched() {
            return;
        }
        let trace_id = match result {
            Ok(answered) => {
                self.record(if answered.is_pending { "pending" } else { "ok" });
                answered.trace_id.as_deref()
            }
            Err(error) => {
                self.record(if error.is_outcome_unknown() {
                    "unknown"
                } else {
                    "failed"
                });
                self.record_error(error.kind(), error.code(), error.sub_code());
                error.trace_id()
            }
        };
        if let Some(trace_id) = trace_id {
            self.span
                .record("trace_id", tracing::field::display(Sanitized(trace_id)));
        }
    }

    fn record(&self, outcome: &str) {
        self.span.record("attempts", self.attempts());
        let elapsed = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
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

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.has_result && self.is_watched() {
            self.record("dropped");
        }
    }
}
