//! Keys of SM2, with SM3, by `RustCrypto`'s crates of these names.

mod private_key;
mod public_key;
mod signature;

pub(super) use self::{private_key::Sm2PrivateKey, public_key::Sm2PublicKey};

/// The distinguishing identifier of signers that have none of their own (GM/T 0009). Alipay has no other, and neither have certificates.
const IDENTIFIER: &str = "1234567812345678";

/// The size of the curve in bits.
const BITS: usize = 256;
