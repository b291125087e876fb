//! The certificates that Alipay's signatures are verified with, and when another may be fetched.
//!
//! Anyone can send a notification that names any certificate, and whoever controls the network can do the same with an answer. So the
//! number of fetches is limited, and with it the memory that they take.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Certificate, Certificates,
    fetch::{Cause, Fetch, FetchTask, Waiter, Wanted},
    set,
};
use crate::{
    Error, ErrorKind,
    error::Sanitized,
    sign::{AnyOf, SignType, Verifier},
    types::DateTime,
};

/// How long a serial is not fetched again, unless the failure may have passed.
const PAUSE: Duration = Duration::from_secs(60);
/// The least time between two questions which certificate is the current one, whatever their result.
const BETWEEN_INQUIRIES: Duration = Duration::from_secs(10);
/// How many certificates are kept beside the configured one. Alipay has one or two at a time.
const MAX_FETCHED: usize = 8;
/// How often there is a warning that the configured certificate has expired.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60 * 60);

/// The certificates that are trusted, and the fetches of the last minute.
pub(crate) struct Keyring {
    certificates: Arc<Certificates>,
    configured: Arc<dyn Verifier>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest last.
    fetched: VecDeque<Fetched>,
    fetches: Vec<Fetch>,
    /// The last question which certificate is the current one.
    inquiry: Option<Fetch>,
    /// When the log last got a warning that the configured certificate has expired.
    warned: Option<SystemTime>,
}

#[derive(Clone)]
struct Fetched {
    certificate: Certificate,
    verifier: Arc<dyn Verifier>,
}

/// What to do to verify a signature of a certificate.
pub(crate) enum Step {
    /// The certificate is known.
    Verify(Arc<dyn Verifier>),
    /// A fetch of the certificate is in flight, or has just ended.
    Wait(Waiter),
    /// Fetch the certificate, and [settle](FetchTask::settle) the task.
    Fetch(FetchTask, Waiter),
    /// The certificate is not fetched: the limit is reached.
    TooMany,
}

impl Keyring {
    pub(crate) fn new(certificates: Arc<Certificates>, configured: Arc<dyn Verifier>) -> Self {
        Self {
            certificates,
            configured,
            state: Mutex::default(),
        }
    }

    /// The verifier of the certificate with this serial, if it is known. A fetched certificate is forgotten when it expires.
    pub(crate) fn find(&self, alipay_cert_sn: &str, now: SystemTime) -> Option<Arc<dyn Verifier>> {
        if alipay_cert_sn == self.certificates.alipay_cert_sn() {
            self.warn_if_over(now);
            return Some(Arc::clone(&self.configured));
        }
        self.state().find(alipay_cert_sn, now)
    }

    /// A verifier that tries all known certificates, for a signature that names none.
    pub(crate) fn any(&self, now: SystemTime) -> Arc<dyn Verifier> {
        self.warn_if_over(now);
        let state = self.state();
        let fetched = state.fetched.iter().rev().filter(|one| !one.is_over(now));
        let others: Vec<_> = fetched.map(|one| Arc::clone(&one.verifier)).collect();
        if others.is_empty() {
            return Arc::clone(&self.configured);
        }
        Arc::new(AnyOf::new(Arc::clone(&self.configured), others))
    }

