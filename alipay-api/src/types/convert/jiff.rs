use jiff::{
    Timestamp, ZonedDateTime, civil,
    tz::{Offset, TimeZone},
};

use crate::types::{Date, DateTime, ParseTimeError};

/// The offset of Beijing time.
const BEIJING: Offset = Offset::constant(8);

/// The same moment.
impl TryFrom<DateTime> for Timestamp {
    type Error = jiff::Error;

    /// Fails in the first and the last two days of the years -9999 to 9999, which a `Timestamp` does not reach.
    fn try_from(time: DateTime) -> Result<Self, jiff::Error> {
        Self::from_second(time.unix_seconds())
    }
}

/// The same moment, at UTC+8.
impl TryFrom<DateTime> for ZonedDateTime {
    type Error = jiff::Error;

    /// Fails if there is no [`Timestamp`] of it.
    fn try_from(time: DateTime) -> Result<Self, jiff::Error> {
        Ok(Timestamp::try_from(time)?.to_zoned_datetime(TimeZone::fixed(BEIJING)))
    }
}

impl TryFrom<Timestamp> for DateTime {
    type Error = ParseTimeError;

    /// Drops the fraction of the second.
    fn try_from(time: Timestamp) -> Result<Self, ParseTimeError> {
        // Rounds down before 1970, too; jiff rounds towards 1970.
        let seconds = time.as_second() - i64::from(time.subsec_nanosecond() < 0);
        Self::from_unix_seconds(seconds).ok_or(ParseTimeError::YEARS)
    }
}

impl TryFrom<&ZonedDateTime> for DateTime {
    type Error = ParseTimeError;

    /// Drops the fraction of the second.
    fn try_from(time: &ZonedDateTime) -> Result<Self, ParseTimeError> {
        time.timestamp().try_into()
    }
}

impl From<Date> for civil::Date {
    fn from(date: Date) -> Self {
        let (year, month, day) = date.parts();
        // Both have the same dates.
        Self::new(year, month.cast_signed(), day.cast_signed()).unwrap_or_default()
    }
}

impl From<civil::Date> for Date {
    fn from(date: civil::Date) -> Self {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        // Both have the same dates.
        Self::new(date.year(), month, day).unwrap_or(Self::BLANK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_same_moment_in_jiff() {
        for (text, seconds) in super::super::MOMENTS {
            let time: DateTime = text.parse().unwrap();
            let day = civil::Date::from(time.date());
            assert_eq!(
                (day.to_string(), Date::from(day)),
                (time.date().to_string(), time.date())
            );
            let (Ok(timestamp), Ok(zoned)) = (Timestamp::try_from(time), ZonedDateTime::try_from(time)) else {
                assert!(text.starts_with("9999-12-31"), "{text}");
                continue;
            };
            assert_eq!(
                (timestamp.as_second(), zoned.timestamp()),
                (seconds, timestamp),
                "{text}"
            );
            assert_eq!(
                zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
                format!("{text} +08:00")
            );
            assert_eq!(
                (DateTime::try_from(timestamp), DateTime::try_from(&zoned)),
                (Ok(time), Ok(time))
            );
        }
        for end in [civil::Date::MIN, civil::Date::MAX] {
            assert_eq!(civil::Date::from(Date::from(end)), end);
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            let time = DateTime::try_from(end).unwrap();
            assert_eq!(time.unix_seconds(), end.as_second());
        }
        let within = Timestamp::from_millisecond(-1).unwrap();
        assert_eq!(DateTime::try_from(within), Ok(DateTime::from_unix_seconds(-1).unwrap()));
    }
}
