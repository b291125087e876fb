//! What a row is made of, and what rows add up to.

use std::sync::Arc;

use super::{BillError, BillErrorKind};
use crate::types::{DateTime, ParsePriceError, Price};

/// A row of a bill: [`TradeRow`](super::TradeRow), [`AccountRow`](super::AccountRow), or [`RawRow`] where nothing is known of the columns.
///
/// The library alone has rows.
pub trait Row: Sized + Send + sealed::Layout {}

pub(super) mod sealed {
    use super::{BillError, Cells, RowError};

    /// How a row is read, and how rows are held against the totals of their bill.
    pub trait Layout: Sized {
        /// What the rows add up to, and what the bill says that they do.
        type Sums: Default + Send;

        /// Whether how the table ends is known, so that one without its end is cut short.
        const IS_KNOWN: bool;

        /// The columns without which no row can be read.
        const ESSENTIAL: &'static [&'static str];

        /// Reads a row.
        fn read(cells: Cells<'_>) -> Result<Self, RowError>;

        /// Counts a row in; `None` if the sum is out of range.
        fn add(&self, sums: &mut Self::Sums) -> Option<()>;

        /// Takes what a line behind the rows says, if it is a total; `None` if it is one that can't be read.
        fn total(sums: &mut Self::Sums, line: &str) -> Option<()>;

        /// Holds the rows against the totals.
        fn check(sums: &Self::Sums) -> Result<(), BillError>;
    }
}

/// A row of which nothing is known but its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    header: Arc<[String]>,
    cells: Vec<String>,
}

impl RawRow {
    /// What stands in the first column of this name, such as `业务类型`; `None` if there is no such column. Blanks and tabs around it are gone.
    pub fn get(&self, column: &str) -> Option<&str> {
        let index = self.header.iter().position(|name| name == column)?;
        self.cells.get(index).map(String::as_str)
    }

    /// All columns and what stands in them, in the bill's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.header.iter().map(String::as_str);
        names.zip(self.cells.iter().map(String::as_str))
    }
}

impl Row for RawRow {}

impl sealed::Layout for RawRow {
    type Sums = ();

    const IS_KNOWN: bool = false;

    const ESSENTIAL: &'static [&'static str] = &[];

    fn read(cells: Cells<'_>) -> Result<Self, RowError> {
        Ok(Self {
            header: Arc::clone(cells.header),
            cells: cells.values,
        })
    }

    fn add(&self, (): &mut ()) -> Option<()> {
        Some(())
    }

    fn total((): &mut (), _: &str) -> Option<()> {
        Some(())
    }

    fn check((): &()) -> Result<(), BillError> {
        Ok(())
    }
}

/// A row that is being read: what is taken out of it is gone, and the rest is kept.
pub struct Cells<'a> {
    header: &'a Arc<[String]>,
    values: Vec<String>,
    taken: Vec<bool>,
}

/// What is wrong with a row.
pub struct RowError {
    pub(super) kind: BillErrorKind,
    pub(super) what: String,
}

impl<'a> Cells<'a> {
    /// The cells of a row are as many as the header's.
    pub(super) fn new(header: &'a Arc<[String]>, values: Vec<String>) -> Self {
        Self {
            header,
            taken: vec![false; values.len()],
            values,
        }
    }

    /// The text of a column; nothing where the bill has no such column.
    pub(super) fn text(&mut self, column: &str) -> String {
        let index = self.header.iter().position(|name| is_column(name, column));
        let value = index.and_then(|index| {
            *self.taken.get_mut(index)? = true;
            self.values.get_mut(index)
        });
        value.map(std::mem::take).unwrap_or_default()
    }

    /// The same, where an empty text says nothing.
    pub(super) fn optional(&mut self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    /// An amount, which has to be there.
    pub(super) fn amount(&mut self, column: &str) -> Result<Price, RowError> {
        let text = self.text(column);
        text.parse().map_err(|error: ParsePriceError| cell(column, &error))
    }

    /// An amount that may be left out.
    pub(super) fn optional_amount(&mut self, column: &str) -> Result<Option<Price>, RowError> {
        let text = self.optional(column);
        let amount = text.map(|text| text.parse()).transpose();
        amount.map_err(|error: ParsePriceError| cell(column, &error))
    }

    /// A time.
    pub(super) fn time(&mut self, column: &str) -> Result<DateTime, RowError> {
        self.text(column).parse().map_err(|error| cell(column, &error))
    }

    /// A time that may be left out.
    pub(super) fn optional_time(&mut self, column: &str) -> Result<Option<DateTime>, RowError> {
        let text = self.optional(column);
        text.map(|text| text.parse().map_err(|error| cell(column, &error)))
            .transpose()
    }

    /// What was not taken: columns that this version of the library does not know.
    pub(super) fn rest(self) -> Vec<(String, String)> {
        let all = self.header.iter().zip(self.values).zip(self.taken);
        all.filter(|(_, is_taken)| !is_taken)
            .map(|((name, value), _)| (name.clone(), value))
            .collect()
    }
}

fn cell(column: &str, error: &dyn std::fmt::Display) -> RowError {
    RowError {
        kind: BillErrorKind::Cell,
        what: format!("can't be read in the column {column}: {error}"),
    }
}

/// Whether a column has this name. Its brackets may be Chinese or not: 订单金额（元）, 订单金额(元).
pub(super) fn is_column(name: &str, column: &str) -> bool {
    let plain = |letter| match letter {
        '（' => '(',
        '）' => ')',
        other => other,
    };
    name.chars().map(plain).eq(column.chars().map(plain))
}

/// Some of the rows: how many there are, and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: u64,
    pub(super) amount: Price,
}

impl Sum {
    /// Adds to it; `None` if it is out of range then.
    pub(super) fn add(&mut self, count: u64, amount: Price) -> Option<()> {
        self.count = self.count.checked_add(count)?;
        self.amount = self.amount.checked_add(amount)?;
        Some(())
    }
}

/// `：6笔，商家实收共0.06元，商家优惠共0.00元`: the number, and the amounts of these names, which have to be all there are.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<(u64, [Price; N])> {
    let (count, rest) = text.strip_prefix('：')?.split_once('笔')?;
    let mut parts = rest.split('，');
    parts.next().filter(|before| before.is_empty())?;
    let mut amounts = [Price::ZERO; N];
    for (amount, name) in amounts.iter_mut().zip(names) {
        let text = parts.next()?.strip_prefix(name)?.strip_prefix('共')?;
        *amount = text.strip_suffix('元')?.parse().ok()?;
    }
    let is_all = parts.next().is_none();
    Some((count.parse().ok().filter(|_| is_all)?, amounts))
}

/// The bill says otherwise than its rows do.
pub(super) fn differs(message: String) -> BillError {
    BillError::new(BillErrorKind::Totals, message)
}
