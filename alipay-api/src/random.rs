//! Where a client's random numbers come from.
//!
//! A client takes all of them from one [`RandomSource`]: the pauses before it sends a call again, the boundaries of uploads, the number of the
//! order that [`Client::check`](crate::Client::check) asks for, the initialisation vectors of contents that are encrypted by `AES_V2`, and, for
//! its `Isv`, the names of leases and when each process refreshes. By default that is the operating system. A test that is to run the same way
//! again gives the client a [`SeededRandom`], by [`ClientBuilder::random_source`](crate::ClientBuilder::random_source).
//!
//! What nobody may ever guess, whatever the client's source, never comes from a client's source, but always from the operating system: a login's
//! [`State`](crate::oauth::State), and the keys and nonces that merchants' tokens are encrypted with.

use std::{
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{Error, ErrorKind};

/// A source of random bytes.
///
/// Processes that share the merchants' tokens of an app name their leases by it: two of them must never give the same bytes.
pub trait RandomSource: fmt::Debug + Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// There are no random bytes. What needs a random name then fails; a pause becomes random by other means.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

impl<T: RandomSource + ?Sized> RandomSource for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        (**self).fill(bytes)
    }
}

/// The operating system's random numbers, which nobody can guess.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        Ok(getrandom::fill(bytes)?)
    }
}

/// Numbers that follow from a seed, for tests: the same seed gives the same numbers in the same order. Whoever knows a few of them knows all
/// that follow.
///
/// ```
/// use alipay_api::random::{RandomSource, SeededRandom};
///
/// let [one, other] = [(); 2].map(|()| {
///     let mut bytes = [0; 16];
///     SeededRandom::new(7).fill(&mut bytes).expect("it never fails");
///     bytes
/// });
/// assert_eq!(one, other);
/// ```
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// The numbers of this seed, from the first on.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number, by `SplitMix64`.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl RandomSource for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        for chunk in bytes.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.next().to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}

/// A random time from zero up to this one, each as likely as any other: for a [`Backoff`](crate::retry::Backoff) of your own.
pub fn up_to(source: &dyn RandomSource, time: Duration) -> Duration {
    let share = number(source) >> 32;
    // The product has 94 and 32 bits at most.
    let nanoseconds = (time.as_nanos() * u128::from(share)) >> 32;
    u64::try_from(nanoseconds).map_or(time, Duration::from_nanos)
}

/// A random number, which may be guessable.
pub(crate) fn number(source: &dyn RandomSource) -> u64 {
    let mut bytes = [0; 8];
    match source.fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        // Each `RandomState` has its own keys.
        Err(_) => RandomState::new().build_hasher().finish(),
    }
}

/// 128 random bits as 32 hexadecimal digits, which may be guessable.
pub(crate) fn digits(source: &dyn RandomSource) -> String {
    let [high, low] = [(); 2].map(|()| number(source));
    format!("{high:016x}{low:016x}")
}

/// 128 random bits, as 32 hexadecimal digits.
pub(crate) fn name(source: &dyn RandomSource) -> Result<String, Error> {
    let mut bytes = [0; 16];
    source.fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Configuration, "the source of random numbers has none").with_source(error)
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It has nothing.
    #[derive(Debug)]
    struct Broken;

    impl RandomSource for Broken {
        fn fill(&self, _: &mut [u8]) -> io::Result<()> {
            Err(io::Error::other("no entropy"))
        }
    }

    #[test]
    fn a_seed_gives_the_same_again_and_another_seed_something_else() {
        let numbers = |seed| {
            let source = SeededRandom::new(seed);
            (0..100).map(|_| number(&source)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        // The reference values of `SplitMix64`.
        assert_eq!(numbers(0)[..2], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        let source = SeededRandom::new(0);
        let mut odd = [0; 11];
        source.fill(&mut odd).unwrap();
        assert_eq!(odd[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
        assert_eq!(odd[8..], 0x6e78_9e6a_a1b9_65f4_u64.to_le_bytes()[..3]);
    }

    #[test]
    fn times_are_spread_evenly_from_zero_on() {
        let source = SeededRandom::new(3);
        let longest = Duration::from_millis(100);
        let mut tenths = [0; 10];
        for _ in 0..10_000 {
            let time = up_to(&source, longest);
            assert!(time < longest);
            tenths[usize::try_from(time.as_millis() / 10).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1_100).contains(count)), "{tenths:?}");
        assert_eq!(up_to(&source, Duration::ZERO), Duration::ZERO);
        // No overflow.
        up_to(&source, Duration::MAX);
    }

    #[test]
    fn without_random_numbers_names_fail_and_pauses_do_not() {
        let error = name(&Broken).unwrap_err();
        assert_eq!(error.to_string(), "the source of random numbers has none: no entropy");
        let pauses: Vec<_> = (0..10).map(|_| up_to(&Broken, Duration::from_secs(1))).collect();
        assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]), "{pauses:?}");
        assert_ne!(name(&SystemRandom).unwrap(), name(&SystemRandom).unwrap());
    }
}
