use std::{error::Error, fmt};

/// Why a text can't serve as an AES key. It never holds anything of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKeyError {
    kind: EncryptionKeyErrorKind,
}

/// What is wrong with the text of an AES key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncryptionKeyErrorKind {
    /// There is nothing but blanks.
    Empty,
    /// Something else than base64 with the standard alphabet and padding.
    NotBase64,
    /// Base64 of another length.
    Length {
        /// How many bytes it is of.
        bytes: usize,
    },
    /// A key of another kind: PEM, or a key for signatures.
    AnotherKey,
}

impl EncryptionKeyError {
    pub(super) fn new(kind: EncryptionKeyErrorKind) -> Self {
        Self { kind }
    }

    /// What is wrong.
    pub fn kind(&self) -> EncryptionKeyErrorKind {
        self.kind
    }
}

impl fmt::Display for EncryptionKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str =
            "copy the key (接口内容加密方式, 24 characters that end with `==`) from the open platform again";
        match self.kind {
            EncryptionKeyErrorKind::Empty => write!(formatter, "the AES key is empty: {REMEDY}"),
            EncryptionKeyErrorKind::NotBase64 => write!(formatter, "the AES key is not base64: {REMEDY}"),
            EncryptionKeyErrorKind::Length { bytes } => {
                write!(formatter, "the AES key has {bytes} bytes instead of 16: {REMEDY}")
            }
            EncryptionKeyErrorKind::AnotherKey => write!(
                formatter,
                "the AES key is a key of another kind, as a private or public key for signatures: {REMEDY}"
            ),
        }
    }
}

impl Error for EncryptionKeyError {}
