//! Lines of comma-separated values, in memory that is bounded whatever comes.

use csv_core::ReadRecordResult;

use super::{
    BillError, BillErrorKind, BillLimits,
    unpack::{Packed, Unpacking},
};
use crate::charset;

/// So much is unpacked at once.
const CHUNK: usize = 32 << 10;

/// The lines of a file, one after the other: the memory for one line is all there is.
pub(super) struct Lines {
    file: Unpacking,
    csv: csv_core::Reader,
    chunk: Box<[u8]>,
    /// What of the chunk is not read yet.
    from: usize,
    to: usize,
    /// The cells of the line, one behind the other.
    cells: Box<[u8]>,
    /// Where each of them ends.
    ends: Box<[usize]>,
    written: usize,
    count: usize,
    /// Where the line that is being read begins.
    begin: u64,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is a line.
    Line,
    /// Something was read: go on, now or a little later.
    More,
    /// There are no more.
    End,
}

impl Lines {
    pub(super) fn new(file: Packed, limits: &BillLimits) -> Self {
        Self {
            file: Unpacking::new(file),
            csv: csv_core::Reader::new(),
            chunk: vec![0; CHUNK].into(),
            from: 0,
            to: 0,
            cells: vec![0; limits.row.max(1)].into(),
            ends: vec![0; limits.columns.max(1)].into(),
            written: 0,
            count: 0,
            begin: 1,
        }
    }

    /// Goes on with the next line. The work of one step is bounded.
    pub(super) fn step(&mut self) -> Result<Step, BillError> {
        if self.from == self.to {
            self.from = 0;
            self.to = self.file.read(&mut self.chunk)?;
        }
        if self.written == 0 && self.count == 0 {
            self.begin = self.csv.line();
        }
        let (result, read, written, count) = self.csv.read_record(
            &self.chunk[self.from..self.to],
            &mut self.cells[self.written..],
            &mut self.ends[self.count..],
        );
        self.from += read;
        self.written += written;
        self.count += count;
        match result {
            ReadRecordResult::InputEmpty => Ok(Step::More),
            ReadRecordResult::Record => Ok(Step::Line),
            ReadRecordResult::End => Ok(Step::End),
            ReadRecordResult::OutputFull => Err(self.too_large("is longer than the limit allows")),
            ReadRecordResult::OutputEndsFull => Err(self.too_large("has more columns than the limit allows")),
        }
    }

    /// The cells of the line, without blanks around them, and makes room for the next one.
    pub(super) fn take(&mut self) -> Result<Vec<String>, BillError> {
        let mut start = 0;
        let mut cells = Vec::with_capacity(self.count);
        for end in &self.ends[..self.count] {
            let cell = self.cells.get(start..*end).unwrap_or_default();
            let cell = charset::GBK.and_then(|decode| decode(cell));
            let cell = cell.ok_or_else(|| self.error(BillErrorKind::Encoding, "is not in GBK"))?;
            // Behind long numbers and texts, Alipay writes a tab: a spreadsheet takes them for text then.
            cells.push(cell.trim().to_owned());
            start = *end;
        }
        (self.written, self.count) = (0, 0);
        Ok(cells)
    }

    /// An error at the line that is being read, or was read last.
    pub(super) fn error(&self, kind: BillErrorKind, what: &str) -> BillError {
        let message = format!(
            "the line {} of the bill's file `{}` {what}",
            self.begin,
            self.file.name()
        );
        BillError::new(kind, message)
    }

    fn too_large(&self, what: &str) -> BillError {
        self.error(BillErrorKind::TooLarge, what)
    }
}
