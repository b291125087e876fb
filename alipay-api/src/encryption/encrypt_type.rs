use std::fmt;

/// How content is encrypted: always by AES-128 in CBC mode with the padding of PKCS#7, written in base64.
///
/// `Display` is Alipay's name of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptType {
    /// `AES`: the initialisation vector is zero, so that equal contents have equal ciphertexts. Alipay documents it for all that it encrypts.
    #[default]
    Aes,
    /// `AES_V2`: a random initialisation vector stands in front of the ciphertext. Alipay's SDK for Java has it; the documented error codes
    /// say that the gateway wants `AES`. Try it on the sandbox first.
    AesV2,
}

impl EncryptType {
    /// Alipay's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aes => "AES",
            Self::AesV2 => "AES_V2",
        }
    }

    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Aes, Self::AesV2]
            .into_iter()
            .find(|known| known.as_str() == name)
    }
}

impl fmt::Display for EncryptType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
