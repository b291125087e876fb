//! What became of many orders, against what is believed of them.

use std::{
    fmt,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use tokio::time::{Interval, MissedTickBehavior};

use super::{Flow, FlowKind, NotDoneReason, Resumed, Ticket, resume, steps::Word};
use crate::{Client, Error, ErrorKind, transport::BoxFuture};

/// Asks the gateway what became of each order, and tells those that differ from what you believe, and those of which that could not be found out.
///
/// Each ticket is asked for once, by the same query as its flow uses: of payments, refunds, transfers and all others. Nothing is sent that
/// changes anything: no order is paid, sent again or cancelled. What agrees is not told. Give a ticket that differs to [`resume`] where its
/// flow shall go on.
///
/// No more questions are begun than `rate` says, and rows are taken from the stream only as fast as they are asked for, so it may be of any
/// length: rows of a database, each with the text of its ticket. Where you have none, make it from the order, by
/// `Ticket::of_payment`, or by `Ticket::of_refund`. Differences come as they are found, in no order. A question that fails is repeated as the
/// client's other queries are, which comes on top of the rate.
///
/// ```no_run
/// # #[cfg(feature = "trade")]
/// # async fn example(client: alipay_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use alipay_api::flows::{self, Belief, Believed, Rate, Ticket};
/// use futures_util::{StreamExt as _, stream};
///
/// let paid = Ticket::of_payment(client.app_id(), "20161116", "20.00".parse()?);
/// let open = r#"{"flow":"qr_pay","app_id":"2021","number":"20161117","amount":"100.00","code_minutes":2}"#.parse()?;
/// let orders = stream::iter([
///     Believed { ticket: paid, belief: Belief::Done },
///     Believed { ticket: open, belief: Belief::Open },
/// ]);
/// let mut differences = flows::reconcile(&client, orders, Rate::per_second(20));
/// while let Some(difference) = differences.next().await {
///     println!("{difference}");
/// }
/// # Ok(())
/// # }
/// ```
pub fn reconcile<S>(client: &Client, orders: S, rate: Rate) -> Reconcile<S>
where
    S: Stream<Item = Believed>,
{
    Reconcile {
        client: client.clone(),
        orders: Some(Box::pin(orders)),
        next: None,
        rate,
        pace: None,
        questions: Vec::new(),
    }
}

/// An order, and what you believe became of it.
#[derive(Clone, Debug)]
pub struct Believed {
    /// Which order, refund, transfer or the like.
    pub ticket: Ticket,
    /// What you believe.
    pub belief: Belief,
}

/// What somebody believes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Belief {
    /// It is done: paid, refunded, transferred.
    Done,
    /// It is not done and will not be.
    NotDone,
    /// It is neither, yet.
    Open,
}

/// How fast to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    per_second: u32,
    at_once: usize,
}

impl Rate {
    /// So many questions a second, at least one, spread evenly; at most 16 of them wait for their answers at once.
    pub fn per_second(questions: u32) -> Self {
        Self {
            per_second: questions.max(1),
            at_once: 16,
        }
    }

    /// How many questions may wait for their answers at once, at least one.
    #[must_use]
    pub fn at_once(mut self, questions: usize) -> Self {
        self.at_once = questions.max(1);
        self
    }

    fn pace(self) -> Interval {
        // Rounded up: the rate is never exceeded.
        let pause = Duration::from_nanos(1_000_000_000_u64.div_ceil(u64::from(self.per_second)));
        let mut pace = tokio::time::interval(pause);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pace
    }
}

/// An order of which something else is true than is believed, or of which it could not be found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The order's ticket, with the status and number that the gateway told: store it in place of the old one.
    pub ticket: Ticket,
    /// What was believed.
    pub belief: Belief,
    /// What the gateway says.
    pub found: Found,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (flow, number) = (self.ticket.flow(), self.ticket.number());
        if let Found::Unknown(error) = &self.found {
            return write!(
                formatter,
                "what became of the {flow} {number} could not be found out: {error}"
            );
        }
        let belief = match self.belief {
            Belief::Done => "done",
            Belief::NotDone => "not done",
            Belief::Open => "open",
        };
        write!(formatter, "the {flow} {number} is believed to be {belief}, and ")?;
        match &self.found {
            Found::Done(_) => formatter.write_str("is done"),
            Found::NotDone(reason) => formatter.write_str(reason.words()),
            Found::Open => formatter.write_str("is open"),
            Found::Absent => formatter.write_str("is not known to the gateway"),
            Found::Partly => formatter.write_str("was carried out in part"),
            Found::Mismatch => formatter.write_str("is known to the gateway as something else"),
            Found::Unknown(_) => Ok(()),
        }
    }
}

/// What the gateway says became of an order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Found {
    /// It is done, with the number and amount of the ticket. Of a transfer to an account (`transfer_to_account`) the query tells no amount.
    Done(Resumed),
    /// It is not done and will not be, or was undone: an order that was refunded in full is closed, too.
    NotDone(NotDoneReason),
    /// It is neither: an order that can still be paid, a transfer that is worked on.
    Open,
    /// The gateway does not know the number. That agrees with [`Belief::NotDone`], except for a split: for an unknown one Alipay documents no
    /// answer.
    ///
    /// A request that was sent just now may still arrive, and a QR code that nobody has scanned is no order yet.
    Absent,
    /// A part was carried out, and a part was not.
    Partly,
    /// The number belongs to something else, such as an order of another amount.
    Mismatch,
    /// It could not be found out: the gateway gave no clear answer, or the ticket is of another app than the client's.
    Unknown(Error),
}

