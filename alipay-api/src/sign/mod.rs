//! Keys, and the signatures that they make and check.
//!
//! A [`PrivateKey`] or [`PublicKey`] is read once, in whatever form it was handed out, and checked while it is read.
//! From it comes a [`Signer`] or a [`Verifier`] for one [`SignType`], bound to the fastest arithmetic that serves this
//! key: `aws-lc-rs` for RSA2 with 2048 bits and more where the feature `aws-lc` is on, the `rsa` crate for everything
//! else. What comes out is the same to the byte.
//!
//! Implement the two traits yourself for a key that never leaves a key management service or a hardware module.

mod backend;
mod der;
mod file;
mod key_error;
mod limits;
mod private_key;
mod public_key;
mod sign_type;
mod signer;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use self::text::looks_like_path;
pub use self::{
    key_error::{KeyError, KeyErrorKind},
    private_key::PrivateKey,
    public_key::PublicKey,
    sign_type::{ParseSignTypeError, SignType},
    signer::{BadSignature, SignError, Signer, Verifier},
};
