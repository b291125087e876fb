use std::{fmt, time::Duration};

use super::FailedAttempt;
use crate::random::{self, RandomSource};

/// How long the library waits before it sends a call again.
///
/// If the call's time ends before the pause does, the call is not sent again, and ends at once.
pub trait Backoff: fmt::Debug + Send + Sync {
    /// The pause after this attempt. What is random about it should come from `random`, the client's
    /// [source](crate::ClientBuilder::random_source), such as by [`random::up_to`].
    fn pause(&self, failed: &FailedAttempt<'_>, random: &dyn RandomSource) -> Duration;
}

/// A random time from zero up to a limit, which doubles with each attempt ("full jitter"): callers that failed together don't return together.
///
/// By default, the limit is 100 milliseconds after the first attempt, then 200, 400, 800, and 1.6 seconds from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExponentialBackoff {
    first: Duration,
    longest: Duration,
}

impl ExponentialBackoff {
    /// Begins with the limit `first`, and doubles it up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }
}

impl Default for ExponentialBackoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_millis(1600))
    }
}

impl Backoff for ExponentialBackoff {
    fn pause(&self, failed: &FailedAttempt<'_>, random: &dyn RandomSource) -> Duration {
        let doublings = failed.attempts().saturating_sub(1);
        let limit = self.first.saturating_mul(2_u32.saturating_pow(doublings));
        random::up_to(random, limit.min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind, random::SeededRandom};

    fn pauses(backoff: ExponentialBackoff, attempts: u32, seed: u64) -> Vec<Duration> {
        let (error, random) = (Error::for_tests(ErrorKind::Timeout).build(), SeededRandom::new(seed));
        let failed = FailedAttempt::new(&error, attempts, Duration::ZERO);
        (0..2_000).map(|_| backoff.pause(&failed, &random)).collect()
    }

    #[test]
    fn the_jitter_is_full_and_its_limit_doubles_up_to_the_longest() {
        let limits = [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1600),
            (6, 1600),
            (u32::MAX, 1600),
        ];
        for (attempts, limit) in limits {
            let limit = Duration::from_millis(limit);
            let pauses = pauses(ExponentialBackoff::default(), attempts, 1);
            let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
            assert!(
                *least < limit / 100 && limit * 99 / 100 < *most && *most < limit,
                "{least:?} {most:?}"
            );
            let mean = pauses.iter().sum::<Duration>() / 2_000;
            assert!(
                limit * 46 / 100 < mean && mean < limit * 54 / 100,
                "{mean:?} of {limit:?}"
            );
        }
    }

    #[test]
    fn a_seed_gives_the_same_pauses_again() {
        let of = |seed| pauses(ExponentialBackoff::default(), 1, seed);
        assert_eq!(of(5), of(5));
        assert_ne!(of(5), of(6));
    }

    #[test]
    fn any_limits_can_be_set() {
        let none = ExponentialBackoff::new(Duration::ZERO, Duration::MAX);
        assert!(pauses(none, 9, 1).iter().all(Duration::is_zero));
        let longest = ExponentialBackoff::new(Duration::MAX, Duration::from_secs(1));
        assert!(
            pauses(longest, 9, 1)
                .iter()
                .all(|pause| *pause < Duration::from_secs(1))
        );
        // No overflow.
        pauses(ExponentialBackoff::new(Duration::MAX, Duration::MAX), u32::MAX, 1);
    }
}