impl Found {
    fn agrees(&self, belief: Belief, flow: FlowKind) -> bool {
        match (self, belief) {
            (Self::Done(_), Belief::Done) | (Self::NotDone(_), Belief::NotDone) | (Self::Open, Belief::Open) => true,
            (Self::Absent, Belief::NotDone) => flow.absence_is_proven(),
            _ => false,
        }
    }
}

/// The stream of [`Difference`]s that [`reconcile`] gives. Dropped, it stops asking.
#[must_use = "streams do nothing unless they are polled"]
pub struct Reconcile<S> {
    client: Client,
    /// `None` once it has ended.
    orders: Option<Pin<Box<S>>>,
    /// The order that is asked for when its time has come.
    next: Option<Believed>,
    rate: Rate,
    /// Begun with the first question.
    pace: Option<Interval>,
    questions: Vec<BoxFuture<'static, Option<Difference>>>,
}

impl<S: Stream<Item = Believed>> Reconcile<S> {
    /// Begins the next question, when its time has come. Without one, there is no order left.
    fn poll_begin(&mut self, context: &mut TaskContext<'_>) -> Poll<Option<()>> {
        if self.next.is_none() {
            let Some(orders) = &mut self.orders else {
                return Poll::Ready(None);
            };
            self.next = ready!(orders.as_mut().poll_next(context));
            if self.next.is_none() {
                self.orders = None;
                return Poll::Ready(None);
            }
        }
        let pace = self.pace.get_or_insert_with(|| self.rate.pace());
        ready!(pace.poll_tick(context));
        if let Some(believed) = self.next.take() {
            self.questions.push(Box::pin(ask(self.client.clone(), believed)));
        }
        Poll::Ready(Some(()))
    }

    /// A difference that is found.
    fn poll_questions(&mut self, context: &mut TaskContext<'_>) -> Poll<Difference> {
        let mut index = 0;
        while let Some(question) = self.questions.get_mut(index) {
            match question.as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(difference) => {
                    drop(self.questions.swap_remove(index));
                    if let Some(difference) = difference {
                        return Poll::Ready(difference);
                    }
                }
            }
        }
        Poll::Pending
    }
}

impl<S: Stream<Item = Believed>> Stream for Reconcile<S> {
    type Item = Difference;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Difference>> {
        loop {
            if let Poll::Ready(difference) = self.poll_questions(context) {
                return Poll::Ready(Some(difference));
            }
            if self.questions.len() >= self.rate.at_once {
                return Poll::Pending;
            }
            match ready!(self.poll_begin(context)) {
                Some(()) => {}
                None if self.questions.is_empty() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }
}

impl<S> fmt::Debug for Reconcile<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reconcile")
            .field("rate", &self.rate)
            .field("questions", &self.questions.len())
            .finish_non_exhaustive()
    }
}

/// Asks for one order, as its flow would.
async fn ask(client: Client, believed: Believed) -> Option<Difference> {
    let Believed { ticket, belief } = believed;
    let is_other_app = ticket.app_id != client.app_id();
    let Flow {
        mut context, mut steps, ..
    } = resume(&client, ticket);
    let found = if is_other_app {
        let message = "the ticket is of another app than the client";
        Found::Unknown(Error::new(ErrorKind::Mismatch, message))
    } else {
        match steps.ask(&mut context).await {
            Word::Done(done) | Word::Unproven(done) => Found::Done(done),
            Word::NotDone(reason) => Found::NotDone(reason),
            Word::Waiting => Found::Open,
            Word::Absent => Found::Absent,
            Word::Partly => Found::Partly,
            Word::Mismatch => Found::Mismatch,
            Word::Unclear(error) | Word::Refused(error) | Word::NotSent(error) => Found::Unknown(error),
        }
    };
    let differs = !found.agrees(belief, context.ticket.flow);
    differs.then_some(Difference {
        ticket: context.ticket,
        belief,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_proven_agrees() {
        let closed = || Found::NotDone(NotDoneReason::Closed);
        for flow in FlowKind::ALL.iter().map(|(kind, ..)| *kind) {
            for (found, agreeing) in [
                (closed(), Some(Belief::NotDone)),
                (Found::Open, Some(Belief::Open)),
                (
                    Found::Absent,
                    Some(Belief::NotDone).filter(|_| flow.absence_is_proven()),
                ),
                (Found::Partly, None),
                (Found::Mismatch, None),
                (Found::Unknown(Error::new(ErrorKind::Timeout, "")), None),
            ] {
                for belief in [Belief::Done, Belief::NotDone, Belief::Open] {
                    assert_eq!(
                        found.agrees(belief, flow),
                        Some(belief) == agreeing,
                        "{flow:?} {found:?} {belief:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_rate_is_never_exceeded() {
        for (questions, nanos) in [(0, 1_000_000_000), (1, 1_000_000_000), (3, 333_333_334), (u32::MAX, 1)] {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let pace = runtime.block_on(async { Rate::per_second(questions).pace() });
            assert_eq!(pace.period(), Duration::from_nanos(nanos));
        }
        assert_eq!(Rate::per_second(1).at_once(0).at_once, 1);
    }
}
