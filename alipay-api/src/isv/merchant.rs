//! One merchant's token in this process.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use super::{Inner, store::Stored};
use crate::{
    Error, ErrorKind,
    client::{LiveToken, Tokens},
    random,
    transport::BoxFuture,
};

/// How often the store is asked while another process refreshes and there is no token to go on with.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));
/// A token that the gateway refuses so soon after it gave it out is not refreshed for that reason.
const NEW: Duration = Duration::from_mins(1);

/// Keeps the token of one merchant alive.
#[derive(Clone)]
pub(super) struct Merchant {
    pub(super) isv: Arc<Inner>,
    pub(super) memory: Arc<Memory>,
}

/// What this process knows of a merchant.
pub(super) struct Memory {
    auth_app_id: String,
    held: RwLock<Option<Held>>,
    /// Who has it may look into the store and refresh.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A token and its times.
#[derive(Clone)]
struct Held {
    live: LiveToken,
    due: Option<SystemTime>,
    end: Option<SystemTime>,
}

impl Memory {
    pub(super) fn new(auth_app_id: &str) -> Self {
        Self {
            auth_app_id: auth_app_id.to_owned(),
            held: RwLock::default(),
            turn: Arc::default(),
        }
    }

    /// Looks into the store at the next call.
    pub(super) fn forget(&self) {
        self.hold(None);
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }
}

impl Held {
    fn is_due(&self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    fn has_ended(&self, now: SystemTime) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// Puts the refresh off, for a while that leaves time for more attempts.
    fn later(mut self, now: SystemTime) -> Self {
        const LONG: Duration = Duration::from_secs(30);
        let left = self.end.and_then(|end| end.duration_since(now).ok());
        self.due = now.checked_add(left.map_or(LONG, |left| (left / 4).min(LONG)));
        self
    }
}

impl Merchant {
    /// A token that the gateway should take now.
    pub(super) async fn live_token(&self) -> Result<LiveToken, Error> {
        if let Some(live) = self.usable() {
            return Ok(live);
        }
        let _turn = self.memory.turn.lock().await;
        match self.usable() {
            Some(live) => Ok(live),
            None => self.obtain(None).await,
        }
    }

    /// The token in memory, unless it has ended. One that is due is refreshed meanwhile.
    fn usable(&self) -> Option<LiveToken> {
        let now = self.isv.now();
        let held = self.memory.held().filter(|held| !held.has_ended(now))?;
        if held.is_due(now)
            && let Ok(turn) = Arc::clone(&self.memory.turn).try_lock_owned()
        {
            let merchant = self.clone();
            tokio::spawn(async move {
                let _turn = turn;
                // What fails here is told as an event, and tried again by a later call.
                _ = merchant.obtain(None).await;
            });
        }
        Some(held.live)
    }

    async fn another(&self, refused: &LiveToken) -> Result<Option<LiveToken>, Error> {
        let _turn = self.memory.turn.lock().await;
        let is_other = |held: &Held| held.live.generation != refused.generation && !held.has_ended(self.isv.now());
        if let Some(held) = self.memory.held().filter(is_other) {
            return Ok(Some(held.live));
        }
        self.memory.forget();
        let stored = self.isv.load_active(&self.memory.auth_app_id).await?;
        let age = self.isv.now().duration_since(stored.authorisation.issued_at);
        let is_new = age.is_ok_and(|age| age < stored.authorisation.lifetime().map_or(NEW, |time| NEW.min(time / 2)));
        if stored.version.0 == refused.generation && is_new {
            // Whatever the gateway has against it, it would have against the next one.
            return Ok(None);
        }
        self.obtain(Some(refused.generation)).await.map(Some)
    }

    /// Takes the token from the store, and refreshes it where it has to be. Only for who has the turn.
    async fn obtain(&self, refused: Option<u64>) -> Result<LiveToken, Error> {
        let (mut pause, longest) = PAUSES;
        loop {
            let stored = self.isv.load_active(&self.memory.auth_app_id).await?;
            let held = self.held(&stored);
            let now = self.isv.now();
            let is_good = refused != Some(held.live.generation) && !held.has_ended(now);
            if is_good && !held.is_due(now) {
                self.memory.hold(Some(held.clone()));
                return Ok(held.live);
            }
            match self.isv.refresh(&self.memory.auth_app_id, stored.version).await {
                // What is stored now is better.
                Ok(true) => {}
                Err(error) if !is_good || error.kind() == ErrorKind::Authorisation => {
                    self.memory.forget();
                    return Err(error);
                }
                // Another process is at it, or it can't be done now: meanwhile the token is good.
                Ok(false) | Err(_) if is_good => {
                    self.memory.hold(Some(held.clone().later(now)));
                    return Ok(held.live);
                }
                Ok(false) | Err(_) => {
                    tokio::time::sleep(pause + random::up_to(pause)).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    fn held(&self, stored: &Stored) -> Held {
        let authorisation = &stored.authorisation;
        let spread = random::up_to(self.isv.ahead(authorisation) / 4);
        Held {
            live: LiveToken {
                token: authorisation.app_auth_token.clone(),
                generation: stored.version.0,
            },
            due: self.isv.due(authorisation).map(|due| due + spread),
            end: authorisation.expires_at,
        }
    }
}

impl Tokens for Merchant {
    fn live(&self) -> BoxFuture<'_, Result<LiveToken, Error>> {
        Box::pin(self.live_token())
    }

    fn after_refusal<'a>(&'a self, refused: &'a LiveToken) -> BoxFuture<'a, Result<Option<LiveToken>, Error>> {
        Box::pin(self.another(refused))
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Merchant")
            .field("auth_app_id", &self.memory.auth_app_id)
            .finish_non_exhaustive()
    }
}
