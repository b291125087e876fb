use chrono::{FixedOffset, NaiveDate, TimeDelta, TimeZone, Utc};

use crate::types::{Date, DateTime, ParseTimeError, time::AHEAD};

/// The same moment.
impl From<DateTime> for chrono::DateTime<Utc> {
    fn from(time: DateTime) -> Self {
        // The range of chrono is 250,000 years larger at both ends.
        let since = TimeDelta::try_seconds(time.unix_seconds()).unwrap_or(TimeDelta::MAX);
        Self::UNIX_EPOCH.checked_add_signed(since).unwrap_or(Self::MAX_UTC)
    }
}

/// The same moment, at UTC+8.
impl From<DateTime> for chrono::DateTime<FixedOffset> {
    fn from(time: DateTime) -> Self {
        let time = chrono::DateTime::<Utc>::from(time);
        match i32::try_from(AHEAD).ok().and_then(FixedOffset::east_opt) {
            Some(offset) => time.with_timezone(&offset),
            // Eight hours are a valid offset.
            None => time.into(),
        }
    }
}

impl<Z: TimeZone> TryFrom<chrono::DateTime<Z>> for DateTime {
    type Error = ParseTimeError;

    /// Drops the fraction of the second. Fails outside the years -9999 to 9999.
    fn try_from(time: chrono::DateTime<Z>) -> Result<Self, ParseTimeError> {
        Self::from_unix_seconds(time.timestamp()).ok_or(ParseTimeError::YEARS)
    }
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        let (year, month, day) = date.parts();
        // chrono has all dates of these years.
        Self::from_ymd_opt(year.into(), month.into(), day.into()).unwrap_or_default()
    }
}

impl TryFrom<NaiveDate> for Date {
    type Error = ParseTimeError;

    /// Fails outside the years -9999 to 9999.
    fn try_from(date: NaiveDate) -> Result<Self, ParseTimeError> {
        use chrono::Datelike as _;
        let year = i16::try_from(date.year()).ok();
        let month = u8::try_from(date.month()).ok();
        let day = u8::try_from(date.day()).ok();
        let parts = year.zip(month).zip(day);
        parts
            .and_then(|((year, month), day)| Self::new(year, month, day))
            .ok_or(ParseTimeError::YEARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_same_moment_in_chrono() {
        for (text, seconds) in super::super::MOMENTS {
            let time: DateTime = text.parse().unwrap();
            let (utc, beijing) = (
                chrono::DateTime::<Utc>::from(time),
                chrono::DateTime::<FixedOffset>::from(time),
            );
            assert_eq!((utc.timestamp(), beijing), (seconds, utc.into()), "{text}");
            assert_eq!(beijing.to_string(), format!("{text} +08:00"));
            assert_eq!(
                (DateTime::try_from(utc), DateTime::try_from(beijing)),
                (Ok(time), Ok(time))
            );
            let day = NaiveDate::from(time.date());
            assert_eq!(day.to_string(), time.date().to_string());
            assert_eq!(Date::try_from(day), Ok(time.date()));
        }
        let first = DateTime::new(-9999, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(DateTime::try_from(chrono::DateTime::<Utc>::from(first)), Ok(first));
        assert_eq!(Date::try_from(NaiveDate::from(first.date())), Ok(first.date()));
        let within = "1969-12-31T23:59:59.999Z".parse::<chrono::DateTime<Utc>>().unwrap();
        assert_eq!(DateTime::try_from(within), Ok(DateTime::from_unix_seconds(-1).unwrap()));
        assert!(DateTime::try_from(chrono::DateTime::<Utc>::MAX_UTC).is_err());
        assert!(Date::try_from(NaiveDate::MIN).is_err());
    }
}
