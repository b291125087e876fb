//! When a flow sends, asks and cancels: the same for all of them.

use std::{fmt::Debug, mem, time::Duration};

use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{
    Canceller, Ended, Event, NotDone, NotDoneReason, PollSchedule, Progress, Ticket, Unknown, UnknownReason,
    steps::{Context, Steps, Undone, Word},
    ticket::Step,
};
use crate::{Error, exchange::after, metrics};

/// How long a cancel waits at most for what may still come into being.
const LONGEST_SILENCE: Duration = Duration::from_secs(180);

/// The user's callback.
pub(super) type Listener = Box<dyn FnMut(&Progress<'_>) + Send>;

/// How long a flow may take.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) cancel_timeout: Duration,
    pub(super) delivery_limit: Duration,
    pub(super) schedule: PollSchedule,
}

pub(super) async fn run<T: Send>(
    context: Context,
    steps: Box<dyn Steps<T>>,
    limits: Limits,
    is_resumed: bool,
    listener: Option<Listener>,
    canceller: Canceller,
) -> Ended<T> {
    let ticket = &context.ticket;
    let span = tracing::info_span!("alipay.flow", flow = ticket.flow.as_str(), number = ticket.number);
    let engine = Engine {
        silent_from: if is_resumed {
            // Another process may have sent it just now.
            after(limits.delivery_limit)
        } else {
            Instant::now()
        },
        is_resumed,
        asked: Instant::now(),
        may_be_own: is_resumed,
        watch: Watch {
            context,
            listener,
            is_open: is_resumed,
        },
        steps,
        limits,
        canceller,
        error: None,
        is_known: false,
    };
    engine.run().instrument(span).await
}

struct Engine<T> {
    watch: Watch,
    steps: Box<dyn Steps<T>>,
    limits: Limits,
    canceller: Canceller,
    is_resumed: bool,
    /// Whether what the gateway knows under the number may come from a request of this flow's.
    may_be_own: bool,
    /// From when on nothing is on its way to the gateway any more.
    silent_from: Instant,
    /// When the last question or cancel was sent. Its answer says what the gateway knew then, or after: not what it knew when the answer was here.
    asked: Instant,
    /// Whether the gateway has said in this run what it knows of the number.
    is_known: bool,
    /// The last error that says nothing.
    error: Option<Error>,
}

/// The ticket, and who is told of it. Dropped before the end, it says so.
struct Watch {
    context: Context,
    listener: Option<Listener>,
    /// Whether something may have been sent and is not known to have ended.
    is_open: bool,
}

/// What the engine goes on with.
enum Next<T> {
    Ends(Ended<T>),
    /// The time is up, or an order is left open by a refusal.
    Undo(Option<Error>),
}

impl<T: Send> Engine<T> {
    async fn run(mut self) -> Ended<T> {
        let is_other_app = self.watch.context.ticket.app_id != self.watch.context.client.app_id();
        let next = match self.watch.context.ticket.step {
            _ if is_other_app => Next::Ends(self.unknown(UnknownReason::OtherApp)),
            // What an earlier process had begun to cancel is cancelled.
            Some(Step::Cancelling) => Next::Undo(None),
            Some(Step::Sending) | None => self.wait().await,
        };
        let ended = match next {
            Next::Ends(ended) => ended,
            Next::Undo(refusal) => self.undo(refusal).await,
        };
        self.watch.is_open = false;
        self.watch.tell(Event::Ended);
        let ticket = &self.watch.context.ticket;
        let (end, reason): (_, Option<&dyn Debug>) = match &ended {
            Ended::Done(_) => ("done", None),
            Ended::NotDone(not_done) => ("not_done", Some(&not_done.reason)),
            Ended::Unknown(unknown) => ("unknown", Some(&unknown.reason)),
        };
        metrics::flow_ended(ticket.flow.as_str(), end, reason);
        match &ended {
            Ended::Done(_) => tracing::info!(status = ticket.status(), "flow is done"),
            Ended::NotDone(not_done) => tracing::info!(reason = ?not_done.reason, "flow ended: not done"),
            Ended::Unknown(unknown) => tracing::warn!(reason = ?unknown.reason, "flow ended: unknown"),
        }
        ended
    }

