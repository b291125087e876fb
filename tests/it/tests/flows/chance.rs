//! The one source of chance of a simulated flow: faults, delays, amounts, what people do.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::random::Random;

/// All clones draw from the same numbers.
#[derive(Clone)]
pub(crate) struct Chance(Arc<Mutex<Random>>);

impl fmt::Debug for Chance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Chance")
    }
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Random::new(seed, "flow"))))
    }

    fn random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.0.lock().unwrap())
    }

    pub(crate) fn next(&self) -> u64 {
        self.random(Random::next)
    }

    /// Below `end`, which is above zero.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.random(|random| random.below(end))
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&self, least: i64, most: i64) -> i64 {
        self.random(|random| random.between(least, most))
    }

    /// True in so many cases of a hundred.
    pub(crate) fn is(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one<T: Clone>(&self, of: &[T]) -> T {
        self.random(|random| random.one(of).clone())
    }

    /// From `least` to `most` milliseconds: tokio's timers know no less.
    pub(crate) fn millis(&self, least: u32, most: u32) -> Duration {
        let millis = self.between(least.into(), most.into());
        Duration::from_millis(millis.unsigned_abs())
    }

    pub(crate) fn seconds(&self, least: u32, most: u32) -> Duration {
        self.millis(least * 1000, most * 1000)
    }
}