    /// How to get a certificate that was [not found](Self::find).
    ///
    /// # Errors
    /// The name is not a serial, or the certificate was fetched and has expired since.
    pub(crate) fn step(
        &self,
        alipay_cert_sn: &str,
        cause: Cause,
        now: SystemTime,
        instant: Instant,
    ) -> Result<Step, Error> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if alipay_cert_sn.len() != 32 || !alipay_cert_sn.bytes().all(is_digit) {
            return Err(Error::new(
                ErrorKind::Verification,
                "the signature's `alipay_cert_sn` is not a serial: a serial has 32 hexadecimal digits",
            ));
        }
        let mut state = self.state();
        // It may have arrived since the caller looked.
        if let Some(verifier) = state.find(alipay_cert_sn, now) {
            return Ok(Step::Verify(verifier));
        }
        state.forget(instant);
        let wanted = Wanted::Serial(alipay_cert_sn.to_owned());
        let same = |fetch: &&Fetch| fetch.wanted == wanted && fetch.serves(cause, instant);
        if let Some(fetch) = state.fetches.iter().rev().find(same) {
            if fetch.has_succeeded() {
                return Err(Error::new(
                    ErrorKind::UnknownCertificate,
                    format!(
                        "the Alipay certificate {alipay_cert_sn} was fetched in the last minute and has expired since"
                    ),
                ));
            }
            return Ok(Step::Wait(fetch.waiter()));
        }
        let begun = state.fetches.iter().filter(|fetch| fetch.cause == cause).count();
        if begun >= cause.limit() {
            return Ok(Step::TooMany);
        }
        let (fetch, fetch_task) = Fetch::begin(wanted, cause, instant);
        let waiter = fetch.waiter();
        state.fetches.push(fetch);
        Ok(Step::Fetch(fetch_task, waiter))
    }

    /// How to get the certificate that Alipay signs with now, when notifications name too many unknown ones.
    pub(crate) fn inquire(&self, instant: Instant) -> Step {
        let mut state = self.state();
        match &state.inquiry {
            Some(inquiry) if inquiry.is_in_flight(instant) => return Step::Wait(inquiry.waiter()),
            Some(inquiry) if instant.saturating_duration_since(inquiry.began) < BETWEEN_INQUIRIES => {
                return Step::TooMany;
            }
            _ => {}
        }
        tracing::warn!("notifications name many unknown Alipay certificates: asking Alipay which is the current one");
        let (inquiry, fetch_task) = Fetch::begin(Wanted::Present, Cause::Notification, instant);
        let waiter = inquiry.waiter();
        state.inquiry = Some(inquiry);
        Step::Fetch(fetch_task, waiter)
    }

    /// The serial of the certificate that was configured.
    pub(crate) fn configured(&self) -> &str {
        self.certificates.alipay_cert_sn()
    }

    /// Checks the content that was fetched for a serial. Does not keep it yet.
    pub(crate) fn accept(&self, alipay_cert_sn: &str, content: &str, now: SystemTime) -> Result<Accepted, Error> {
        let refused = |error: &dyn fmt::Display| {
            let message = format!("the fetched Alipay certificate {alipay_cert_sn} is refused: {error}");
            Error::new(ErrorKind::Verification, message)
        };
        let certificate = self
            .certificates
            .accept(alipay_cert_sn, content, set::beijing(now)?)
            .map_err(|error| refused(&error).with_source(error))?;
        let key = certificate
            .public_key()
            .map_err(|error| refused(&error).with_source(error))?;
        let verifier = key
            .verifier(self.sign_type())
            .map_err(|error| refused(&error).with_source(error))?;
        Ok(Accepted { certificate, verifier })
    }

    /// Trusts the certificate from now on.
    pub(crate) fn keep(&self, Accepted { certificate, verifier }: Accepted) {
        tracing::info!(
            alipay_cert_sn = certificate.alipay_serial(),
            subject = certificate.subject(),
            not_after = %certificate.not_after(),
            "fetched a new Alipay certificate: download it and replace the configured one"
        );
        self.state().keep(Fetched { certificate, verifier });
    }

    /// Trusts what another keyring of the same sign type trusts, as far as it would be trusted if it were fetched: so that what Alipay has
    /// signed before the keyring was exchanged can be verified.
    pub(crate) fn adopt(&self, other: &Self, now: SystemTime) -> Result<(), Error> {
        let now = set::beijing(now)?;
        let known = Fetched {
            certificate: other.certificates.alipay().clone(),
            verifier: Arc::clone(&other.configured),
        };
        let fetched = other.state().fetched.clone();
        for one in [known].into_iter().chain(fetched) {
            let serial = one.certificate.alipay_serial();
            let is_new = serial != self.certificates.alipay_cert_sn();
            if is_new && self.certificates.trust(serial, &one.certificate, now).is_ok() {
                self.state().keep(one);
            }
        }
        Ok(())
    }

    pub(crate) fn sign_type(&self) -> SignType {
        self.configured.sign_type()
    }

    /// Warns if the configured certificate has expired. It stays trusted: Alipay may still sign with it.
    fn warn_if_over(&self, now: SystemTime) {
        let not_after = self.certificates.alipay_not_after();
        if !is_over(not_after, now) {
            return;
        }
        let mut state = self.state();
        let is_due = |warned| now.duration_since(warned).is_ok_and(|since| since >= BETWEEN_WARNINGS);
        if state.warned.is_none_or(is_due) {
            state.warned = Some(now);
            tracing::warn!(
                alipay_cert_sn = self.certificates.alipay_cert_sn(),
                %not_after,
                "the configured Alipay certificate has expired and is still used: download the current one from the open \
                 platform and configure it"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No holder of the lock panics during a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A certificate that was checked up to a root.
pub(crate) struct Accepted {
    certificate: Certificate,
    verifier: Arc<dyn Verifier>,
}

impl Accepted {
    pub(crate) fn verifier(&self) -> &Arc<dyn Verifier> {
        &self.verifier
    }
}

impl State {
    fn find(&self, alipay_cert_sn: &str, now: SystemTime) -> Option<Arc<dyn Verifier>> {
        let found = self
            .fetched
            .iter()
            .find(|one| one.certificate.alipay_serial() == alipay_cert_sn)?;
        (!found.is_over(now)).then(|| Arc::clone(&found.verifier))
    }

    fn keep(&mut self, fetched: Fetched) {
        self.fetched
            .retain(|one| one.certificate.alipay_serial() != fetched.certificate.alipay_serial());
        if self.fetched.len() == MAX_FETCHED {
            self.fetched.pop_front();
        }
        self.fetched.push_back(fetched);
    }

    /// Forgets fetches that no longer matter.
    fn forget(&mut self, now: Instant) {
        self.fetches
            .retain(|fetch| now.saturating_duration_since(fetch.began) < PAUSE);
    }
}

impl Fetched {
    fn is_over(&self, now: SystemTime) -> bool {
        is_over(self.certificate.not_after(), now)
    }
}

/// Whether this last second of a certificate has passed.
fn is_over(not_after: DateTime, now: SystemTime) -> bool {
    now >= SystemTime::from(not_after) + Duration::from_secs(1)
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keyring")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// The certificate of this serial is not known.
pub(crate) fn unknown_certificate(alipay_cert_sn: &str) -> Error {
    let message = if alipay_cert_sn.is_empty() {
        "unknown Alipay certificate".to_owned()
    } else {
        format!("unknown Alipay certificate `{}`", Sanitized(alipay_cert_sn))
    };
    Error::new(ErrorKind::UnknownCertificate, message)
}
