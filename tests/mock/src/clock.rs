//! What time it is, and how the gateway writes it: Beijing time, which has had no daylight saving since 1991.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};

const BEIJING: Offset = Offset::constant(8);

/// Where the gateway gets its time from.
///
/// Any closure that returns a [`SystemTime`] is one. The gateway uses it for what it writes down (when a trade was paid) and for what expires (an
/// authorisation code): an unpaid order is closed when its time is up, also if nobody looks. A clock that is not the machine's may jump without a word,
/// and is looked at once a minute at least. The pauses between notifications are real time: compress those with
/// [`Builder::notify_schedule`](crate::Builder::notify_schedule).
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> SystemTime;
}

impl<F: Fn() -> SystemTime + Send + Sync + 'static> Clock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that can be moved: another one, and how far this one is ahead of it.
pub(crate) struct MovableClock {
    beneath: Box<dyn Clock>,
    /// In milliseconds.
    ahead: AtomicI64,
}

impl MovableClock {
    /// One that has not been moved.
    pub(crate) fn new(beneath: Box<dyn Clock>) -> Self {
        Self {
            beneath,
            ahead: AtomicI64::new(0),
        }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.unmoved();
        now.saturating_add(self.ahead()).unwrap_or(now)
    }

    /// The present moment by the clock beneath.
    pub(crate) fn unmoved(&self) -> Timestamp {
        timestamp(self.beneath.now())
    }

    /// The present moment, as the machine's clock has moments.
    pub(crate) fn system_time(&self) -> SystemTime {
        SystemTime::try_from(self.now()).unwrap_or_else(|_| self.beneath.now())
    }

    /// How far it was moved.
    pub(crate) fn ahead(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Moves it: from now on, it is so far ahead.
    pub(crate) fn set_ahead(&self, ahead: SignedDuration) {
        let millis = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        self.ahead.store(millis, Ordering::Relaxed);
    }
}

/// When the gateway has something to do by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarm {
    /// The next deadline of anything.
    pub(crate) at: Option<Timestamp>,
    /// How far the clock was moved: after a move, the same moment is at another time.
    pub(crate) ahead: SignedDuration,
}

/// A moment the gateway can calculate with. A clock outside jiff's ten thousand years reads as the nearest moment inside.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}

/// `2014-07-24 03:07:50`
pub(crate) fn beijing(at: Timestamp) -> String {
    BEIJING.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2014-07-24 03:07:50.320`, as notifications write the time of a refund.
pub(crate) fn beijing_millis(at: Timestamp) -> String {
    format!("{}.{:03}", beijing(at), at.subsec_millisecond().unsigned_abs())
}

/// `20140724`
pub(crate) fn beijing_day(at: Timestamp) -> String {
    BEIJING.to_datetime(at).strftime("%Y%m%d").to_string()
}

/// `2014-07-24`
pub(crate) fn beijing_date(at: Timestamp) -> String {
    BEIJING.to_datetime(at).strftime("%Y-%m-%d").to_string()
}

/// The last second of the day that `at` falls on.
pub(crate) fn end_of_day(at: Timestamp) -> Timestamp {
    let end = BEIJING.to_datetime(at).date().at(23, 59, 59, 0);
    BEIJING.to_timestamp(end).unwrap_or(at)
}

/// Reads `yyyy-MM-dd HH:mm:ss`, digit for digit; the seconds may be left out, as they may in `time_expire`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let format = match text.len() {
        19 => "%Y-%m-%d %H:%M:%S",
        16 => "%Y-%m-%d %H:%M",
        _ => return None,
    };
    let time = DateTime::strptime(format, text).ok()?;
    (time.strftime(format).to_string() == text).then_some(())?;
    BEIJING.to_timestamp(time).ok()
}

/// Whether `text` is `yyyy-MM-dd`.
pub(crate) fn is_date(text: &str) -> bool {
    parse_day(text).is_some()
}

/// Reads `yyyy-MM-dd`, digit for digit.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let midnight = parse(&format!("{text} 00:00"))?;
    (text.len() == 10).then(|| day(midnight))
}

/// The day that `at` falls on.
pub(crate) fn day(at: Timestamp) -> Date {
    BEIJING.to_datetime(at).date()
}

/// The same time of the day, so many months later.
pub(crate) fn months_later(at: Timestamp, months: i32) -> Option<Timestamp> {
    let span = Span::new().try_months(months).ok()?;
    BEIJING
        .to_timestamp(BEIJING.to_datetime(at).checked_add(span).ok()?)
        .ok()
}

/// Reads a span like `90m`, `2h` or `15d`, which is the longest that Alipay keeps an unpaid order or a pre-authorisation open.
pub(crate) fn span(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let minutes = match unit {
        "m" => number,
        "h" => number.checked_mul(60)?,
        "d" => number.checked_mul(60 * 24)?,
        _ => return None,
    };
    (minutes <= 15 * 24 * 60).then(|| SignedDuration::from_mins(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_beijing_times() {
        let at: Timestamp = "2026-03-20T16:00:05.07Z".parse().unwrap();
        assert_eq!(beijing(at), "2026-03-21 00:00:05");
        assert_eq!(beijing_millis(at), "2026-03-21 00:00:05.070");
        assert_eq!(beijing_day(at), "20260321");
        assert_eq!(beijing(end_of_day(at)), "2026-03-21 23:59:59");
        assert_eq!(
            parse("2026-03-21 00:00:05").map(beijing).as_deref(),
            Some("2026-03-21 00:00:05")
        );
        assert_eq!(
            parse("2026-03-21 00:01").map(beijing).as_deref(),
            Some("2026-03-21 00:01:00")
        );
    }

    #[test]
    fn other_forms_are_no_times() {
        for text in [
            "",
            "2026-03-21",
            "2026-13-21 00:00:05",
            "2026-03-21T00:00:05",
            "2026-3-21 00:00:05 ",
            "2026-02-30 00:00:00",
            "你好你好你",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(is_date("2024-02-29") && !is_date("2023-02-29") && !is_date("2024-2-29"));
    }
}
