//! A client to which every signature is good, so that what lies behind the signature is reached.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use alipay_api::{
    Client, Credentials, Protocol,
    clock::Clock,
    encryption::EncryptionKey,
    sign::{BadSignature, BoxFuture, SignError, SignType, Signer, Verifier},
    transport::{BoxFuture as TransportFuture, Request, Response, Transport, TransportError, TransportErrorKind},
};

/// The app that notifications are for.
pub(crate) const APP_ID: &str = "2021000000000001";

/// What the app's contents are encrypted with.
pub(crate) const AES_KEY: &str = "aa4BtZ4tspm2wnXLb1ThQA==";

/// Believes everyone.
pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(|| client(Protocol::V2));

/// The same over V3.
pub(crate) static V3_CLIENT: LazyLock<Client> = LazyLock::new(|| client(Protocol::V3));

/// When it is for the clients, in milliseconds since 1970.
pub(crate) const NOW: u64 = 1_795_752_000_000;

fn client(protocol: Protocol) -> Client {
    let credentials = Credentials::custom(Arc::new(Credulous), Arc::new(Credulous)).expect("credentials");
    let key = EncryptionKey::from_base64(AES_KEY).expect("a key");
    let client = Client::builder(APP_ID, credentials)
        .encryption_key(key)
        .protocol(protocol)
        .clock(Stopped)
        .transport(Nowhere);
    client.build().expect("a client")
}

#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(NOW)
    }
}

/// Nothing is sent.
#[derive(Debug)]
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Request) -> TransportFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { Err(TransportError::new(TransportErrorKind::NotSent)) })
    }
}

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
