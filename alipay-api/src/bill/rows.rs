use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use futures_core::Stream;

use super::{
    BillError, BillErrorKind, BillLimits, BillPeriod, Row,
    row::{Cells, is_column, sealed::Layout},
    table::{Item, Table},
    unpack::Packed,
};

/// So many steps are made before other tasks have their turn. A step unpacks 32 KiB, or reads a row.
const STEPS: usize = 64;

/// The rows of a bill, as a stream: one after the other, and an error if they are not all there.
///
/// A bill may only be relied on as a whole when the stream has ended **without an error**: at the end, the rows are held against the totals of the bill.
/// Collect them by `TryStreamExt::try_collect`, or undo what you have done with them after an error, such as by rolling a transaction back. After an error the
/// stream ends.
///
/// The bill is unzipped as its rows are asked for, 32 KiB at a time, by the task that asks: a row takes some microseconds, and other tasks have their turn in
/// between.
#[must_use = "streams do nothing unless they are polled"]
pub struct Rows<T: Row> {
    files: vec::IntoIter<Packed>,
    limits: BillLimits,
    period: Option<BillPeriod>,
    table: Option<Table>,
    sums: T::Sums,
    /// Since other tasks had their turn.
    steps: usize,
    has_ended: bool,
}

impl<T: Row> Rows<T> {
    pub(super) fn new(files: Vec<Packed>, limits: BillLimits, period: Option<BillPeriod>) -> Self {
        Self {
            files: files.into_iter(),
            limits,
            period,
            table: None,
            sums: T::Sums::default(),
            steps: 0,
            has_ended: false,
        }
    }

    /// Makes one step: gives a row, the end, or nothing yet.
    fn step(&mut self) -> Result<Option<Progress<T>>, BillError> {
        let table = match &mut self.table {
            Some(table) => table,
            empty => {
                let Some(file) = self.files.next() else {
                    T::check(&self.sums)?;
                    return Ok(Some(Progress::End));
                };
                empty.insert(Table::new(file, &self.limits, T::IS_KNOWN, self.period))
            }
        };
        match table.next()? {
            Item::More => {}
            Item::Header => check_header::<T>(table)?,
            Item::Row(values) => {
                let header = table.header().cloned().unwrap_or_default();
                let row = T::read(Cells::new(&header, values)).map_err(|error| table.error(error.kind, &error.what))?;
                row.add(&mut self.sums)
                    .ok_or_else(|| table.error(BillErrorKind::Totals, "brings the sum out of range"))?;
                return Ok(Some(Progress::Row(row)));
            }
            Item::Total(line) => T::total(&mut self.sums, &line)
                .ok_or_else(|| table.error(BillErrorKind::Totals, "is a total that can't be read"))?,
            Item::End => self.table = None,
        }
        Ok(None)
    }
}

enum Progress<T> {
    Row(T),
    End,
}

/// Whether the rows can be read and added up: each column is there, and is there once.
fn check_header<T: Layout>(table: &Table) -> Result<(), BillError> {
    let header = table.header().map(|header| &header[..]).unwrap_or_default();
    for column in T::ESSENTIAL {
        let count = header.iter().filter(|name| is_column(name, column)).count();
        if count != 1 {
            let what = format!("is a header with {count} columns {column} in place of one");
            return Err(table.error(BillErrorKind::Column, &what));
        }
    }
    Ok(())
}

impl<T: Row> Unpin for Rows<T> {}

impl<T: Row> Stream for Rows<T> {
    type Item = Result<T, BillError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        while self.steps < STEPS {
            self.steps += 1;
            match self.step() {
                Ok(None) => {}
                Ok(Some(Progress::Row(row))) => return Poll::Ready(Some(Ok(row))),
                Ok(Some(Progress::End)) => {
                    self.has_ended = true;
                    return Poll::Ready(None);
                }
                Err(error) => {
                    self.has_ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        self.steps = 0;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T: Row> fmt::Debug for Rows<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rows")
            .field("files_left", &self.files.len())
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}
