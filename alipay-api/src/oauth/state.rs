use std::fmt;

use crate::{
    Error, ErrorKind,
    random::{self, SystemRandom},
    types::Secret,
};

/// A random text that goes with a browser to an authorisation page and comes back with it: it shows that what comes back belongs to that
/// browser.
///
/// Keep it in that browser's session, where no other browser can read it, and use it for one authorisation.
#[derive(Clone)]
pub struct State(Secret);

impl State {
    /// Makes a state that nobody can guess: 128 random bits of the operating system, whatever a client's
    /// [source](crate::ClientBuilder::random_source) is.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(random::name(&SystemRandom)?.into()))
    }

    /// Takes the state that was kept, or one that your application made. Alipay takes up to 100 characters of base64.
    ///
    /// # Errors
    /// [`Request`](ErrorKind::Request): the state is empty, longer, or has other characters.
    pub fn new(state: impl Into<Secret>) -> Result<Self, Error> {
        let state = state.into();
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        if state.expose().is_empty() || state.expose().len() > 100 || !state.expose().bytes().all(is_base64) {
            let message =
                "the state of an authorisation must have 1 to 100 characters of base64: Alipay takes no others";
            return Err(Error::new(ErrorKind::Request, message));
        }
        Ok(Self(state))
    }

    /// The text to keep in the session.
    pub fn as_str(&self) -> &str {
        self.0.expose()
    }

    /// Whether both are the same. The time that this takes does not depend on where they differ.
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
