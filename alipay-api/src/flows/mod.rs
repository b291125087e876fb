//! Payments, refunds, splits, transfers and pre-authorisations from the first request to a known end.
//!
//! A single [call](crate::Call) can end without saying whether the money moved. A flow goes on from there: it sends the request once, asks what
//! became of it as long as you allow, cancels an order that is still unpaid when the time is up, and [ends](Ended) as *done*, *not done* or
//! *unknown*. Nothing is sent twice that may be done twice, and what ends as done has the number and the amount that you asked for.
//!
//! ```no_run
//! # #[cfg(feature = "trade")]
//! # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use alipay_api::{flows::{self, Ended}, trade::{Pay, PayRequired}};
//!
//! let required = PayRequired { out_trade_no: "20161116".into(), total_amount: "20.00".parse()?, subject: "测试订单".into() };
//! match flows::scan_pay(&client, Pay::with_auth_code("28763443825664394", required)).await {
//!     Ended::Done(paid) => println!("paid as {}", paid.trade_no),
//!     Ended::NotDone(not_done) => println!("not paid: {not_done}"),
//!     Ended::Unknown(unknown) => println!("take it up later by its ticket: {unknown}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Going on in another process
//! A [`Ticket`] has all that is needed to take a flow up again. Store it before you await the flow, and again on each
//! [progress](Flow::on_progress); after a crash, give the last one to [`resume`], which goes by the gateway's word alone.
//!
//! # Where a flow is dropped
//! A future that is dropped, as by `select!` or with its task, can't do anything any more. If its request may have been sent by then, a
//! `tracing` warning names the order, and the progress callback gets [`Event::Dropped`] with the ticket. To stop waiting, use a
//! [`Canceller`] instead.
//!
//! | dropped | what is left |
//! |---|---|
//! | before it is first polled | nothing was sent |
//! | while the request is sent, or while it waits | a payment may be made, and an open order can be paid until it expires: resume it |
//! | while it cancels | the order may be open, closed or refunded: resume it, and it will be cancelled |
//! | after it has ended | what its end says |
//!
//! A resumed payment is awaited and cancelled like the first one. A resumed refund, split, transfer or release that the gateway does not know
//! is sent again, unchanged and with the same number, which Alipay carries out once.
//!
//! # Many orders
//! [`reconcile`] asks what became of each of a stream of tickets, and tells those that differ from what your database says. It changes nothing.

mod canceller;
mod ended;
mod engine;
mod flow;
#[cfg(feature = "trade")]
mod payment;
#[cfg(feature = "fund")]
mod preauth;
mod progress;
mod reconcile;
#[cfg(feature = "trade")]
mod refund;
mod resume;
mod schedule;
#[cfg(feature = "trade")]
mod settle;
mod steps;
#[cfg(test)]
mod tests;
mod ticket;
#[cfg(feature = "fund")]
mod transfer;

pub use self::{
    canceller::Canceller,
    ended::{Ended, NotDone, NotDoneReason, Unknown, UnknownReason},
    flow::{Flow, FlowFuture},
    progress::{Event, Progress},
    reconcile::{Belief, Believed, Difference, Found, Rate, Reconcile, reconcile},
    resume::{Resumed, resume},
    schedule::PollSchedule,
    ticket::{FlowKind, Ticket, TicketError},
};
#[cfg(feature = "trade")]
pub use self::{
    payment::{Paid, agreement_pay, preauth_pay, qr_pay, scan_pay},
    refund::{Refunded, refund},
    settle::{Settled, settle},
};
#[cfg(feature = "fund")]
pub use self::{
    preauth::{Frozen, Unfrozen, freeze, unfreeze},
    transfer::{Transferred, transfer, transfer_to_account},
};
