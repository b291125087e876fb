//! The archive: which files are in it, without reading any of them.

use std::fmt;

use bytes::Bytes;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

use super::{
    AccountRow, BillError, BillErrorKind, BillLimits, BillPeriod, RawRow, Row, Rows, TradeRow,
    unpack::{Method, Packed},
};
use crate::charset;

/// Up to this size, a file may be of one byte many times over.
const SMALL: u64 = 1 << 20;
/// A file's name is short.
const MAX_NAME: usize = 255;

/// A bill as it was downloaded: a ZIP archive of tables, which are read as their rows are asked for.
///
/// It is cheap to clone.
#[derive(Clone)]
pub struct Bill {
    zip: Bytes,
    files: Vec<Packed>,
    limits: BillLimits,
    period: Option<BillPeriod>,
}

impl Bill {
    /// A bill that was downloaded in another way, such as from Alipay's website, or kept since: all bytes of the ZIP archive.
    ///
    /// # Errors
    /// [`Archive`](BillErrorKind::Archive) and [`TooLarge`](BillErrorKind::TooLarge).
    pub fn from_zip(zip: impl Into<Bytes>, limits: BillLimits) -> Result<Self, BillError> {
        let zip = zip.into();
        let files = files(&zip, &limits)?;
        Ok(Self {
            zip,
            files,
            limits,
            period: None,
        })
    }

    /// A bill that has to be of this time.
    pub(super) fn of_period(mut self, period: BillPeriod) -> Self {
        self.period = Some(period);
        self
    }

    /// The archive as it came, for who keeps it: [`from_zip`](Self::from_zip) reads it again.
    pub fn zip(&self) -> &Bytes {
        &self.zip
    }

    /// The names of its files, such as `20889110551340340156_20171213_业务明细.csv`. They have no folders.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }

    /// The payments and refunds of a bill of the kind `trade`.
    ///
    /// # Errors
    /// There is no such table ([`Archive`](BillErrorKind::Archive)). All others come with the rows.
    pub fn trades(&self) -> Result<Rows<TradeRow>, BillError> {
        self.rows(false)
    }

    /// What came into the account and went out of it, of a bill of the kind `signcustomer`.
    ///
    /// # Errors
    /// There is no such table ([`Archive`](BillErrorKind::Archive)). All others come with the rows.
    pub fn account_entries(&self) -> Result<Rows<AccountRow>, BillError> {
        self.rows(false)
    }

    /// The rows of a bill of any kind, as text. That they add up is not known: only the typed rows are held against the totals.
    ///
    /// # Errors
    /// There is no table ([`Archive`](BillErrorKind::Archive)). All others come with the rows.
    pub fn raw_rows(&self) -> Result<Rows<RawRow>, BillError> {
        self.rows(false)
    }

    /// The rows of the summary (汇总) that most bills have beside their rows, as text.
    ///
    /// # Errors
    /// There is no summary ([`Archive`](BillErrorKind::Archive)). All others come with the rows.
    pub fn summary_rows(&self) -> Result<Rows<RawRow>, BillError> {
        self.rows(true)
    }

    fn rows<T: Row>(&self, summaries: bool) -> Result<Rows<T>, BillError> {
        let is_wanted = |file: &&Packed| file.is_table() && file.is_summary() == summaries;
        let files: Vec<_> = self.files.iter().filter(is_wanted).cloned().collect();
        if files.is_empty() {
            let what = if summaries { "summary" } else { "table of rows" };
            let message = format!("the bill's archive has no {what} among its files: {self:?}");
            return Err(BillError::new(BillErrorKind::Archive, message));
        }
        Ok(Rows::new(files, self.limits, self.period))
    }
}

/// Shows the names of the files, and nothing in them.
impl fmt::Debug for Bill {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Bill({} bytes: ", self.zip.len())?;
        formatter.debug_list().entries(self.file_names()).finish()?;
        formatter.write_str(")")
    }
}

/// The files of an archive, none of which is opened: what the archive says of itself is within the limits.
fn files(zip: &Bytes, limits: &BillLimits) -> Result<Vec<Packed>, BillError> {
    if zip.len() > limits.download {
        return Err(too_large(format!("the bill has more than {} bytes", limits.download)));
    }
    let archive = ZipArchive::from_slice(&**zip).map_err(damaged)?;
    let mut left = limits.unpacked;
    let mut files = Vec::new();
    for entry in archive.entries() {
        let packed = packed(zip, &archive, &entry.map_err(damaged)?)?;
        if files.len() == limits.files {
            let message = format!("the bill's archive has more than {} files", limits.files);
            return Err(too_large(message));
        }
        let is_bomb = packed.size > SMALL && packed.size / limits.ratio.max(1) > packed.data.len() as u64;
        if packed.size > left || is_bomb {
            return Err(too_large(format!(
                "the file `{}` of the bill's archive has {} bytes, packed into {}",
                packed.name,
                packed.size,
                packed.data.len()
            )));
        }
        left -= packed.size;
        files.push(packed);
    }
    Ok(files)
}

/// One file, packed as it is.
fn packed(zip: &Bytes, archive: &ZipSliceArchive<&[u8]>, entry: &ZipFileHeaderRecord<'_>) -> Result<Packed, BillError> {
    let flags = entry.flags();
    let name = name(entry.file_path().as_bytes(), flags.is_utf8())?;
    let unusable = |what: &str| {
        let message = format!("the file `{name}` of the bill's archive {what}");
        BillError::new(BillErrorKind::Archive, message)
    };
    if flags.is_encrypted() || flags.has_strong_encryption() {
        return Err(unusable("is encrypted"));
    }
    let method = match entry.compression_method() {
        CompressionMethod::STORE => Method::Stored,
        CompressionMethod::DEFLATE => Method::Deflated,
        _ => return Err(unusable("is compressed in a way that is not read here")),
    };
    let data = archive.get_entry(entry.wayfinder()).map_err(damaged)?.data();
    Ok(Packed {
        data: zip.slice_ref(data),
        method,
        size: entry.uncompressed_size_hint(),
        crc: entry.crc32(),
        name: name.into(),
    })
}

/// A file's name, which is in GBK where the archive does not say otherwise.
fn name(raw: &[u8], is_utf8: bool) -> Result<String, BillError> {
    let name = if is_utf8 {
        str::from_utf8(raw).map(str::to_owned).ok()
    } else {
        charset::GBK.and_then(|decode| decode(raw)).map(String::from)
    };
    let is_plain = |name: &String| {
        !name.is_empty()
            && name.len() <= MAX_NAME
            && !name.contains(['/', '\\', ':'])
            && !name.chars().any(char::is_control)
            && name != ".."
            && name != "."
    };
    name.filter(is_plain).ok_or_else(|| {
        let message = "a file of the bill's archive has a name that is no plain file name";
        BillError::new(BillErrorKind::Archive, message)
    })
}

fn too_large(message: String) -> BillError {
    BillError::new(BillErrorKind::TooLarge, message)
}

fn damaged(error: rawzip::Error) -> BillError {
    BillError::new(BillErrorKind::Archive, "the bill is no ZIP archive, or a damaged one").with_source(error)
}
