//! A client to which every signature is good, so that what lies behind the signature is reached.

use std::sync::{Arc, LazyLock};

use alipay_api::{
    Client, Credentials,
    sign::{BadSignature, BoxFuture, SignError, SignType, Signer, Verifier},
};

/// The app that notifications are for.
pub(crate) const APP_ID: &str = "2021000000000001";

/// Believes everyone.
pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let credentials = Credentials::custom(Arc::new(Credulous), Arc::new(Credulous)).expect("credentials");
    Client::builder(APP_ID, credentials).build().expect("a client")
});

#[derive(Debug)]
struct Credulous;

impl Signer for Credulous {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async { Ok(vec![0; 256]) })
    }

    fn sign_now(&self, _: &[u8]) -> Option<Result<Vec<u8>, SignError>> {
        Some(Ok(vec![0; 256]))
    }
}

impl Verifier for Credulous {
    fn sign_type(&self) -> SignType {
        SignType::Rsa2
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), BadSignature> {
        Ok(())
    }
}
