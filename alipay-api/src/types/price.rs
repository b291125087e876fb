use std::{
    error::Error,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub, SubAssign},
    str::FromStr,
};

#[cfg(feature = "rust_decimal")]
use rust_decimal::Decimal;

use super::pad::pad;
use crate::codec::{DecodeError, JsonWriter, Scalar, Value, scalar};

/// An amount of money: a decimal number with two decimals, never a binary fraction.
///
/// The currency is yuan, unless the field says otherwise. On the wire it is text such as `"88.80"`. The range is
/// -92,233,720,368,547,758.08 to 92,233,720,368,547,758.07. A response may have a negative amount; a request with one is an error before
/// anything is sent.
///
/// ```
/// # use alipay_api::types::Price;
/// let price: Price = "88.8".parse()?;                 // 元, as text
/// assert_eq!(price.to_string(), "88.80");
/// assert_eq!(price, Price::from_cents(8880));         // 分
/// assert_eq!(Price::from_yuan(88), "88.00".parse()?); // whole 元
/// assert!("0.001".parse::<Price>().is_err());
/// # Ok::<(), alipay_api::types::ParsePriceError>(())
/// ```
///
/// # Arithmetic
/// Amounts can be compared, added, subtracted and summed. A result out of range never wraps and is never clamped: `+`, `-`, `+=`, `-=` and
/// `sum` panic, also in release builds, like those of [`Duration`](std::time::Duration). For amounts from outside use
/// [`checked_add`](Self::checked_add), [`checked_sub`](Self::checked_sub), [`checked_mul`](Self::checked_mul) and
/// [`checked_sum`](Self::checked_sum). A difference may be negative: check [`is_negative`](Self::is_negative).
///
/// ```
/// # use alipay_api::types::Price;
/// let items = [Price::from_cents(9900), Price::from_cents(150)];
/// let total: Price = items.iter().sum();
/// assert_eq!(total - Price::from_yuan(100), Price::from_cents(50));
/// assert!(total > Price::ZERO && !total.is_negative());
/// assert_eq!(Price::checked_sum(items), Some(total));
/// assert_eq!(Price::from_cents(i64::MAX).checked_add(Price::from_cents(1)), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price {
    cents: i64,
}

/// The error for text that is not an amount with at most two decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePriceError(());

impl fmt::Display for ParsePriceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the text is not an amount with at most two decimals: write it like 88.80")
    }
}

impl Error for ParsePriceError {}

impl Price {
    /// Zero: 0.00.
    pub const ZERO: Self = Self { cents: 0 };

    /// An amount in hundredths: fen (分) of a yuan, cents of a dollar. `8880` is 88.80.
    #[doc(alias = "fen")]
    pub const fn from_cents(cents: i64) -> Self {
        Self { cents }
    }

    /// An amount in whole yuan (元). `88` is 88.00.
    pub const fn from_yuan(yuan: u32) -> Self {
        // 32 bits of yuan can't exceed 64 bits of cents.
        Self {
            cents: yuan as i64 * 100,
        }
    }

    /// The amount in hundredths: fen (分) of a yuan.
    #[doc(alias = "fen")]
    pub const fn cents(self) -> i64 {
        self.cents
    }

    /// Whether the amount is zero.
    pub const fn is_zero(self) -> bool {
        self.cents == 0
    }

    /// Whether the amount is below zero.
    pub const fn is_negative(self) -> bool {
        self.cents < 0
    }

    /// The sum; `None` if it is out of range.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::in_range(self.cents.checked_add(other.cents))
    }

    /// The difference, which may be negative; `None` if it is out of range.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::in_range(self.cents.checked_sub(other.cents))
    }

    /// The amount times a whole number; `None` if it is out of range.
    pub const fn checked_mul(self, times: i64) -> Option<Self> {
        Self::in_range(self.cents.checked_mul(times))
    }

    /// The sum of all amounts; `None` if it, or the sum of the first of them, is out of range.
    pub fn checked_sum(prices: impl IntoIterator<Item = Self>) -> Option<Self> {
        prices.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    const fn in_range(cents: Option<i64>) -> Option<Self> {
        match cents {
            Some(cents) => Some(Self { cents }),
            None => None,
        }
    }
}

/// Panics, because an amount out of range must not become another amount.
#[cold]
#[track_caller]
fn out_of_range() -> Price {
    panic!("an amount of money is out of range: use the checked operations for amounts from outside")
}

impl Add for Price {
    type Output = Self;

    /// # Panics
    /// The sum is out of range.
    #[track_caller]
    fn add(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or_else(out_of_range)
    }
}

impl Sub for Price {
    type Output = Self;

    /// # Panics
    /// The difference is out of range.
    #[track_caller]
    fn sub(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or_else(out_of_range)
    }
}

impl AddAssign for Price {
    /// # Panics
    /// The sum is out of range.
    #[track_caller]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Price {
    /// # Panics
    /// The difference is out of range.
    #[track_caller]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Price {
    /// # Panics
    /// The sum is out of range.
    fn sum<I: Iterator<Item = Self>>(prices: I) -> Self {
        prices.fold(Self::ZERO, Self::add)
    }
}

impl<'a> Sum<&'a Price> for Price {
    /// # Panics
    /// The sum is out of range.
    fn sum<I: Iterator<Item = &'a Self>>(prices: I) -> Self {
        prices.copied().sum()
    }
}

impl FromStr for Price {
    type Err = ParsePriceError;

    /// Reads digits with at most two decimals. More decimals must be zeros. Exponents and grouping are not allowed.
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
        // Counts downwards, because the range of negative numbers is larger.
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

    /// Fails if the decimal has more than two decimals that are not zero, or is out of range.
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

    #[test]
    fn adds_and_subtracts_within_its_range() {
        let (most, least, cent) = (
            Price::from_cents(i64::MAX),
            Price::from_cents(i64::MIN),
            Price::from_cents(1),
        );
        assert_eq!(Price::from_yuan(u32::MAX).to_string(), "4294967295.00");
        assert_eq!((most - cent) + cent, most);
        let mut left = Price::from_yuan(1);
        left -= Price::from_cents(101);
        assert!(left.is_negative() && left < Price::ZERO && !left.is_zero());
        left += cent;
        assert!(left.is_zero() && !left.is_negative());
        assert_eq!(cent.checked_mul(-3), Some(Price::from_cents(-3)));
        assert_eq!([cent, most, least].into_iter().rev().sum::<Price>(), Price::ZERO);
        assert_eq!([].iter().sum::<Price>(), Price::ZERO);
        // In this order, a part of the sum is out of range.
        assert_eq!(Price::checked_sum([most, cent, least]), None);
        assert_eq!(
            (most.checked_add(cent), least.checked_sub(cent), most.checked_mul(2)),
            (None, None, None)
        );
    }

    #[test]
    fn never_wraps() {
        let (most, least, cent) = (
            Price::from_cents(i64::MAX),
            Price::from_cents(i64::MIN),
            Price::from_cents(1),
        );
        let operations: [&(dyn Fn() -> Price + std::panic::RefUnwindSafe); 5] = [
            &|| most + cent,
            &|| least - cent,
            &|| [most, cent].iter().sum(),
            &|| {
                let mut sum = most;
                sum += cent;
                sum
            },
            &|| {
                let mut difference = least;
                difference -= cent;
                difference
            },
        ];
        for (index, operation) in operations.into_iter().enumerate() {
            assert!(std::panic::catch_unwind(operation).is_err(), "{index}");
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
