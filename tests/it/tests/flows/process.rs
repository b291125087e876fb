//! A process of the shop's that lives through a flow, or is gone in the middle of it.

use std::{
    future::pending,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use alipay_api::{
    flows::{Canceller, Flow, PollSchedule, Progress, Ticket},
    transport::{BoxFuture, Request, Response, Transport, TransportError},
};
use tokio::sync::watch;

use crate::{
    chance::Chance,
    end::{End, Fact},
    time::{JumpingClock, Reach, Time},
};

/// A flow in a process.
pub(crate) struct Begun {
    /// As it was before the flow was awaited.
    pub(crate) ticket: Ticket,
    pub(crate) canceller: Canceller,
    pub(crate) future: BoxFuture<'static, End>,
}

/// What becomes of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It lives until the flow has ended.
    Lives,
    /// It is gone after so many polls of the flow.
    GoneAfterPolls(u32),
    /// It is gone in so many calls of the progress callback, before or after it has stored the ticket.
    GoneInProgress { calls: u32, has_stored: bool },
    /// It drops the flow after so many polls, and lives on.
    Drops(u32),
}

impl Fate {
    pub(crate) fn any(chance: &Chance) -> Self {
        let count = |most| u32::try_from(chance.below(most)).expect("few");
        match chance.below(10) {
            0..4 => Self::Lives,
            4..7 => Self::GoneAfterPolls(count(16)),
            7..9 => Self::GoneInProgress {
                calls: 1 + count(5),
                has_stored: chance.is(50),
            },
            _ => Self::Drops(count(16)),
        }
    }

    fn polls(self) -> Option<u32> {
        match self {
            Self::GoneAfterPolls(polls) | Self::Drops(polls) => Some(polls),
            Self::Lives | Self::GoneInProgress { .. } => None,
        }
    }
}

/// How a flow is set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) cancel_timeout: Duration,
    pub(crate) delivery_limit: Duration,
    pub(crate) schedule: PollSchedule,
}

impl Settings {
    /// Whatever a shop may choose. Requests are on their way for 30 seconds at most.
    pub(crate) fn any(chance: &Chance) -> Self {
        Self {
            timeout: chance.one(&[chance.millis(0, 3_000), chance.seconds(3, 60), chance.seconds(60, 200)]),
            cancel_timeout: chance.seconds(1, 90),
            delivery_limit: chance.seconds(31, 90),
            schedule: match chance.below(3) {
                0 => PollSchedule::every(chance.seconds(3, 20)),
                1 => PollSchedule::every(chance.millis(500, 10_000)),
                _ => PollSchedule::steps([chance.millis(100, 3_000), chance.seconds(1, 10), chance.seconds(5, 30)]),
            },
        }
    }

    /// For requests that really take time, and are on their way for two seconds at most.
    pub(crate) fn quick(chance: &Chance) -> Self {
        Self {
            timeout: chance.millis(0, 3_000),
            cancel_timeout: chance.millis(100, 3_000),
            delivery_limit: Duration::from_secs(6),
            schedule: PollSchedule::every(chance.millis(50, 500)),
        }
    }

    /// Long enough for everything to end: a bank takes two hours for a transfer.
    pub(crate) fn patient() -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            timeout: 3 * HOUR,
            cancel_timeout: HOUR,
            delivery_limit: Duration::from_secs(31),
            schedule: PollSchedule::steps([1, 5, 30, 1_000].map(Duration::from_secs)),
        }
    }
}

/// A process, as far as a flow in it is concerned.
pub(crate) struct Process {
    pub(crate) fate: Fate,
    pub(crate) settings: Settings,
    /// The clock of its machine.
    pub(crate) clock: Option<(Time, Chance)>,
    /// Whether it can still do anything.
    pub(crate) is_alive: Arc<AtomicBool>,
    /// The shop's table of tickets, which outlives it.
    pub(crate) stored: Arc<Mutex<Option<Ticket>>>,
    /// Whether the buyer sees the code.
    pub(crate) shown: watch::Sender<bool>,
}

impl Process {
    /// Sets a flow up in this process.
    pub(crate) fn begin<T: Into<Fact> + Send + 'static>(&self, flow: Flow<T>) -> Begun {
        let settings = &self.settings;
        let mut flow = flow
            .timeout(settings.timeout)
            .cancel_timeout(settings.cancel_timeout)
            .delivery_limit(settings.delivery_limit)
            .schedule(settings.schedule.clone())
            .on_progress(self.listener());
        if let Some((time, chance)) = &self.clock {
            flow = flow.clock(JumpingClock::new(*time, chance, Reach::Days));
        }
        Begun {
            ticket: flow.ticket().clone(),
            canceller: flow.canceller(),
            future: Box::pin(async move { End::of(flow.await) }),
        }
    }

    fn listener(&self) -> impl FnMut(&Progress<'_>) + Send + use<> {
        let (is_alive, stored, shown) = (Arc::clone(&self.is_alive), Arc::clone(&self.stored), self.shown.clone());
        let fate = self.fate;
        let mut count = 0;
        move |progress| {
            if !is_alive.load(Ordering::SeqCst) {
                return;
            }
            count += 1;
            let is_last = matches!(fate, Fate::GoneInProgress { calls, .. } if calls == count);
            if is_last {
                is_alive.store(false, Ordering::SeqCst);
            }
            if !is_last || matches!(fate, Fate::GoneInProgress { has_stored: true, .. }) {
                *stored.lock().unwrap() = Some(progress.ticket().clone());
            }
            if progress.qr_code().is_some() && !is_last {
                shown.send_replace(true);
            }
        }
    }

    /// Awaits the flow for as long as the process lives; `None` if it is gone before.
    pub(crate) async fn run(&self, begun: Begun) -> Option<End> {
        self.stored.lock().unwrap().replace(begun.ticket);
        let mortal = Mortal {
            flow: Some(begun.future),
            polls_left: self.fate.polls(),
            is_gone_after: !matches!(self.fate, Fate::Drops(_)),
            is_alive: Arc::clone(&self.is_alive),
        };
        mortal.await
    }
}

/// A transport of a process: when that is gone, nothing is sent any more.
#[derive(Debug)]
pub(crate) struct Line<T> {
    pub(crate) transport: T,
    pub(crate) is_alive: Arc<AtomicBool>,
}

impl<T: Transport> Transport for Line<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            if !self.is_alive.load(Ordering::SeqCst) {
                pending::<()>().await;
            }
            self.transport.send(request).await
        })
    }
}

/// A flow that is polled so often at most.
struct Mortal {
    flow: Option<BoxFuture<'static, End>>,
    polls_left: Option<u32>,
    is_gone_after: bool,
    is_alive: Arc<AtomicBool>,
}

impl Future for Mortal {
    type Output = Option<End>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<End>> {
        let this = &mut *self;
        match &mut this.polls_left {
            Some(0) => {
                // A process that is gone is not told that its flow is dropped.
                if this.is_gone_after {
                    this.is_alive.store(false, Ordering::SeqCst);
                }
                this.flow = None;
                return Poll::Ready(None);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let Some(flow) = &mut this.flow else {
            return Poll::Ready(None);
        };
        let polled = flow.as_mut().poll(context);
        if !this.is_alive.load(Ordering::SeqCst) {
            this.flow = None;
            return Poll::Ready(None);
        }
        polled.map(Some)
    }
}
