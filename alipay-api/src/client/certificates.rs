//! Alipay's certificates: which one verifies what, and fetching another.
//!
//! # Why a fetched certificate can be trusted
//! Alipay changes its certificate now and then. Whatever it signs from then on names a serial that is not at hand, and the
//! answer to `alipay.open.app.alipaycert.download`, which hands the certificate out, may be signed with that one already.
//!
//! So the certificate is never trusted for the answer that it came in. It proves itself: it leads to a root of the bundle
//! that was configured, it has the serial that was asked for, and it was issued to the holder of the certificate that was
//! configured. Only what reads it is run before that, on bytes that anyone may have written.
//!
//! The answer is verified all the same before anything comes of it: by a certificate that was trusted before, or, where it
//! names the very serial that was asked for, by the one that it carries, once that has proved itself. An answer that names
//! a third serial is refused, else one fetch would begin another.

use std::{borrow::Cow, future, pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until, timeout};

use super::{Client, caller::CallerIdentity, keys::Keys};
use crate::{
    Error, ErrorKind,
    cert::{Cause, End, Failure, FetchTask, Keyring, SIGN_OF_LIFE, Step, Wanted, unknown_certificate},
    codec::{Value, quoted},
    credentials::Credentials,
    exchange::{AnswerValue, Exchange, Read, ResolveVerifier, TimeoutPolicy, after, unpacked},
    method::{AnswerInfo, Retry},
    protocol::{
        answer::UnverifiedAnswer,
        content::{Options, RequestContent},
    },
    runtime,
    sign::Verifier,
    transport::BoxFuture,
};

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
const CONTENT: &str = "alipay_cert_content";

/// A fetch ends before it may be begun anew.
const MAX_FETCH: Duration = Duration::from_secs(50);
/// An attempt to download ends well before those do who wait for it, so that there is time for another.
const MAX_ATTEMPT: Duration = Duration::from_secs(5);
/// How many fetches one caller waits for, where the former was given up or met with what may pass.
const MAX_FETCHES: usize = 4;

impl Client {
    /// What verifies a signature that names this certificate, if that is at hand. A signature that names none may be by any that is at
    /// hand. In public-key mode, the configured keys verify all.
    pub(crate) fn verifier(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>> {
        self.inner.keys.present().verifier(alipay_cert_sn, self.now())
    }

    /// The present keys, for one call from its beginning to its end.
    pub(super) fn keys_of_call(&self) -> KeysOfCall<'_> {
        KeysOfCall {
            client: self,
            keys: self.inner.keys.present(),
        }
    }

    /// The same, fetched where it must be: once for all who ask at the same time, and not more often than outsiders may cause.
    /// Cancelling one waiter does not cancel the shared fetch.
    pub(super) async fn fetch_verifier(
        &self,
        alipay_cert_sn: &str,
        cause: Cause,
        deadline: Instant,
    ) -> Result<Arc<dyn Verifier>, Error> {
        let keys = self.inner.keys.present();
        let Some(keyring) = &keys.keyring else {
            return Ok(Arc::clone(&keys.credentials.verifier));
        };
        if keyring.find(alipay_cert_sn, self.now()).is_none() {
            runtime::check()?;
        }
        let mut last = None;
        for _ in 0..MAX_FETCHES {
            let step = keyring.step(alipay_cert_sn, cause, self.now(), Instant::now())?;
            let waiter = match step {
                Step::Verify(verifier) => return Ok(verifier),
                Step::TooMany => {
                    if cause == Cause::Notification {
                        self.inquire(&keys, keyring, deadline).await;
                    }
                    return keyring.find(alipay_cert_sn, self.now()).ok_or_else(too_many);
                }
                Step::Wait(waiter) => waiter,
                Step::Fetch(fetch_task, waiter) => {
                    self.begin(&keys, fetch_task);
                    waiter
                }
            };
            match waiter.wait(cause, deadline).await {
                End::Fetched => {
                    if let Some(verifier) = keyring.find(alipay_cert_sn, self.now()) {
                        return Ok(verifier);
                    }
                }
                End::Failed(error) => return Err(error),
                End::Again(at, failure) if at >= deadline => return Err(failure.error),
                End::Again(at, failure) => {
                    last = Some(failure.error);
                    sleep_until(at).await;
                }
                End::Abandoned => {}
                End::Late => {
                    let message = "the certificate of Alipay's that it names was not fetched in time";
                    return Err(Error::new(ErrorKind::UnknownCertificate, message));
                }
            }
        }
        Err(last.unwrap_or_else(|| {
            let message =
                "the certificate of Alipay's that it names was not fetched: whoever was at it stopped half-way";
            Error::new(ErrorKind::UnknownCertificate, message)
        }))
    }

