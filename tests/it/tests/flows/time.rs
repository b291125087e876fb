//! Clocks of a simulation: tokio's paused time from a fixed day on, and clocks that jump.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::clock::Clock;
use tokio::time::Instant;

use crate::chance::Chance;

/// The time of a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(Instant);

impl Time {
    /// Every world begins on this day.
    pub(crate) fn first_day() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_790_000_000)
    }

    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn passed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn now(self) -> SystemTime {
        Self::first_day() + self.passed()
    }
}

/// The clock of a machine that is not to be trusted: with a share of its readings it jumps by up to two days, forwards or backwards.
#[derive(Debug)]
pub(crate) struct JumpingClock {
    time: Time,
    chance: Chance,
    percent: u64,
    /// In seconds.
    error: Mutex<i64>,
}

impl JumpingClock {
    pub(crate) fn new(time: Time, chance: &Chance) -> Self {
        Self {
            time,
            chance: chance.clone(),
            percent: chance.one(&[0, 0, 2, 20]),
            error: Mutex::default(),
        }
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> SystemTime {
        const TWO_DAYS: i64 = 2 * 24 * 60 * 60;
        let mut error = self.error.lock().unwrap();
        if self.chance.is(self.percent) {
            *error = self.chance.between(-TWO_DAYS, TWO_DAYS);
        }
        let by = Duration::from_secs(error.unsigned_abs());
        if *error < 0 {
            self.time.now() - by
        } else {
            self.time.now() + by
        }
    }
}
