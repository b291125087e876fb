use std::fmt;

use crate::{Error, ErrorKind, types::Secret};

/// Ties what comes back from an authorisation page to the browser that was sent there.
///
/// Keep it where only that browser's session has it, and use it for one authorisation.
#[derive(Clone)]
pub struct State(Secret);

impl State {
    /// A new one that nobody can guess: 128 random bits.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(crate::random::name()?.into()))
    }

    /// One that was kept, or an application's own. Alipay takes up to 100 characters, and only those of base64.
    ///
    /// # Errors
    /// It is empty, longer, or has other characters.
    pub fn new(state: impl Into<Secret>) -> Result<Self, Error> {
        let state = state.into();
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        if state.expose().is_empty() || state.expose().len() > 100 || !state.expose().bytes().all(is_base64) {
            let message = "a state has 1 to 100 characters, all of them base64's: Alipay takes no others";
            return Err(Error::new(ErrorKind::Request, message));
        }
        Ok(Self(state))
    }

    /// The text to keep.
    pub fn as_str(&self) -> &str {
        self.0.expose()
    }

    /// Whether it is the same, in a time that tells nothing of where they differ.
    pub(super) fn is(&self, other: &str) -> bool {
        let (own, other) = (self.as_str().as_bytes(), other.as_bytes());
        own.len() == other.len() && own.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("State(..)")
    }
}
