use std::{borrow::Cow, fmt};

use crate::types::Date;

/// Which bill.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BillKind {
    /// `trade`: payments and refunds (业务明细). Its rows are [`TradeRow`](super::TradeRow)s.
    Trade,
    /// `signcustomer`: all that came into the account and went out of it (账务明细). Its rows are [`AccountRow`](super::AccountRow)s.
    SignCustomer,
    /// Another `bill_type`, such as `merchant_act`, `trade_zft_merchant`, `zft_acc` or `settlementMerge`. How their rows are laid out is not
    /// published: they are [`RawRow`](super::RawRow)s.
    Other(Cow<'static, str>),
}

impl BillKind {
    /// Another `bill_type`, by its name.
    pub fn other(bill_type: impl Into<Cow<'static, str>>) -> Self {
        Self::Other(bill_type.into())
    }

    /// The `bill_type`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Trade => "trade",
            Self::SignCustomer => "signcustomer",
            Self::Other(bill_type) => bill_type,
        }
    }
}

impl fmt::Display for BillKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What time a bill is of: a day or a month, in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BillPeriod(Length);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Length {
    Day(Date),
    /// The month's first day.
    Month(Date),
}

impl BillPeriod {
    /// A day. Its bill is usually there by 9 o'clock the next day.
    pub fn day(day: Date) -> Self {
        Self(Length::Day(day))
    }

    /// A month, 1 to 12; `None` if there is no such month. Its bill is usually there on the 3rd of the next.
    pub fn month(year: i16, month: u8) -> Option<Self> {
        Some(Self(Length::Month(Date::new(year, month, 1)?)))
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        let Self(Length::Day(day) | Length::Month(day)) = self;
        day
    }
}

impl From<Date> for BillPeriod {
    fn from(day: Date) -> Self {
        Self::day(day)
    }
}

/// As `bill_date` has it.
impl fmt::Display for BillPeriod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Length::Day(day) => day.fmt(formatter),
            Length::Month(first) => write!(formatter, "{:04}-{:02}", first.year(), first.month()),
        }
    }
}
