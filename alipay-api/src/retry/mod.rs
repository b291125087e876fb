//! How often and when a call is sent again.
//!
//! Which calls *may* be sent again is not here: that is the library's own rule, because sending a payment twice may pay twice. After a failure
//! that may pass, it sends a call again only if
//!
//! * nothing of it was sent, because there was no connection or no signature; or
//! * the method only reads; or
//! * its spec says that the gateway answers a repeated request as it answered the first one ([`Repeat::Same`](crate::method::Repeat::Same)), and
//!   the request has a value in the field that makes it the same request, such as `out_request_no` of a refund. What is sent is the same, to
//!   the letter, but for its timestamp and signature.
//!
//! Of those, three values decide, each of which [`ClientBuilder`](crate::ClientBuilder) takes in place of its default. All of them have to
//! agree:
//!
//! | value | says | default |
//! |---|---|---|
//! | [`RetryPolicy`] | after which failures, and how often | [three attempts](crate::ClientBuilder::max_attempts) |
//! | [`Backoff`] | after which pause | [`ExponentialBackoff`]: a random time up to 100 ms, 200 ms, … 1.6 s |
//! | [`RetryBudget`] | how many retries all calls of a client may make together | 20 % of the calls of the last ten seconds, or ten retries if that is more |
//!
//! ```
//! # fn show(credentials: alipay_api::Credentials) -> Result<(), alipay_api::Error> {
//! use std::{sync::Arc, time::Duration};
//!
//! use alipay_api::{Client, retry::{ExponentialBackoff, FailedAttempt, RetryBudget, RetryPolicy}};
//!
//! /// Two attempts; one where the gateway itself has answered.
//! #[derive(Debug)]
//! struct Cautious;
//!
//! impl RetryPolicy for Cautious {
//!     fn should_retry(&self, failed: &FailedAttempt<'_>) -> bool {
//!         failed.attempts() < 2 && failed.error().code().is_none()
//!     }
//! }
//!
//! // Of all clients of this process together.
//! let budget = Arc::new(RetryBudget::new(0.1, 5));
//! let client = Client::builder("2021000000000001", credentials)
//!     .retry_policy(Cautious)
//!     .backoff(ExponentialBackoff::new(Duration::from_millis(50), Duration::from_secs(1)))
//!     .retry_budget(Arc::clone(&budget))
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What becomes of a call that was sent twice
//! If no attempt succeeds, the error is that of the last one. Where an earlier attempt may have been carried out, the outcome of the call
//! [is unknown](crate::Error::is_outcome_unknown), even if the last attempt was refused or not sent: a refund that timed out and is then refused
//! because the balance is too low may have been made by the first attempt. Only a refusal of the class
//! [`AlreadyDone`](crate::ErrorClass::AlreadyDone) proves what happened.

mod backoff;
mod budget;
mod policy;

use std::{sync::Arc, time::Duration};

pub(crate) use self::policy::MaxAttempts;
pub use self::{
    backoff::{Backoff, ExponentialBackoff},
    budget::RetryBudget,
    policy::RetryPolicy,
};
use crate::Error;

/// A failed attempt to make a call, which the library may repeat.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt<'a> {
    error: &'a Error,
    attempts: u32,
    elapsed: Duration,
}

impl<'a> FailedAttempt<'a> {
    /// The attempt that failed with this error; with it, `attempts` were made in `elapsed`. For tests of a policy or a backoff of your own.
    pub fn new(error: &'a Error, attempts: u32, elapsed: Duration) -> Self {
        Self {
            error,
            attempts,
            elapsed,
        }
    }

    /// How the attempt failed.
    pub fn error(&self) -> &'a Error {
        self.error
    }

    /// How many attempts were made so far: 1 after the first.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long ago the call began.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// What decides about a client's retries.
pub(crate) struct Retries {
    pub(crate) policy: Arc<dyn RetryPolicy>,
    pub(crate) backoff: Arc<dyn Backoff>,
    pub(crate) budget: Arc<RetryBudget>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            policy: Arc::new(MaxAttempts(3)),
            backoff: Arc::new(ExponentialBackoff::default()),
            budget: Arc::new(RetryBudget::default()),
        }
    }
}
