//! One merchant's token in this process.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    Inner, lost, may_pass, not_refreshed,
    order::APART,
    store::{AuthorisationState, Stored, Version},
};
use crate::{
    Error, ErrorKind,
    exchange::{LiveToken, Tokens},
    random,
    transport::BoxFuture,
};

/// The first and the longest pause between two reads of the store, while another process refreshes and there is no usable token.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));
/// A token that the gateway refuses within this time after issuing it is not refreshed because of the refusal.
const NEW: Duration = APART;
/// How long a refresh that Alipay has refused, and would refuse again, is not repeated.
const REFUSED: Duration = Duration::from_secs(60);

/// Keeps the token of one merchant alive.
#[derive(Clone)]
pub(super) struct Merchant {
    pub(super) isv: Arc<Inner>,
    pub(super) auth_app_id: Arc<str>,
}

/// What this process knows of a merchant.
#[derive(Default)]
pub(super) struct Memory {
    held: RwLock<Option<Held>>,
    /// Its holder may read the store and refresh.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The error of the last read of the store, if it failed, and when. Without the answer's body, which may be large; so is `refusal`.
    failure: Mutex<Option<(Instant, Error)>>,
    /// The version of the tokens whose refresh Alipay has refused, and would refuse again; and when.
    refusal: Mutex<Option<(Version, Instant, Error)>>,
    /// Its holder may have a new pair of tokens that is not stored yet.
    pub(super) refreshing: tokio::sync::Mutex<()>,
}

/// A token and its times.
#[derive(Clone)]
struct Held {
    live: LiveToken,
    due: Option<SystemTime>,
    end: Option<SystemTime>,
}

impl Memory {
    /// Makes the next call read the store.
    pub(super) fn forget(&self) {
        self.hold(None);
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn failure(&self) -> MutexGuard<'_, Option<(Instant, Error)>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the tokens of this version can't be refreshed now.
    fn refusal(&self, version: Version) -> Option<Error> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, _, error) = refusal
            .as_ref()
            .filter(|(refused, at, _)| *refused == version && at.elapsed() < REFUSED)?;
        Some(error.clone())
    }

    fn remember(&self, version: Version, refusal: Error) {
        let refusal = (version, Instant::now(), refusal.without_body());
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }
}

impl Held {
    fn is_due(&self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    fn has_ended(&self, now: SystemTime) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// Postpones the refresh, and leaves time for more attempts.
    fn later(mut self, now: SystemTime) -> Self {
        const LONG: Duration = Duration::from_secs(30);
        let left = self.end.and_then(|end| end.duration_since(now).ok());
        self.due = now.checked_add(left.map_or(LONG, |left| (left / 4).min(LONG)));
        self
    }
}

impl Merchant {
    /// A token that the gateway should accept now.
    pub(super) async fn live_token(&self) -> Result<LiveToken, Error> {
        let memory = self.memory();
        if let Some(live) = self.usable(&memory) {
            return Ok(live);
        }
        let asked = Instant::now();
        let _turn = memory.turn.lock().await;
        if let Some(live) = self.usable(&memory) {
            return Ok(live);
        }
        // The result of an attempt that ended after this caller began to wait is for all waiters.
        if let Some((at, error)) = &*memory.failure()
            && *at >= asked
        {
            return Err(error.clone());
        }
        self.obtain(&memory, None).await
    }

    /// The same, but never a token that another process has replaced.
    pub(super) async fn present_token(&self) -> Result<LiveToken, Error> {
        let memory = self.memory();
        let stored = self.isv.load_usable(&self.auth_app_id).await?;
        if memory
            .held()
            .is_some_and(|held| held.live.generation != stored.version.0)
        {
            memory.forget();
        }
        self.live_token().await
    }

    fn memory(&self) -> Arc<Memory> {
        self.isv.memory(&self.auth_app_id)
    }

    /// The token in memory, unless it has expired. If a refresh is due, it is started in the background.
    fn usable(&self, memory: &Arc<Memory>) -> Option<LiveToken> {
        let now = self.isv.now();
        let held = memory.held().filter(|held| !held.has_ended(now))?;
        if held.is_due(now)
            && let Ok(turn) = Arc::clone(&memory.turn).try_lock_owned()
        {
            let (merchant, memory) = (self.clone(), Arc::clone(memory));
            let task = self.isv.task_tracker.begin();
            let later = held.clone().later(now);
            tokio::spawn(async move {
                let _both = (turn, task);
                if let Err(error) = merchant.obtain(&memory, None).await {
                    tracing::warn!(auth_app_id = &*merchant.auth_app_id, %error, "a merchant's token could not be refreshed yet");
                    memory.hold(Some(later));
                }
            });
        }
        Some(held.live)
    }

