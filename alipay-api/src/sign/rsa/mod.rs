//! Keys of RSA, and the two libraries that compute with them.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod backend;
mod hash;
mod limits;
mod private_key;
mod public_key;
mod rust_crypto;

#[cfg(test)]
pub(in crate::sign) use self::backend::Backend;
pub(in crate::sign) use self::{private_key::RsaPrivateKey, public_key::RsaPublicKey};
