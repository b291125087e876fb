//! The state of one certificate's fetch, for its waiters and for later callers.
//!
//! The certificate itself is in the keyring: the result of a fetch only says whether to look there.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::Error;

/// How often a fetch reports that it is still running.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// After this time without a report, another caller takes over: the runtime of the fetch may have stopped.
const STANDSTILL: Duration = Duration::from_secs(3);
/// How soon a certificate may be fetched again after a failure that may have passed.
pub(crate) const RESPITE: Duration = Duration::from_secs(2);

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The certificate with this serial.
    Serial(String),
    /// The certificate that Alipay signs with now.
    Present,
}

/// What a fetch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// An answer of the gateway.
    Answer,
    /// A notification, which anyone may have sent.
    Notification,
}

impl Cause {
    /// How many fetches may start for this cause in a minute. Each cause has a limit of its own, so that forged notifications can't use up
    /// the limit of answers.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Answer => 20,
            Self::Notification => 5,
        }
    }

    /// Whether the failure of a fetch for the other cause also counts for this one. A failure for a notification does not count for an
    /// answer: outsiders choose the time of a notification, such as before Alipay publishes the certificate.
    fn takes_failures_of(self, other: Self) -> bool {
        self == other || other == Self::Answer
    }
}

/// Why there is no certificate.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// `true` if the gateway could not be asked; `false` if it has no trustworthy certificate.
    pub(crate) may_pass: bool,
}

/// The progress of a fetch.
#[derive(Clone)]
struct Progress {
    /// The time of the last report, or of the end.
    at: Instant,
    result: Option<Result<(), Failure>>,
}

/// A fetch that was started.
pub(super) struct Fetch {
    pub(super) wanted: Wanted,
    pub(super) cause: Cause,
    pub(super) began: Instant,
    progress: watch::Receiver<Progress>,
}

/// Waits for a fetch.
pub(crate) struct Waiter {
    cause: Cause,
    progress: watch::Receiver<Progress>,
}

/// How waiting for a fetch ended.
pub(crate) enum End {
    /// The certificate is in the keyring.
    Fetched,
    /// There is no certificate now.
    Failed(Error),
    /// Another fetch may succeed, after this time.
    Again(Instant, Failure),
    /// The fetch has stopped without a result.
    Abandoned,
    /// The fetch is still in flight at the deadline.
    Late,
}

/// The task of fetching one certificate. If it is dropped, the next caller starts another.
pub(crate) struct FetchTask {
    wanted: Wanted,
    progress: watch::Sender<Progress>,
}

impl Fetch {
    pub(super) fn begin(wanted: Wanted, cause: Cause, now: Instant) -> (Self, FetchTask) {
        let (sender, progress) = watch::channel(Progress { at: now, result: None });
        let fetch = Self {
            wanted: wanted.clone(),
            cause,
            began: now,
            progress,
        };
        let fetch_task = FetchTask {
            wanted,
            progress: sender,
        };
        (fetch, fetch_task)
    }

    /// Whether its result, now or later, counts for this cause. If not, another fetch is needed.
    pub(super) fn serves(&self, cause: Cause, now: Instant) -> bool {
        let progress = self.progress.borrow();
        match &progress.result {
            None => self.is_in_flight(now),
            Some(Ok(())) => true,
            Some(Err(failure)) => {
                cause.takes_failures_of(self.cause) && !(failure.may_pass && now >= progress.at + RESPITE)
            }
        }
    }

    /// Whether the fetch is still running.
    pub(super) fn is_in_flight(&self, now: Instant) -> bool {
        let progress = self.progress.borrow();
        progress.result.is_none() && self.progress.has_changed().is_ok() && now < progress.at + STANDSTILL
    }

    pub(super) fn has_succeeded(&self) -> bool {
        matches!(self.progress.borrow().result, Some(Ok(())))
    }

    pub(super) fn waiter(&self) -> Waiter {
        Waiter {
            cause: self.cause,
            progress: self.progress.clone(),
        }
    }
}

impl Waiter {
    /// Waits for the end of the fetch until the deadline, for this cause.
    pub(crate) async fn wait(mut self, cause: Cause, deadline: Instant) -> End {
        loop {
            let progress = self.progress.borrow_and_update().clone();
            match progress.result {
                Some(Ok(())) => return End::Fetched,
                Some(Err(failure)) if failure.may_pass => return End::Again(progress.at + RESPITE, failure),
                Some(Err(failure)) if !cause.takes_failures_of(self.cause) => return End::Again(progress.at, failure),
                Some(Err(failure)) => return End::Failed(failure.error),
                None => {}
            }
            let standstill = progress.at + STANDSTILL;
            match timeout_at(deadline.min(standstill), self.progress.changed()).await {
                Ok(Ok(())) => {}
                Err(_) if deadline < standstill => return End::Late,
                Ok(Err(_)) | Err(_) => return End::Abandoned,
            }
        }
    }
}

impl FetchTask {
    /// What to fetch.
    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Reports to all waiters that the fetch is still running.
    pub(crate) fn show_life(&self) {
        self.progress.send_modify(|progress| progress.at = Instant::now());
    }

    /// Reports the result to all waiters. Put the certificate into the keyring before.
    pub(crate) fn settle(self, result: Result<(), Failure>) {
        if let Err(Failure { error, .. }) = &result {
            tracing::warn!(wanted = ?self.wanted, %error, "an Alipay certificate can't be fetched");
        }
        self.progress.send_replace(Progress {
            at: Instant::now(),
            result: Some(result),
        });
    }
}
