//! The gateway's clock, and moving it.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::clock::{self, beijing};
use crate::core::Core;
use crate::news::Topic;

/// The clock goes from this year to the other, inclusive: times of the wire have four digits for the year, and room on both sides.
const YEARS: (i16, i16) = (2000, 2099);

/// What time it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ClockView {
    /// Beijing time.
    pub(crate) time: String,
    /// By how many seconds it was moved.
    pub(crate) ahead: f64,
}

/// How the clock is moved. One of these.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClockOrder {
    /// By so many seconds, backwards where it is negative.
    pub(crate) advance: Option<f64>,
    /// To this Beijing time, `yyyy-MM-dd HH:mm:ss`.
    pub(crate) time: Option<String>,
    /// To where it was never moved.
    pub(crate) reset: bool,
}

impl Core {
    /// What time it is.
    pub(crate) fn clock_view(&self) -> ClockView {
        ClockView {
            time: beijing(self.now()),
            ahead: self.clock.ahead().as_secs_f64(),
        }
    }

    /// Moves the clock; what has expired then is closed.
    pub(crate) fn move_clock(&self, order: &ClockOrder) -> Result<ClockView, ControlError> {
        let setting = |message: String| ControlError::Setting(message);
        let ahead = match (&order.advance, &order.time, order.reset) {
            (Some(seconds), None, false) => {
                let by = SignedDuration::try_from_secs_f64(*seconds).ok();
                let ahead = by.and_then(|by| self.clock.ahead().checked_add(by));
                ahead.ok_or_else(|| setting(format!("the clock can't be moved by {seconds} seconds")))?
            }
            (None, Some(time), false) => {
                let wrong = || setting(format!("{time:?} is not a time: yyyy-MM-dd HH:mm:ss is expected"));
                let time = clock::parse(time).filter(|_| time.len() == 19).ok_or_else(wrong)?;
                time.duration_since(self.unmoved_now())
            }
            (None, None, true) => {
                self.reset_clock();
                return Ok(self.clock_view());
            }
            _ => return Err(setting("one of advance, time and reset is expected".to_owned())),
        };
        self.set_ahead(ahead)?;
        Ok(self.clock_view())
    }

    /// Moves the clock to this moment.
    pub(crate) fn set_clock(&self, time: Timestamp) -> Result<(), ControlError> {
        self.set_ahead(time.duration_since(self.unmoved_now()))
    }

    /// Moves the clock by so much.
    pub(crate) fn advance_clock(&self, by: SignedDuration) -> Result<(), ControlError> {
        self.set_ahead(self.clock.ahead().saturating_add(by))
    }

    /// Takes back all moves of the clock.
    pub(crate) fn reset_clock(&self) {
        self.ahead(SignedDuration::ZERO);
    }

    fn ahead(&self, ahead: SignedDuration) {
        self.with_state(|state| {
            state.ahead.set(ahead);
            self.clock.set_ahead(ahead);
        });
        self.news.tell(Topic::Clock);
        self.sweep();
    }

    fn set_ahead(&self, ahead: SignedDuration) -> Result<(), ControlError> {
        let (first, last) = YEARS;
        let moved = self.unmoved_now().checked_add(ahead).ok();
        let is_inside = moved.is_some_and(|moved| (first..=last).contains(&clock::day(moved).year()));
        if !is_inside {
            let message = format!("the clock can't be moved there: the gateway plays the years {first} to {last}");
            return Err(ControlError::Setting(message));
        }
        self.ahead(ahead);
        Ok(())
    }
}
