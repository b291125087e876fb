//! Times in a database: whole milliseconds since 1970, which sort like the times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last whole millisecond not after `time`: so no token seems to live longer than it does.
pub(super) fn floor(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => ceil_millis(before.duration()).saturating_neg(),
    }
}

/// The first whole millisecond not before `time`. A whole number below it is before `time`.
pub(super) fn ceil(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => ceil_millis(since),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::saturating_neg),
    }
}

/// `None` if this machine's clock can't represent the time.
pub(super) fn read(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    }
}

/// Whole milliseconds, rounded up.
pub(super) fn ceil_millis(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_side_that_is_asked_for() {
        for (nanos, down, up) in [
            (0, 0, 0),
            (1, 0, 1),
            (999_999, 0, 1),
            (1_000_000, 1, 1),
            (1_500_000, 1, 2),
        ] {
            let distance = Duration::from_nanos(nanos);
            assert_eq!((floor(UNIX_EPOCH + distance), ceil(UNIX_EPOCH + distance)), (down, up));
            assert_eq!(
                (floor(UNIX_EPOCH - distance), ceil(UNIX_EPOCH - distance)),
                (-up, -down)
            );
        }
    }

    #[test]
    fn whole_milliseconds_come_back() {
        for millis in [0, 1, -1, 1_763_913_600_123, -62_135_596_800_000, 253_402_300_799_999] {
            let time = read(millis).unwrap();
            assert_eq!((floor(time), ceil(time)), (millis, millis));
        }
    }
}
