//! What time it is.

use std::time::{Duration, SystemTime};

use jiff::SignedDuration;

use super::Mock;
use crate::ControlError;
use crate::clock::timestamp;

impl Mock {
    /// What time it is for the gateway.
    pub fn now(&self) -> SystemTime {
        self.core.clock.system_time()
    }

    /// Moves the gateway's clock forward: unpaid orders whose time is over then are closed, and merchants are told; tokens and pages expire by it too.
    /// The clock runs on from there, also after a restart on the same data. The pauses between attempts to deliver a notification are not affected, and neither are the times that V3
    /// compares: callers' clocks were not moved.
    ///
    /// # Errors
    /// If the clock would be moved beyond the year 2099.
    pub fn advance_clock(&self, by: Duration) -> Result<(), ControlError> {
        self.core
            .advance_clock(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX))
    }

    /// Moves the gateway's clock to this moment, forward or back.
    ///
    /// # Errors
    /// If that is before the year 2000 or after 2099.
    pub fn set_clock(&self, time: SystemTime) -> Result<(), ControlError> {
        self.core.set_clock(timestamp(time))
    }

    /// Takes back all moves of the clock.
    pub fn reset_clock(&self) {
        self.core.reset_clock();
    }
}
