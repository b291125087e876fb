use std::fmt;

use super::Ticket;

/// What a flow is about to do, or has learned.
#[derive(Debug)]
pub struct Progress<'a> {
    pub(super) ticket: &'a Ticket,
    pub(super) event: Event<'a>,
}

impl<'a> Progress<'a> {
    /// The flow's ticket as it is now: store it.
    pub fn ticket(&self) -> &'a Ticket {
        self.ticket
    }

    /// What happens.
    pub fn event(&self) -> Event<'a> {
        self.event
    }

    /// The text of the QR code to show, once it is there.
    pub fn qr_code(&self) -> Option<&'a str> {
        match self.event {
            Event::QrCode(code) => Some(code),
            _ => None,
        }
    }
}

/// A step of a flow.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The request is about to be sent.
    Sending,
    /// The order is there: show this text as a QR code.
    QrCode(&'a str),
    /// The gateway is about to be asked what became of it.
    Asking,
    /// The order is about to be cancelled.
    Cancelling,
    /// The flow was dropped before it ended: what the ticket is about may still be carried out, and an open order may be paid.
    Dropped,
    /// The flow has ended.
    Ended,
}

/// Without the QR code: who has it can pay the order.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sending => "Sending",
            Self::QrCode(_) => "QrCode(..)",
            Self::Asking => "Asking",
            Self::Cancelling => "Cancelling",
            Self::Dropped => "Dropped",
            Self::Ended => "Ended",
        })
    }
}
