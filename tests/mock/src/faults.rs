//! Faults between the gateway and a client. Every fault applies to one answer; the call behind it has been carried out.
//!
//! This module has what can be ordered. The protocol applies the faults of the text and the signature, the server those of the transport.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::news::{News, Topic};

/// Which byte is changed where nobody says so: one of the fields, behind the braces.
const TAMPERED_AT: usize = 20;

/// A fault of the next answer.
///
/// The call has been carried out in all cases, so that its outcome is unknown to the caller. Faults of the signature and of the JSON have no effect on
/// pages for browsers. In V3, a node is the body, `sign` is the header `alipay-signature`, and all text is UTF-8.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This HTTP status, with a short text in place of the answer.
    HttpStatus(u16),
    /// Status 200 with a web page.
    Html,
    /// Status 200 with an empty body.
    Empty,
    /// The first half of the answer, with the length of that half.
    Truncated,
    /// The first half of the answer, with the length of the whole answer; then the connection ends.
    CutOff,
    /// A signed answer of more than 8 MiB.
    Oversized,
    /// No `sign`.
    Unsigned,
    /// `"sign":""`.
    EmptySign,
    /// A well-formed `sign` over something else.
    WrongSign,
    /// One byte of the signed node is changed: the byte at this index, modulo the node's length.
    TamperedByte(usize),
    /// The answer has the node twice.
    DuplicateRoot,
    /// A signed answer in GBK whatever charset the request names, with a field `note` that is not ASCII.
    GbkBody,
    /// `/` is written `\/`, but the signature is over the text with plain `/`. Some of Alipay's own gateways do this, and a client should accept it.
    SlashEscaped,
    /// `/` is written `\/`, and the signature is over that text.
    SlashEscapedSigned,
    /// The answer is held back: see [`Fault::delay`].
    Delay(Delay),
    /// The answer comes so much later.
    Slow(Duration),
    /// A refusal without a signature in place of the answer, as the gateway sends where it does not know the app: `isv.invalid-signature`.
    UnsignedRefusal,
    /// The connection ends before the first byte of the answer.
    CloseConnection,
    /// Status 302, with this URL as the location.
    Redirect(String),
    /// A signed answer with fields that no spec knows.
    ExtraField,
    /// The answer as it is, under this HTTP status: in V3, a failure that calls itself a success, or the reverse.
    Status(u16),
    /// The answer without this header.
    WithoutHeader(String),
    /// The answer with this header once more, in front of its own and with this value.
    HeaderTwice(String, String),
    /// The answer with this value of a header in place of its own.
    Header(String, String),
    /// V3: status 204, without a body. The signature is over the empty body.
    NoContent {
        /// Whether there is a signature.
        signed: bool,
    },
    /// V3: an answer that was signed so long ago.
    Stale(Duration),
}

/// The waiting side of [`Fault::Delay`].
#[derive(Debug)]
pub struct Delay {
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// Sends a delayed answer when it is released or dropped.
#[derive(Debug)]
pub struct Release {
    reached: oneshot::Receiver<()>,
    // Dropping this is the signal; nothing is sent.
    _released: oneshot::Sender<()>,
}

impl Release {
    /// Waits until the answer is held back; the call has been carried out by then.
    pub async fn reached(&mut self) {
        // An error means that the fault was dropped: there is nothing to wait for.
        let _ = (&mut self.reached).await;
    }

    /// Sends the answer.
    pub fn release(self) {}
}

impl Fault {
    /// A fault that holds the answer back until the [`Release`] is released.
    pub fn delay() -> (Self, Release) {
        let (reached_sender, reached) = oneshot::channel();
        let (released_sender, released) = oneshot::channel();
        (
            Self::Delay(Delay {
                reached: reached_sender,
                released,
            }),
            Release {
                reached,
                _released: released_sender,
            },
        )
    }
}

impl Delay {
    /// Waits for the [`Release`].
    pub(crate) async fn held_back(self) {
        // Either fails if the release was dropped, which releases the answer.
        let _ = self.reached.send(());
        let _ = self.released.await;
    }
}

/// Faults that are ordered by name, and their names.
const NAMED: [&str; 18] = [
    "slow",
    "unsigned-refusal",
    "http-503",
    "html",
    "empty",
    "truncated",
    "cut-off",
    "oversized",
    "close-connection",
    "unsigned",
    "empty-sign",
    "wrong-sign",
    "tampered",
    "duplicate-root",
    "gbk",
    "slash-escaped",
    "slash-escaped-signed",
    "extra-field",
];

impl Fault {
    /// The names that [`named`](Self::named) knows.
    pub(crate) fn names() -> &'static [&'static str] {
        &NAMED
    }

