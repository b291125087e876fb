use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use super::{
    Canceller, Ended, FlowKind, PollSchedule, Progress, Ticket,
    engine::{self, Limits, Listener},
    steps::{Context, Steps},
};
use crate::{
    Client,
    clock::{Clock, SystemClock},
    transport::BoxFuture,
    types::DateTime,
};
#[cfg(feature = "blocking")]
use crate::{Error, blocking::block_on};

/// A flow that begins when it is awaited, and gives an [`Ended`] of `T`.
#[must_use = "a flow begins when it is awaited"]
pub struct Flow<T> {
    pub(super) context: Context,
    pub(super) steps: Box<dyn Steps<T>>,
    pub(super) limits: Limits,
    pub(super) is_resumed: bool,
    /// Whether a QR code ends with the flow.
    pub(super) code_ends_with_it: bool,
    clock: Box<dyn Clock>,
    listener: Option<Listener>,
    canceller: Canceller,
}

impl<T: Send + 'static> Flow<T> {
    pub(super) fn new(client: &Client, ticket: Ticket, steps: impl Steps<T> + 'static) -> Self {
        let mut flow = Self::resumed(client, ticket, steps);
        flow.is_resumed = false;
        flow.date();
        flow
    }

    /// One that another process has begun: its ticket says when.
    pub(super) fn resumed(client: &Client, ticket: Ticket, steps: impl Steps<T> + 'static) -> Self {
        let limits = Limits::of(ticket.flow);
        Self {
            context: Context {
                client: client.clone(),
                ticket,
                notify_url: None,
                #[cfg(feature = "trade")]
                until_deposited: false,
                qr_code: None,
            },
            steps: Box::new(steps),
            limits,
            is_resumed: true,
            code_ends_with_it: false,
            clock: Box::new(SystemClock),
            listener: None,
            canceller: Canceller::new(),
        }
    }

    /// How long to wait for the result. When it is over, an order that can still be paid is cancelled; a refund or transfer ends as unknown.
    ///
    /// The defaults: 60 seconds for [`scan_pay`](super::scan_pay), [`preauth_pay`](super::preauth_pay) and [`freeze`](super::freeze), 2 minutes for [`qr_pay`](super::qr_pay), 10 minutes for
    /// [`agreement_pay`](super::agreement_pay), 5 minutes for the others.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self.set_code_time();
        self
    }

    /// How long to try to cancel an order; 60 seconds by default. The flow takes longer where a request may still be
    /// [on its way](Self::delivery_limit) or a code can still be scanned, up to 3 minutes.
    pub fn cancel_timeout(mut self, timeout: Duration) -> Self {
        self.limits.cancel_timeout = timeout;
        self
    }

    /// How long a request may be on its way to the gateway after its call has ended without an answer; 60 seconds by default. Only after
    /// this time does a number that the gateway does not know mean that the request is lost.
    pub fn delivery_limit(mut self, limit: Duration) -> Self {
        self.limits.delivery_limit = limit;
        self
    }

    /// When to ask. By default every 3 seconds, and for refunds and transfers after 3, 5, 10 and then every 10 seconds.
    pub fn schedule(mut self, schedule: PollSchedule) -> Self {
        self.limits.schedule = schedule;
        self
    }

    /// A clock of your own for the time in the [ticket](Ticket::begun). The flow waits by tokio's time, whatever this clock says.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self.date();
        self
    }

    /// Is called before each step and at the end: store the ticket there. It must not block: hand the ticket to a task of yours, such as by a channel,
    /// where the database is asynchronous. The ticket from before the first send is enough to [resume](super::resume) a payment,
    /// a refund or a transfer; a later one saves questions.
    pub fn on_progress(mut self, listener: impl FnMut(&Progress<'_>) + Send + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Where Alipay sends the notification of what becomes of a payment: an absolute URL that is reached from the internet.
    pub fn notify_url(mut self, url: impl Into<String>) -> Self {
        self.context.notify_url = Some(url.into());
        self
    }

    /// The flow's ticket. Store it before you await the flow.
    pub fn ticket(&self) -> &Ticket {
        &self.context.ticket
    }

    /// Ends the flow from elsewhere.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Writes down when a code ends that ends with the flow: in whole minutes, as the gateway takes it.
    pub(super) fn set_code_time(&mut self) {
        if self.code_ends_with_it {
            let minutes = self.limits.timeout.as_secs().div_ceil(60).max(1);
            self.context.ticket.code_minutes = Some(u32::try_from(minutes).unwrap_or(u32::MAX));
        }
    }

    fn date(&mut self) {
        if self.is_resumed {
            return;
        }
        let since = self.clock.now().duration_since(std::time::UNIX_EPOCH);
        let seconds = since.ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        self.context.ticket.begun = seconds.and_then(DateTime::from_unix_seconds);
    }
}

#[cfg(feature = "blocking")]
impl<T: Send + 'static> Flow<T> {
    /// Runs the flow and waits for its end, in a program without a runtime: see [`blocking`](crate::blocking). To end it earlier, use its
    /// [canceller](Self::canceller) in another thread.
    ///
    /// Needs the feature `blocking`.
    ///
    /// # Errors
    /// The flow has not begun: this is a tokio runtime, or the runtime of blocking calls can't be started. The kind is
    /// [`Configuration`](crate::ErrorKind::Configuration), and nothing is sent. That says nothing of what became of a flow that was
    /// [resumed](super::resume). How a flow ended that has begun is no error here, but in its [`Ended`].
    pub fn send_blocking(self) -> Result<Ended<T>, Error> {
        block_on(self.into_future().0)
    }
}

impl<T: Send + 'static> IntoFuture for Flow<T> {
    type Output = Ended<T>;
    type IntoFuture = FlowFuture<T>;

    fn into_future(self) -> FlowFuture<T> {
        FlowFuture(Box::pin(engine::run(
            self.context,
            self.steps,
            self.limits,
            self.is_resumed,
            self.listener,
            self.canceller,
        )))
    }
}

impl<T> fmt::Debug for Flow<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Flow")
            .field("ticket", &self.context.ticket)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A flow under way.
#[must_use = "futures do nothing unless they are polled"]
pub struct FlowFuture<T>(BoxFuture<'static, Ended<T>>);

impl<T> Future for FlowFuture<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Ended<T>> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for FlowFuture<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FlowFuture").finish_non_exhaustive()
    }
}

impl Limits {
    /// The defaults.
    fn of(flow: FlowKind) -> Self {
        let seconds = Duration::from_secs;
        let (timeout, pauses): (_, &[u64]) = match flow {
            #[cfg(feature = "trade")]
            FlowKind::ScanPay | FlowKind::PreauthPay => (60, &[3]),
            #[cfg(feature = "trade")]
            FlowKind::QrPay => (120, &[3]),
            #[cfg(feature = "trade")]
            FlowKind::AgreementPay => (600, &[3]),
            #[cfg(feature = "trade")]
            FlowKind::Refund | FlowKind::Settle => (300, &[3, 5, 10]),
            #[cfg(feature = "fund")]
            FlowKind::Transfer | FlowKind::TransferToAccount | FlowKind::Unfreeze => (300, &[3, 5, 10]),
            #[cfg(feature = "fund")]
            FlowKind::Freeze => (60, &[3]),
        };
        Self {
            timeout: seconds(timeout),
            cancel_timeout: seconds(60),
            delivery_limit: seconds(60),
            schedule: PollSchedule::steps(pauses.iter().copied().map(seconds)),
        }
    }
}
