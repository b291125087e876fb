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

use tokio::{sync::watch, time::Instant};

use super::{Certificate, Certificates, set};
use crate::{
    Error, ErrorKind,
    sign::{SignType, Verifier},
};

/// So long a serial is not asked for again, whatever came of it.
const PAUSE: Duration = Duration::from_mins(1);
/// How many certificates are kept beside the one at hand. Alipay has one or two at a time.
const MAX_FETCHED: usize = 8;

/// What a fetch is begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// An answer of the gateway's.
    Answer,
    /// What anyone may have sent.
    Notification,
}

impl Cause {
    /// How many fetches it may begin within [`PAUSE`]. Each has its own, so that outsiders can't use up the gateway's.
    fn limit(self) -> usize {
        match self {
            Self::Answer => 20,
            Self::Notification => 5,
        }
    }
}

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
}

struct Fetched {
    certificate: Certificate,
    verifier: Arc<dyn Verifier>,
}

struct Fetch {
    alipay_cert_sn: String,
    cause: Cause,
    began: Instant,
    outcome: Outcome,
}

/// Nothing until the fetch is over. Closed, and still nothing, if it was given up: its runtime may have been shut down.
pub(crate) type Outcome = watch::Receiver<Option<Result<Arc<dyn Verifier>, Error>>>;

/// What to do about a serial.
pub(crate) enum Step {
    /// It is there.
    Verify(Arc<dyn Verifier>),
    /// Somebody is fetching it, or has lately.
    Wait(Outcome),
    /// Fetch it, and [settle](Errand::settle) the errand.
    Fetch(Errand, Outcome),
}

/// The task of fetching one certificate. Whoever drops it leaves it to the next who asks.
pub(crate) struct Errand {
    keyring: Arc<Keyring>,
    alipay_cert_sn: String,
    outcome: watch::Sender<Option<Result<Arc<dyn Verifier>, Error>>>,
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
            return Some(Arc::clone(&self.at_hand));
        }
        self.state().find(alipay_cert_sn, now)
    }

    /// Says how to come by a certificate that was [not found](Self::find).
    ///
    /// # Errors
    /// The name can't be a serial's, or too many are being asked for.
    pub(crate) fn step(
        self: &Arc<Self>,
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
        let same = |fetch: &&Fetch| fetch.alipay_cert_sn == alipay_cert_sn && !fetch.is_given_up();
        if let Some(fetch) = state.fetches.iter().find(same) {
            if matches!(&*fetch.outcome.borrow(), Some(Ok(_))) {
                return Err(Error::new(
                    ErrorKind::UnknownCertificate,
                    "the certificate of Alipay's that it names was fetched within this minute, and has expired since",
                ));
            }
            return Ok(Step::Wait(fetch.outcome.clone()));
        }
        let begun = state.fetches.iter().filter(|fetch| fetch.cause == cause).count();
        if begun >= cause.limit() {
            return Err(Error::new(
                ErrorKind::UnknownCertificate,
                "too many unknown certificates of Alipay's were named within a minute: another is not fetched now",
            ));
        }
        let (sender, outcome) = watch::channel(None);
        state.fetches.push(Fetch {
            alipay_cert_sn: alipay_cert_sn.to_owned(),
            cause,
            began: instant,
            outcome: outcome.clone(),
        });
        let errand = Errand {
            keyring: Arc::clone(self),
            alipay_cert_sn: alipay_cert_sn.to_owned(),
            outcome: sender,
        };
        Ok(Step::Fetch(errand, outcome))
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

    pub(crate) fn sign_type(&self) -> SignType {
        self.at_hand.sign_type()
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

impl Errand {
    /// The serial to fetch the certificate of.
    pub(crate) fn alipay_cert_sn(&self) -> &str {
        &self.alipay_cert_sn
    }

    /// Tells everyone who waits, and keeps the certificate if there is one.
    pub(crate) fn settle(self, result: Result<Accepted, Error>) {
        let result = result.map(|Accepted { certificate, verifier }| {
            tracing::info!(
                alipay_cert_sn = self.alipay_cert_sn,
                subject = certificate.subject(),
                not_after = %certificate.not_after(),
                "fetched a certificate of Alipay's: put it where the present one was configured from"
            );
            self.keyring.state().keep(Fetched {
                certificate,
                verifier: Arc::clone(&verifier),
            });
            verifier
        });
        if let Err(error) = &result {
            tracing::warn!(alipay_cert_sn = self.alipay_cert_sn, %error, "a certificate of Alipay's can't be had");
        }
        self.outcome.send_replace(Some(result));
    }
}

impl State {
    fn find(&self, alipay_cert_sn: &str, now: SystemTime) -> Option<Arc<dyn Verifier>> {
        let found = self
            .fetched
            .iter()
            .find(|one| one.certificate.alipay_serial() == alipay_cert_sn)?;
        let is_over = now >= SystemTime::from(found.certificate.not_after()) + Duration::from_secs(1);
        (!is_over).then(|| Arc::clone(&found.verifier))
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

impl Fetch {
    /// Whether nobody is at it any more, and nothing came of it.
    fn is_given_up(&self) -> bool {
        self.outcome.borrow().is_none() && self.outcome.has_changed().is_err()
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