    /// The fault of this name; `slow` is for the one that takes its time.
    pub(crate) fn named(name: &str, slow: Duration) -> Option<Self> {
        Some(match name {
            "slow" => Self::Slow(slow),
            "unsigned-refusal" => Self::UnsignedRefusal,
            "http-503" => Self::HttpStatus(503),
            "html" => Self::Html,
            "empty" => Self::Empty,
            "truncated" => Self::Truncated,
            "cut-off" => Self::CutOff,
            "oversized" => Self::Oversized,
            "close-connection" => Self::CloseConnection,
            "unsigned" => Self::Unsigned,
            "empty-sign" => Self::EmptySign,
            "wrong-sign" => Self::WrongSign,
            "tampered" => Self::TamperedByte(TAMPERED_AT),
            "duplicate-root" => Self::DuplicateRoot,
            "gbk" => Self::GbkBody,
            "slash-escaped" => Self::SlashEscaped,
            "slash-escaped-signed" => Self::SlashEscapedSigned,
            "extra-field" => Self::ExtraField,
            _ => return None,
        })
    }

    /// What it is called, for whoever looks on.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Slow(_) => "slow",
            Self::UnsignedRefusal => "unsigned-refusal",
            Self::HttpStatus(503) => "http-503",
            Self::HttpStatus(_) => "http-status",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::CutOff => "cut-off",
            Self::Oversized => "oversized",
            Self::CloseConnection => "close-connection",
            Self::Unsigned => "unsigned",
            Self::EmptySign => "empty-sign",
            Self::WrongSign => "wrong-sign",
            Self::TamperedByte(_) => "tampered",
            Self::DuplicateRoot => "duplicate-root",
            Self::GbkBody => "gbk",
            Self::SlashEscaped => "slash-escaped",
            Self::SlashEscapedSigned => "slash-escaped-signed",
            Self::ExtraField => "extra-field",
            Self::Delay(_) => "delay",
            Self::Redirect(_) => "redirect",
            Self::Status(_) => "status",
            Self::WithoutHeader(_) => "without-header",
            Self::HeaderTwice(..) => "header-twice",
            Self::Header(..) => "header",
            Self::NoContent { .. } => "no-content",
            Self::Stale(_) => "stale",
        }
    }
}

/// A fault that waits, for whoever looks on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitingFault {
    /// By which it can be withdrawn.
    pub(crate) number: u64,
    /// `None`: of any method.
    pub(crate) method: Option<String>,
    pub(crate) name: &'static str,
    /// How long it takes, if it does.
    pub(crate) slow: Option<Duration>,
}

/// A fault, and the next call of which method it is for.
#[derive(Debug)]
struct Waiting {
    number: u64,
    method: Option<String>,
    fault: Fault,
}

/// The pending faults, one for each call: of one method, or of any.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    news: News,
    waiting: Mutex<VecDeque<Waiting>>,
    /// How many were ordered.
    count: AtomicU64,
}

impl Faults {
    /// None yet.
    pub(crate) fn new(news: News) -> Self {
        Self {
            news,
            ..Self::default()
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind those that are pending.
    pub(crate) fn push(&self, method: Option<&str>, fault: Fault) {
        let waiting = Waiting {
            number: self.count.fetch_add(1, Ordering::Relaxed) + 1,
            method: method.map(str::to_owned),
            fault,
        };
        self.waiting().push_back(waiting);
        self.news.tell(Topic::Faults);
    }

    /// Takes the next fault for this method.
    pub(crate) fn take(&self, method: Option<&str>) -> Option<Fault> {
        let mut all = self.waiting();
        let is_for = |waiting: &Waiting| waiting.method.is_none() || waiting.method.as_deref() == method;
        let place = all.iter().position(is_for)?;
        let taken = all.remove(place);
        drop(all);
        self.news.tell(Topic::Faults);
        taken.map(|waiting| waiting.fault)
    }

    /// All that wait, in the order in which they were ordered.
    pub(crate) fn all(&self) -> Vec<WaitingFault> {
        let all = self.waiting();
        let all = all.iter().map(|waiting| WaitingFault {
            number: waiting.number,
            method: waiting.method.clone(),
            name: waiting.fault.name(),
            slow: match waiting.fault {
                Fault::Slow(slow) => Some(slow),
                _ => None,
            },
        });
        all.collect()
    }

    /// Withdraws the fault of this number: tells whether it waited.
    pub(crate) fn withdraw(&self, number: u64) -> bool {
        let mut all = self.waiting();
        let before = all.len();
        all.retain(|waiting| waiting.number != number);
        let found = all.len() < before;
        drop(all);
        self.news.tell(Topic::Faults);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_faults_belong_together() {
        for name in NAMED {
            let fault = Fault::named(name, Duration::from_secs(2));
            assert_eq!(fault.map(|fault| fault.name()), Some(name));
        }
        assert!(Fault::named("delay", Duration::ZERO).is_none());
    }

    #[test]
    fn what_waits_is_listed_and_can_be_withdrawn() {
        let faults = Faults::default();
        faults.push(Some("a"), Fault::Slow(Duration::from_secs(2)));
        faults.push(None, Fault::Html);
        let all: Vec<_> = faults
            .all()
            .into_iter()
            .map(|waiting| (waiting.number, waiting.name))
            .collect();
        assert_eq!(all, [(1, "slow"), (2, "html")]);
        assert!(faults.withdraw(1) && !faults.withdraw(1));
        assert!(matches!(faults.take(Some("a")), Some(Fault::Html)));
        assert!(faults.take(Some("a")).is_none());
    }
}
