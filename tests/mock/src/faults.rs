//! What can go wrong between the gateway and a client. Every fault spoils one answer; the call behind it has been carried out.
//!
//! Here is what can be ordered; protocols do it to the text and the signature, the server to the transport.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// Something that happens to the next answer.
///
/// In all cases the call has been carried out, which is what makes its outcome unknown to the caller. Faults of the signature and of the JSON do
/// nothing to the pages that browsers get.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// This HTTP status, with a short text in place of the answer.
    HttpStatus(u16),
    /// 200, but a web page.
    Html,
    /// 200, but nothing.
    Empty,
    /// The first half of the answer, as if it were all of it.
    Truncated,
    /// The first half of the answer under the length of the whole; then the connection ends.
    CutOff,
    /// A signed answer of more than 8 MiB.
    Oversized,
    /// No `sign`.
    Unsigned,
    /// `"sign":""`.
    EmptySign,
    /// A well-formed `sign` over something else.
    WrongSign,
    /// One byte of the signed node is another one: the byte of this index, counted round the node's end.
    TamperedByte(usize),
    /// The node comes twice.
    DuplicateRoot,
    /// A signed answer in GBK whatever was asked for, with the field `note` to make sure that it isn't ASCII.
    GbkBody,
    /// `/` is written `\/`, but the signature is over the text with plain `/`. Some of Alipay's own gateways do this; a client should bear it.
    SlashEscaped,
    /// `/` is written `\/`, and signed so.
    SlashEscapedSigned,
    /// The answer waits: see [`Fault::delay`].
    Delay(Delay),
    /// The connection ends without a byte of answer.
    CloseConnection,
    /// 302 to this URL.
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

/// Lets a delayed answer go; so does dropping it.
#[derive(Debug)]
pub struct Release {
    reached: oneshot::Receiver<()>,
    // Dropping it is the signal, so it is never read.
    _released: oneshot::Sender<()>,
}

impl Release {
    /// Waits until the answer is held back: the call has been carried out by then.
    pub async fn reached(&mut self) {
        // An error means that the fault is gone, and with it all there was to wait for.
        let _ = (&mut self.reached).await;
    }

    /// Lets the answer go.
    pub fn release(self) {}
}

impl Fault {
    /// A fault that holds the answer back until the [`Release`] lets it go.
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
    /// Waits until the [`Release`] lets the answer go.
    pub(crate) async fn held_back(self) {
        // Nobody may be watching, and the release may have been dropped: both are fine.
        let _ = self.reached.send(());
        let _ = self.released.await;
    }
}

/// The faults to come, one per call: each for the answers of one method, or for any.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<(Option<String>, Fault)>>);

impl Faults {
    /// Another one, after those that wait already.
    pub(crate) fn push(&self, method: Option<&str>, fault: Fault) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((method.map(str::to_owned), fault));
    }

    /// The next one for this method.
    pub(crate) fn take(&self, method: Option<&str>) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting
            .iter()
            .position(|(wanted, _)| wanted.is_none() || wanted.as_deref() == method)?;
        waiting.remove(place).map(|(_, fault)| fault)
    }
}