    /// The same for a notification, within the time of one attempt.
    pub(crate) async fn verifier_of_notification(&self, alipay_cert_sn: &str) -> Result<Arc<dyn Verifier>, Error> {
        let deadline = after(self.inner.attempt_timeout);
        self.fetch_verifier(alipay_cert_sn, Cause::Notification, deadline).await
    }

    /// Has the certificate that Alipay signs with at present fetched, if it is not at hand: once for all who ask at the same time,
    /// and not at all where somebody has asked a moment ago.
    async fn inquire(&self, keys: &Arc<Keys>, keyring: &Keyring, deadline: Instant) {
        let waiter = match keyring.inquire(Instant::now()) {
            Step::Verify(_) | Step::TooMany => return,
            Step::Wait(waiter) => waiter,
            Step::Fetch(fetch_task, waiter) => {
                self.begin(keys, fetch_task);
                waiter
            }
        };
        // However it ends, what it has brought is in the keyring.
        waiter.wait(Cause::Notification, deadline).await;
    }

    /// Refuses a method that the gateway takes in certificate mode only, where there are no certificates.
    pub(super) fn check_certificates(&self, method: &str) -> Result<(), Error> {
        if self.fetches_certificates() {
            return Ok(());
        }
        let message = "the gateway takes this method in certificate mode only: use Credentials::certificates";
        Err(Error::new(ErrorKind::Configuration, message).with_method(method))
    }

    /// Whether it could be that something has to be fetched to verify a notification.
    pub(crate) fn fetches_certificates(&self) -> bool {
        self.inner.keys.present().keyring.is_some()
    }

    /// Fetches in a task of its own: whoever waits may go away.
    fn begin(&self, keys: &Arc<Keys>, fetch_task: FetchTask) {
        let client = Self {
            inner: Arc::clone(&self.inner),
            caller: CallerIdentity::App,
        };
        let keys = Arc::clone(keys);
        let task: BoxFuture<'static, ()> = Box::pin(async move {
            let result = {
                let mut fetch = pin!(client.fetch(&keys, fetch_task.wanted()));
                loop {
                    match timeout(SIGN_OF_LIFE, &mut fetch).await {
                        Ok(result) => break result,
                        Err(_) => fetch_task.show_life(),
                    }
                }
            };
            fetch_task.settle(result);
        });
        tokio::spawn(task);
    }

    /// Puts what is wanted into the keyring.
    async fn fetch(&self, keys: &Arc<Keys>, wanted: &Wanted) -> Result<(), Failure> {
        let Some(keyring) = &keys.keyring else {
            return Ok(());
        };
        match wanted {
            Wanted::Serial(alipay_cert_sn) => {
                let content = self.download(keys, alipay_cert_sn, true, u32::MAX).await;
                let content = content.map_err(not_downloaded)?;
                let accepted = keyring.accept(alipay_cert_sn, &content, self.now());
                keyring.keep(accepted.map_err(|error| Failure { error, may_pass: false })?);
            }
            Wanted::Present => {
                // Whatever the answer says, whoever signed it is at hand when it is verified: fetched on the account of answers.
                let answer = self.download(keys, keyring.configured(), false, 1).await;
                tracing::debug!(error = ?answer.err().map(|error| error.kind()), "asked for the present certificate");
            }
        }
        Ok(())
    }

    /// Asks for a certificate, and asks again after what may pass until the time is over. Where it `is_fetch`, the answer may be signed with
    /// that certificate, and with no other that is not at hand.
    async fn download(
        &self,
        keys: &Arc<Keys>,
        alipay_cert_sn: &str,
        is_fetch: bool,
        attempts: u32,
    ) -> Result<String, Error> {
        let content = RequestContent {
            method: Cow::Borrowed(DOWNLOAD),
            content: format!("{{\"alipay_cert_sn\":{}}}", quoted(alipay_cert_sn)).into(),
            ..RequestContent::default()
        };
        let keys = KeysOfCall {
            client: self,
            keys: Arc::clone(keys),
        };
        let downloading = Downloading {
            keys: &keys,
            alipay_cert_sn,
        };
        let exchange = Exchange {
            session: &self.inner.session,
            credentials: keys.credentials(),
            verifiers: if is_fetch { &downloading } else { &keys },
            tokens: None,
            retry: Retry::Read,
            query_method: None,
            answer: &AnswerInfo::PLAIN,
            secret: Some(&[]),
            classify: |_| None,
            content: &content,
            options: Options::default(),
            timeouts: TimeoutPolicy {
                attempt: (self.inner.attempt_timeout / 3).min(MAX_ATTEMPT),
                total: self.inner.total_timeout.min(MAX_FETCH),
                attempts,
            },
            wants_metadata: false,
        };
        let read: &Read<'_> = &|answer| {
            let member = answer.values.get(CONTENT).map(Value::read::<String>);
            Ok(AnswerValue::new(member.transpose()?.flatten().unwrap_or_default()))
        };
        unpacked(exchange.run(read).await)
    }
}

