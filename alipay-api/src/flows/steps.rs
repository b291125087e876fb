use std::{future::ready, time::Duration};

use super::{NotDoneReason, Ticket};
use crate::{Client, Error, ErrorClass, transport::BoxFuture};

/// What a flow of one kind does: the engine decides when.
pub(super) trait Steps<T>: Send {
    /// Sends the request. It may be called again only if it [repeats](Self::repeats).
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<T>>;

    /// Asks what became of it. Changes nothing.
    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<T>>;

    /// Whether what the ticket is about can be cancelled.
    fn can_undo(&self) -> bool {
        false
    }

    /// Cancels it, where that is possible.
    fn undo<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Undone> {
        let _ = at;
        Box::pin(ready(Undone::Absent))
    }

    /// Whether the gateway carries out the same request once, however often it is sent.
    fn repeats(&self) -> bool {
        false
    }

    /// How long from now an order may still come into being by itself: somebody scans its code.
    fn code_valid(&self, at: &Context) -> Duration {
        let _ = at;
        Duration::ZERO
    }
}

/// What the steps work with.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) ticket: Ticket,
    pub(super) notify_url: Option<String>,
    /// Whether a refund is followed until the bank has it.
    #[cfg(feature = "trade")]
    pub(super) until_deposited: bool,
    /// The text of a QR code that is to be shown.
    pub(super) qr_code: Option<String>,
}

/// What an answer says of what was asked for.
pub(super) enum Word<T> {
    /// Done, with the number and amount that was asked for.
    Done(T),
    /// Not done, and it will not be.
    NotDone(NotDoneReason),
    /// Done under the number, but the answer does not tell the amount. The same request again tells whether it is what was asked for.
    Unproven(T),
    /// Known to the gateway, and not decided.
    Waiting,
    /// Not known to the gateway.
    Absent,
    /// Refused: the request did nothing.
    Refused(Error),
    /// Nothing reached the gateway.
    NotSent(Error),
    /// A part of it was carried out.
    Partly,
    /// The number is that of something else, such as an order of another amount.
    Mismatch,
    /// It says nothing.
    Unclear(Error),
}

/// What became of a cancel.
pub(super) enum Undone {
    /// Confirmed.
    NotDone(NotDoneReason),
    /// There is nothing to cancel.
    Absent,
    /// Refused: nothing was done.
    Refused(Error),
    /// Not known, or to be sent again.
    Unclear(Option<Error>),
    /// Nothing was sent: an earlier cancel is not known to have failed, and it is sent once.
    #[cfg_attr(
        not(any(feature = "fund", test)),
        expect(dead_code, reason = "only a freeze's cancel is sent once")
    )]
    Open,
}

impl<T> Word<T> {
    /// The same of another type.
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Word<U> {
        match self {
            Self::Done(done) => Word::Done(convert(done)),
            Self::NotDone(reason) => Word::NotDone(reason),
            Self::Unproven(done) => Word::Unproven(convert(done)),
            Self::Waiting => Word::Waiting,
            Self::Absent => Word::Absent,
            Self::Refused(error) => Word::Refused(error),
            Self::NotSent(error) => Word::NotSent(error),
            Self::Partly => Word::Partly,
            Self::Mismatch => Word::Mismatch,
            Self::Unclear(error) => Word::Unclear(error),
        }
    }

    /// What the error of a request that changes something says.
    pub(super) fn of_send(error: Error) -> Self {
        if error.is_outcome_unknown() {
            Self::Unclear(error)
        } else if error.class() == Some(ErrorClass::AlreadyDone) {
            // An earlier request with this number did it: the query says what.
            Self::Waiting
        } else if error.is_verified() {
            Self::Refused(error)
        } else {
            Self::NotSent(error)
        }
    }
}

impl Undone {
    /// What the error of a cancel says.
    pub(super) fn of_error(error: Error) -> Self {
        let may_pass = error.is_outcome_unknown() || error.is_retryable() || !error.is_verified();
        if may_pass {
            Self::Unclear(Some(error))
        } else {
            Self::Refused(error)
        }
    }
}
