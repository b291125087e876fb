//! Unguessable random names, and random delays.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use crate::{Error, ErrorKind};

/// 128 random bits, as 32 hexadecimal digits.
pub(crate) fn name() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Configuration, "the operating system has no random numbers").with_source(error)
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

/// A random time up to this one, so that many callers don't act at the same moment. It may be guessable.
pub(crate) fn up_to(time: Duration) -> Duration {
    // Each `RandomState` has its own keys.
    let random = RandomState::new().build_hasher().finish().to_le_bytes()[0];
    time * u32::from(random) / 256
}
