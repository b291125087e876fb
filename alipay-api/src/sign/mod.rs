//! Keys, and the signatures that they make and check.
//!
//! A [`PrivateKey`] or [`PublicKey`] is read once, in whatever form it was handed out, and checked while it is read.
//! From it comes a [`Signer`] or a [`Verifier`] for one [`SignType`], by the fastest library that supports this
//! key: `aws-lc-rs` for RSA2 with 2048 bits and more where the feature `aws-lc` is on, the `rsa` crate for everything
//! else. Both give the same signatures to the byte.
//!
//! A key that never leaves a key management service or a hardware module signs through a [`Signer`] of yours: its docs say which way
//! fits, and the [guide](crate::guide::keys) shows one.

mod any_of;
mod backend;
mod der;
mod file;
mod key_error;
mod limits;
mod local;
mod private_key;
mod public_key;
mod sign_type;
mod signer;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use self::{any_of::AnyOf, text::looks_like_path};
pub use self::{
    key_error::{KeyError, KeyErrorKind},
    local::blocking,
    private_key::PrivateKey,
    public_key::PublicKey,
    sign_type::{ParseSignTypeError, SignType},
    signer::{BadSignature, SignError, Signer, Verifier},
};
/// What [`Signer::sign`] returns.
pub use crate::transport::BoxFuture;
