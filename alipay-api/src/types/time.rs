use std::{
    error::Error,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{calendar, pad::pad};
use crate::codec::{DecodeError, JsonWriter, Scalar, Value, scalar};

/// The offset of Beijing time from UTC in seconds, all year.
pub(super) const AHEAD: i64 = 8 * 60 * 60;

const DAY: i64 = 24 * 60 * 60;

/// A time as Alipay writes it: Beijing time (UTC+8, all year), `yyyy-MM-dd HH:mm:ss`, whatever the machine's time zone.
///
/// ```
/// # use alipay_api::types::{Date, DateTime};
/// let paid: DateTime = "2016-11-16 11:42:19".parse()?;
/// assert_eq!(paid.unix_seconds(), 1_479_267_739);
/// assert_eq!(DateTime::from_unix_seconds(1_479_267_739), Some(paid));
/// assert_eq!((paid.year(), paid.month(), paid.hour()), (2016, 11, 11));
/// assert_eq!(Date::new(2016, 11, 16).and_then(|day| day.at(11, 42, 19)), Some(paid));
/// # Ok::<(), alipay_api::types::ParseTimeError>(())
/// ```
///
/// It converts to and from [`SystemTime`], and types of other libraries that have a time zone or are in UTC: with the feature `chrono`,
/// `chrono::DateTime`; with `jiff`, `Timestamp` and `ZonedDateTime`; with `time`, `OffsetDateTime`. The result is the same moment, at UTC+8 if the type
/// has an offset. Converting to `DateTime` drops fractions of a second. Local times without a zone don't convert, because it is unknown
/// whether they are Beijing time; the [parts](Self::parts) are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
}

/// A day as Alipay writes it: `yyyy-MM-dd`, in Beijing.
///
/// With the features `chrono`, `jiff` and `time`, it converts to and from their dates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

/// The error for text that is not a time or a date in Alipay's format, and for times out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTimeError {
    expected: &'static str,
}

impl ParseTimeError {
    pub(super) const YEARS: Self = Self {
        expected: "a time between the years -9999 and 9999",
    };
}

impl fmt::Display for ParseTimeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "expected {}", self.expected)
    }
}

impl Error for ParseTimeError {}

impl DateTime {
    /// A Beijing time; `None` if the date or the time of day does not exist.
    pub fn new(year: i16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        Date::new(year, month, day)?.at(hour, minute, second)
    }

    /// The moment this many seconds after 1970-01-01 00:00:00 UTC; `None` outside the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        let seconds = seconds.checked_add(AHEAD)?;
        let (year, month, day) = calendar::day(seconds.div_euclid(DAY))?;
        let date = Date { year, month, day };
        let of_day = seconds.rem_euclid(DAY);
        let part = |part: i64| u8::try_from(part).ok();
        date.at(part(of_day / 3600)?, part(of_day / 60 % 60)?, part(of_day % 60)?)
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub fn unix_seconds(self) -> i64 {
        let Date { year, month, day } = self.date;
        let of_day = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        calendar::days(year, month, day) * DAY + of_day - AHEAD
    }

    /// The day.
    pub fn date(self) -> Date {
        self.date
    }

    /// The year, in Beijing.
    pub fn year(self) -> i16 {
        self.date.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.date.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.date.day
    }

    /// The hour, 0 to 23, in Beijing.
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    pub fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    pub fn second(self) -> u8 {
        self.second
    }

    /// Year, month and day; hour, minute and second; in Beijing.
    pub fn parts(self) -> (i16, u8, u8, u8, u8, u8) {
        let (year, month, day) = self.date.parts();
        (year, month, day, self.hour, self.minute, self.second)
    }
}

impl Date {
    /// The value of a required field that was not read.
    pub(super) const BLANK: Self = Self {
        year: 0,
        month: 1,
        day: 1,
    };

    /// A date; `None` if it does not exist, or is outside the years -9999 to 9999.
    pub fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        calendar::has(year, month, day).then_some(Self { year, month, day })
    }

    /// A Beijing time on this date; `None` if the time of day does not exist.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Option<DateTime> {
        (hour < 24 && minute < 60 && second < 60).then_some(DateTime {
            date: self,
            hour,
            minute,
            second,
        })
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Year, month and day.
    pub fn parts(self) -> (i16, u8, u8) {
        (self.year, self.month, self.day)
    }
}

impl TryFrom<SystemTime> for DateTime {
    type Error = ParseTimeError;

    /// Drops the fraction of the second.
    fn try_from(time: SystemTime) -> Result<Self, ParseTimeError> {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).ok(),
            Err(before) => {
                let before = before.duration();
                let whole = i64::try_from(before.as_secs()).ok();
                whole.map(|whole| -whole - i64::from(before.subsec_nanos() > 0))
            }
        };
        seconds.and_then(Self::from_unix_seconds).ok_or(ParseTimeError::YEARS)
    }
}

