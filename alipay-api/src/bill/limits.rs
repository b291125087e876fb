/// How much of a bill is read. What is larger is an error of the kind [`TooLarge`](super::BillErrorKind::TooLarge), and is not read to its end.
///
/// The defaults leave room for some millions of rows. The archive is kept in memory as it was downloaded; of what is in it, one row at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BillLimits {
    /// How many bytes the archive may have: by default 64 MiB.
    pub download: usize,
    /// How many bytes all its files may have together, unzipped: by default 2 GiB.
    pub unpacked: u64,
    /// How many files it may have: by default 100.
    pub files: usize,
    /// How many times as large as in the archive a file of more than 1 MiB may be, unzipped: by default 200 times.
    pub ratio: u64,
    /// How many bytes a row may have: by default 64 KiB.
    pub row: usize,
    /// How many columns a table may have: by default 256.
    pub columns: usize,
}

impl Default for BillLimits {
    fn default() -> Self {
        Self {
            download: 64 << 20,
            unpacked: 2 << 30,
            files: 100,
            ratio: 200,
            row: 64 << 10,
            columns: 256,
        }
    }
}
