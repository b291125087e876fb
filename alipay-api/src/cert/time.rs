//! The times of certificates.

use super::{
    element::Element,
    tag::{GENERALIZED_TIME, UTC_TIME},
};
use crate::types::DateTime;

/// [`DateTime`] is Beijing time, which is ahead of UTC, the time of certificates.
const BEIJING: i64 = 8 * 3600;

/// Reads a `UTCTime` or `GeneralizedTime`: digits, and `Z`.
pub(super) fn read(time: Element<'_>) -> Option<DateTime> {
    let digits = str::from_utf8(time.value).ok()?.strip_suffix('Z')?;
    let (year, rest) = match time.tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year = i16::from(number(year)?);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (century, rest) = digits.split_at_checked(2)?;
            let (year, rest) = rest.split_at_checked(2)?;
            (i16::from(number(century)?) * 100 + i16::from(number(year)?), rest)
        }
        _ => return None,
    };
    let (month, rest) = rest.split_at_checked(2)?;
    let (day, rest) = rest.split_at_checked(2)?;
    let (hour, rest) = rest.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    // Old certificates leave out zero seconds.
    let second = if second.is_empty() { 0 } else { number(second)? };
    let utc = DateTime::new(
        year,
        number(month)?,
        number(day)?,
        number(hour)?,
        number(minute)?,
        second,
    )?;
    // The end of the year 9999 means "never". Eight hours later is out of range.
    Some(
        utc.unix_seconds()
            .checked_add(BEIJING)
            .and_then(DateTime::from_unix_seconds)
            .unwrap_or(utc),
    )
}

/// Two digits.
fn number(text: &str) -> Option<u8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