    async fn another(&self, refused: &LiveToken) -> Result<Option<LiveToken>, Error> {
        let memory = self.memory();
        let _turn = memory.turn.lock().await;
        let is_other = |held: &Held| held.live.token != refused.token && !held.has_ended(self.isv.now());
        if let Some(held) = memory.held().filter(is_other) {
            return Ok(Some(held.live));
        }
        memory.forget();
        let stored = self.isv.load_usable(&self.auth_app_id).await?.authorisation;
        // If this clock is some seconds behind, a new token was issued in the future.
        let age = self.isv.now().duration_since(stored.issued_at);
        let age = age.unwrap_or_else(|ahead| ahead.duration());
        let is_new = age < stored.lifetime().map_or(NEW, |time| NEW.min(time / 2));
        if stored.app_auth_token == refused.token && is_new {
            // The gateway would refuse the next token, too.
            return Ok(None);
        }
        self.obtain(&memory, Some(refused)).await.map(Some)
    }

    /// Reads the token from the store, and refreshes it if it has to be. Only for the holder of `turn`.
    async fn obtain(&self, memory: &Memory, refused: Option<&LiveToken>) -> Result<LiveToken, Error> {
        let result = self.look(memory, refused).await;
        let failure = result.as_ref().err();
        let failure = failure.map(|error| (Instant::now(), error.clone().without_body()));
        *memory.failure() = failure;
        result
    }

    async fn look(&self, memory: &Memory, refused: Option<&LiveToken>) -> Result<LiveToken, Error> {
        let (mut pause, longest) = PAUSES;
        loop {
            let stored = self.isv.load_usable(&self.auth_app_id).await?;
            let held = self.held(&stored);
            let now = self.isv.now();
            let is_good = refused.is_none_or(|refused| refused.token != held.live.token) && !held.has_ended(now);
            if is_good && !held.is_due(now) {
                memory.hold(Some(held.clone()));
                return Ok(held.live);
            }
            if stored.authorisation.state == AuthorisationState::Lost {
                memory.forget();
                return Err(lost(&self.auth_app_id));
            }
            let refreshed = match memory.refusal(stored.version) {
                Some(refusal) => Err(refusal),
                None => self
                    .isv
                    .refresh(&self.auth_app_id, stored.version)
                    .await
                    .inspect_err(|error| {
                        if error.kind() == ErrorKind::Gateway && !may_pass(error) {
                            memory.remember(stored.version, error.clone());
                        }
                    }),
            };
            match refreshed {
                // The store has another version now.
                Ok(true) => {}
                // Another process is refreshing, or the refresh has failed; the current token is still good.
                Ok(false) | Err(_) if is_good => {
                    memory.hold(Some(held.clone().later(now)));
                    return Ok(held.live);
                }
                Err(error) => {
                    memory.forget();
                    return Err(error);
                }
                Ok(false) => {
                    let jitter = random::up_to(self.isv.client.random(), pause);
                    tokio::time::sleep(pause + jitter).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    fn held(&self, stored: &Stored) -> Held {
        let authorisation = &stored.authorisation;
        let spread = random::up_to(self.isv.client.random(), self.isv.ahead(authorisation) / 4);
        // An invalid refresh token refreshes nothing: the token is used until it expires.
        let is_refreshable = authorisation.state == AuthorisationState::Active;
        Held {
            live: LiveToken {
                token: authorisation.app_auth_token.clone(),
                generation: stored.version.0,
            },
            due: self
                .isv
                .due(authorisation)
                .filter(|_| is_refreshable)
                .map(|due| due + spread),
            end: authorisation.expires_at,
        }
    }
}

impl Tokens for Merchant {
    fn live(&self) -> BoxFuture<'_, Result<LiveToken, Error>> {
        Box::pin(async { self.live_token().await.map_err(not_refreshed) })
    }

    fn present(&self) -> BoxFuture<'_, Result<LiveToken, Error>> {
        Box::pin(async { self.present_token().await.map_err(not_refreshed) })
    }

    fn after_refusal<'a>(&'a self, refused: &'a LiveToken) -> BoxFuture<'a, Result<Option<LiveToken>, Error>> {
        Box::pin(async { self.another(refused).await.map_err(not_refreshed) })
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Merchant")
            .field("auth_app_id", &self.auth_app_id)
            .finish_non_exhaustive()
    }
}
