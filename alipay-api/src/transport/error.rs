use std::{error::Error as StdError, fmt};

/// There is no whole answer.
///
/// Its [kind](TransportErrorKind) decides what the client reports: whether the call may have been carried out, and whether it may be sent
/// again. So a transport names a kind that says "nothing was sent" only where it knows that.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The sort of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// There was no connection: nothing was sent. The call may be sent again, whatever it does.
    Connect,
    /// Nothing of the request was sent, for another reason than the connection, and it may be sent the next time: a rate limiter or a circuit
    /// breaker in front of the transport has refused it, or the connection was closed before the first byte. The call may be sent again,
    /// whatever it does.
    NotSent,
    /// There was no answer in time. The request may have been sent.
    Timeout,
    /// The answer is larger than the limit, such as [`MAX_BODY`](super::MAX_BODY). The request was sent.
    TooLarge,
    /// The connection broke after something may have been sent.
    Broken,
    /// Nothing was sent, and a retry can't succeed: the transport can't send such a request, or can't work where it is used,
    /// such as in a runtime without IO.
    Unusable,
}

impl TransportErrorKind {
    /// Whether nothing of the request has left this machine.
    pub fn is_not_sent(self) -> bool {
        match self {
            Self::Connect | Self::NotSent | Self::Unusable => true,
            Self::Timeout | Self::TooLarge | Self::Broken => false,
        }
    }
}

impl TransportError {
    /// An error of this sort.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what caused it. Its `Display` must not show the request's URL or body.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The answer has more bytes than these.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(TransportErrorKind::TooLarge).with_source(Limit(limit))
    }

    /// The same error where the head of the answer has come: so the request was sent, whatever the kind says.
    pub(super) fn after_head(mut self) -> Self {
        if self.kind.is_not_sent() {
            self.kind = TransportErrorKind::Broken;
        }
        self
    }

    /// The sort of error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            TransportErrorKind::Connect => "no connection to the gateway",
            TransportErrorKind::NotSent => "the request was not sent",
            TransportErrorKind::Timeout => "no answer in time",
            TransportErrorKind::TooLarge => "the answer is too large",
            TransportErrorKind::Broken => "the connection broke",
            TransportErrorKind::Unusable => "the transport can't be used, and nothing was sent",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// How many bytes an answer may have.
#[derive(Debug)]
struct Limit(usize);

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = self;
        if *bytes > 0 && bytes.is_multiple_of(1 << 20) {
            write!(formatter, "the limit is {} MiB", bytes >> 20)
        } else {
            write!(formatter, "the limit is {bytes} bytes")
        }
    }
}

impl StdError for Limit {}
