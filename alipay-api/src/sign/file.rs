//! Keys in files.

use std::{fs::File, io::Read as _, path::Path};

use zeroize::Zeroizing;

use super::key_error::{KeyError, KeyErrorKind, Wanted};

/// Keys of 8192 bits take 6 KiB as PEM; whatever is larger than this was given by mistake.
pub(super) const MAX_LEN: usize = 64 << 10;

/// What a file holds, by its first bytes.
pub(super) enum Contents<'a> {
    Text(&'a str),
    Der(&'a [u8]),
}

/// Reads a key's file, and has `parse` make the key of it; errors get the path.
pub(super) fn parse<K>(
    path: &Path,
    wanted: Wanted,
    parse: impl FnOnce(Contents<'_>) -> Result<K, KeyError>,
) -> Result<K, KeyError> {
    read(path, wanted)
        .and_then(|bytes| contents(&bytes, wanted).and_then(parse))
        .map_err(|error| error.in_file(path))
}

fn read(path: &Path, wanted: Wanted) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // Room for all that may be read from the start: a buffer that grows leaves copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_LEN));
    File::open(path)
        .and_then(|file| file.take(MAX_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| KeyError::unreadable(wanted, error))?;
    Ok(bytes)
}

fn contents(bytes: &[u8], wanted: Wanted) -> Result<Contents<'_>, KeyError> {
    if bytes.len() > MAX_LEN {
        return Err(KeyError::new(wanted, KeyErrorKind::TooLarge));
    }
    // A SEQUENCE with a long length, or the magic number of Java's keystore: no text begins so. No key's text begins with a zero and the letter of
    // its own length either, as the DER of keys on elliptic curves does.
    let is_short_sequence = matches!(bytes, [0x30, length, value @ ..] if value.len() == usize::from(*length));
    if is_short_sequence || matches!(bytes, [0x30, 0x80..=0xFF, ..] | [0xFE, 0xED, 0xFE, 0xED, ..]) {
        return Ok(Contents::Der(bytes));
    }
    str::from_utf8(bytes)
        .map(Contents::Text)
        .map_err(|_| KeyError::new(wanted, KeyErrorKind::NotText))
}
