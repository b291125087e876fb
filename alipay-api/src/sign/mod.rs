//! Keys, and the signatures that they make and check.
//!
//! A [`PrivateKey`] or [`PublicKey`] is read once, in whatever form it was handed out, and checked while it is read.
//! From it comes a [`Signer`] or a [`Verifier`] for one [`SignType`], by the fastest library that supports this
//! key: `aws-lc-rs` for RSA2 with 2048 bits and more where the feature `aws-lc` is on, the `rsa` crate for everything
//! else of RSA. Both give the same signatures to the byte.
//!
//! With the feature `sm2`, keys may also be of SM2 (国密), by the crates `sm2` and `sm3`. A key is of one algorithm, and signs and verifies only with
//! the types of that algorithm. These crates have not been audited independently, as their authors say, and the machine code is not proven to take
//! the same time for every key: use SM2 where you have to, and not because it is there.
//!
//! A key that never leaves a key management service or a hardware module signs through a [`Signer`] of yours: its docs say which way
//! fits, and the [guide](crate::guide::keys) shows one.

mod algorithm;
mod any_of;
mod der;
mod file;
mod key_error;
mod local;
mod private_key;
mod public_key;
mod rsa;
mod sign_type;
mod signer;
#[cfg(feature = "sm2")]
mod sm2;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use self::{
    algorithm::{KeyAlgorithm, Scheme},
    any_of::AnyOf,
    text::looks_like_path,
};
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
