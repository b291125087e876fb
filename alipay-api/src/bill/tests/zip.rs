//! Archives, sound and otherwise, byte by byte.

use std::io::Write as _;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// What an archive says of a file, and what is in it.
#[derive(Clone)]
pub(super) struct File {
    pub(super) name: Vec<u8>,
    pub(super) packed: Vec<u8>,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) size: u32,
    pub(super) crc: u32,
}

impl File {
    /// A file in GBK, as Alipay's are.
    pub(super) fn new(name: &str, content: &str) -> Self {
        Self::bytes(&super::gbk(name), &super::gbk(content))
    }

    pub(super) fn bytes(name: &[u8], content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let mut crc = Crc::new();
        crc.update(content);
        Self {
            name: name.to_vec(),
            packed: encoder.finish().unwrap(),
            method: 8,
            flags: 0,
            size: content.len().try_into().unwrap(),
            crc: crc.sum(),
        }
    }

    /// The same, not compressed.
    pub(super) fn stored(name: &str, content: &[u8]) -> Self {
        Self {
            packed: content.to_vec(),
            method: 0,
            ..Self::bytes(name.as_bytes(), content)
        }
    }

    /// What the header of the file and that of the directory have in common.
    fn header(&self) -> Vec<u8> {
        let name = u16::try_from(self.name.len()).unwrap();
        let packed = u32::try_from(self.packed.len()).unwrap();
        [
            &20_u16.to_le_bytes()[..],
            &self.flags.to_le_bytes(),
            &self.method.to_le_bytes(),
            &[0; 4],
            &self.crc.to_le_bytes(),
            &packed.to_le_bytes(),
            &self.size.to_le_bytes(),
            &name.to_le_bytes(),
            &[0; 2],
        ]
        .concat()
    }
}

pub(super) fn zip(files: &[File]) -> Vec<u8> {
    counted(files, u16::try_from(files.len()).unwrap())
}

/// An archive that says that it has so many files.
pub(super) fn counted(files: &[File], count: u16) -> Vec<u8> {
    let (mut all, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let start = u32::try_from(all.len()).unwrap();
        all.extend([b"PK\x03\x04", &file.header()[..], &file.name, &file.packed].concat());
        directory.extend(
            [
                b"PK\x01\x02\x14\0",
                &file.header()[..],
                &[0; 10],
                &start.to_le_bytes(),
                &file.name,
            ]
            .concat(),
        );
    }
    let [start, size] = [all.len(), directory.len()].map(|length| u32::try_from(length).unwrap().to_le_bytes());
    let count = count.to_le_bytes();
    all.extend(directory);
    all.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0; 2]].concat());
    all
}
