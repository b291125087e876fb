//! A clock that the library and the gateway share, and that a test moves.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Stands still until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<SystemTime>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(SystemTime::now())))
    }

    pub(crate) fn advance(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }

    pub(crate) fn time(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

impl alipay_api::clock::Clock for TestClock {
    fn now(&self) -> SystemTime {
        self.time()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time().fmt(formatter)
    }
}

/// A process's own clock, which is some seconds ahead of another one, or behind.
#[derive(Clone, Debug)]
pub(crate) struct OwnClock {
    other: TestClock,
    ahead: Arc<AtomicI64>,
}

impl OwnClock {
    pub(crate) fn new(other: TestClock) -> Self {
        Self {
            other,
            ahead: Arc::default(),
        }
    }

    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }
}

impl alipay_api::clock::Clock for OwnClock {
    fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::SeqCst);
        let distance = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 {
            self.other.time() - distance
        } else {
            self.other.time() + distance
        }
    }
}
