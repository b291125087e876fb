//! The files of keys and certificates that the program is given.

use std::error::Error;
use std::fs;
use std::path::Path;

use alipay_mock::keys::{KeyPair, PublicKey};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The public key in a file.
pub(crate) fn public_key(file: &Path) -> Result<PublicKey> {
    PublicKey::parse(&text(file)?).map_err(|error| named(file, &error))
}

/// The key pair of the private key in a file.
pub(crate) fn key_pair(file: &Path) -> Result<KeyPair> {
    KeyPair::parse(&text(file)?).map_err(|error| named(file, &error))
}

/// The text of a file.
pub(crate) fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| named(file, &error))
}

fn named(path: &Path, error: &dyn Error) -> Box<dyn Error> {
    format!("{}: {error}", path.display()).into()
}
