use std::fmt;

use super::FailedAttempt;

/// After which failures a call is sent again, and how often.
///
/// It is asked only about calls that may be sent again, and after failures that may pass: the [module](super) says which. So it can make the
/// library more careful, and never less.
pub trait RetryPolicy: fmt::Debug + Send + Sync {
    /// Whether the call is sent again.
    fn should_retry(&self, failed: &FailedAttempt<'_>) -> bool;
}

/// So many attempts of a call at most, whatever fails. With 1, or 0, nothing is sent again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxAttempts(pub(crate) u32);

impl RetryPolicy for MaxAttempts {
    fn should_retry(&self, failed: &FailedAttempt<'_>) -> bool {
        failed.attempts() < self.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Error, ErrorKind};

    #[test]
    fn attempts_are_counted_with_the_first() {
        let error = Error::for_tests(ErrorKind::Timeout).build();
        let retries = |most, attempts| {
            let failed = FailedAttempt::new(&error, attempts, Duration::ZERO);
            MaxAttempts(most).should_retry(&failed)
        };
        assert!(!retries(0, 1) && !retries(1, 1));
        assert!(retries(3, 1) && retries(3, 2) && !retries(3, 3) && !retries(3, u32::MAX));
    }
}