impl From<DateTime> for SystemTime {
    fn from(time: DateTime) -> Self {
        let seconds = time.unix_seconds();
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let moment = if seconds < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        moment.unwrap_or(UNIX_EPOCH)
    }
}

impl FromStr for DateTime {
    type Err = ParseTimeError;

    /// Reads `yyyy-MM-dd HH:mm:ss`, also without seconds, or with a fraction of a second, which is dropped.
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        const EXPECTED: ParseTimeError = ParseTimeError {
            expected: "a time of the form yyyy-MM-dd HH:mm:ss",
        };
        let (date, time) = text.as_bytes().split_at_checked(10).ok_or(EXPECTED)?;
        let [b' ' | b'T', h, hour, b':', m, minute, rest @ ..] = time else {
            return Err(EXPECTED);
        };
        let second = match rest {
            [] => 0,
            [b':', s, second] => two_digits(*s, *second).ok_or(EXPECTED)?,
            [b':', s, second, b'.', fraction @ ..] if are_digits(fraction) => {
                two_digits(*s, *second).ok_or(EXPECTED)?
            }
            _ => return Err(EXPECTED),
        };
        let time = two_digits(*h, *hour).zip(two_digits(*m, *minute));
        let (date, (hour, minute)) = read_date(date).zip(time).ok_or(EXPECTED)?;
        date.at(hour, minute, second).ok_or(EXPECTED)
    }
}

impl FromStr for Date {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        read_date(text.as_bytes()).ok_or(ParseTimeError {
            expected: "a day of the form yyyy-MM-dd",
        })
    }
}

fn read_date(text: &[u8]) -> Option<Date> {
    let [c, century, y, year, b'-', m, month, b'-', d, day] = *text else {
        return None;
    };
    let year = i16::from(two_digits(c, century)?) * 100 + i16::from(two_digits(y, year)?);
    Date::new(year, two_digits(m, month)?, two_digits(d, day)?)
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

fn are_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

impl fmt::Display for DateTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date,
            hour,
            minute,
            second,
        } = self;
        pad(formatter, format_args!("{date} {hour:02}:{minute:02}:{second:02}"))
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        pad(formatter, format_args!("{year:04}-{month:02}-{day:02}"))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// The value of a required field that was not read.
const NEVER: DateTime = DateTime {
    date: Date::BLANK,
    hour: 0,
    minute: 0,
    second: 0,
};

macro_rules! wire {
    ($name:ident, $empty:expr, $expected:literal) => {
        impl Scalar for $name {
            fn empty() -> Self {
                $empty
            }

            fn encode(&self, out: &mut JsonWriter) {
                out.plain(self);
            }

            fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
                let Some(text) = value.scalar($expected)? else {
                    return Ok(None);
                };
                text.parse()
                    .map(Some)
                    .map_err(|_| DecodeError::new(concat!("expected ", $expected)))
            }
        }

        scalar!($name);
        crate::__serde!($name);
    };
}

wire!(DateTime, NEVER, "a time of the form yyyy-MM-dd HH:mm:ss");
wire!(Date, Self::BLANK, "a day of the form yyyy-MM-dd");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_gateway_writes() {
        for (text, written) in [
            ("2016-11-16 11:42:19", "2016-11-16 11:42:19"),
            ("2016-11-16 11:42:19.123", "2016-11-16 11:42:19"),
            ("2016-11-16T11:42:19", "2016-11-16 11:42:19"),
            ("2016-11-16 11:42", "2016-11-16 11:42:00"),
            ("2016-02-30 11:42:19", ""),
            ("2016-11-16 24:00:00", ""),
            ("2016-11-16 11:42:19.", ""),
            ("2016-11-16 11:42:19:00", ""),
            ("2016-11-16", ""),
            ("16-11-16 11:42:19", ""),
            ("", ""),
            ("－", ""),
        ] {
            let time = text.parse::<DateTime>();
            assert_eq!(
                time.map(|time| time.to_string()).unwrap_or_default(),
                written,
                "{text:?}"
            );
        }
    }

    #[test]
    fn is_beijing_time() {
        assert_eq!(DateTime::from_unix_seconds(0), DateTime::new(1970, 1, 1, 8, 0, 0));
        let before = UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(DateTime::try_from(before), Ok(DateTime::from_unix_seconds(-1).unwrap()));
        assert_eq!(
            SystemTime::from(DateTime::from_unix_seconds(-1).unwrap()),
            UNIX_EPOCH - Duration::from_secs(1)
        );
        assert_eq!(DateTime::from_unix_seconds(i64::MAX), None);
        assert_eq!(DateTime::from_unix_seconds(i64::MIN), None);
        let never: DateTime = "9999-12-31 23:59:59".parse().unwrap();
        assert_eq!(never.unix_seconds(), 253_402_271_999);
        assert_eq!(DateTime::from_unix_seconds(253_402_271_999), Some(never));
        assert_eq!(DateTime::from_unix_seconds(253_402_272_000), None);
    }
}