    /// Sends the request, and asks what became of it until that is known or the time is up.
    async fn wait(&mut self) -> Next<T> {
        let deadline = after(self.limits.timeout);
        let mut refusal = None;
        if !self.is_resumed {
            let word = self.send().await;
            match self.judged(word) {
                Ok(ended) => return Next::Ends(ended),
                Err(Word::Refused(error)) => refusal = Some(error),
                Err(Word::NotSent(error)) => return Next::Ends(self.not_done(NotDoneReason::NotSent, Some(error))),
                Err(_) => {}
            }
            if let Some(code) = self.watch.context.qr_code.take() {
                self.watch.tell(Event::QrCode(&code));
            }
        }
        let mut question = 0;
        loop {
            // After a refusal only one thing is open: whether an order stands.
            if refusal.is_none() || question > 0 {
                let pause = after(self.limits.schedule.pause(question)).min(deadline);
                let is_over = timeout_at(pause, self.canceller.cancelled()).await.is_ok() || Instant::now() >= deadline;
                // A last question before the time is up, unless somebody wants it to end.
                if is_over && (self.is_cancelled() || (question > 0 && !self.may_settle_now())) {
                    return Next::Undo(refusal);
                }
            }
            question += 1;
            let word = self.ask().await;
            match self.judged(word) {
                Ok(Ended::Done(_)) if refusal.is_some() && !self.may_be_own => {
                    self.error = refusal;
                    return Next::Ends(self.unknown(UnknownReason::Mismatch));
                }
                // Another process may have sent a cancel that was not written down, which would give the money back.
                Ok(Ended::Done(_)) if self.may_be_cancelled_elsewhere() => {}
                Ok(Ended::NotDone(not_done)) if refusal.is_some() => {
                    return Next::Ends(self.not_done(not_done.reason, refusal));
                }
                Ok(ended) => return Next::Ends(ended),
                Err(Word::Unproven(_)) if refusal.is_some() => {
                    self.error = refusal;
                    return Next::Ends(self.unknown(UnknownReason::Mismatch));
                }
                Err(Word::Waiting) if refusal.is_some() && self.steps.can_undo() => return Next::Undo(refusal),
                Err(Word::Waiting) if refusal.is_some() && !self.may_be_own => {
                    self.error = refusal;
                    return Next::Ends(self.unknown(UnknownReason::Mismatch));
                }
                // An earlier request of this flow's is being carried out.
                Err(Word::Waiting) => refusal = None,
                Err(Word::Absent) if refusal.is_some() => {
                    return Next::Ends(self.not_done(NotDoneReason::Refused, refusal));
                }
                Err(word @ (Word::Absent | Word::Unproven(_))) if self.may_send_again(&word) => {
                    let is_there = matches!(word, Word::Unproven(_));
                    let word = self.send().await;
                    match self.judged(word) {
                        Ok(ended) => return Next::Ends(ended),
                        Err(Word::Refused(error)) if is_there && error.is_retryable() => self.error = Some(error),
                        Err(Word::Refused(error)) => refusal = Some(error),
                        Err(Word::NotSent(error)) => self.error = Some(error),
                        Err(_) => {}
                    }
                }
                Err(_) => {}
            }
            if Instant::now() >= deadline && !self.may_settle_now() {
                return Next::Undo(refusal);
            }
        }
    }

    /// Cancels what may still be carried out, until that is confirmed.
    async fn undo(&mut self, refusal: Option<Error>) -> Ended<T> {
        if !self.steps.can_undo() {
            let is_known = self.watch.context.ticket.status.is_some();
            return self.unknown(if is_known {
                UnknownReason::InProgress
            } else {
                UnknownReason::NoAnswer
            });
        }
        let code_valid = self.steps.code_valid(&self.watch.context);
        // Before this moment an order may come into being after it was found absent.
        let silent_from = self.silent_from.max(after(code_valid));
        // Time for a second word, if the first one after it says nothing.
        let waited_for = silent_from.min(after(LONGEST_SILENCE));
        let until = waited_for + self.limits.schedule.longest().min(LONGEST_SILENCE);
        let deadline = after(self.limits.cancel_timeout).max(until);
        // Until when a cancel of unknown outcome may still be carried out.
        let mut cancel_open = (self.watch.context.ticket.step == Some(Step::Cancelling)).then_some(self.silent_from);
        let mut is_refused = false;
        let mut question = 0;
        loop {
            let mut may_be_cancelled = false;
            if !self.is_known || cancel_open.is_some() || is_refused {
                let word = self.ask().await;
                may_be_cancelled = cancel_open.is_some_and(|until| self.asked < until);
                match self.judged(word) {
                    // A cancel that may be under way could still give the money back.
                    Ok(Ended::Done(_)) if may_be_cancelled => {}
                    Err(_) => {}
                    Ok(Ended::Done(_)) if refusal.is_some() && !self.may_be_own => {
                        self.error = refusal;
                        return self.unknown(UnknownReason::Mismatch);
                    }
                    Ok(Ended::NotDone(not_done)) => return self.not_done(not_done.reason, refusal),
                    Ok(ended) => return ended,
                }
                if is_refused && !may_be_cancelled {
                    return self.unknown(UnknownReason::NotCancelled);
                }
            }
            if self.is_known {
                self.watch.context.ticket.step = Some(Step::Cancelling);
                self.watch.tell(Event::Cancelling);
                let question_asked = mem::replace(&mut self.asked, Instant::now());
                match self.steps.undo(&mut self.watch.context).await {
                    Undone::NotDone(reason) if refusal.is_some() && reason == NotDoneReason::Cancelled => {
                        return self.not_done(NotDoneReason::Refused, refusal);
                    }
                    Undone::NotDone(reason) => return self.not_done(reason, refusal),
                    Undone::Absent if self.asked >= silent_from => {
                        let reason = if refusal.is_some() {
                            NotDoneReason::Refused
                        } else {
                            NotDoneReason::Cancelled
                        };
                        return self.not_done(reason, refusal);
                    }
                    Undone::Absent => {}
                    Undone::Refused(error) => {
                        self.error = Some(error);
                        // Paid or closed meanwhile: the gateway knows.
                        is_refused = true;
                        if !may_be_cancelled {
                            continue;
                        }
                    }
                    Undone::Unclear(error) => {
                        cancel_open = Some(after(self.limits.delivery_limit));
                        self.error = error.or(self.error.take());
                    }
                    Undone::Open => self.asked = question_asked,
                }
            }
            // Answers may be slow: what was asked for before that moment settles nothing.
            let may_settle_now = cancel_open.is_some_and(|until| self.asked < until && until <= Instant::now());
            if Instant::now() >= deadline && self.asked >= waited_for && !may_settle_now {
                let is_absent_code = silent_from > Instant::now() && !code_valid.is_zero();
                return self.unknown(if is_absent_code {
                    UnknownReason::CodeValid
                } else {
                    UnknownReason::NoAnswer
                });
            }
            tokio::time::sleep_until(after(self.limits.schedule.pause(question)).min(deadline)).await;
            question += 1;
        }
    }

