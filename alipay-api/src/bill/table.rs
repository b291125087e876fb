//! Tables, as all of Alipay's bills have them: lines with `#` that say what it is, a header, rows, a line with `#` that says that they end, and
//! lines with `#` that have totals.

use std::sync::Arc;

use super::{
    BillError, BillErrorKind, BillLimits, BillPeriod,
    csv::{Lines, Step},
    unpack::Packed,
};

/// One table, from its first line to its last.
pub(super) struct Table {
    lines: Lines,
    header: Option<Arc<[String]>>,
    has_ended: bool,
    /// Whether it is known how such tables end.
    is_known: bool,
    period: Option<BillPeriod>,
}

/// What a table has next.
pub(super) enum Item {
    /// The names of its columns.
    Header,
    /// A row: as many cells as the header has.
    Row(Vec<String>),
    /// A line behind the rows, such as `交易合计：6笔，商家实收共0.06元，商家优惠共0.00元`, without its `#`.
    Total(String),
    /// Nothing yet: go on, now or a little later.
    More,
    /// It ends as a table does.
    End,
}

impl Table {
    pub(super) fn new(file: Packed, limits: &BillLimits, is_known: bool, period: Option<BillPeriod>) -> Self {
        Self {
            lines: Lines::new(file, limits),
            header: None,
            has_ended: false,
            is_known,
            period,
        }
    }

    /// The names of its columns, as soon as they are known.
    pub(super) fn header(&self) -> Option<&Arc<[String]>> {
        self.header.as_ref()
    }

    /// Goes on. The work of one call is bounded.
    pub(super) fn next(&mut self) -> Result<Item, BillError> {
        match self.lines.step()? {
            Step::More => return Ok(Item::More),
            Step::End if self.has_ended || !self.is_known => return Ok(Item::End),
            Step::End => {
                return Err(self.error(BillErrorKind::Format, "is the last one, though the rows have not ended"));
            }
            Step::Line => {}
        }
        let mut cells = self.lines.take()?;
        if let Some(text) = cells.first().and_then(|cell| cell.strip_prefix('#')) {
            return self.remark(text);
        }
        if cells.iter().all(String::is_empty) {
            return Ok(Item::More);
        }
        if self.has_ended {
            return Err(self.error(BillErrorKind::Format, "stands behind the end of the rows"));
        }
        let Some(header) = &self.header else {
            // One comma may stand at the end of every line.
            while cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            self.header = Some(cells.into());
            return Ok(Item::Header);
        };
        if cells.len() == header.len() + 1 && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.len() != header.len() {
            let what = format!("has {} cells, and the header {}", cells.len(), header.len());
            return Err(self.error(BillErrorKind::Format, &what));
        }
        Ok(Item::Row(cells))
    }

    /// A line with `#`.
    fn remark(&mut self, text: &str) -> Result<Item, BillError> {
        if self.has_ended {
            return Ok(Item::Total(text.to_owned()));
        }
        if self.header.is_some() {
            // `------业务明细列表结束------`
            self.has_ended = text.contains("结束");
            if self.is_known && !self.has_ended {
                return Err(self.error(BillErrorKind::Format, "stands among the rows, and is none"));
            }
        } else if let (Some(period), Some(rest)) = (self.period, text.strip_prefix("起始日期")) {
            self.check_period(period, rest)?;
        }
        Ok(Item::More)
    }

    /// `：[2019年09月16日 00:00:00]   终止日期：[2019年09月17日 00:00:00]` has to be of the time that was asked for.
    fn check_period(&self, period: BillPeriod, text: &str) -> Result<(), BillError> {
        let digits: String = text.chars().filter(char::is_ascii_digit).take(8).collect();
        let day = period.first_day();
        let expected = format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
        if digits == expected {
            return Ok(());
        }
        let what = format!("says that the bill is of another time than {period}");
        Err(self.error(BillErrorKind::Period, &what))
    }

    /// An error at the line that was read last.
    pub(super) fn error(&self, kind: BillErrorKind, what: &str) -> BillError {
        self.lines.error(kind, what)
    }
}
