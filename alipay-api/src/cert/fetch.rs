//! A fetch of one certificate, as those who wait for it and those who come later see it.
//!
//! What it brings is found in the keyring: a fetch's end only says whether to look there.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::Error;

/// How often whoever fetches shows that they are still at it.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// After so long a silence somebody else fetches: the runtime that it was begun on may not be driven any more.
const STANDSTILL: Duration = Duration::from_secs(3);
/// So soon a certificate may be asked for again after a failure that may have passed.
pub(crate) const RESPITE: Duration = Duration::from_secs(2);

/// What is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The certificate with this serial.
    Serial(String),
    /// The one that Alipay signs with at present, whichever it is.
    Present,
}

/// What a fetch is begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// An answer of the gateway's.
    Answer,
    /// What anyone may have sent.
    Notification,
}

impl Cause {
    /// How many fetches it may begin within a minute. Each has its own, so that outsiders can't use up the gateway's.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Answer => 20,
            Self::Notification => 5,
        }
    }

    /// Whether this has to take a failure for its own that a fetch for the other ran into. An outsider chooses when their
    /// notification is looked into, such as before Alipay hands the certificate out: that is no word on an answer.
    fn takes_failures_of(self, other: Self) -> bool {
        self == other || other == Self::Answer
    }
}

/// Why there is no certificate.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the gateway could not be asked, rather than that it has no certificate to be trusted.
    pub(crate) may_pass: bool,
}

/// How far a fetch is.
#[derive(Clone)]
struct Progress {
    /// The last sign of life; once it is over, its end.
    at: Instant,
    result: Option<Result<(), Failure>>,
}

/// A fetch that was begun.
pub(super) struct Fetch {
    pub(super) wanted: Wanted,
    pub(super) cause: Cause,
    pub(super) began: Instant,
    progress: watch::Receiver<Progress>,
}

/// What becomes of a fetch.
pub(crate) struct Waiter {
    cause: Cause,
    progress: watch::Receiver<Progress>,
}

/// How waiting for a fetch ended.
pub(crate) enum End {
    /// It is there.
    Fetched,
    /// There is no certificate, for the time being.
    Failed(Error),
    /// Another fetch may do better, after this time.
    Again(Instant, Failure),
    /// Nobody is at it any more.
    Abandoned,
    /// It is still under way.
    Late,
}

/// The task of fetching one certificate. Whoever drops it leaves it to the next who asks.
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

    /// Whether it is, or will be, an answer to who asks on this account; else there has to be another.
    pub(super) fn serves(&self, cause: Cause, now: Instant) -> bool {
        let progress = self.progress.borrow();
        match &progress.result {
            None => self.is_under_way(now),
            Some(Ok(())) => true,
            Some(Err(failure)) => {
                cause.takes_failures_of(self.cause) && !(failure.may_pass && now >= progress.at + RESPITE)
            }
        }
    }

    /// Whether somebody is at it.
    pub(super) fn is_under_way(&self, now: Instant) -> bool {
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
    /// Waits for the end of the fetch, on this account and until this time.
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

    /// Tells everyone who waits that somebody is at it.
    pub(crate) fn show_life(&self) {
        self.progress.send_modify(|progress| progress.at = Instant::now());
    }

    /// Tells everyone who waits how it ended; before that, the keyring has what there is.
    pub(crate) fn settle(self, result: Result<(), Failure>) {
        if let Err(Failure { error, .. }) = &result {
            tracing::warn!(wanted = ?self.wanted, %error, "a certificate of Alipay's can't be had");
        }
        self.progress.send_replace(Progress {
            at: Instant::now(),
            result: Some(result),
        });
    }
}
