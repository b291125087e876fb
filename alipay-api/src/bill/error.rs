use std::{error::Error as StdError, fmt};

use crate::Error;

type Source = Box<dyn StdError + Send + Sync>;

/// Why there is no bill, or no whole one.
///
/// Neither `Display` nor `Debug` shows the address that the bill was at, which lets anyone download it.
#[derive(Debug)]
pub struct BillError {
    kind: BillErrorKind,
    message: String,
    source: Option<Source>,
}

/// The sort of a [`BillError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BillErrorKind {
    /// The call for the address failed: [`BillError::call`] has its error. A day for which Alipay has no bill is no error, but
    /// [`BillAnswer::NoBill`](super::BillAnswer::NoBill).
    Call,
    /// The file is at an address that is not [allowed](super::Bills::allow_host): another host, or not `https`. Nothing was sent there.
    Address,
    /// The file was not fetched: there was no connection, or it broke. [`source`](std::error::Error::source) has the
    /// [`TransportError`](crate::transport::TransportError).
    Transport,
    /// The file was not there in time.
    Timeout,
    /// The server of the file gave another status than 200, such as when the address had expired.
    Status(u16),
    /// Something is larger than the [limits](super::BillLimits) allow.
    TooLarge,
    /// The file is no ZIP archive, or a damaged one, or has in it what a bill has not.
    Archive,
    /// A table is not laid out as a bill's: it has no header or no end, or a line that does not fit the header.
    Format,
    /// A text is not in GBK.
    Encoding,
    /// The bill lacks a column that its rows can't be read without, or has it twice.
    Column,
    /// A cell is not what its column has: an amount, a time.
    Cell,
    /// The bill is of another day or month than was asked for.
    Period,
    /// The bill does not add up: its rows are not those that its totals count. Rows that came before are not to be relied on.
    Totals,
}

impl BillError {
    pub(super) fn new(kind: BillErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The message does not repeat what the source says.
    pub(super) fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The sort of error.
    pub fn kind(&self) -> BillErrorKind {
        self.kind
    }

    /// The error of the call that asked for the address, if that is what failed.
    pub fn call(&self) -> Option<&Error> {
        self.source.as_ref().and_then(|source| source.downcast_ref())
    }
}

impl From<Error> for BillError {
    fn from(error: Error) -> Self {
        Self::new(BillErrorKind::Call, "the bill's address was not told").with_source(error)
    }
}

impl fmt::Display for BillError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl StdError for BillError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
