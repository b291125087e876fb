use std::{error::Error, fmt, str::FromStr};

#[cfg(feature = "rust_decimal")]
use rust_decimal::Decimal;

use super::pad::pad;
use crate::codec::{DecodeError, JsonWriter, Scalar, Value, scalar};

/// An amount of money: a decimal with two places, never a binary fraction.
///
/// Yuan, unless the field says another currency. On the wire it is text such as `"88.80"`.
///
/// ```
/// # use alipay_api::types::Price;
/// let price: Price = "88.8".parse()?;
/// assert_eq!(price.to_string(), "88.80");
/// assert_eq!(price, Price::from_cents(8880));
/// assert!("0.001".parse::<Price>().is_err());
/// # Ok::<(), alipay_api::types::ParsePriceError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price {
    cents: i64,
}

/// Text that is not an amount with at most two decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePriceError(());

impl fmt::Display for ParsePriceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not an amount with at most two decimals: write it like 88.80")
    }
}

impl Error for ParsePriceError {}

impl Price {
    /// Nothing.
    pub const ZERO: Self = Self { cents: 0 };

    /// An amount in hundredths: 分 of a yuan.
    pub const fn from_cents(cents: i64) -> Self {
        Self { cents }
    }

    /// The amount in hundredths: 分 of a yuan.
    pub const fn cents(self) -> i64 {
        self.cents
    }

    /// The sum, or `None` where it is too large.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.cents.checked_add(other.cents) {
            Some(cents) => Some(Self { cents }),
            None => None,
        }
    }

    /// The difference, or `None` where it is too large.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.cents.checked_sub(other.cents) {
            Some(cents) => Some(Self { cents }),
            None => None,
        }
    }
}

impl FromStr for Price {
    type Err = ParsePriceError;

    /// Reads digits with at most two decimals; further ones may only be zeros. No exponent, no grouping.
    fn from_str(text: &str) -> Result<Self, ParsePriceError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let point = digits.bytes().position(|byte| byte == b'.');
        let (whole, fraction) = point.map_or((digits, "0"), |point| (&digits[..point], &digits[point + 1..]));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return Err(ParsePriceError(()));
        }
        let (hundredths, rest) = fraction.split_at(fraction.len().min(2));
        if rest.bytes().any(|digit| digit != b'0') {
            return Err(ParsePriceError(()));
        }
        let missing = &"00"[hundredths.len()..];
        let mut digits = [whole, hundredths, missing].into_iter().flat_map(str::bytes);
        // Downwards, since the range of negative numbers is the larger one.
        let below_zero = digits.try_fold(0_i64, |cents, digit| {
            cents.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))
        });
        let cents = if negative {
            below_zero
        } else {
            below_zero.and_then(i64::checked_neg)
        };
        cents.map(Self::from_cents).ok_or(ParsePriceError(()))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.cents < 0 { "-" } else { "" };
        let cents = self.cents.unsigned_abs();
        pad(formatter, format_args!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(feature = "rust_decimal")]
impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        Self::new(price.cents, 2)
    }
}

#[cfg(feature = "rust_decimal")]
impl TryFrom<Decimal> for Price {
    type Error = ParsePriceError;

    /// Fails where the decimal has more than two places that are not zero, or is too large.
    fn try_from(decimal: Decimal) -> Result<Self, ParsePriceError> {
        decimal.normalize().to_string().parse()
    }
}

impl Scalar for Price {
    fn empty() -> Self {
        Self::ZERO
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.plain(self);
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        let Some(text) = value.scalar("an amount")? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| DecodeError::new("expected an amount with at most two decimals"))
    }
}

scalar!(Price);
crate::__serde!(Price);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_two_decimals() {
        for (text, written) in [
            ("0", "0.00"),
            ("1", "1.00"),
            ("1.", ""),
            (".5", ""),
            ("0.1", "0.10"),
            ("0.01", "0.01"),
            ("-0.01", "-0.01"),
            ("100000000.00", "100000000.00"),
            ("88.800", "88.80"),
            ("88.801", ""),
            ("92233720368547758.07", "92233720368547758.07"),
            ("92233720368547758.08", ""),
            ("1e3", ""),
            ("1,000.00", ""),
            ("+1", ""),
            ("--1", ""),
            (" 1", ""),
            ("", ""),
            ("-", ""),
            ("١", ""),
        ] {
            let price = text.parse::<Price>();
            assert_eq!(
                price.map(|price| price.to_string()).unwrap_or_default(),
                written,
                "{text:?}"
            );
        }
    }

    #[cfg(feature = "rust_decimal")]
    #[test]
    fn converts_to_and_from_decimal() {
        let price = Price::from_cents(-8880);
        assert_eq!(Decimal::from(price).to_string(), "-88.80");
        assert_eq!(Price::try_from(Decimal::from(price)), Ok(price));
        assert_eq!(Price::try_from(Decimal::new(88_800, 3)), Ok(Price::from_cents(8880)));
        assert!(Price::try_from(Decimal::new(1, 3)).is_err());
        assert!(Price::try_from(Decimal::MAX).is_err());
    }
}
