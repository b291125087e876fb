//! Certificates in files.

use std::{fs::File, io::Read as _, path::Path};

use zeroize::Zeroizing;

use super::{
    CertificateError, CertificateErrorKind,
    pem::{self, Block, MAX_LEN},
};

/// Reads a file and calls `parse` with its blocks. Errors name the path.
pub(super) fn parse<C>(
    path: &Path,
    parse: impl FnOnce(Vec<Block>) -> Result<C, CertificateErrorKind>,
) -> Result<C, CertificateError> {
    read(path)
        .and_then(|bytes| Ok(pem::blocks(&bytes).and_then(parse)?))
        .map_err(|error| error.in_file(path))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    /// More than any key needs. The file may be a key that was given by mistake; a buffer that grows would leave copies of it.
    const KEY_LEN: usize = 64 << 10;

    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LEN));
    File::open(path)
        .and_then(|file| file.take(MAX_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(CertificateError::unreadable)?;
    Ok(bytes)
}
