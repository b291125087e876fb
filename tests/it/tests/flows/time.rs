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

/// How far a clock goes wrong, forwards or backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By up to two days.
    Days,
    /// By up to nine minutes. The gateway refuses requests of V3 that are ten minutes off, and the library its answers.
    Minutes,
}

impl Reach {
    /// In seconds.
    const fn most(self) -> i64 {
        match self {
            Self::Days => 2 * 24 * 60 * 60,
            Self::Minutes => 9 * 60,
        }
    }
}

/// The clock of a machine that is not to be trusted: with a share of its readings it jumps.
#[derive(Debug)]
pub(crate) struct JumpingClock {
    time: Time,
    chance: Chance,
    reach: Reach,
    percent: u64,
    /// In seconds.
    error: Mutex<i64>,
}

impl JumpingClock {
    pub(crate) fn new(time: Time, chance: &Chance, reach: Reach) -> Self {
        Self {
            time,
            chance: chance.clone(),
            reach,
            percent: chance.one(&[0, 0, 2, 20]),
            error: Mutex::default(),
        }
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> SystemTime {
        let mut error = self.error.lock().unwrap();
        if self.chance.is(self.percent) {
            let most = self.reach.most();
            *error = self.chance.between(-most, most);
        }
        let by = Duration::from_secs(error.unsigned_abs());
        if *error < 0 {
            self.time.now() - by
        } else {
            self.time.now() + by
        }
    }
}
