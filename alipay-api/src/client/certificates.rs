//! Alipay's certificates: which one verifies what, and how another is fetched.
//!
//! # Why a fetched certificate can be trusted
//! Alipay changes its certificate from time to time. Everything that it signs from then on names a serial number that the client does not
//! have. The answer to `alipay.open.app.alipaycert.download`, which brings the certificate, may be signed with that certificate already.
//!
//! So the certificate is not trusted for the answer that it came in, but for what it is: it leads to one of the configured root
//! certificates, it has the serial number that was asked for, and it was issued to the holder of the configured certificate. Before these
//! checks, only its parser runs, on bytes that anyone may have written.
//!
//! The answer is verified as well before it is used: by a certificate that was trusted before or, where it names the serial number that was
//! asked for, by the certificate that it carries, after that has passed the checks. An answer that names a third serial number is refused:
//! otherwise one fetch could begin another.

use std::{borrow::Cow, future, pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until, timeout};

use super::{Client, caller::CallerIdentity, keys::Keys};
use crate::{
    Error, ErrorKind,
    cert::{Cause, End, Failure, FetchTask, Keyring, SIGN_OF_LIFE, Step, Wanted, unknown_certificate},
    codec::{Value, quoted},
    credentials::Credentials,
    exchange::{AnswerValue, Encryption, Exchange, Persistence, Read, ResolveVerifier, TimeoutPolicy, unpacked},
    method::{AnswerInfo, Retry},
    protocol::{
        self,
        answer::UnverifiedAnswer,
        content::{Options, RequestContent},
    },
    runtime,
    sign::Verifier,
    transport::BoxFuture,
};

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
const CONTENT: &str = "alipay_cert_content";

/// A fetch ends before another may begin for the same certificate.
const MAX_FETCH: Duration = Duration::from_secs(50);
/// An attempt to download ends well before the waiters' deadlines, so that there is time for another.
const MAX_ATTEMPT: Duration = Duration::from_secs(5);
/// How many fetches one caller waits for, where those before were dropped or failed for a temporary reason.
const MAX_FETCHES: usize = 4;

impl Client {
    /// What verifies a signature that names this certificate, if the client has it. A signature that names no certificate may be made with
    /// any of those that the client has. In public-key mode, the configured keys verify all.
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
                    let message = format!("Alipay's certificate {alipay_cert_sn} was not fetched in time");
                    return Err(Error::new(ErrorKind::UnknownCertificate, message));
                }
            }
        }
        Err(last.unwrap_or_else(|| {
            let message =
                format!("Alipay's certificate {alipay_cert_sn} was not fetched: each fetch was dropped before its end");
            Error::new(ErrorKind::UnknownCertificate, message)
        }))
    }

    /// The same for a notification, within the time of one attempt.
    pub(crate) async fn verifier_of_notification(&self, alipay_cert_sn: &str) -> Result<Arc<dyn Verifier>, Error> {
        let deadline = self.attempt_deadline();
        self.fetch_verifier(alipay_cert_sn, Cause::Notification, deadline).await
    }

    /// Fetches the certificate that Alipay signs with at present, if the client does not have it. Callers at the same time share one fetch, and
    /// shortly after one there is no other.
    async fn inquire(&self, keys: &Arc<Keys>, keyring: &Keyring, deadline: Instant) {
        let waiter = match keyring.inquire(Instant::now()) {
            Step::Verify(_) | Step::TooMany => return,
            Step::Wait(waiter) => waiter,
            Step::Fetch(fetch_task, waiter) => {
                self.begin(keys, fetch_task);
                waiter
            }
        };
        // Whatever the fetch has brought is in the keyring.
        waiter.wait(Cause::Notification, deadline).await;
    }

    /// Refuses a method that the gateway takes in certificate mode only, in public-key mode.
    pub(super) fn check_certificates(&self, method: &str) -> Result<(), Error> {
        if self.fetches_certificates() {
            return Ok(());
        }
        let message = "the gateway takes this method in certificate mode only: use Credentials::certificates";
        Err(Error::new(ErrorKind::Configuration, message).with_method(method))
    }

    /// Whether the client works in certificate mode, where a certificate may have to be fetched to verify a notification.
    pub(crate) fn fetches_certificates(&self) -> bool {
        self.inner.keys.present().keyring.is_some()
    }

    /// Fetches in a task of its own, so that waiters may be dropped.
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
                let content = self
                    .download(keys, alipay_cert_sn, true, Persistence::UntilDeadline)
                    .await;
                let content = content.map_err(|error| not_downloaded(alipay_cert_sn, error))?;
                let accepted = keyring.accept(alipay_cert_sn, &content, self.now());
                keyring.keep(accepted.map_err(|error| Failure { error, may_pass: false })?);
            }
            Wanted::Present => {
                // The content does not matter: to verify the answer, the certificate that signed it is fetched.
                let answer = self
                    .download(keys, keyring.configured(), false, Persistence::Once)
                    .await;
                tracing::debug!(error = ?answer.err().map(|error| error.kind()), "asked for the present certificate");
            }
        }
        Ok(())
    }

    /// Downloads a certificate. With `is_fetch`, that certificate may have
    /// signed the answer itself; no other unknown certificate may.
    async fn download(
        &self,
        keys: &Arc<Keys>,
        alipay_cert_sn: &str,
        is_fetch: bool,
        persistence: Persistence,
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
            // The same certificates by whatever protocol, and V2 has every method.
            protocol: protocol::DEFAULT,
            credentials: keys.credentials(),
            verifiers: if is_fetch { &downloading } else { &keys },
            tokens: None,
            retry: Retry::Read,
            persistence,
            query_method: None,
            answer: &AnswerInfo::PLAIN,
            secret: Some(&[]),
            classify: |_| None,
            content: &content,
            options: Options::default(),
            encryption: Encryption::No,
            timeouts: TimeoutPolicy {
                attempt: (self.inner.attempt_timeout / 3).min(MAX_ATTEMPT),
                total: self.inner.total_timeout.min(MAX_FETCH),
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
    fn known(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>> {
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
    fn known(&self, alipay_cert_sn: Option<&str>) -> Option<Arc<dyn Verifier>> {
        self.keys.known(alipay_cert_sn)
    }

    /// Fetches nothing: the answer itself has the certificate, or there is none.
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

/// Too many certificates were named to fetch another now.
fn too_many() -> Error {
    let message = "too many unknown certificates of Alipay's were named within a minute: no other is fetched now";
    Error::new(ErrorKind::UnknownCertificate, message)
}

/// The download failed. The error is kept for a while, so it loses its body, which may be large.
fn not_downloaded(alipay_cert_sn: &str, error: Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::Verification => ErrorKind::Verification,
        _ => ErrorKind::UnknownCertificate,
    };
    // Something on the way has answered in the gateway's place: that says nothing of the certificate.
    let may_pass = error.is_retryable() || error.kind() == ErrorKind::Malformed;
    let message = format!("Alipay's certificate {alipay_cert_sn} can't be fetched: {error}");
    Failure {
        error: Error::new(kind, message).with_source(error.without_body()),
        may_pass,
    }
}
