use std::fmt;

use super::Ticket;
use crate::Error;

/// How a flow ended.
#[derive(Clone, Debug)]
#[must_use = "only `Done` is done: match on it"]
pub enum Ended<T> {
    /// What you asked for is done, proven by the gateway's signed word, with the number and amount that you asked for.
    Done(T),
    /// What you asked for is not done and will not be.
    NotDone(NotDone),
    /// The flow's time is up, and what became of it is not known: [resume](super::resume) it by the ticket, or let somebody look.
    Unknown(Unknown),
}

impl<T> Ended<T> {
    /// What was done.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(done) => Some(done),
            Self::NotDone(_) | Self::Unknown(_) => None,
        }
    }

    /// Converts what was done, and keeps the rest.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Ended<U> {
        match self {
            Self::Done(done) => Ended::Done(make(done)),
            Self::NotDone(not_done) => Ended::NotDone(not_done),
            Self::Unknown(unknown) => Ended::Unknown(unknown),
        }
    }
}

/// What was asked for is not done.
#[derive(Clone, Debug)]
pub struct NotDone {
    pub(super) reason: NotDoneReason,
    pub(super) ticket: Ticket,
    pub(super) error: Option<Error>,
}

impl NotDone {
    /// Why.
    pub fn reason(&self) -> NotDoneReason {
        self.reason
    }

    /// The flow's numbers, and what was last known.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// The refusal, or why nothing was sent.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (flow, number) = (self.ticket.flow(), self.ticket.number());
        write!(formatter, "the {flow} {number} {}", self.reason.words())?;
        match &self.error {
            Some(error) => write!(formatter, ": {error}"),
            None => Ok(()),
        }
    }
}

/// Why a flow ended as not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotDoneReason {
    /// Nothing reached the gateway: the request is wrong, or no connection was made.
    NotSent,
    /// The gateway refused it: the [error](NotDone::error) says why. No order is open.
    Refused,
    /// The order was closed: it expired, somebody closed it, or all of it was refunded.
    Closed,
    /// The flow cancelled the order, which was not paid.
    Cancelled,
    /// The money moved and was given back: the buyer paid while the order was being cancelled, or the bank returned a transfer.
    GivenBack,
    /// The gateway carried it out without success.
    Failed,
}

impl NotDoneReason {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NotSent => "was not sent",
            Self::Refused => "was refused",
            Self::Closed => "is closed",
            Self::Cancelled => "was cancelled",
            Self::GivenBack => "was given back",
            Self::Failed => "failed",
        }
    }
}

/// What became of a flow is not known.
#[derive(Clone, Debug)]
pub struct Unknown {
    pub(super) reason: UnknownReason,
    pub(super) ticket: Ticket,
    pub(super) error: Option<Error>,
}

impl Unknown {
    /// Why.
    pub fn reason(&self) -> &UnknownReason {
        &self.reason
    }

    /// What [`resume`](super::resume) goes on with: store it.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// The last error, where there was one.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (flow, number) = (self.ticket.flow(), self.ticket.number());
        write!(formatter, "what became of the {flow} {number} is not known: ")?;
        match &self.reason {
            UnknownReason::NoAnswer => formatter.write_str("the gateway gave no clear answer in time")?,
            UnknownReason::InProgress => formatter.write_str("Alipay is still working on it")?,
            UnknownReason::CodeValid => formatter.write_str("the code can still be scanned")?,
            UnknownReason::NotCancelled => formatter.write_str("the gateway refuses to cancel it")?,
            UnknownReason::Partly => formatter.write_str("only a part of it was carried out")?,
            UnknownReason::Mismatch => {
                formatter
                    .write_str("the gateway knows this number, but not as what was asked for: somebody has to look")?;
            }
            UnknownReason::OtherApp => formatter.write_str("the ticket is of another app than the client")?,
        }
        match &self.error {
            Some(error) => write!(formatter, ": {error}"),
            None => Ok(()),
        }
    }
}

/// Why a flow ended as unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownReason {
    /// The gateway gave no clear answer in the flow's time.
    NoAnswer,
    /// The gateway is still working on it.
    InProgress,
    /// The order was not scanned, and its code is valid for longer than the flow waits.
    CodeValid,
    /// The gateway refuses to cancel an order that is not known to be paid.
    NotCancelled,
    /// A part was carried out, and a part was not: query it.
    Partly,
    /// The gateway knows the number, but not as what was asked for: it has another amount, or the request was refused though something is
    /// done under its number. Perhaps the number was used before. The flow did not touch that.
    Mismatch,
    /// The ticket is of another app than the client's. Nothing was sent.
    OtherApp,
}
