use time::{Month, OffsetDateTime, Time, UtcOffset};

use crate::types::{Date, DateTime, ParseTimeError};

/// The offset of Beijing time.
const BEIJING: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// The same moment, at UTC+8.
impl From<DateTime> for OffsetDateTime {
    fn from(time: DateTime) -> Self {
        // `time` has all seconds of a day.
        let of_day = Time::from_hms(time.hour(), time.minute(), time.second()).unwrap_or(Time::MIDNIGHT);
        Self::new_in_offset(time.date().into(), of_day, BEIJING)
    }
}

impl TryFrom<OffsetDateTime> for DateTime {
    type Error = ParseTimeError;

    /// Drops the fraction of the second. Fails outside the years -9999 to 9999.
    fn try_from(time: OffsetDateTime) -> Result<Self, ParseTimeError> {
        Self::from_unix_seconds(time.unix_timestamp()).ok_or(ParseTimeError::YEARS)
    }
}

impl From<Date> for time::Date {
    fn from(date: Date) -> Self {
        let (year, month, day) = date.parts();
        // `time` has all dates of these years.
        let date = Month::try_from(month).and_then(|month| Self::from_calendar_date(year.into(), month, day));
        date.unwrap_or(Self::MIN)
    }
}

impl TryFrom<time::Date> for Date {
    type Error = ParseTimeError;

    /// Fails outside the years -9999 to 9999, if `time` is compiled with a larger range.
    fn try_from(date: time::Date) -> Result<Self, ParseTimeError> {
        let (year, month, day) = date.to_calendar_date();
        let year = i16::try_from(year).map_err(|_| ParseTimeError::YEARS)?;
        Self::new(year, month.into(), day).ok_or(ParseTimeError::YEARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_same_moment_in_time() {
        for (text, seconds) in super::super::MOMENTS {
            let time: DateTime = text.parse().unwrap();
            let there = OffsetDateTime::from(time);
            assert_eq!((there.unix_timestamp(), there.offset()), (seconds, BEIJING), "{text}");
            assert_eq!(BEIJING.as_hms(), (8, 0, 0));
            assert_eq!(there.to_hms(), (time.hour(), time.minute(), time.second()));
            assert_eq!(DateTime::try_from(there), Ok(time));
            let day = time::Date::from(time.date());
            assert_eq!(
                (day.to_string(), Date::try_from(day)),
                (time.date().to_string(), Ok(time.date()))
            );
        }
        let first = DateTime::new(-9999, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(DateTime::try_from(OffsetDateTime::from(first)), Ok(first));
        for end in [time::Date::MIN, time::Date::MAX] {
            if let Ok(date) = Date::try_from(end) {
                assert_eq!(time::Date::from(date), end);
            }
        }
        let within = OffsetDateTime::UNIX_EPOCH - time::Duration::MILLISECOND;
        assert_eq!(DateTime::try_from(within), Ok(DateTime::from_unix_seconds(-1).unwrap()));
    }
}
