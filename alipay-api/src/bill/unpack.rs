//! One file of the archive, unpacked while it is read.

use std::{
    io::{BufRead as _, Cursor, Read as _},
    sync::Arc,
};

use bytes::Bytes;
use flate2::{Crc, bufread::DeflateDecoder};

use super::{BillError, BillErrorKind};

/// A file as it is in the archive.
#[derive(Clone)]
pub(super) struct Packed {
    pub(super) name: Arc<str>,
    pub(super) data: Bytes,
    pub(super) method: Method,
    /// How large the archive says that it is.
    pub(super) size: u64,
    /// What its checksum has to be.
    pub(super) crc: u32,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

impl Packed {
    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        let end = self.name.len().checked_sub(4).and_then(|start| self.name.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(".csv"))
    }

    /// Whether it has sums in place of rows: `…_业务明细(汇总).csv`, `…_账务明细(汇总).csv`, `…_业务汇总.csv`.
    pub(super) fn is_summary(&self) -> bool {
        self.name.contains("汇总")
    }
}

/// The bytes of a file. Its end is only reached by a file of the right size and checksum.
pub(super) struct Unpacking {
    file: Packed,
    source: Source,
    crc: Crc,
    left: u64,
    is_done: bool,
}

enum Source {
    Stored(Cursor<Bytes>),
    Deflated(Box<DeflateDecoder<Cursor<Bytes>>>),
}

impl Unpacking {
    pub(super) fn new(file: Packed) -> Self {
        let data = Cursor::new(file.data.clone());
        Self {
            source: match file.method {
                Method::Stored => Source::Stored(data),
                Method::Deflated => Source::Deflated(Box::new(DeflateDecoder::new(data))),
            },
            crc: Crc::new(),
            left: file.size,
            is_done: false,
            file,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.file.name
    }

    /// Reads some of it; nothing at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, BillError> {
        if self.is_done || buffer.is_empty() {
            return Ok(0);
        }
        // One byte beyond the size shows that there are more.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = match &mut self.source {
            Source::Stored(source) => source.read(&mut buffer[..most]),
            Source::Deflated(source) => source.read(&mut buffer[..most]),
        };
        let read = read.map_err(|error| self.damaged("is damaged").with_source(error))?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(self.damaged("is larger than the archive says"));
        };
        self.left = left;
        self.crc.update(&buffer[..read]);
        if read == 0 {
            self.is_done = true;
            self.check_end()?;
        }
        Ok(read)
    }

    fn check_end(&mut self) -> Result<(), BillError> {
        if self.left > 0 {
            return Err(self.damaged("is cut short"));
        }
        if self.crc.sum() != self.file.crc {
            return Err(self.damaged("does not have its checksum"));
        }
        let rest = match &mut self.source {
            Source::Stored(source) => source.fill_buf(),
            Source::Deflated(source) => source.get_mut().fill_buf(),
        };
        let is_empty = rest.is_ok_and(<[u8]>::is_empty);
        if is_empty {
            Ok(())
        } else {
            Err(self.damaged("has more behind its end"))
        }
    }

    fn damaged(&self, what: &str) -> BillError {
        let message = format!("the file `{}` of the bill's archive {what}", self.name());
        BillError::new(BillErrorKind::Archive, message)
    }
}
