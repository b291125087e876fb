use std::fmt;

use zeroize::Zeroizing;

use crate::codec::{DecodeError, JsonWriter, Scalar, Value, scalar};

/// A credential or a personal secret: a token, a payment code, the number of an identity card.
///
/// `Debug` does not show it, there is no `Display`, and its memory is wiped when it is dropped. serde's `Serialize` writes it, because programs
/// have to store tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl Scalar for Secret {
    fn empty() -> Self {
        Self::default()
    }

    fn encode(&self, out: &mut JsonWriter) {
        out.string(&self.0);
    }

    fn decode(value: Value<'_>) -> Result<Option<Self>, DecodeError> {
        Ok(String::decode(value)?.map(Self::new))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

scalar!(Secret);
crate::__serde!(Secret);
