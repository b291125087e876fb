//! Who the app is to Alipay, and who Alipay is to the app.

use std::{fmt, sync::Arc};

use crate::{
    Error, ErrorKind,
    sign::{KeyError, PrivateKey, PublicKey, SignType, Signer, Verifier},
};

/// What a client signs with and what it verifies answers and notifications by.
///
/// There is none without both halves: what can't be verified never reaches a caller.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) verifier: Arc<dyn Verifier>,
    keys: Option<(PrivateKey, PublicKey)>,
}

impl Credentials {
    /// Public-key mode: the app's private key, and Alipay's public key as the open platform shows it beside the app's own.
    ///
    /// Each may be PEM or base64 in one line, PKCS#1 or PKCS#8. The sign type is RSA2; see [`with_sign_type`](Self::with_sign_type).
    ///
    /// # Errors
    /// A text is not the key that it should be; the error says what it is instead. Most often the app's public key is given for Alipay's.
    pub fn public_key(private_key: &str, alipay_public_key: &str) -> Result<Self, Error> {
        let private_key = PrivateKey::parse(private_key).map_err(|error| invalid("the app's private key", error))?;
        let public_key = PublicKey::parse(alipay_public_key).map_err(|error| invalid("Alipay's public key", error))?;
        Self::keys(private_key, public_key, SignType::default())
    }

    /// Keys that are parsed already, or read [from files](PrivateKey::from_file).
    ///
    /// # Errors
    /// The public key is the app's own, or a key is too short for the sign type.
    pub fn keys(private_key: PrivateKey, alipay_public_key: PublicKey, sign_type: SignType) -> Result<Self, Error> {
        if private_key.public_key() == alipay_public_key {
            return Err(Error::new(
                ErrorKind::Configuration,
                "Alipay's public key: this is your app's public key, not Alipay's; \
                 the open platform shows Alipay's once you have uploaded your app's",
            ));
        }
        let signer = private_key
            .signer(sign_type)
            .map_err(|error| invalid("the app's private key", error))?;
        let verifier = alipay_public_key
            .verifier(sign_type)
            .map_err(|error| invalid("Alipay's public key", error))?;
        Ok(Self {
            signer,
            verifier,
            keys: Some((private_key, alipay_public_key)),
        })
    }

    /// A signer and a verifier of your own, such as a key that never leaves a key management service.
    ///
    /// # Errors
    /// They are of different sign types: Alipay answers with the type that it is asked with.
    pub fn custom(signer: Arc<dyn Signer>, verifier: Arc<dyn Verifier>) -> Result<Self, Error> {
        if signer.sign_type() != verifier.sign_type() {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!(
                    "the signer is of type {}, the verifier of type {}",
                    signer.sign_type(),
                    verifier.sign_type()
                ),
            ));
        }
        Ok(Self {
            signer,
            verifier,
            keys: None,
        })
    }

    /// The same keys with another sign type: [`SignType::Rsa`] for apps that were made before 2018 and never moved to RSA2.
    ///
    /// # Errors
    /// The key is too short for the type, or a [custom](Self::custom) signer has its own.
    pub fn with_sign_type(self, sign_type: SignType) -> Result<Self, Error> {
        match self.keys {
            Some((private_key, public_key)) => Self::keys(private_key, public_key, sign_type),
            None if self.signer.sign_type() == sign_type => Ok(self),
            None => Err(Error::new(
                ErrorKind::Configuration,
                "a custom signer's type can't be changed",
            )),
        }
    }

    /// The sign type of both halves.
    pub fn sign_type(&self) -> SignType {
        self.signer.sign_type()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("sign_type", &self.sign_type())
            .finish_non_exhaustive()
    }
}

fn invalid(which: &str, error: KeyError) -> Error {
    Error::new(ErrorKind::Configuration, format!("{which}: {error}")).with_source(error)
}
