use std::{error::Error, fmt, str::FromStr};

/// The signature algorithm that an app is set up with: `sign_type` in a request.
///
/// Alipay answers, and notifies, with the type that the app uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignType {
    /// `RSA2`: RSASSA-PKCS1-v1_5 with SHA-256. What every new app has.
    #[default]
    Rsa2,
    /// `RSA`: RSASSA-PKCS1-v1_5 with SHA-1, for apps that never moved on. SHA-1 is broken: use it only if you have to.
    Rsa,
}

/// Text that names no [`SignType`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSignTypeError(());

impl fmt::Display for ParseSignTypeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a sign type: write RSA2 or RSA")
    }
}

impl Error for ParseSignTypeError {}

impl SignType {
    /// The name on the wire: `RSA2` or `RSA`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for SignType {
    type Err = ParseSignTypeError;

    /// Reads the name on the wire, exactly as it is written there.
    fn from_str(name: &str) -> Result<Self, ParseSignTypeError> {
        [Self::Rsa2, Self::Rsa]
            .into_iter()
            .find(|sign_type| sign_type.as_str() == name)
            .ok_or(ParseSignTypeError(()))
    }
}
