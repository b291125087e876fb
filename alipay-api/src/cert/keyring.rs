//! The certificates that Alipay's signatures are verified by, and when another may be fetched.
//!
//! Outsiders choose what a notification names, and whoever sits on the line what an answer names. So fetches are few, and
//! what is remembered of them is bounded by how few they are.

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
    sign::{BadSignature, SignType, Verifier},
    types::DateTime,
};

/// So long a serial is not asked for again, unless what came of it may have passed.
const PAUSE: Duration = Duration::from_secs(60);
/// So long nobody asks again which certificate is the present one, whatever came of it.
const BETWEEN_INQUIRIES: Duration = Duration::from_secs(10);
/// How many certificates are kept beside the one at hand. Alipay has one or two at a time.
const MAX_FETCHED: usize = 8;
/// How often there is a warning that the certificate at hand has expired.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60 * 60);

/// The certificates that are trusted, and the fetches of the last minute.
pub(crate) struct Keyring {
    certificates: Arc<Certificates>,
    at_hand: Arc<dyn Verifier>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The latest last.
    fetched: VecDeque<Fetched>,
    fetches: Vec<Fetch>,
    /// When somebody last asked which certificate is the present one.
    inquiry: Option<Fetch>,
    /// When somebody was last warned that the certificate at hand has expired.
    warned: Option<SystemTime>,
}

struct Fetched {
    certificate: Certificate,
    verifier: Arc<dyn Verifier>,
}

/// What to do about a serial.
pub(crate) enum Step {
    /// It is there.
    Verify(Arc<dyn Verifier>),
    /// Somebody is fetching it, or has lately.
    Wait(Waiter),
    /// Fetch it, and [settle](FetchTask::settle) the task.
    Fetch(FetchTask, Waiter),
    /// Nothing is fetched for it by its name: too many were asked for.
    TooMany,
}

impl Keyring {
    pub(crate) fn new(certificates: Arc<Certificates>, at_hand: Arc<dyn Verifier>) -> Self {
        Self {
            certificates,
            at_hand,
            state: Mutex::default(),
        }
    }

    /// By the certificate with this serial, if it is there. One that was fetched is not there any more once it has expired.
    pub(crate) fn find(&self, alipay_cert_sn: &str, now: SystemTime) -> Option<Arc<dyn Verifier>> {
        if alipay_cert_sn == self.certificates.alipay_cert_sn() {
            self.warn_if_over(now);
            return Some(Arc::clone(&self.at_hand));
        }
        self.state().find(alipay_cert_sn, now)
    }

    /// By any of the certificates that are there, for what names none.
    pub(crate) fn any(&self, now: SystemTime) -> Arc<dyn Verifier> {
        self.warn_if_over(now);
        let state = self.state();
        let fetched = state.fetched.iter().rev().filter(|one| !one.is_over(now));
        let others: Vec<_> = fetched.map(|one| Arc::clone(&one.verifier)).collect();
        if others.is_empty() {
            return Arc::clone(&self.at_hand);
        }
        Arc::new(AnyOf {
            at_hand: Arc::clone(&self.at_hand),
            others,
        })
    }

    /// Says how to come by a certificate that was [not found](Self::find).
    ///
    /// # Errors
    /// The name can't be a serial's, or the certificate has expired since it was fetched.
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
                "what it names as Alipay's certificate is no serial: that has 32 hexadecimal digits",
            ));
        }
        let mut state = self.state();
        // Whoever asked before may have missed it by a moment.
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
                    "the certificate of Alipay's that it names was fetched within this minute, and has expired since",
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

    /// Says how to come by the certificate that Alipay signs with at present, on account of notifications that name too many.
    pub(crate) fn inquire(&self, instant: Instant) -> Step {
        let mut state = self.state();
        match &state.inquiry {
            Some(inquiry) if inquiry.is_under_way(instant) => return Step::Wait(inquiry.waiter()),
            Some(inquiry) if instant.saturating_duration_since(inquiry.began) < BETWEEN_INQUIRIES => {
                return Step::TooMany;
            }
            _ => {}
        }
        tracing::warn!("notifications name many unknown certificates of Alipay's: asking which is the present one");
        let (inquiry, fetch_task) = Fetch::begin(Wanted::Present, Cause::Notification, instant);
        let waiter = inquiry.waiter();
        state.inquiry = Some(inquiry);
        Step::Fetch(fetch_task, waiter)
    }

    /// The serial of the certificate that was configured.
    pub(crate) fn configured(&self) -> &str {
        self.certificates.alipay_cert_sn()
    }

    /// Takes what was fetched for a serial, if it is a certificate to be trusted; but does not keep it.
    pub(crate) fn accept(&self, alipay_cert_sn: &str, content: &str, now: SystemTime) -> Result<Accepted, Error> {
        let refused = |error: &dyn fmt::Display| {
            let message = format!("the certificate that Alipay hands out for {alipay_cert_sn} is refused: {error}");
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

    /// Trusts it from now on.
    pub(crate) fn keep(&self, Accepted { certificate, verifier }: Accepted) {
        tracing::info!(
            alipay_cert_sn = certificate.alipay_serial(),
            subject = certificate.subject(),
            not_after = %certificate.not_after(),
            "fetched a certificate of Alipay's: put it where the present one was configured from"
        );
        self.state().keep(Fetched { certificate, verifier });
    }

    pub(crate) fn sign_type(&self) -> SignType {
        self.at_hand.sign_type()
    }

    /// The certificate at hand goes on being trusted, for merchants must not be cut off where Alipay still signs with it. But
    /// somebody has to be told.
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
                "Alipay's certificate that was configured has expired, and is still in use: download the present one from \
                 the open platform and configure that"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic half-way through a change.
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

    /// Forgets the fetches that nothing follows from any more.
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

/// Verifies by whichever certificate made the signature.
#[derive(Debug)]
struct AnyOf {
    at_hand: Arc<dyn Verifier>,
    others: Vec<Arc<dyn Verifier>>,
}

impl Verifier for AnyOf {
    fn sign_type(&self) -> SignType {
        self.at_hand.sign_type()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let mut others = self.others.iter();
        self.at_hand.verify(message, signature).or_else(|bad| {
            others
                .any(|other| other.verify(message, signature).is_ok())
                .then_some(())
                .ok_or(bad)
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keyring")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// The certificate of this serial is not at hand.
pub(crate) fn unknown_certificate(alipay_cert_sn: &str) -> Error {
    let message = format!(
        "it is signed with a certificate of Alipay's that is not at hand, alipay_cert_sn {}",
        Sanitized(alipay_cert_sn)
    );
    Error::new(ErrorKind::UnknownCertificate, message)
}
