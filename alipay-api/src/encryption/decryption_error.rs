use std::{error::Error, fmt};

/// Genuine content could not be decrypted: the [cause](crate::Error::cause) of an [`Error`](crate::Error).
///
/// It does not say at which step: whoever sends a ciphertext must not learn that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecryptionError;

impl fmt::Display for DecryptionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the ciphertext does not fit the client's AES key: copy the key of this app (接口内容加密方式) from the open platform again",
        )
    }
}

impl Error for DecryptionError {}
