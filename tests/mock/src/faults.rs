//! Faults between the gateway and a client. Every fault applies to one answer; the call behind it has been carried out.
//!
//! This module has what can be ordered. The protocol applies the faults of the text and the signature, the server those of the transport.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// A fault of the next answer.
///
/// The call has been carried out in all cases, so that its outcome is unknown to the caller. Faults of the signature and of the JSON have no effect on
/// pages for browsers.
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
    /// The connection ends before the first byte of the answer.
    CloseConnection,
    /// Status 302, with this URL as the location.
    Redirect(String),
    /// A signed answer with fields that no spec knows.
    ExtraField,
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

/// The pending faults, one for each call: of one method, or of any.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<(Option<String>, Fault)>>);

impl Faults {
    /// Adds a fault behind those that are pending.
    pub(crate) fn push(&self, method: Option<&str>, fault: Fault) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((method.map(str::to_owned), fault));
    }

    /// Takes the next fault for this method.
    pub(crate) fn take(&self, method: Option<&str>) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting
            .iter()
            .position(|(wanted, _)| wanted.is_none() || wanted.as_deref() == method)?;
        waiting.remove(place).map(|(_, fault)| fault)
    }
}
