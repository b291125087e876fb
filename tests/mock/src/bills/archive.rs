//! A ZIP archive. Its names are bytes, as Alipay's are in GBK, which the archives of libraries can't have.

use std::io::Write as _;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// Deflated.
const METHOD: u16 = 8;
/// 1980-01-01, the first day there is.
const DAY: u16 = 0x21;

/// An archive of these files: their names, and what is in them.
pub(super) fn zip(files: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let packed = deflated(content);
        let mut crc = Crc::new();
        crc.update(content);
        let header = [
            &20_u16.to_le_bytes()[..],
            &[0; 2],
            &METHOD.to_le_bytes(),
            &[0; 2],
            &DAY.to_le_bytes(),
            &crc.sum().to_le_bytes(),
            &length(&packed),
            &length(content),
            &length(name)[..2],
            &[0; 2],
        ]
        .concat();
        directory.extend([b"PK\x01\x02\x14\0", &header[..], &[0; 10], &length(&archive), name].concat());
        archive.extend([b"PK\x03\x04", &header[..], name, &packed].concat());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let place = [length(&directory), length(&archive)].concat();
    archive.extend(directory);
    archive.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &place, &[0; 2]].concat());
    archive
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Memory is always written to.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

/// No ledger in memory comes to four gibibytes.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}
