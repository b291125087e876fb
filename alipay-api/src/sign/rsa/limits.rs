//! The sizes of RSA keys that are accepted, before any arithmetic is done with them.

use crate::sign::KeyErrorKind;

/// Checks a modulus and a public exponent, both big-endian without leading zeros, and gives the bits of the modulus.
///
/// A key in a certificate comes from outside: without limits, one of a million bits would keep a core busy for hours.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<usize, KeyErrorKind> {
    let bits = match modulus {
        [] => 0,
        [first, rest @ ..] => rest.len() * 8 + (u8::BITS - first.leading_zeros()) as usize,
    };
    match bits {
        ..1024 => return Err(KeyErrorKind::TooShort { bits }),
        1024..=8192 => {}
        8193.. => return Err(KeyErrorKind::TooLong { bits }),
    }
    let exponent = exponent
        .iter()
        .try_fold(0_u64, |exponent, &digit| {
            Some(exponent.checked_mul(256)? | u64::from(digit))
        })
        .ok_or(KeyErrorKind::Exponent)?;
    // Every common library has this upper bound.
    if exponent % 2 == 0 || !(3..1 << 33).contains(&exponent) {
        return Err(KeyErrorKind::Exponent);
    }
    Ok(bits)
}
