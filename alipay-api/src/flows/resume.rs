//! Taking up a flow from its ticket.

use std::time::Duration;

use super::{
    Flow, FlowKind, Ticket,
    steps::{Context, Steps, Undone, Word},
};
#[cfg(feature = "fund")]
use super::{
    Frozen, Transferred, Unfrozen,
    preauth::{Freeze, Unfreeze},
    transfer::{Transfer, TransferToAccount},
};
#[cfg(feature = "trade")]
use super::{Paid, Refunded, Settled, payment::Payment, refund::Refund, settle::Settle};
use crate::{Client, transport::BoxFuture};

/// Takes up a flow from its ticket, in any process, by the gateway's word alone.
///
/// The flow goes on as it would have: it asks, waits and cancels. A payment is never sent again. A refund or a transfer that the gateway does
/// not know after the [time](Flow::delivery_limit) in which a request may still be on its way is sent with the ticket's request, which is the
/// same one, so that Alipay carries it out once.
///
/// The ticket must be of the client's app, and only one process may follow it at a time. With several, Alipay still carries out once what has one
/// number, but one process may cancel what another waits for, or send what another has reported as not done.
///
/// ```no_run
/// # async fn example(client: alipay_api::Client, stored: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::flows::{self, Ended};
///
/// match flows::resume(&client, stored.parse()?).await {
///     Ended::Done(resumed) => println!("done: {resumed:?}"),
///     Ended::NotDone(not_done) => println!("{not_done}"),
///     Ended::Unknown(unknown) => println!("{unknown}"),
/// }
/// # Ok(())
/// # }
/// ```
pub fn resume(client: &Client, ticket: Ticket) -> Flow<Resumed> {
    match ticket.flow {
        #[cfg(feature = "trade")]
        FlowKind::ScanPay | FlowKind::AgreementPay | FlowKind::QrPay | FlowKind::PreauthPay => {
            Flow::resumed(client, ticket, Converted(Payment::resumed(), Resumed::Paid))
        }
        #[cfg(feature = "trade")]
        FlowKind::Refund => {
            let steps = Converted(Refund::resumed(&ticket), Resumed::Refunded);
            Flow::resumed(client, ticket, steps)
        }
        #[cfg(feature = "trade")]
        FlowKind::Settle => {
            let steps = Converted(Settle::resumed(&ticket), Resumed::Settled);
            Flow::resumed(client, ticket, steps)
        }
        #[cfg(feature = "fund")]
        FlowKind::Transfer => {
            let steps = Converted(Transfer::resumed(&ticket), Resumed::Transferred);
            Flow::resumed(client, ticket, steps)
        }
        #[cfg(feature = "fund")]
        FlowKind::TransferToAccount => {
            let steps = Converted(TransferToAccount::resumed(&ticket), Resumed::Transferred);
            Flow::resumed(client, ticket, steps)
        }
        #[cfg(feature = "fund")]
        FlowKind::Freeze => {
            let steps = Converted(Freeze::resumed(&ticket), Resumed::Frozen);
            Flow::resumed(client, ticket, steps)
        }
        #[cfg(feature = "fund")]
        FlowKind::Unfreeze => {
            let steps = Converted(Unfreeze::resumed(&ticket), Resumed::Unfrozen);
            Flow::resumed(client, ticket, steps)
        }
    }
}

/// What a resumed flow has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Resumed {
    /// A payment is made.
    #[cfg(feature = "trade")]
    Paid(Paid),
    /// A refund is made.
    #[cfg(feature = "trade")]
    Refunded(Refunded),
    /// A paid order is split.
    #[cfg(feature = "trade")]
    Settled(Settled),
    /// A transfer is made.
    #[cfg(feature = "fund")]
    Transferred(Transferred),
    /// Money is frozen.
    #[cfg(feature = "fund")]
    Frozen(Frozen),
    /// Frozen money is released.
    #[cfg(feature = "fund")]
    Unfrozen(Unfrozen),
}

/// Steps whose result is converted.
struct Converted<S, T>(S, fn(T) -> Resumed);

impl<T, S> Steps<Resumed> for Converted<S, T>
where
    T: Send + 'static,
    S: Steps<T>,
{
    fn send<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Resumed>> {
        let (steps, convert) = (&mut self.0, self.1);
        Box::pin(async move { steps.send(at).await.map(convert) })
    }

    fn ask<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Word<Resumed>> {
        let (steps, convert) = (&mut self.0, self.1);
        Box::pin(async move { steps.ask(at).await.map(convert) })
    }

    fn can_undo(&self) -> bool {
        self.0.can_undo()
    }

    fn undo<'a>(&'a mut self, at: &'a mut Context) -> BoxFuture<'a, Undone> {
        self.0.undo(at)
    }

    fn repeats(&self) -> bool {
        self.0.repeats()
    }

    fn code_valid(&self, at: &Context) -> Duration {
        self.0.code_valid(at)
    }
}
