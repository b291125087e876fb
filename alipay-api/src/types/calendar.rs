//! Days of the Gregorian calendar, counted from 1970-01-01.
//!
//! Years begin in March here: then the leap day is the last day of the year, and all months begin on fixed days.

const YEARS: std::ops::RangeInclusive<i16> = -9999..=9999;

/// The days of 400 years, after which the calendar repeats.
const DAYS_OF_ERA: i64 = 146_097;

/// The days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE: i64 = 719_468;

/// Whether this day exists, in the years -9999 to 9999.
pub(super) fn has(year: i16, month: u8, day: u8) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    YEARS.contains(&year) && (1..=last).contains(&day)
}

/// The number of days from 1970-01-01 to this day.
pub(super) fn days(year: i16, month: u8, day: u8) -> i64 {
    let month = (i64::from(month) + 9) % 12;
    let year = i64::from(year) - i64::from(month >= 10);
    let day_of_year = first_of(month) + i64::from(day) - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * DAYS_OF_ERA + day_of_era - DAYS_BEFORE
}

/// The year, month and day that is this number of days after 1970-01-01; `None` outside the years -9999 to 9999.
pub(super) fn day(days: i64) -> Option<(i16, u8, u8)> {
    let days = days.checked_add(DAYS_BEFORE)?;
    let day_of_era = days.rem_euclid(DAYS_OF_ERA);
    // Without the leap days before it: one in 4 years, none in 100, one in 400.
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let year = days.div_euclid(DAYS_OF_ERA) * 400 + year_of_era + i64::from(month >= 10);
    let year = i16::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    let day = day_of_year - first_of(month) + 1;
    Some((year, u8::try_from((month + 2) % 12 + 1).ok()?, u8::try_from(day).ok()?))
}

/// The day of the year on which a month begins; March is 0. Five months have 153 days.
fn first_of(month: i64) -> i64 {
    (153 * month + 2) / 5
}

#[cfg(test)]
mod tests {
    use jiff::civil;

    use super::*;

    #[test]
    fn agrees_with_jiff_about_every_day() {
        let epoch = civil::date(1970, 1, 1);
        let (first, last) = (days(-9999, 1, 1), days(9999, 12, 31));
        let mut date = civil::Date::MIN;
        for count in first..=last {
            let (year, month, of_month) = (date.year(), date.month().unsigned_abs(), date.day().unsigned_abs());
            assert_eq!(day(count), Some((year, month, of_month)), "{date}");
            assert_eq!(days(year, month, of_month), count, "{date}");
            assert!(has(year, month, of_month), "{date}");
            // The next number is a day just where this one isn't its month's last.
            assert_eq!(
                has(year, month, of_month + 1),
                of_month.cast_signed() < date.days_in_month()
            );
            if count < last {
                date = date.tomorrow().unwrap();
            }
        }
        assert_eq!(date, civil::Date::MAX);
        assert_eq!(i64::from((date - epoch).get_days()), last);
        assert_eq!(
            (day(first - 1), day(last + 1), day(i64::MAX), day(i64::MIN)),
            (None, None, None, None)
        );
    }

    #[test]
    fn has_no_other_months_and_years() {
        for (year, month, day) in [
            (2000, 0, 1),
            (2000, 13, 1),
            (2000, 1, 0),
            (-10_000, 1, 1),
            (10_000, 1, 1),
        ] {
            assert!(!has(year, month, day), "{year} {month} {day}");
        }
    }
}
