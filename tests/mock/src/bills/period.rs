//! What time a bill is of: a day or a month, in Beijing.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::clock;

/// A day or a month: from its first day to the day after its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    first: Date,
    after: Date,
    is_month: bool,
}

impl Period {
    /// Reads `yyyy-MM-dd` or `yyyy-MM`, digit for digit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_month = text.len() == 7;
        let first = if is_month {
            clock::parse_day(&format!("{text}-01"))
        } else {
            clock::parse_day(text)
        }?;
        let length = if is_month {
            Span::new().months(1)
        } else {
            Span::new().days(1)
        };
        Some(Self {
            first,
            after: first.checked_add(length).ok()?,
            is_month,
        })
    }

    /// Whether it is over at this moment.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.after <= clock::day(now)
    }

    /// Whether it lies further back than six years.
    pub(crate) fn is_too_old(&self, now: Timestamp) -> bool {
        let oldest = clock::day(now).checked_sub(Span::new().years(6));
        oldest.is_ok_and(|oldest| self.after <= oldest)
    }

    /// Whether a moment is within it.
    pub(super) fn has(&self, at: Timestamp) -> bool {
        (self.first..self.after).contains(&clock::day(at))
    }

    /// `20260320` or `202603`
    pub(super) fn digits(&self) -> String {
        self.first
            .strftime(if self.is_month { "%Y%m" } else { "%Y%m%d" })
            .to_string()
    }

    /// `#起始日期：[2026年03月20日 00:00:00]   终止日期：[2026年03月21日 00:00:00]`
    pub(super) fn line(&self) -> String {
        let [from, to] = [self.first, self.after].map(|day| day.strftime("%Y年%m月%d日 00:00:00").to_string());
        format!("#起始日期：[{from}]   终止日期：[{to}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_day_or_a_month_in_beijing() {
        let [day, month] = ["2026-03-31", "2026-03"].map(|text| Period::parse(text).unwrap());
        assert_eq!(
            (day.digits(), month.digits()),
            ("20260331".to_owned(), "202603".to_owned())
        );
        assert_eq!(
            month.line(),
            "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年04月01日 00:00:00]"
        );
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (last, next) = (at("2026-03-31T15:59:59Z"), at("2026-03-31T16:00:00Z"));
        for period in [&day, &month] {
            assert!(period.has(last) && !period.has(next) && period.is_over(next) && !period.is_over(last));
            assert!(!period.is_too_old(at("2032-03-31T15:59:59Z")) && period.is_too_old(at("2032-03-31T16:00:00Z")));
        }
        assert!(month.has(at("2026-02-28T16:00:00Z")) && !month.has(at("2026-02-28T15:59:59Z")));
        for text in [
            "",
            "2026",
            "2026-3",
            "2026-13",
            "2026-02-30",
            "2026-03-1",
            "20260320",
            "2026-03-20 ",
            "２０２６-03",
        ] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