/// The keys that a call began with: what it is signed with, and what may verify its answer.
pub(super) struct KeysOfCall<'c> {
    client: &'c Client,
    keys: Arc<Keys>,
}

impl KeysOfCall<'_> {
    pub(super) fn credentials(&self) -> &Credentials {
        &self.keys.credentials
    }
}

impl ResolveVerifier for KeysOfCall<'_> {
    fn at_hand(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>> {
        let (now, present) = (self.client.now(), self.client.inner.keys.present());
        if Arc::ptr_eq(&self.keys, &present) {
            self.keys.verifier(alipay_cert_sn, now)
        } else {
            self.keys.verifier_or(&present, alipay_cert_sn, now)
        }
    }

    fn fetch<'a>(
        &'a self,
        answer: &'a UnverifiedAnswer<'a>,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Verifier>, Error>> {
        Box::pin(async move {
            match answer.alipay_cert_sn() {
                Some(named) => self.client.fetch_verifier(named, Cause::Answer, deadline).await,
                None => Err(unknown_certificate("")),
            }
        })
    }

    fn has_certificates(&self) -> bool {
        self.keys.keyring.is_some()
    }
}

/// The keys of a call that fetches a certificate, whose answer may be signed with that one.
struct Downloading<'c> {
    keys: &'c KeysOfCall<'c>,
    alipay_cert_sn: &'c str,
}

impl ResolveVerifier for Downloading<'_> {
    fn at_hand(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>> {
        self.keys.at_hand(alipay_cert_sn)
    }

    /// Fetches nothing: what verifies the answer stands in it, or is not there.
    fn fetch<'a>(
        &'a self,
        answer: &'a UnverifiedAnswer<'a>,
        _: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Verifier>, Error>> {
        let named = answer.alipay_cert_sn().unwrap_or_default();
        let within = || {
            let content = answer.unverified(CONTENT).filter(|_| named == self.alipay_cert_sn);
            let content = content.ok_or_else(|| unknown_certificate(named))?;
            let keyring = self
                .keys
                .keys
                .keyring
                .as_ref()
                .ok_or_else(|| unknown_certificate(named))?;
            let accepted = keyring.accept(named, &content, self.keys.client.now())?;
            Ok(Arc::clone(accepted.verifier()))
        };
        Box::pin(future::ready(within()))
    }

    fn has_certificates(&self) -> bool {
        true
    }
}

/// Outsiders or the gateway have named so many that another is not fetched now.
fn too_many() -> Error {
    let message = "too many unknown certificates of Alipay's were named within a minute: another is not fetched now";
    Error::new(ErrorKind::UnknownCertificate, message)
}

/// The download failed. What is said of it is kept for a while: without its body, which may be large.
fn not_downloaded(error: Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::Verification => ErrorKind::Verification,
        _ => ErrorKind::UnknownCertificate,
    };
    // What is no answer at all comes from something on the way, and is no verdict on the certificate.
    let may_pass = error.is_retryable() || error.kind() == ErrorKind::Malformed;
    let message = format!("the certificate of Alipay's that it names can't be fetched: {error}");
    Failure {
        error: Error::new(kind, message).with_source(error.without_body()),
        may_pass,
    }
}
