//! What is known of an answer beside what it says.

use std::{fmt, time::Duration};

/// What is known of a call's answer beside its fields: from [`Call::with_metadata`](crate::Call::with_metadata) and
/// [`RawCall::with_metadata`](crate::RawCall::with_metadata).
///
/// `Debug` shows everything but the [verified text](Self::verified_content), in which there may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseMetadata {
    pub(super) http_status: u16,
    pub(super) trace_id: Option<Box<str>>,
    pub(super) verified_content: Box<str>,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
}

impl ResponseMetadata {
    /// The HTTP status of the answer.
    pub fn http_status(&self) -> u16 {
        self.http_status
    }

    /// Alipay's number of the exchange, for its support. Alipay does not sign it.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }

    /// The exact JSON that Alipay signed, decrypted where it was encrypted. Secrets may be in it: don't log it.
    pub fn verified_content(&self) -> &str {
        &self.verified_content
    }

    /// How often the library began to send the call, the last time included: 1 for most.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the call took with all its attempts, and with waiting for a merchant's token.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl fmt::Debug for ResponseMetadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseMetadata")
            .field("http_status", &self.http_status)
            .field("trace_id", &self.trace_id)
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}
