//! Amounts: whole fen, never a floating-point number.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Money(i64);

impl Money {
    /// Nothing.
    pub(crate) const ZERO: Self = Self(0);

    /// Whole yuan.
    pub(crate) const fn yuan(yuan: u32) -> Self {
        Self(yuan as i64 * 100)
    }

    /// Reads yuan with at most two decimals.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(cents) || cents.len() > 2 {
            return None;
        }
        let cents = if cents.len() == 1 {
            cents.parse::<i64>().ok()? * 10
        } else {
            cents.parse().ok()?
        };
        let fen = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
        Some(Self(if negative { -fen } else { fen }))
    }

    /// Reads a JSON string or number.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// In fen.
    pub(crate) fn fen(self) -> i64 {
        self.0
    }

    /// The sum, which stays at the largest amount there is rather than overflow.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, bounded likewise.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many hundredths of it, rounded down to the fen.
    pub(crate) fn percent(self, percent: i64) -> Self {
        Self(self.0.saturating_mul(percent) / 100)
    }

    /// All of them together.
    pub(crate) fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::ZERO, Self::plus)
    }
}

/// `88.80`
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl From<Money> for Value {
    fn from(money: Money) -> Self {
        Self::from(money.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_yuan() {
        for (text, shown) in [
            ("0.01", "0.01"),
            ("88.8", "88.80"),
            ("100", "100.00"),
            ("-0.50", "-0.50"),
            ("007.10", "7.10"),
        ] {
            assert_eq!(Money::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.005",
            "1e2",
            "+1",
            "1,000",
            "99999999999999999999",
            "92233720368547758.08",
            "一",
        ] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
        assert_eq!(Money::from_json(&serde_json::json!(0.1)).unwrap().to_string(), "0.10");
    }
}
