//! The credentials that a client works with, which can be exchanged while it runs.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use crate::{
    Error, ErrorKind,
    cert::Keyring,
    credentials::Credentials,
    sign::{AnyOf, Verifier},
};

/// Credentials, and the certificates that go with them. They don't change: a call signs with the same from its beginning to its end.
pub(super) struct Keys {
    pub(super) credentials: Credentials,
    /// In certificate mode.
    pub(super) keyring: Option<Arc<Keyring>>,
}

impl Keys {
    fn new(credentials: Credentials) -> Self {
        let keyring = credentials.keyring();
        Self { credentials, keyring }
    }

    /// What verifies a signature that names this certificate, if it is known. A signature that names no certificate may be made with any known
    /// one. Without certificates, the keys verify all.
    pub(super) fn verifier(&self, alipay_cert_sn: Option<&str>, now: SystemTime) -> Option<Arc<dyn Verifier>> {
        match (&self.keyring, alipay_cert_sn) {
            (Some(keyring), Some(serial)) => keyring.find(serial, now),
            (Some(keyring), None) => Some(keyring.any(now)),
            (None, _) => Some(Arc::clone(&self.credentials.verifier)),
        }
    }

    /// The same for the answer to a call that was signed with these keys, and others have come since: either may verify it.
    pub(super) fn verifier_or(
        &self,
        present: &Self,
        alipay_cert_sn: Option<&str>,
        now: SystemTime,
    ) -> Option<Arc<dyn Verifier>> {
        let present = present.verifier(alipay_cert_sn, now);
        match (self.verifier(alipay_cert_sn, now), present) {
            (Some(own), Some(present)) => Some(Arc::new(AnyOf::new(own, vec![present]))),
            (own, present) => own.or(present),
        }
    }
}

/// The keys that are in use at present.
pub(super) struct KeysInUse(RwLock<Arc<Keys>>);

impl KeysInUse {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self(RwLock::new(Arc::new(Keys::new(credentials))))
    }

    pub(super) fn present(&self) -> Arc<Keys> {
        // Nothing panics while the lock is held, and nobody holds it for longer than a copy of a pointer takes.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whatever begins from now on has these.
    ///
    /// # Errors
    /// They are of another mode or sign type.
    pub(super) fn exchange(&self, credentials: Credentials, now: SystemTime) -> Result<(), Error> {
        let present = self.present();
        check_same_kind(&present.credentials, &credentials)?;
        let next = Keys::new(credentials);
        if let (Some(before), Some(keyring)) = (&present.keyring, &next.keyring) {
            keyring.adopt(before, now)?;
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }
}

/// Mode and sign type say how every request and notification is made: with two kinds at a time, an attacker could choose the weaker.
fn check_same_kind(present: &Credentials, next: &Credentials) -> Result<(), Error> {
    let mode = |credentials: &Credentials| match credentials.certificates {
        Some(_) => "certificate mode",
        None => "public-key mode",
    };
    let difference = if mode(present) != mode(next) {
        let (present, next) = (mode(present), mode(next));
        format!("the client works in {present}, and the new credentials are for {next}")
    } else if present.sign_type() != next.sign_type() {
        let (present, next) = (present.sign_type(), next.sign_type());
        format!("the client signs with {present}, and the new credentials are for {next}")
    } else {
        return Ok(());
    };
    let message = format!("{difference}: build another client");
    Err(Error::new(ErrorKind::Configuration, message))
}