    async fn send(&mut self) -> Word<T> {
        self.watch.is_open = true;
        self.watch.context.ticket.step = Some(Step::Sending);
        self.watch.tell(Event::Sending);
        let word = self.steps.send(&mut self.watch.context).await;
        if let Word::Unclear(_) = word {
            self.may_be_own = true;
            self.silent_from = after(self.limits.delivery_limit);
        }
        // Refused as already done, it is an order of the same number and amount.
        self.may_be_own |= matches!(word, Word::Waiting);
        word
    }

    async fn ask(&mut self) -> Word<T> {
        self.watch.tell(Event::Asking);
        self.asked = Instant::now();
        let word = self.steps.ask(&mut self.watch.context).await;
        self.is_known |= !matches!(word, Word::Unclear(_) | Word::Refused(_) | Word::NotSent(_));
        word
    }

    /// The end, if this word is one.
    fn judged(&mut self, word: Word<T>) -> Result<Ended<T>, Word<T>> {
        match word {
            Word::Done(done) => Ok(Ended::Done(done)),
            Word::NotDone(reason) => Ok(self.not_done(reason, None)),
            Word::Partly => Ok(self.unknown(UnknownReason::Partly)),
            Word::Mismatch => Ok(self.unknown(UnknownReason::Mismatch)),
            Word::Unclear(error) => {
                tracing::debug!(%error, "the answer says nothing of the flow");
                self.error = Some(error.clone());
                Err(Word::Unclear(error))
            }
            word => Err(word),
        }
    }

    /// Whether the same request may be sent again: nothing was on its way any more when the gateway was asked, or what it asks for is there and it only
    /// proves that.
    fn may_send_again(&self, word: &Word<T>) -> bool {
        let is_there = matches!(word, Word::Unproven(_));
        self.steps.repeats() && (is_there || self.asked >= self.silent_from)
    }

    /// Whether one more question would settle what the last one could not: its answer was slow, and nothing is on its way any more since.
    fn may_settle_now(&self) -> bool {
        self.steps.repeats() && self.asked < self.silent_from && self.silent_from <= Instant::now()
    }

    /// Whether a process that is gone may have sent a cancel of which the ticket knows nothing, and which may still have been on its way when the
    /// gateway was asked.
    fn may_be_cancelled_elsewhere(&self) -> bool {
        self.is_resumed
            && self.steps.can_undo()
            && self.watch.context.ticket.step.is_none()
            && self.asked < self.silent_from
    }

    fn is_cancelled(&self) -> bool {
        self.canceller.is_cancelled()
    }

    fn not_done(&self, reason: NotDoneReason, error: Option<Error>) -> Ended<T> {
        Ended::NotDone(NotDone {
            reason,
            ticket: self.ticket(),
            error,
        })
    }

    fn unknown(&self, reason: UnknownReason) -> Ended<T> {
        Ended::Unknown(Unknown {
            reason,
            ticket: self.ticket(),
            error: self.error.clone(),
        })
    }

    fn ticket(&self) -> Ticket {
        self.watch.context.ticket.clone()
    }
}

impl Watch {
    fn tell(&mut self, event: Event<'_>) {
        tracing::debug!(?event, status = self.context.ticket.status(), "flow goes on");
        if let Some(listener) = &mut self.listener {
            listener(&Progress {
                ticket: &self.context.ticket,
                event,
            });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.is_open {
            let ticket = &self.context.ticket;
            tracing::warn!(
                flow = ticket.flow.as_str(),
                number = ticket.number,
                "a flow was dropped before it ended: what it asked for may still be carried out; resume it by its ticket"
            );
            metrics::flow_ended(ticket.flow.as_str(), "dropped", None);
            self.tell(Event::Dropped);
        }
    }
}
